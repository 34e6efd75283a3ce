/* The QEMU of a machine: its beginning, and its end when it does not listen. */
#include "../liveness.h"
#include "../network/network.h"
#include "../project/project.h"
#include "../tool.h"
#include "accel/accel.h"
#include "accel/probe.h"
#include "args.h"
#include "machine.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_LIMIT_MS 30000 /* from QEMU's begin until its control socket answers */
#define ANSWER_POLL_MS 20
#define KILL_LIMIT_MS 10000
#define LOG_SHOWN_BYTES 700
#define PID_MAX_BYTES 32u

bool vm_qemu_is_running(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *lock = vm_machine_path(m, QEMU_RUNNING);
	return vm_lock_is_held(lock);
}

int vm_qemu_pid(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, QEMU_PID);
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (file_read(path, PID_MAX_BYTES, &text, NULL) < 0 || text.len == 0)
		return 0;
	const long pid = strtol(text.ptr, NULL, 10);
	return pid > 1 && pid <= INT32_MAX ? (int)pid : 0;
}

/* ---- what it is begun with ---- */

struct launch {
	struct vm_machine *machine;
	const struct vm_reporter *reporter;
	struct arena arena;
	struct vm_qemu qemu;
	struct vm_accel_choice accel;
	struct vm_qemu_choices choices;
	char tap[16];
	int pid;
};

static int choose(struct launch *l, struct err *err)
{
	const struct vm_machine *m = l->machine;
	const struct vm_spec *spec = m->spec;
	int r = vm_qemu_find(spec->arch, &l->qemu, err);
	if (r == 0)
		r = vm_qemu_firmware(spec->arch, &l->choices.firmware, err);
	if (r == 0)
		r = vm_accel_choose(spec->accel, spec->arch, l->qemu.path, &l->accel, err);
	if (r == 0 && m->project->topology->mode == VM_NETWORK_BRIDGE)
		r = vm_tap_ensure(m, l->tap, err);
	l->choices.program = l->qemu.path;
	l->choices.accel = l->accel.accel;
	l->choices.sandbox = l->qemu.sandbox;
	l->choices.tap = l->tap;
	return r;
}

/* ---- when it ended at once ---- */

/* The end of its log, without what each line begins with. */
static void log_end(const struct vm_machine *m, struct strbuf *out)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, QEMU_LOG);
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (file_read(path, 1u << 20, &text, NULL) < 0)
		return;
	struct slice end = slice_trim(strbuf_slice(&text));
	if (end.len > LOG_SHOWN_BYTES)
		end = (struct slice){end.ptr + end.len - LOG_SHOWN_BYTES, LOG_SHOWN_BYTES};
	strbuf_slice_append(out, end);
}

static int port_taken(const struct vm_machine *m, struct err *err)
{
	return err_set(err, ERR_EXISTS,
		       "the port %u of 127.0.0.1, which is forwarded to %s, is in use by another "
		       "program: end that, or choose another one by vm.ssh_port",
		       m->ssh_port, m->spec->name);
}

static int ended_at_once(const struct launch *l, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf said = {0};
	log_end(l->machine, &said);
	const char *text = said.len ? said.ptr : "it said nothing";
	if (strstr(text, "Could not set up host forwarding rule"))
		return port_taken(l->machine, err);
	if (strstr(text, "annot allocate memory") || strstr(text, "annot set up guest memory"))
		return err_set(
			err, ERR_LIMIT,
			"there is no memory for the %lld MiB of this machine (vm.memory): %s",
			(long long)(l->machine->spec->memory_bytes >> 20), text);
	return err_set(err, ERR_SYS, "QEMU ended at once: %s", text);
}

/* ---- beginning ---- */

/* What an earlier one left must not be taken for this one's. */
static void clear_leftovers(const struct vm_machine *m)
{
	static const char *const files[] = {QEMU_LOG, QEMU_PID, QEMU_QMP_SOCKET,
					    QEMU_CONSOLE_SOCKET, "segment.sock"};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(free_ptr) char *path = vm_machine_path(m, files[i]);
		unlink(path);
	}
}

static int spawn(struct launch *l, struct err *err)
{
	struct vm_machine *m = l->machine;
	CLEANUP(free_ptr) char *lock_path = vm_machine_path(m, QEMU_RUNNING);
	CLEANUP(free_ptr) char *log = vm_machine_path(m, QEMU_LOG);
	CLEANUP(fd_close) int lock = -1;
	int r = vm_lock_try(lock_path, &lock, err);
	if (r == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "it runs already");
	if (r < 0)
		return r;
	clear_leftovers(m);
	return vm_tool_daemon(vm_qemu_args(m, &l->choices, &l->arena), m->dir, log, lock, &l->pid,
			      err);
}

/* It is our child: until it is waited for, its number is its own. */
static bool has_ended(struct launch *l)
{
	if (l->pid && waitpid(l->pid, NULL, WNOHANG) == l->pid)
		l->pid = 0;
	return l->pid == 0;
}

static void give_up(struct launch *l)
{
	if (has_ended(l))
		return;
	kill(l->pid, SIGKILL);
	waitpid(l->pid, NULL, 0);
}

/* Its socket appears before QEMU has set its devices up; who connects waits for the
 * greeting, and is thrown out when QEMU ends. */
static int await_answer(struct launch *l, struct vm_qmp **ret, struct err *err)
{
	const int64_t end_ms = clock_now_ms() + ANSWER_LIMIT_MS;
	struct err e = {0};
	for (;;) {
		if (has_ended(l))
			return ended_at_once(l, err);
		int64_t left_ms = end_ms - clock_now_ms();
		if (left_ms <= 0)
			return err_set(err, ERR_TIMEOUT,
				       "QEMU did not answer within %d s of its start: %s",
				       ANSWER_LIMIT_MS / 1000, e.msg);
		if (vm_qmp_open(l->machine->dir, QEMU_QMP_SOCKET, left_ms, ret, &e) == 0)
			return 0;
		poll(NULL, 0, ANSWER_POLL_MS);
	}
}

static int check_runs(struct vm_qmp *q, bool paused, struct arena *a, struct err *err)
{
	const struct value *v = NULL;
	int r = vm_qmp_execute(q, "query-status", NULL, a, &v, err);
	if (r < 0)
		return r;
	const struct value *status = value_get(v, "status");
	if (paused || value_is_str(status, "running"))
		return 0;
	return err_set(err, ERR_SYS, "the guest does not run: QEMU says it is in the state '%.*s'",
		       status && status->type == VALUE_STRING ? (int)status->str.len : 0,
		       status && status->type == VALUE_STRING ? status->str.ptr : "");
}

static int record(const struct launch *l, struct err *err)
{
	int r = vm_qemu_record_set(l->machine, "accel", vm_accel_name(l->accel.accel), err);
	return r == 0 ? vm_qemu_record_set(l->machine, "qemu", l->qemu.version_text, err) : r;
}

static int launch(struct launch *l, struct err *err)
{
	CLEANUP(vm_qmp_close_ptr) struct vm_qmp *q = NULL;
	int r = choose(l, err);
	if (r == 0)
		r = record(l, err);
	if (r < 0)
		return r;
	if (l->accel.accel == VM_ACCEL_TCG && l->machine->spec->accel == VM_ACCEL_AUTO)
		l->reporter->note(l->reporter->self, l->accel.why);
	r = spawn(l, err);
	if (r < 0)
		return r;
	r = await_answer(l, &q, err);
	if (r == 0)
		r = check_runs(q, l->choices.paused, &l->arena, err);
	if (r < 0)
		give_up(l);
	return r;
}

int vm_qemu_launch(struct vm_machine *m, const struct vm_reporter *r, bool paused, struct err *err)
{
	struct launch l = {.machine = m, .reporter = r, .choices = {.paused = paused}};
	int code = vm_qemu_disks_check(m, err);
	if (code == 0)
		code = launch(&l, err);
	arena_release(&l.arena);
	return code;
}

/* ---- the last resort ---- */

/* Has this process the machine's lock open? A pid file may be older than a reboot. */
static bool holds_lock(int pid, const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *lock = vm_machine_path(m, QEMU_RUNNING);
	char folder[64];
	struct stat wanted, st;
	const struct dirent *entry;
	bool holds = false;
	snprintf(folder, sizeof(folder), "/proc/%d/fd", pid);
	DIR *d = stat(lock, &wanted) == 0 ? opendir(folder) : NULL;
	while (d && !holds && (entry = readdir(d)))
		holds = fstatat(dirfd(d), entry->d_name, &st, 0) == 0 &&
			st.st_ino == wanted.st_ino && st.st_dev == wanted.st_dev;
	if (d)
		closedir(d);
	return holds;
}

int vm_qemu_kill(struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *lock = vm_machine_path(m, QEMU_RUNNING);
	const int pid = vm_qemu_pid(m);
	if (!vm_lock_is_held(lock))
		return 0;
	if (pid == 0 || !holds_lock(pid, m))
		return err_set(
			err, ERR_NOT_FOUND,
			"QEMU does not listen, and its process is not known: find who has %s "
			"open (fuser) and end it",
			lock);
	if (kill(pid, SIGKILL) < 0)
		return err_sys(err, "end QEMU (process %d)", pid);
	return vm_lock_wait_free(lock, KILL_LIMIT_MS, err);
}
