#include "agent_client.h"

#include "rollout/base/file.h"
#include "ssh_string.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	REQUEST_IDENTITIES = 11,
	IDENTITIES_ANSWER = 12,
	SIGN_REQUEST = 13,
	SIGN_RESPONSE = 14,
};

struct agent_client {
	uv_poll_t *poll;
	int fd;
	enum agent_status status;
	struct strbuf in;
	struct slice rest; /* of the answer */
	uint32_t keys_left;
	void (*wake)(void *ctx);
	void *ctx;
};

static int connect_unix(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(at.sun_path))
		return -1;
	memcpy(at.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		fd_close(&fd);
	return fd;
}

/* The whole of the answer's body, or nothing yet. */
static bool take_answer(struct agent_client *a)
{
	struct slice rest = strbuf_slice(&a->in);
	uint32_t n;
	if (!wire_take_u32(&rest, &n))
		return false;
	if (n == 0 || n > AGENT_ANSWER_MAX) {
		a->status = AGENT_BROKEN;
		return true;
	}
	if (rest.len < n)
		return false;
	a->rest = (struct slice){rest.ptr, n};
	a->status = AGENT_ANSWERED;
	if (rest.ptr[0] == IDENTITIES_ANSWER) {
		a->rest = (struct slice){rest.ptr + 1, n - 1};
		if (!wire_take_u32(&a->rest, &a->keys_left))
			a->keys_left = 0;
	}
	return true;
}

static void on_readable(uv_poll_t *poll, int status, int events UNUSED)
{
	struct agent_client *a = poll->data;
	char *to = strbuf_reserve(&a->in, 4096);
	ssize_t n = status < 0 ? 0 : read(a->fd, to, 4096);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		a->status = AGENT_BROKEN;
	else
		strbuf_grew(&a->in, (size_t)n);
	if (n > 0 && (a->status != AGENT_WAITING || !take_answer(a)))
		return;
	uv_poll_stop(a->poll);
	a->wake(a->ctx);
}

static void ask(struct agent_client *a, const struct strbuf *body)
{
	CLEANUP(strbuf_release) struct strbuf frame = {0};
	wire_put_string(&frame, strbuf_slice(body));
	strbuf_truncate(&a->in, 0);
	a->keys_left = 0;
	a->status = AGENT_WAITING;
	/* a fresh socket takes a request of a few hundred bytes whole */
	if (send(a->fd, frame.ptr, frame.len, MSG_NOSIGNAL) != (ssize_t)frame.len ||
	    uv_poll_start(a->poll, UV_READABLE, on_readable) < 0)
		a->status = AGENT_BROKEN;
}

struct agent_client *agent_client_new(uv_loop_t *loop, const char *path, void (*wake)(void *ctx),
				      void *ctx)
{
	int fd = connect_unix(path);
	if (fd < 0)
		return NULL;
	struct agent_client *a = xcalloc(1, sizeof(*a));
	a->fd = fd;
	a->wake = wake;
	a->ctx = ctx;
	a->poll = xcalloc(1, sizeof(*a->poll));
	a->poll->data = a;
	if (uv_poll_init(loop, a->poll, fd) < 0) {
		free(a->poll);
		a->poll = NULL;
		agent_client_free(a);
		return NULL;
	}
	return a;
}

void agent_client_ask_identities(struct agent_client *a)
{
	CLEANUP(strbuf_release) struct strbuf body = {0};
	strbuf_putc(&body, REQUEST_IDENTITIES);
	ask(a, &body);
}

void agent_client_ask_signature(struct agent_client *a, struct slice blob, struct slice data,
				uint32_t flags)
{
	CLEANUP(strbuf_release) struct strbuf body = {0};
	strbuf_putc(&body, SIGN_REQUEST);
	wire_put_string(&body, blob);
	wire_put_string(&body, data);
	wire_put_u32(&body, flags);
	ask(a, &body);
}

enum agent_status agent_client_status(const struct agent_client *a)
{
	return a->status;
}

bool agent_client_next_identity(struct agent_client *a, struct slice *ret_blob)
{
	struct slice blob, comment;
	if (a->status != AGENT_ANSWERED || a->keys_left == 0)
		return false;
	a->keys_left--;
	if (!wire_take_string(&a->rest, &blob) || !wire_take_string(&a->rest, &comment)) {
		a->keys_left = 0;
		return false;
	}
	*ret_blob = blob;
	return true;
}

bool agent_client_signature(struct agent_client *a, struct slice algorithm, struct slice *ret)
{
	struct slice rest = a->rest, outer, name, signature;
	if (a->status != AGENT_ANSWERED || rest.len < 1 || rest.ptr[0] != SIGN_RESPONSE)
		return false;
	rest.ptr++;
	rest.len--;
	if (!wire_take_string(&rest, &outer) || !wire_take_string(&outer, &name) ||
	    !wire_take_string(&outer, &signature) || !slice_eq(name, algorithm))
		return false;
	*ret = signature;
	return true;
}

void agent_client_reset(struct agent_client *a)
{
	if (a->status == AGENT_ANSWERED)
		a->status = AGENT_IDLE;
}

static void free_poll(uv_handle_t *h)
{
	free(h);
}

void agent_client_free(struct agent_client *a)
{
	if (!a)
		return;
	if (a->poll)
		uv_close((uv_handle_t *)a->poll, free_poll);
	fd_close(&a->fd);
	strbuf_release(&a->in);
	free(a);
}
