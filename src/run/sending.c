/* Content that the agent asks for by its hash, in chunks as fast as the
 * connection takes them. A transport that has room says so while it is given
 * something, so the state is right before each transport_send. */
#include "fetch.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void sending_reset(struct link *l)
{
	if (l->sending.fd >= 0)
		close(l->sending.fd);
	l->sending = (struct blob_sending){.fd = -1};
}

static void finish(struct link *l, const char *error)
{
	struct arena a = {0};
	struct strbuf out CLEANUP(strbuf_release) = {0};
	struct value *v = value_dict_new(&a);
	if (error)
		value_dict_put(&a, v, "error", value_cstr(&a, error));
	else
		value_dict_put(&a, v, "sha256", value_cstr(&a, l->sending.blob->sha256));
	wire_put_value(&out, WIRE_BLOB_END, l->sending.id, v);
	arena_release(&a);
	sending_reset(l);
	transport_send(l->transport, strbuf_slice(&out));
}

/* One chunk into buf; returns its length, 0 at the end, negative on trouble. */
static ssize_t next_chunk(struct blob_sending *s, char *buf, size_t size)
{
	size_t left = s->blob->size - s->offset, n = left < size ? left : size;
	if (s->blob->bytes) {
		memcpy(buf, s->blob->bytes + s->offset, n);
		return (ssize_t)n;
	}
	ssize_t got = pread(s->fd, buf, n, (off_t)s->offset);
	return n > 0 && got == 0 ? -1 : got; /* the file was cut under us */
}

static bool is_here(const struct blob *b)
{
	return b->bytes || b->path;
}

void sending_pump(struct link *l)
{
	if (!l->sending.id || !is_here(l->sending.blob))
		return; /* it waits for a fetch */
	CLEANUP(free_ptr) char *buf = xmalloc(WIRE_BLOB_CHUNK);
	while (l->sending.id && transport_queued(l->transport) < TRANSPORT_QUEUE_HIGH) {
		struct strbuf out CLEANUP(strbuf_release) = {0};
		ssize_t n = next_chunk(&l->sending, buf, WIRE_BLOB_CHUNK);
		if (n < 0) {
			finish(l, "the file changed or cannot be read on the controller");
			return;
		}
		if (n == 0) {
			finish(l, NULL);
			return;
		}
		wire_put_bytes(&out, WIRE_BLOB, l->sending.id, (struct slice){buf, (size_t)n});
		l->sending.offset += (size_t)n;
		transport_send(l->transport, strbuf_slice(&out));
	}
}

/* ---- what the agent guesses that its tasks will want ---- */

#define SMALL_QUEUED_MAX (8u << 20)

static ssize_t read_small(const struct blob *b, char *buf)
{
	if (b->bytes)
		memcpy(buf, b->bytes, b->size);
	if (b->bytes)
		return (ssize_t)b->size;
	CLEANUP(fd_close) int fd = open(b->path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : pread(fd, buf, b->size, 0);
}

void sending_small(struct link *l, const struct value *list)
{
	CLEANUP(free_ptr) char *buf = xmalloc(WIRE_BLOB_CHUNK);
	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.len; i++) {
		const struct value *sha = list->list.at[i];
		const struct blob *b =
			sha->type == VALUE_STRING ? blob_find(l->run, sha->str.ptr) : NULL;
		struct strbuf out CLEANUP(strbuf_wipe) = {0};
		if (!b || !is_here(b) || b->size > WIRE_BLOB_CHUNK)
			continue;
		if (transport_queued(l->transport) > SMALL_QUEUED_MAX)
			return; /* it will ask again, for each */
		ssize_t n = read_small(b, buf);
		if (n < 0 || (size_t)n != b->size)
			continue;
		wire_put_bytes(&out, WIRE_CONTENT, 0, (struct slice){buf, (size_t)n});
		transport_send(l->transport, strbuf_slice(&out));
	}
}

static void start(struct link *l)
{
	const struct blob *blob = l->sending.blob;
	if (!blob->bytes && (l->sending.fd = open(blob->path, O_RDONLY | O_CLOEXEC)) < 0)
		finish(l, strerror(errno));
	else
		sending_pump(l);
}

void sending_begin(struct link *l, uint32_t id, const struct value *v)
{
	const struct value *sha = value_get(v, "sha256");
	const struct blob *blob =
		sha && sha->type == VALUE_STRING ? blob_find(l->run, sha->str.ptr) : NULL;
	if (l->sending.fd >= 0)
		close(l->sending.fd);
	l->sending = (struct blob_sending){.id = id, .blob = blob, .fd = -1};
	if (!blob) {
		finish(l, "the controller has no such content");
		return;
	}
	if (!is_here(blob))
		fetch_begin(blob->promised);
	else
		start(l);
}

void sending_resume(struct run *run, const struct blob *blob, const char *error)
{
	for (size_t i = 0; i < run->hosts.len; i++) {
		struct run_host *h = run->hosts.entries[i].value;
		struct link *l = h->link;
		if (!l || !l->sending.id || l->sending.blob != blob || l->sending.fd >= 0 ||
		    l->sending.offset > 0)
			continue;
		if (error || !is_here(blob))
			finish(l, error ? error : "what was fetched cannot be read");
		else
			start(l);
	}
}
