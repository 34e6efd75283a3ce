/* Installing and removing packages, refreshing the lists. */
#include "../apt.h"
#include "../tool.h"
#include "real.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define APT_TIMEOUT_MS 3600000
#define POLICY_MAX_BYTES 65536u
#define LOCK_POLL_MS 1000
#define LOCK_TIMEOUT_DEFAULT_MS 60000

static bool is_locked(const struct host_command_result *r)
{
	return r->exit_code != 0 && r->err.len &&
	       (strstr(r->err.ptr, "Could not get lock") ||
		strstr(r->err.ptr, "is another process"));
}

/* Who holds a lock of dpkg or apt: these are fcntl's, the kernel knows. */
static bool find_holder(pid_t *ret, char name[32])
{
	static const char *const locks[] = {"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock",
					    "/var/lib/apt/lists/lock",
					    "/var/cache/apt/archives/lock"};
	for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
		CLEANUP(fd_close) int fd = open(locks[i], O_RDONLY | O_CLOEXEC);
		struct flock lock = {.l_type = F_WRLCK};
		if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK ||
		    lock.l_pid <= 0)
			continue;
		char path[64];
		CLEANUP(strbuf_release) struct strbuf comm = {0};
		snprintf(path, sizeof(path), "/proc/%d/comm", (int)lock.l_pid);
		if (file_read(path, 64, &comm, NULL) < 0)
			strbuf_printf(&comm, "?");
		struct slice word = slice_trim(strbuf_slice(&comm));
		snprintf(name, 32, "%.*s", SLICE_ARG(word));
		*ret = lock.l_pid;
		return true;
	}
	return false;
}

static int failed(const struct tool *t, const struct host_command_result *result, struct err *err)
{
	pid_t pid;
	char name[32];
	int r = tool_failed(t, result, err);
	if (is_locked(result) && find_holder(&pid, name))
		return err_wrap(err, r, "process %d (%s) holds the lock", (int)pid, name);
	return r;
}

/* Waits for whoever holds apt's locks. Newer apt does that for some of them by
 * itself (DPkg::Lock::Timeout). */
static int run_when_unlocked(struct host *h, const char *const *argv, int64_t lock_timeout_ms,
			     struct strbuf *output, struct err *err)
{
	int64_t give_up =
		clock_now_ms() + (lock_timeout_ms > 0 ? lock_timeout_ms : LOCK_TIMEOUT_DEFAULT_MS);
	struct tool t = {.argv = argv, .env = apt_env, .timeout_ms = APT_TIMEOUT_MS};
	for (;;) {
		CLEANUP(host_command_result_release) struct host_command_result result = {0};
		int r = tool_run(h, TOOL_CHANGE, &t, &result, err);
		if (r < 0)
			return r;
		if (is_locked(&result) && clock_now_ms() < give_up) {
			nanosleep(&(struct timespec){.tv_sec = LOCK_POLL_MS / 1000}, NULL);
			continue;
		}
		if (output) {
			strbuf_slice_append(output, strbuf_slice(&result.out));
			strbuf_slice_append(output, strbuf_slice(&result.err));
		}
		return result.exit_code == 0 ? 0 : failed(&t, &result, err);
	}
}

#define POLICY_MARK "#!/bin/sh\n# of rollout, while it installs packages\n"

/* What an agent that was killed has left is not what was there. */
static bool is_left_over(const char *path)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	return file_read(path, POLICY_MAX_BYTES, &text, NULL) == 0 &&
	       slice_starts_with(strbuf_slice(&text), POLICY_MARK);
}

/* policy-rc.d's exit code keeps maintainer scripts from starting units. What
 * was there is put aside, and comes back. */
struct policy {
	const char *path;
	char *aside; /* NULL: not placed */
	bool had_one;
};

static int policy_place(struct host *h, struct policy *p, int code, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf script = {0}, aside = {0};
	if (code < 0)
		return 0;
	strbuf_printf(&aside, "%s.rollout-aside", p->path);
	if (is_left_over(p->path)) {
		p->had_one = access(aside.ptr, F_OK) == 0;
	} else {
		p->had_one = rename(p->path, aside.ptr) == 0;
		if (!p->had_one && errno != ENOENT)
			return err_sys(err, "put %s aside", p->path);
	}
	strbuf_printf(&script, POLICY_MARK "exit %d\n", code);
	struct host_write w = {.content = strbuf_slice(&script), .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0755;
	p->aside = strbuf_steal(&aside);
	return real_write(h, p->path, &w, err);
}

static void policy_restore(struct policy *p)
{
	if (!p->aside)
		return;
	if (!p->had_one || rename(p->aside, p->path) < 0)
		unlink(p->path);
	free(p->aside);
}

int real_package_change(struct host *h, const struct host_package_change *c, struct strbuf *output,
			struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct policy policy = {.path = real_of(h)->paths.policy_rc_d};
	const char *const *names;
	size_t len;
	int r = apt_needed(h, &a, c, &names, &len, err);
	if (r < 0 || (len == 0 && !c->autoremove))
		return r;
	r = policy_place(h, &policy, c->policy_rc_d, err);
	if (r == 0)
		r = run_when_unlocked(h, apt_words(&a, c, names, false), c->lock_timeout_ms, output,
				      err);
	policy_restore(&policy);
	return r;
}

/* When the lists were last refreshed, in seconds since the epoch; 0: never. */
static int64_t refreshed_at(const struct real_paths *p)
{
	struct stat st;
	if (stat(p->apt_stamp, &st) == 0 || stat(p->apt_lists, &st) == 0)
		return (int64_t)st.st_mtim.tv_sec;
	return 0;
}

int real_package_refresh(struct host *h, int64_t max_age_s, bool *ret_updated, struct err *err)
{
	const struct real_paths *p = &real_of(h)->paths;
	int64_t age_s = clock_realtime_us() / 1000000 - refreshed_at(p);
	if (max_age_s > 0 && age_s >= 0 && age_s <= max_age_s) {
		*ret_updated = false;
		return 0;
	}
	/* Without Error-Mode a mirror that does not answer is a mere warning. */
	static const char *const argv[] = {
		"apt-get", "update", "-q", "-y", "-o", "APT::Update::Error-Mode=any", NULL};
	int r = run_when_unlocked(h, argv, 0, NULL, err);
	if (r < 0)
		return r;
	utimensat(AT_FDCWD, p->apt_stamp, NULL, 0);
	utimensat(AT_FDCWD, p->apt_lists, NULL, 0);
	*ret_updated = true;
	return 0;
}
