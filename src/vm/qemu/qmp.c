#include "qmp.h"

#include "../project/project.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_CHUNK_BYTES 16384u

struct vm_qmp {
	int fd;
	int64_t next_id, timeout_ms, end_ms; /* of the command that runs */
	struct strbuf received;		     /* not yet taken lines */
	size_t searched;		     /* of it, without a line end */
};

/* ---- messages ---- */

static int forbidden(struct err *err, const char *what)
{
	return err_set(err, ERR_PROTOCOL, "QEMU's control socket said %s", what);
}

static struct slice text_of(const struct value *dict, const char *key)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_STRING ? v->str : (struct slice){"", 0};
}

static int parse_error(const struct value *error, struct vm_qmp_message *ret, struct err *err)
{
	ret->kind = QMP_ERROR;
	ret->name = text_of(error, "class");
	ret->text = text_of(error, "desc");
	return ret->text.len ? 0 : forbidden(err, "an error without a description");
}

int vm_qmp_parse(struct slice line, struct arena *a, struct vm_qmp_message *ret, struct err *err)
{
	struct vm_qmp_message m = {.id = -1};
	const struct value *v, *id, *part;
	int r = json_parse(a, "qmp", line, &v, NULL);
	if (r < 0)
		return forbidden(err, "what is not JSON");
	id = value_get(v, "id");
	if (id && id->type == VALUE_INT)
		m.id = id->integer;
	if ((part = value_get(v, "return"))) {
		m.kind = QMP_RETURN;
		m.result = part;
	} else if ((part = value_get(v, "error"))) {
		r = parse_error(part, &m, err);
	} else if ((m.name = text_of(v, "event")).len) {
		m.kind = QMP_EVENT;
	} else if (value_get(v, "QMP")) {
		m.kind = QMP_GREETING;
	} else {
		r = forbidden(err, "what is no greeting, answer or event");
	}
	if (r == 0)
		*ret = m;
	return r;
}

/* ---- bytes ---- */

static int await(struct vm_qmp *q, short what, struct err *err)
{
	struct pollfd p = {q->fd, what, 0};
	for (;;) {
		int64_t left = q->end_ms - clock_now_ms();
		int n = poll(&p, 1, left < 0 ? 0 : left > 60000 ? 60000 : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(err, "wait for QEMU");
		if (clock_now_ms() >= q->end_ms)
			return err_set(err, ERR_TIMEOUT,
				       "QEMU did not answer on its control socket for %.1f s",
				       (double)q->timeout_ms / 1000);
	}
}

static int ended(struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "QEMU closed its control socket");
}

static bool try_again(void)
{
	return errno == EINTR || errno == EAGAIN;
}

static int send_all(struct vm_qmp *q, struct slice text, struct err *err)
{
	while (text.len) {
		int r = await(q, POLLOUT, err);
		if (r < 0)
			return r;
		ssize_t n = send(q->fd, text.ptr, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && !try_again())
			return ended(err);
		if (n > 0)
			text = (struct slice){text.ptr + n, text.len - (size_t)n};
	}
	return 0;
}

static int receive_some(struct vm_qmp *q, struct err *err)
{
	int r = await(q, POLLIN, err);
	if (r < 0)
		return r;
	ssize_t n = recv(q->fd, strbuf_reserve(&q->received, READ_CHUNK_BYTES), READ_CHUNK_BYTES,
			 MSG_DONTWAIT);
	if (n == 0 || (n < 0 && !try_again()))
		return ended(err);
	if (n > 0)
		strbuf_grew(&q->received, (size_t)n);
	if (q->received.len > QMP_MESSAGE_MAX)
		return err_set(err, ERR_LIMIT, "QEMU sent a message of more than %u bytes",
			       QMP_MESSAGE_MAX);
	return 0;
}

static const char *line_end(struct vm_qmp *q)
{
	const char *end = q->received.len ? memchr(q->received.ptr + q->searched, '\n',
						   q->received.len - q->searched)
					  : NULL;
	q->searched = end ? 0 : q->received.len;
	return end;
}

static int next_message(struct vm_qmp *q, struct arena *a, struct vm_qmp_message *ret,
			struct err *err)
{
	const char *end;
	while (!(end = line_end(q))) {
		int r = receive_some(q, err);
		if (r < 0)
			return r;
	}
	size_t len = (size_t)(end - q->received.ptr);
	struct slice line = arena_slice(a, (struct slice){q->received.ptr, len});
	strbuf_drop_front(&q->received, len + 1);
	return vm_qmp_parse(line, a, ret, err);
}

/* ---- commands ---- */

static void begin(struct vm_qmp *q)
{
	q->end_ms = clock_now_ms() + q->timeout_ms;
}

static int refused(const char *command, const struct vm_qmp_message *m, struct err *err)
{
	if (slice_is(m->name, "CommandNotFound"))
		return err_set(err, ERR_UNSUPPORTED, "this QEMU has no command %s", command);
	return err_set(err, ERR_INVALID, "QEMU refuses %s: %.*s", command, SLICE_ARG(m->text));
}

static int answer(struct vm_qmp *q, const char *command, struct arena *a, const struct value **ret,
		  struct err *err)
{
	const int64_t id = q->next_id++;
	for (;;) {
		struct vm_qmp_message m;
		int r = next_message(q, a, &m, err);
		if (r < 0)
			return r;
		if (m.kind == QMP_EVENT || m.kind == QMP_GREETING || (m.id >= 0 && m.id < id))
			continue;
		/* an error about what could not be parsed has no id */
		if (m.kind == QMP_ERROR && (m.id == id || m.id == -1))
			return refused(command, &m, err);
		if (m.id != id)
			return forbidden(err, "an answer to what was not asked");
		if (ret)
			*ret = m.result;
		return 0;
	}
}

int vm_qmp_execute(struct vm_qmp *q, const char *command, const struct value *arguments,
		   struct arena *a, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct value *v = value_dict_new(a);
	value_dict_put(a, v, "execute", value_cstr(a, command));
	value_dict_put(a, v, "id", value_int(a, q->next_id));
	if (arguments)
		value_dict_put(a, v, "arguments", arguments);
	json_emit(&text, v, JSON_COMPACT);
	strbuf_putc(&text, '\n');
	begin(q);
	int r = send_all(q, strbuf_slice(&text), err);
	return r < 0 ? r : answer(q, command, a, ret, err);
}

void vm_qmp_set_timeout(struct vm_qmp *q, int64_t timeout_ms)
{
	q->timeout_ms = timeout_ms;
}

/* ---- the connection ---- */

static int connect_to(const char *dir, const char *name, int64_t timeout_ms, int *ret,
		      struct err *err)
{
	struct sockaddr_un address;
	CLEANUP(fd_close) int dir_fd = -1;
	int r = vm_socket_address(dir, name, &address, &dir_fd, err);
	if (r < 0)
		return r;
	CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	/* its queue of clients may be full */
	const struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000 + 1};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_set(err, ERR_UNREACHABLE, "nobody listens on %s/%s: %s", dir, name,
			       strerror(errno));
	*ret = fd;
	fd = -1;
	return 0;
}

static int negotiate(struct vm_qmp *q, struct err *err)
{
	struct arena a = {0};
	struct vm_qmp_message m;
	begin(q);
	int r = next_message(q, &a, &m, err);
	if (r == 0 && m.kind != QMP_GREETING)
		r = forbidden(err, "no greeting first");
	if (r == 0)
		r = vm_qmp_execute(q, "qmp_capabilities", NULL, &a, NULL, err);
	arena_release(&a);
	return r;
}

int vm_qmp_open(const char *dir, const char *name, int64_t timeout_ms, struct vm_qmp **ret,
		struct err *err)
{
	CLEANUP(vm_qmp_close_ptr) struct vm_qmp *q = xcalloc(1, sizeof(*q));
	q->fd = -1;
	q->timeout_ms = timeout_ms;
	int r = connect_to(dir, name, timeout_ms, &q->fd, err);
	if (r == 0)
		r = negotiate(q, err);
	if (r < 0)
		return r;
	*ret = q;
	q = NULL;
	return 0;
}

void vm_qmp_close(struct vm_qmp *q)
{
	if (!q)
		return;
	fd_close(&q->fd);
	strbuf_release(&q->received);
	free(q);
}

void vm_qmp_close_ptr(struct vm_qmp **q)
{
	vm_qmp_close(*q);
}
