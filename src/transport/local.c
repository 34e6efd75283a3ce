/* An agent beside the controller, started by the same script. */
#include "pipe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The handles live on until libuv has closed them, longer than the transport. */
struct local_io {
	uv_process_t process;
	uv_pipe_t in, out, err;
	uv_shutdown_t shutdown;
	int open;
	struct local *local; /* NULL once stopped */
};

struct local {
	struct transport base;
	struct local_io *io;
	int waiting; /* exit, end of out, end of err */
	int64_t status;
	int signal;
	bool shut;
};

struct local_write {
	uv_write_t req;
	struct local_io *io;
	struct strbuf bytes;
};

static void on_closed(uv_handle_t *h)
{
	struct local_io *io = h->data;
	if (--io->open == 0)
		free(io);
}

static void part_ended(struct local *l)
{
	const char *name = l->signal ? sigabbrev_np(l->signal) : NULL;
	if (--l->waiting == 0)
		transport_ended(&l->base, l->signal ? -1 : (int)l->status, name);
}

static void on_process_exit(uv_process_t *p, int64_t status, int signal)
{
	struct local_io *io = p->data;
	if (!io->local)
		return;
	io->local->status = status;
	io->local->signal = signal;
	part_ended(io->local);
}

static void on_alloc(uv_handle_t *h UNUSED, size_t want UNUSED, uv_buf_t *buf)
{
	static char shared[65536]; /* used up before the next read */
	*buf = uv_buf_init(shared, sizeof(shared));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct local_io *io = stream->data;
	struct local *l = io->local;
	if (!l || n == 0)
		return;
	if (n < 0) {
		uv_read_stop(stream);
		part_ended(l);
		return;
	}
	const struct slice bytes = {buf->base, (size_t)n};
	if (stream == (uv_stream_t *)&io->out)
		bootstrap_stdout(&l->base.boot, bytes);
	else
		bootstrap_stderr(&l->base.boot, bytes);
}

static void push(struct transport *t);

static void on_written(uv_write_t *req, int status UNUSED)
{
	struct local_write *w = (struct local_write *)req;
	struct local *l = w->io->local;
	strbuf_wipe(&w->bytes);
	free(w);
	if (!l)
		return;
	l->base.in_flight = 0;
	transport_took(&l->base, 0);
	push(&l->base);
}

static void push(struct transport *t)
{
	struct local *l = (struct local *)t;
	struct slice p = transport_pending(t);
	if (!l->io || t->in_flight > 0)
		return;
	if (p.len == 0) {
		if (t->state == TRANSPORT_CLOSING && !l->shut)
			uv_shutdown(&l->io->shutdown, (uv_stream_t *)&l->io->in, NULL);
		l->shut |= t->state == TRANSPORT_CLOSING;
		return;
	}
	struct local_write *w = xcalloc(1, sizeof(*w));
	w->io = l->io;
	strbuf_slice_append(&w->bytes, p);
	uv_buf_t buf = uv_buf_init(w->bytes.ptr, (unsigned)w->bytes.len);
	t->in_flight = p.len;
	transport_took(t, p.len);
	int r = uv_write(&w->req, (uv_stream_t *)&l->io->in, &buf, 1, on_written);
	if (r < 0) { /* the process ended: its exit tells */
		t->in_flight = 0;
		strbuf_wipe(&w->bytes);
		free(w);
	}
}

static void stop(struct transport *t)
{
	struct local *l = (struct local *)t;
	struct local_io *io = l->io;
	uv_handle_t *handles[] = {(uv_handle_t *)&io->process, (uv_handle_t *)&io->in,
				  (uv_handle_t *)&io->out, (uv_handle_t *)&io->err};
	io->local = NULL;
	if (l->waiting > 0 && uv_process_get_pid(&io->process) > 0)
		uv_process_kill(&io->process, SIGTERM);
	for (size_t i = 0; i < ARRAY_LEN(handles); i++)
		uv_close(handles[i], on_closed);
}

static int spawn(struct local *l)
{
	CLEANUP(strbuf_release) struct strbuf command = {0};
	struct local_io *io = l->io;
	bootstrap_command(&l->base.target, &command);
	char *argv[] = {(char *)"sh", (char *)"-c", command.ptr, NULL};
	uv_stdio_container_t pipes[3] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&io->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&io->out},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&io->err},
	};
	/* a session of its own: the terminal's ^C is for rollout to handle */
	uv_process_options_t options = {.exit_cb = on_process_exit,
					.file = "/bin/sh",
					.args = argv,
					.stdio = pipes,
					.stdio_count = 3,
					.flags = UV_PROCESS_DETACHED};
	int r = uv_spawn(l->base.loop, &io->process, &options);
	if (r < 0)
		return r;
	l->waiting = 3;
	uv_read_start((uv_stream_t *)&io->out, on_alloc, on_read);
	uv_read_start((uv_stream_t *)&io->err, on_alloc, on_read);
	return 0;
}

/* libuv writes to pipes without MSG_NOSIGNAL: an agent that dies must not take
 * a program with it that never thought of SIGPIPE. Children get it back. */
static void ignore_sigpipe(void)
{
	struct sigaction now;
	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

struct transport *local_open(uv_loop_t *loop, const struct transport_target *target)
{
	static const struct transport_ops ops = {push, stop};
	struct local *l = xcalloc(1, sizeof(*l));
	struct err why = {0};
	ignore_sigpipe();
	transport_init(&l->base, &ops, loop, target);
	l->base.target.become = target->become && geteuid() != 0;
	l->io = xcalloc(1, sizeof(*l->io));
	l->io->local = l;
	l->io->open = 4;
	l->io->process.data = l->io->in.data = l->io->out.data = l->io->err.data = l->io;
	uv_pipe_init(loop, &l->io->in, 0);
	uv_pipe_init(loop, &l->io->out, 0);
	uv_pipe_init(loop, &l->io->err, 0);
	transport_started(&l->base);
	int r = spawn(l);
	if (r < 0) {
		err_set(&why, ERR_SYS, "run /bin/sh: %s", uv_strerror(r));
		transport_fail(&l->base, &why);
	}
	return &l->base;
}
