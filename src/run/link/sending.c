/* Content that the agent asks for by its hash, in chunks as fast as the
 * connection takes them. A transport that has room says so while it is given
 * something, so the state is right before each transport_send. */
#include "sending.h"
#include "blob.h"
#include "link.h"
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

void sending_bytes(struct link *l, struct slice bytes)
{
	l->given_bytes += (int64_t)bytes.len;
	transport_send(l->transport, bytes);
}

void sending_message(struct link *l, enum wire_type type, uint32_t id, const char *key, uint32_t n)
{
	struct arena a = {0};
	struct strbuf out CLEANUP(strbuf_release) = {0};
	struct value *v = value_dict_new(&a);
	if (key)
		value_dict_put(&a, v, key, value_int(&a, n));
	wire_put_value(&out, type, id, v);
	transport_send(l->transport, strbuf_slice(&out));
	arena_release(&a);
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

void sending_pump(struct link *l)
{
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
		sending_bytes(l, strbuf_slice(&out));
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
	CLEANUP(fd_close) int fd = open(b->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -1 : pread(fd, buf, b->size, 0);
}

static const struct blob *blob_of_tasks(const struct link *l, const struct value *sha256)
{
	const struct blob *b = NULL;
	for (size_t i = 0; !b && i < l->requests.len; i++)
		b = request_blob(l->requests.at[i], sha256);
	return b;
}

void sending_small(struct link *l, const struct value *list)
{
	CLEANUP(free_ptr) char *buf = xmalloc(WIRE_BLOB_CHUNK);
	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.len; i++) {
		const struct blob *b = blob_of_tasks(l, list->list.at[i]);
		struct strbuf out CLEANUP(strbuf_wipe) = {0};
		if (!b || b->size > WIRE_BLOB_CHUNK)
			continue;
		if (transport_queued(l->transport) > SMALL_QUEUED_MAX)
			return; /* it will ask again, for each */
		ssize_t n = read_small(b, buf);
		if (n < 0 || (size_t)n != b->size)
			continue;
		wire_put_bytes(&out, WIRE_CONTENT, 0, (struct slice){buf, (size_t)n});
		sending_bytes(l, strbuf_slice(&out));
	}
}

void sending_stop(struct link *l, uint32_t id)
{
	if (l->sending.id == id && id)
		finish(l, "the agent wants no more of it");
}

void sending_begin(struct link *l, uint32_t id, const struct blob *blob)
{
	l->sending = (struct blob_sending){.id = id, .blob = blob, .fd = -1};
	if (!blob->bytes &&
	    (l->sending.fd = open(blob->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		finish(l, strerror(errno));
	else
		sending_pump(l);
}
