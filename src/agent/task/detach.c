#include "detach.h"

#include "../process/process_tree.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 100

static int kept_content(void *self, const char *sha256 UNUSED, struct host_stream *ret,
			struct err *err)
{
	const struct detach *d = self;
	if (d->why->code) {
		*err = *d->why;
		return d->why->code;
	}
	*ret = d->content->stream;
	return 0;
}

static void content_is_closed(void *self UNUSED)
{
}

static void no_output(void *self UNUSED, int stream UNUSED, struct slice bytes UNUSED)
{
}

static void put_job(struct arena *a, struct value *result, const char *jid, const char *path)
{
	value_dict_put(a, result, "ansible_job_id", value_cstr(a, jid));
	value_dict_put(a, result, "results_file", value_cstr(a, path));
}

static int write_result(const char *path, const struct value *result, struct err *err)
{
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	json_emit(&text, result, JSON_PYTHON);
	return file_write_atomic(path, text.ptr, text.len, 0600, err);
}

_Noreturn static void do_work(const struct module_call *call, const struct detach *d,
			      const char *path)
{
	const struct module_services services = {.self = (void *)d,
						 .content_open = kept_content,
						 .content_close = content_is_closed,
						 .output = no_output};
	struct module_call own = *call;
	own.services = &services;
	module_run(&own);
	_exit(write_result(path, own.result, NULL) < 0);
}

static void write_failure(struct arena *a, const char *path, const char *msg)
{
	struct value *result = value_dict_new(a);
	value_dict_put(a, result, "failed", value_bool(true));
	value_dict_put(a, result, "finished", value_int(a, 1));
	value_dict_put(a, result, "msg", value_cstr(a, msg));
	(void)write_result(path, result, NULL);
}

/* The worker and its commands, which are process groups of their own in its session. */
static void stop(pid_t worker)
{
	kill(worker, SIGKILL);
	process_tree_kill(worker, SIGKILL, NULL);
}

static void write_timeout(struct arena *a, int64_t seconds, const char *path)
{
	write_failure(a, path,
		      arena_printf(a, "Job reached maximum time limit of %lld seconds.",
				   (long long)seconds));
}

/* A worker that did not come to write its result would be waited for in vain. */
static void note_end(struct arena *a, int status, const char *path)
{
	if (WIFSIGNALED(status))
		write_failure(a, path,
			      arena_printf(a, "the job was killed by signal %d (%s)",
					   WTERMSIG(status), strsignal(WTERMSIG(status))));
	else if (WEXITSTATUS(status) != 0)
		write_failure(
			a, path,
			arena_printf(a, "the job ended with exit code %d", WEXITSTATUS(status)));
}

/* Waits for the work, and ends it when its time is over. */
_Noreturn static void watch(struct module_call *call, const struct detach *d, const char *path)
{
	int64_t deadline = clock_now_ms() + d->seconds * 1000;
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	int status = 0;
	pid_t worker = fork();
	if (worker == 0) {
		setsid();
		do_work(call, d, path);
	}
	if (worker < 0)
		write_failure(call->arena, path, "the job could not be started: fork failed");
	while (worker > 0 && waitpid(worker, &status, WNOHANG) == 0) {
		if (clock_now_ms() >= deadline) {
			stop(worker);
			write_timeout(call->arena, d->seconds, path);
			_exit(0);
		}
		nanosleep(&pause, NULL);
	}
	note_end(call->arena, status, path);
	_exit(0);
}

/* But for the content. */
static void close_all(const struct detach *d)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), keep = d->content->fd;
	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	if (d->fd > 2)
		close(d->fd);
	if (keep > 3)
		close_range(3, (unsigned)keep - 1, 0);
	close_range(keep < 3 ? 3u : (unsigned)keep + 1, ~0u, 0);
}

static int make_path(struct arena *a, const char **ret_jid, const char **ret_path, struct err *err)
{
	const char *dir = getenv("ANSIBLE_ASYNC_DIR"), *home = getenv("HOME");
	if (!dir || !*dir)
		dir = "~/.ansible_async";
	CLEANUP(free_ptr) char *full = path_expand_home(dir, home ? home : "/");
	int r = dir_create_all(full, 0700, err);
	*ret_jid = arena_printf(a, "j%llu.%d",
				(unsigned long long)clock_realtime_us() % 1000000000000u,
				(int)getpid());
	*ret_path = arena_printf(a, "%s/%s", full, *ret_jid);
	return r;
}

int detach_start(struct module_call *call, const struct detach *d, struct err *err)
{
	struct arena *a = call->arena;
	struct value *started = value_dict_new(a);
	const char *jid, *path;
	int r = make_path(a, &jid, &path, err);
	if (r < 0)
		return r;
	value_dict_put(a, started, "started", value_int(a, 1));
	value_dict_put(a, started, "finished", value_int(a, 0));
	value_dict_put(a, started, "ansible_job_id", value_cstr(a, jid));
	if ((r = write_result(path, started, err)) < 0)
		return r;
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		setsid();
		signal(SIGPIPE, SIG_IGN);
		close_all(d);
		watch(call, d, path);
	}
	put_job(a, started, jid, path);
	value_dict_put(a, started, "failed", value_int(a, 0)); /* as Ansible: a number */
	value_dict_put(a, started, "changed", value_bool(true));
	call->result = started;
	return 0;
}
