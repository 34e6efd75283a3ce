#include "script.h"

#include "../../tool.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_KEPT 4096u
#define SAID_SHOWN 600u

/* ---- starting ---- */

extern char **environ;

static char **environment_with(struct arena *a, const char *const *variables)
{
	size_t n = 0, more = 0;
	while (environ[n])
		n++;
	while (variables[more])
		more++;
	char **all = ARENA_ARRAY(a, char *, n + more + 1);
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "IMAGE_", 6) != 0)
			all[len++] = environ[i];
	for (size_t i = 0; i < more; i++)
		all[len++] = arena_strdup(a, variables[i]);
	return all;
}

static int write_script(struct arena *a, const char *work, const char **ret, struct err *err)
{
	const char *path = arena_printf(a, "%s/build.sh", work);
	int r = file_write_atomic(path, vm_build_script, (size_t)vm_build_script_size, 0700, err);
	if (r == 0)
		*ret = path;
	return r;
}

/* Mounts of the build end with its namespace, however it ends. */
static int spawn_script(const char *script, char **env, int out, pid_t *ret, struct err *err)
{
	CLEANUP(free_ptr) char *unshare = vm_tool_find("unshare");
	const char *const argv[] = {"unshare", "--mount", "--propagation", "private", "bash",
				    script,    NULL};
	posix_spawn_file_actions_t actions;
	if (!unshare)
		return err_set(err, ERR_NOT_FOUND,
			       "there is no program 'unshare': install util-linux");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	const int failed =
		posix_spawn(ret, unshare, &actions, NULL, (char *const *)(uintptr_t)argv, env);
	posix_spawn_file_actions_destroy(&actions);
	if (failed) {
		errno = failed;
		return err_sys(err, "run %s", unshare);
	}
	return 0;
}

/* ---- listening ---- */

static void keep_end(struct strbuf *said, const char *data, size_t len)
{
	strbuf_append(said, data, len);
	if (said->len > SAID_KEPT)
		strbuf_drop_front(said, said->len - SAID_KEPT);
}

/* A log that cannot be written is no reason to stop. */
static void copy_output(int from, int log_fd, struct strbuf *said)
{
	char part[4096];
	for (;;) {
		struct err ignored = {0};
		const ssize_t n = read(from, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		keep_end(said, part, (size_t)n);
		if (log_fd >= 0)
			fd_write_all(log_fd, part, (size_t)n, &ignored);
	}
}

/* The first complaint of what was kept: those after it are its consequences. Or the
 * end. */
static struct slice last_words(const struct strbuf *said)
{
	struct slice rest = slice_trim(strbuf_slice(said)), line;
	const size_t cut = rest.len > SAID_SHOWN ? rest.len - SAID_SHOWN : 0;
	const struct slice end = {rest.ptr + cut, rest.len - cut};
	while (slice_split(&rest, '\n', &line))
		if (slice_starts_with(line, "error: ") || slice_starts_with(line, "E: "))
			return (struct slice){line.ptr,
					      line.len < SAID_SHOWN ? line.len : SAID_SHOWN};
	return end;
}

static int wait_for(pid_t pid, const struct strbuf *said, struct err *err)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "wait for the build");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	const struct slice words = last_words(said);
	if (WIFSIGNALED(status))
		return err_set(err, ERR_CANCELLED, "the build was ended by signal %d",
			       WTERMSIG(status));
	return err_set(err, ERR_SYS, "the build failed: %.*s", SLICE_ARG(words));
}

int vm_build_script_run(const char *work, const char *const *variables, int log_fd, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf said = {0};
	const char *script = NULL;
	int ends[2];
	pid_t pid;
	int r = write_script(&a, work, &script, err);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	CLEANUP(fd_close) int from = ends[0];
	r = spawn_script(script, environment_with(&a, variables), ends[1], &pid, err);
	close(ends[1]);
	if (r < 0)
		return r;
	copy_output(from, log_fd, &said);
	return wait_for(pid, &said, err);
}
