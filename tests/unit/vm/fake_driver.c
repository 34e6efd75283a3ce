#include "fake_driver.h"

#include "liveness.h"
#include "project/project.h"
#include "tool.h"

#include "rollout/base/file.h"
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct fake_seen *fake_seen;

/* ---- the driver: "running" is a lock that a `sleep` holds ---- */

const char *fake_behaviour;

static char *fake_file_of(const struct vm_machine *m, const char *name)
{
	return vm_machine_path(m, name);
}

void fake_put(const struct vm_machine *m, const char *name, const char *text)
{
	CLEANUP(free_ptr) char *path = fake_file_of(m, name);
	if (file_write_atomic(path, text, strlen(text), 0600, NULL) < 0)
		abort();
}

static bool fake_has(const struct vm_machine *m, const char *name)
{
	CLEANUP(free_ptr) char *path = fake_file_of(m, name);
	return access(path, F_OK) == 0;
}

static void fake_drop(const struct vm_machine *m, const char *name)
{
	CLEANUP(free_ptr) char *path = fake_file_of(m, name);
	unlink(path);
}

bool fake_runs(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = fake_file_of(m, "running.lock");
	return vm_lock_is_held(path);
}

static int fake_check(const struct vm_project *p UNUSED, struct err *err)
{
	return fake_behaviour && strcmp(fake_behaviour, "no driver") == 0
		       ? err_set(err, ERR_NOT_FOUND, "install qemu")
		       : 0;
}

static int fake_create(struct vm_machine *m, const struct vm_reporter *r, struct err *err)
{
	r->stage(r->self, "disk");
	if (fake_behaviour && strcmp(fake_behaviour, "no disk") == 0)
		return err_at(err, ERR_LIMIT, (struct srcloc){"inventory.yaml", 3, 7},
			      "the disk is full");
	fake_put(m, "disk", "");
	fake_put(m, "machine.json", "{\"driver\": \"fake\"}");
	return 0;
}

/* Together with as many as the test waits for, and long enough for one too many. */
static void count_in(void)
{
	int now = __atomic_add_fetch(&fake_seen->working, 1, __ATOMIC_SEQ_CST), most;
	while ((most = __atomic_load_n(&fake_seen->most, __ATOMIC_SEQ_CST)) < now)
		__atomic_compare_exchange_n(&fake_seen->most, &most, now, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
	for (int i = 0; i < PATIENCE_MS / 10 &&
			__atomic_load_n(&fake_seen->most, __ATOMIC_SEQ_CST) < fake_seen->wanted;
	     i++)
		poll(NULL, 0, 10);
	poll(NULL, 0, 120);
	__atomic_sub_fetch(&fake_seen->working, 1, __ATOMIC_SEQ_CST);
}

static void on_exit_of_child(uv_process_t *p, int64_t status, int signal UNUSED)
{
	*(int64_t *)p->data = status;
	uv_close((uv_handle_t *)p, NULL);
}

void fake_spawn(uv_loop_t *loop, uv_process_t *p, const char *command)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
	uv_process_options_t o = {.exit_cb = on_exit_of_child, .file = "/bin/sh", .args = argv};
	if (uv_spawn(loop, p, &o) < 0)
		abort();
}

/* A loop of its own in a process forked from one that has loops and children. */
static int use_libuv(struct err *err)
{
	uv_loop_t loop;
	uv_process_t child;
	int64_t status = -1;
	child.data = &status;
	if (uv_loop_init(&loop) < 0)
		return err_set(err, ERR_SYS, "no loop");
	fake_spawn(&loop, &child, "exit 7");
	uv_run(&loop, UV_RUN_DEFAULT);
	return status == 7 ? 0 : err_set(err, ERR_SYS, "status %d", (int)status);
}

static int behave(const struct vm_reporter *r, struct err *err)
{
	const char *b = fake_behaviour ? fake_behaviour : "";
	fake_seen->worker = getpid();
	if (strcmp(b, "killed") == 0)
		kill(getpid(), SIGKILL);
	else if (strcmp(b, "silent") == 0)
		_exit(0);
	else if (strcmp(b, "slow") == 0)
		poll(NULL, 0, 5 * PATIENCE_MS);
	else if (strcmp(b, "fails") == 0)
		return err_set(err, ERR_SYS, "there is no QEMU");
	else if (strcmp(b, "counted") == 0)
		count_in();
	else if (strcmp(b, "libuv") == 0)
		return use_libuv(err);
	else if (strcmp(b, "leaves a child") == 0 && fork() == 0)
		for (;;) /* it has the worker's pipe */
			poll(NULL, 0, 30000);
	for (int i = 0; strcmp(b, "talks") == 0 && i < 500; i++)
		r->note(r->self, "something that is worth a line");
	return 0;
}

static int fake_start(struct vm_machine *m, const struct vm_reporter *r, struct err *err)
{
	static const char *const argv[] = {"sleep", "600", NULL};
	CLEANUP(free_ptr) char *lock_path = fake_file_of(m, "running.lock");
	CLEANUP(free_ptr) char *log = fake_file_of(m, "serial.log");
	CLEANUP(strbuf_release) struct strbuf pid_text = {0};
	CLEANUP(fd_close) int lock = -1;
	int pid, result = behave(r, err);
	if (result == 0)
		result = vm_lock_try(lock_path, &lock, err);
	if (result == 0)
		result = vm_tool_daemon(argv, m->dir, log, lock, &pid, err);
	if (result < 0)
		return result;
	strbuf_printf(&pid_text, "%d", pid);
	fake_put(m, "pid", pid_text.ptr);
	return 0;
}

static int fake_status(struct vm_machine *m, struct vm_status *ret, struct err *err UNUSED)
{
	ret->state = fake_has(m, "suspended") ? VM_SUSPENDED
		     : fake_runs(m)	      ? VM_RUNNING
		     : fake_has(m, "disk")    ? VM_STOPPED
					      : VM_ABSENT;
	return 0;
}

int fake_halt(struct vm_machine *m, bool force UNUSED, int64_t limit_ms,
	      const struct vm_reporter *r UNUSED, struct err *err)
{
	CLEANUP(free_ptr) char *pid_path = fake_file_of(m, "pid");
	CLEANUP(free_ptr) char *lock = fake_file_of(m, "running.lock");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	int code = file_read(pid_path, 30, &text, err);
	if (code < 0)
		return code;
	fake_drop(m, "suspended");
	kill(atoi(text.ptr), SIGKILL);
	return vm_lock_wait_free(lock, limit_ms, err);
}

static int fake_suspend(struct vm_machine *m, struct err *err UNUSED)
{
	fake_put(m, "suspended", "");
	return 0;
}

static int fake_resume(struct vm_machine *m, struct err *err UNUSED)
{
	fake_drop(m, "suspended");
	return 0;
}

static int fake_snapshot(struct vm_machine *m UNUSED, const char *name, struct err *err)
{
	fake_seen->worker = getpid();
	if (strcmp(name, "bad") == 0)
		return err_set(err, ERR_NOT_FOUND, "no snapshot bad");
	for (int i = 0; fake_seen->hold && i < PATIENCE_MS / 10; i++)
		poll(NULL, 0, 10);
	fake_seen->snapshots++;
	return 0;
}

static int fake_destroy(struct vm_machine *m, struct err *err UNUSED)
{
	fake_drop(m, "disk");
	return 0;
}

static int64_t fake_boot_limit(const struct vm_machine *m UNUSED)
{
	return 5000;
}

const struct vm_driver fake_driver = {
	.name = "fake",
	.check = fake_check,
	.create = fake_create,
	.start = fake_start,
	.status = fake_status,
	.halt = fake_halt,
	.suspend = fake_suspend,
	.resume = fake_resume,
	.snapshot_save = fake_snapshot,
	.snapshot_restore = fake_snapshot,
	.snapshot_delete = fake_snapshot,
	.destroy = fake_destroy,
	.boot_limit_ms = fake_boot_limit,
};
static const struct vm_driver *const known[] = {&fake_driver, NULL};

int fake_network_up(const struct vm_project *p UNUSED, struct err *err)
{
	if (fake_behaviour && strcmp(fake_behaviour, "no network") == 0)
		return err_set(err, ERR_SYS, "no bridge");
	fake_seen->networks_up++;
	return 0;
}

void fake_network_down(const struct vm_project *p UNUSED)
{
	fake_seen->networks_down++;
}

int fake_ready(const struct vm_ready *how, struct strbuf *detail, struct err *err)
{
	fake_seen->ready_calls++;
	fake_seen->first_boot = how->first_boot;
	fake_seen->cloud_init = how->cloud_init;
	fake_seen->console_from = how->console_from;
	if (!fake_behaviour || strcmp(fake_behaviour, "not reachable") != 0)
		return 0;
	strbuf_puts(detail, "the end of its console:\n  login:");
	return err_set(err, ERR_TIMEOUT, "not reachable");
}

const struct vm_life fake_life = {&fake_driver, known, fake_network_up, fake_network_down,
				  fake_ready};

enum vm_state fake_state_of(const struct vm_machine *m)
{
	struct vm_status st = {0};
	fake_status((struct vm_machine *)m, &st, NULL);
	return st.state;
}
