#include "detach.h"

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

static int no_blob(void *self UNUSED, const char *sha256 UNUSED, struct strbuf *out UNUSED,
		   struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "an async task can be sent no content");
}

static void no_output(void *self UNUSED, int stream UNUSED, struct slice bytes UNUSED)
{
}

static void put_job(struct arena *a, struct value *result, const char *jid, const char *path)
{
	value_dict_put(a, result, "ansible_job_id", value_cstr(a, jid));
	value_dict_put(a, result, "results_file", value_cstr(a, path));
}

static void write_result(const char *path, const struct value *result)
{
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	json_emit(&text, result, JSON_PYTHON);
	(void)file_write_atomic(path, text.ptr, text.len, 0600, NULL);
}

_Noreturn static void do_work(struct module_call *call, const char *path)
{
	static const struct module_services services = {NULL, no_blob, no_output};
	call->services = &services;
	module_run(call);
	write_result(path, call->result);
	_exit(0);
}

static void write_timeout(struct arena *a, int64_t seconds, const char *path)
{
	struct value *result = value_dict_new(a);
	value_dict_put(a, result, "failed", value_bool(true));
	value_dict_put(a, result, "finished", value_int(a, 1));
	value_dict_put(a, result, "msg",
		       value_fmt(a, "Job reached maximum time limit of %lld seconds.",
				 (long long)seconds));
	write_result(path, result);
}

/* Waits for the work, and ends it when its time is over. */
_Noreturn static void watch(struct module_call *call, int64_t seconds, const char *path)
{
	int64_t deadline = clock_now_ms() + seconds * 1000;
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	pid_t worker = fork();
	if (worker == 0) {
		setsid();
		do_work(call, path);
	}
	while (worker > 0 && waitpid(worker, NULL, WNOHANG) == 0) {
		if (clock_now_ms() >= deadline) {
			kill(-worker, SIGKILL);
			write_timeout(call->arena, seconds, path);
			break;
		}
		nanosleep(&pause, NULL);
	}
	_exit(0);
}

static void close_all(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	if (fd > 2)
		close(fd);
	close_range(3, ~0u, 0);
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

int detach_start(struct module_call *call, int64_t seconds, int fd, struct err *err)
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
	write_result(path, started);
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		setsid();
		signal(SIGPIPE, SIG_IGN);
		close_all(fd);
		watch(call, seconds, path);
	}
	put_job(a, started, jid, path);
	value_dict_put(a, started, "changed", value_bool(true));
	call->result = started;
	return 0;
}
