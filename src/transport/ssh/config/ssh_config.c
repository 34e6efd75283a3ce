#include "ssh_config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUN_PROCESS, RUN_OUT, RUN_ERR, RUN_HANDLES };

struct ssh_config_run {
	uv_process_t process;
	uv_pipe_t out, err;
	struct strbuf text, errors;
	int open;    /* handles not closed yet */
	int waiting; /* exit, end of out, end of err */
	int status;
	ssh_config_done *done;
	void *ctx;
	char host[256];
};

static void on_closed(uv_handle_t *h)
{
	struct ssh_config_run *run = h->data;
	if (--run->open > 0)
		return;
	strbuf_release(&run->text);
	strbuf_release(&run->errors);
	free(run);
}

static void close_all(struct ssh_config_run *run)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&run->process, (uv_handle_t *)&run->out,
				  (uv_handle_t *)&run->err};
	for (size_t i = 0; i < ARRAY_LEN(handles); i++)
		if (!uv_is_closing(handles[i]))
			uv_close(handles[i], on_closed);
}

static void finish(struct ssh_config_run *run)
{
	struct err why = {0};
	ssh_config_done *done = run->done;
	if (--run->waiting > 0)
		return;
	run->done = NULL;
	if (run->status != 0)
		err_set(&why, ERR_INVALID, "ssh -G %s: %.*s", run->host,
			SLICE_ARG(slice_trim(strbuf_slice(&run->errors))));
	if (done)
		done(run->ctx, strbuf_slice(&run->text), why.code ? &why : NULL);
	close_all(run);
}

static void on_process_exit(uv_process_t *p, int64_t status, int signal)
{
	struct ssh_config_run *run = p->data;
	run->status = status || signal ? 1 : 0;
	finish(run);
}

static void on_alloc(uv_handle_t *h, size_t want UNUSED, uv_buf_t *buf)
{
	struct ssh_config_run *run = h->data;
	struct strbuf *to = h == (uv_handle_t *)&run->out ? &run->text : &run->errors;
	*buf = uv_buf_init(strbuf_reserve(to, 8192), 8192);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf UNUSED)
{
	struct ssh_config_run *run = s->data;
	struct strbuf *to = s == (uv_stream_t *)&run->out ? &run->text : &run->errors;
	if (n > 0)
		strbuf_grew(to, (size_t)n);
	if (n >= 0 && to->len <= SSH_CONFIG_OUTPUT_MAX)
		return;
	uv_read_stop(s);
	finish(run);
}

static int spawn(struct ssh_config_run *run, uv_loop_t *loop, char **argv)
{
	uv_stdio_container_t io[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&run->out},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&run->err},
	};
	uv_process_options_t options = {.exit_cb = on_process_exit,
					.file = argv[0],
					.args = argv,
					.stdio = io,
					.stdio_count = 3};
	return uv_spawn(loop, &run->process, &options);
}

static void put_args(const struct ssh_options *o, const char *config_file, char *port,
		     const char *host, char **argv)
{
	size_t n = 0;
	argv[n++] = (char *)"ssh";
	argv[n++] = (char *)"-G";
	if (config_file && !o->config_file) {
		argv[n++] = (char *)"-F";
		argv[n++] = (char *)config_file;
	}
	if (o->port) {
		argv[n++] = (char *)"-p";
		argv[n++] = port;
	}
	if (o->user) {
		argv[n++] = (char *)"-l";
		argv[n++] = (char *)o->user;
	}
	for (size_t i = 0; i < o->args.len; i++)
		argv[n++] = (char *)o->args.at[i];
	argv[n++] = (char *)"--";
	argv[n++] = (char *)host;
	argv[n] = NULL;
}

struct ssh_config_run *ssh_config_start(uv_loop_t *loop, const struct ssh_options *o,
					const char *config_file, const char *host, struct err *err)
{
	char *argv[SSH_ARGS_MAX + 12], port[16];
	struct ssh_config_run *run = xcalloc(1, sizeof(*run));
	run->process.data = run->out.data = run->err.data = run;
	run->open = RUN_HANDLES;
	run->waiting = RUN_HANDLES;
	snprintf(run->host, sizeof(run->host), "%s", host);
	snprintf(port, sizeof(port), "%d", o->port);
	uv_pipe_init(loop, &run->out, 0);
	uv_pipe_init(loop, &run->err, 0);
	put_args(o, config_file, port, host, argv);
	int r = spawn(run, loop, argv);
	if (r < 0) {
		close_all(run);
		err_set(err, ERR_SYS, "ssh -G %s, which reads your ssh_config: %s", host,
			r == UV_ENOENT ? "there is no ssh here; install openssh-client"
				       : uv_strerror(r));
		return NULL;
	}
	uv_read_start((uv_stream_t *)&run->out, on_alloc, on_read);
	uv_read_start((uv_stream_t *)&run->err, on_alloc, on_read);
	return run;
}

void ssh_config_expect(struct ssh_config_run *run, ssh_config_done *done, void *ctx)
{
	run->done = done;
	run->ctx = ctx;
}

void ssh_config_cancel(struct ssh_config_run *run)
{
	if (!run)
		return;
	run->done = NULL;
	uv_process_kill(&run->process, SIGKILL);
	close_all(run);
}
