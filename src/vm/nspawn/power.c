#include "nspawn.h"

#include "../liveness.h"
#include "../project/project.h"
#include "../tool.h"
#include "rollout/base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_AGAIN_MS 500
#define DEATH_MS 5000
#define POWER_OFF (SIGRTMIN + 4) /* what systemd as PID 1 takes for "poweroff" */

static bool wait_end(const struct vm_machine *m, int64_t timeout_ms)
{
	CLEANUP(free_ptr) char *lock = vm_machine_path(m, VM_NSPAWN_LOCK);
	struct err ignored = {0};
	return vm_lock_wait_free(lock, timeout_ms, &ignored) == 0;
}

/* Asked again and again: an init that has only begun does not hear the first. */
static bool power_off(const struct vm_machine *m, int64_t limit_ms)
{
	const int64_t end_ms = clock_now_ms() + limit_ms;
	while (clock_now_ms() < end_ms) {
		int init = vm_nspawn_init_pid(m);
		if (init)
			kill(init, POWER_OFF);
		if (wait_end(m, ASK_AGAIN_MS))
			return true;
	}
	return wait_end(m, 0);
}

/* What is frozen dies when it is thawed. */
static void kill_all(const struct vm_machine *m)
{
	struct err ignored = {0};
	int init = vm_nspawn_init_pid(m);
	if (init)
		kill(init, SIGKILL);
	vm_nspawn_cgroups_freeze(m, false, &ignored);
}

static int cut_power(const struct vm_machine *m, struct err *err)
{
	kill_all(m);
	if (wait_end(m, DEATH_MS))
		return 0;
	int runner = vm_nspawn_runner_pid(m);
	vm_nspawn_cgroups_kill(m);
	if (runner > 1)
		kill(runner, SIGKILL);
	if (wait_end(m, DEATH_MS))
		return 0;
	return err_set(err, ERR_TIMEOUT, "its processes cannot be ended; the first is %d", runner);
}

int vm_nspawn_halt(struct vm_machine *m, bool force, int64_t limit_ms, const struct vm_reporter *r,
		   struct err *err)
{
	struct err ignored = {0};
	if (!vm_nspawn_is_running(m))
		return 0;
	r->stage(r->self, "shutdown");
	if (!force && vm_nspawn_cgroups_frozen(m))
		vm_nspawn_cgroups_freeze(m, false, &ignored);
	bool ended = !force && power_off(m, limit_ms);
	if (!ended && !force)
		r->note(r->self, "it does not shut down; its power is cut");
	int code = ended ? 0 : cut_power(m, err);
	if (code == 0)
		vm_nspawn_cgroups_remove(m);
	return code;
}

static int need_running(const struct vm_machine *m, struct err *err)
{
	return vm_nspawn_is_running(m) ? 0 : err_set(err, ERR_INVALID, "it does not run");
}

int vm_nspawn_suspend(struct vm_machine *m, struct err *err)
{
	int r = need_running(m, err);
	return r == 0 ? vm_nspawn_cgroups_freeze(m, true, err) : r;
}

int vm_nspawn_resume(struct vm_machine *m, struct err *err)
{
	int r = need_running(m, err);
	return r == 0 ? vm_nspawn_cgroups_freeze(m, false, err) : r;
}

/* ---- console ---- */

static void enter_machine(const char *nsenter, int init)
{
	CLEANUP(strbuf_release) struct strbuf target = {0}, term = {0};
	const char *name = getenv("TERM");
	strbuf_printf(&target, "--target=%d", init);
	strbuf_printf(&term, "TERM=%s", name ? name : "vt100");
	const char *const argv[] = {"nsenter",
				    target.ptr,
				    "--mount",
				    "--uts",
				    "--ipc",
				    "--net",
				    "--pid",
				    "--root",
				    "--wd",
				    "--",
				    "/bin/sh",
				    "-c",
				    "cd; [ -x /bin/bash ] && exec /bin/bash -l; exec /bin/sh -l",
				    NULL};
	const char *const env[] = {
		term.ptr,
		"HOME=/root",
		"USER=root",
		"LOGNAME=root",
		"SHELL=/bin/sh",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		NULL};
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	execve(nsenter, (char *const *)argv, (char *const *)env);
	_exit(127);
}

/* nspawn's console is only heard, it has no terminal to type at (several people may
 * look at it, and systemd writes there without end): what this gives is a shell of
 * root's in the machine, which works before its network does. */
int vm_nspawn_console(struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *nsenter = vm_tool_find("nsenter");
	int init = vm_nspawn_init_pid(m), status;
	if (!nsenter)
		return err_set(err, ERR_NOT_FOUND, "there is no nsenter; install util-linux");
	if (!init)
		return err_set(err, ERR_INVALID, "it does not run");
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0)
		enter_machine(nsenter, init);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127
		       ? err_set(err, ERR_SYS, "no shell could be run in the machine")
		       : 0;
}
