/* On, off, suspended, and which of these it is. */
#include "../liveness.h"
#include "../project/project.h"
#include "args.h"
#include "machine.h"
#include "rollout/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define STATUS_LIMIT_MS 1000 /* another client may talk to it for long: a snapshot */
#define PRESS_EVERY_MS 10000 /* a guest that is still booting does not hear the button */
#define QUIT_LIMIT_MS 5000   /* then it is killed */

int vm_qemu_start(struct vm_machine *m, const struct vm_reporter *r, struct err *err)
{
	r->stage(r->self, "start");
	return vm_qemu_launch(m, r, false, err);
}

/* ---- which it is ---- */

/* A disk that is full pauses it too; after cont it tries again. */
static bool is_paused(const struct value *answer)
{
	const struct value *status = value_get(answer, "status");
	return value_is_str(status, "paused") || value_is_str(status, "io-error");
}

static enum vm_state ask_state(const struct vm_machine *m)
{
	CLEANUP(vm_qmp_close_ptr) struct vm_qmp *q = NULL;
	struct arena a = {0};
	const struct value *v = NULL;
	enum vm_state state = VM_RUNNING;
	if (vm_qmp_open(m->dir, QEMU_QMP_SOCKET, STATUS_LIMIT_MS, &q, NULL) == 0 &&
	    vm_qmp_execute(q, "query-status", NULL, &a, &v, NULL) == 0 && is_paused(v))
		state = VM_SUSPENDED;
	arena_release(&a);
	return state;
}

static const char *accel_of(const struct vm_machine *m)
{
	static const char *const known[] = {"kvm", "hvf", "tcg"};
	struct arena a = {0};
	const char *name = vm_qemu_record_get(m, "accel", &a), *found = "";
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(name, known[i]) == 0)
			found = known[i];
	arena_release(&a);
	return found;
}

int vm_qemu_status(struct vm_machine *m, struct vm_status *ret, struct err *err)
{
	struct vm_status s = {.state = VM_ABSENT, .driver = VM_DRIVER_QEMU};
	struct arena a = {0};
	const struct value *record = NULL;
	int r = vm_machine_record_read(m, &a, &record, err);
	if (record)
		s.state = VM_STOPPED;
	arena_release(&a);
	if (r < 0)
		return r;
	s.accel = accel_of(m);
	if (vm_qemu_is_running(m)) {
		s.state = ask_state(m);
		s.pid = vm_qemu_pid(m);
	}
	*ret = s;
	return 0;
}

/* ---- suspended ---- */

int vm_qemu_command(const struct vm_machine *m, const char *command, int64_t limit_ms,
		    struct err *err)
{
	CLEANUP(vm_qmp_close_ptr) struct vm_qmp *q = NULL;
	struct arena a = {0};
	int r = vm_qmp_open(m->dir, QEMU_QMP_SOCKET, limit_ms, &q, err);
	if (r == 0)
		r = vm_qmp_execute(q, command, NULL, &a, NULL, err);
	arena_release(&a);
	return r;
}

static int need_running(const struct vm_machine *m, struct err *err)
{
	return vm_qemu_is_running(m) ? 0 : err_set(err, ERR_INVALID, "it does not run");
}

int vm_qemu_suspend(struct vm_machine *m, struct err *err)
{
	int r = need_running(m, err);
	return r < 0 ? r : vm_qemu_command(m, "stop", VM_QEMU_COMMAND_LIMIT_MS, err);
}

int vm_qemu_resume(struct vm_machine *m, struct err *err)
{
	int r = need_running(m, err);
	return r < 0 ? r : vm_qemu_command(m, "cont", VM_QEMU_COMMAND_LIMIT_MS, err);
}

/* ---- off ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Presses the power button until it is off. */
static int shut_down(struct vm_machine *m, const char *lock, int64_t limit_ms)
{
	const int64_t end_ms = clock_now_ms() + limit_ms;
	int64_t left_ms;
	if (ask_state(m) == VM_SUSPENDED)
		vm_qemu_command(m, "cont", limit_ms, NULL);
	while ((left_ms = end_ms - clock_now_ms()) > 0) {
		vm_qemu_command(m, "system_powerdown", least(left_ms, VM_QEMU_COMMAND_LIMIT_MS),
				NULL);
		left_ms = end_ms - clock_now_ms();
		if (vm_lock_wait_free(lock, least(left_ms, PRESS_EVERY_MS), NULL) == 0)
			return 0;
	}
	return ERR_TIMEOUT;
}

static int cut_power(struct vm_machine *m, const char *lock, struct err *err)
{
	if (vm_qemu_command(m, "quit", QUIT_LIMIT_MS, NULL) == 0 &&
	    vm_lock_wait_free(lock, QUIT_LIMIT_MS, NULL) == 0)
		return 0;
	return vm_qemu_kill(m, err);
}

int vm_qemu_halt(struct vm_machine *m, bool force, int64_t limit_ms, const struct vm_reporter *r,
		 struct err *err)
{
	CLEANUP(free_ptr) char *lock = vm_machine_path(m, QEMU_RUNNING);
	char text[128];
	if (!vm_lock_is_held(lock))
		return 0;
	if (!force && shut_down(m, lock, limit_ms) == 0)
		return 0;
	if (!force && r) {
		snprintf(text, sizeof(text), "it did not shut down within %lld s: its power is cut",
			 (long long)(limit_ms / 1000));
		r->note(r->self, text);
	}
	return cut_power(m, lock, err);
}
