/* What each verb does to one machine. */
#include "../liveness.h"
#include "../project/project.h"
#include "life.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HALT_LIMIT_MS 90000
#define REACHED "reached"	  /* a file: this disk was reached once by SSH */
#define BOOT_OFFSET "boot.offset" /* a file: where in serial.log a wait begins to read */

static const char *name_of(const struct vm_work *w)
{
	return w->machine->spec->name;
}

static double seconds(const struct vm_work *w)
{
	return (double)(clock_now_ms() - w->begun_ms) / 1000;
}

static void stage(const struct vm_work *w, const char *text)
{
	w->reporter->stage(w->reporter->self, text);
}

static int state_of(const struct vm_work *w, enum vm_state *ret, struct err *err)
{
	struct vm_status st = {0};
	int r = w->driver->status(w->machine, &st, err);
	if (r == 0)
		*ret = st.state;
	return r;
}

/* ---- becoming reachable ---- */

static int64_t console_size(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "serial.log");
	struct stat st;
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static int remember_offset(const struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, BOOT_OFFSET);
	CLEANUP(strbuf_release) struct strbuf text = {0};
	strbuf_printf(&text, "%lld\n", (long long)console_size(m));
	return file_write_atomic(path, text.ptr, text.len, 0600, err);
}

static int64_t read_offset(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, BOOT_OFFSET);
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (file_read(path, 64, &text, NULL) < 0 || text.len == 0)
		return 0;
	return strtoll(text.ptr, NULL, 10);
}

static bool was_reached(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, REACHED);
	return access(path, F_OK) == 0;
}

/* The nspawn driver waits for such things itself. */
static bool awaits_cloud_init(const struct vm_machine *m)
{
	bool asked = m->spec->user_data || (m->spec->packages && m->spec->packages[0]);
	return asked && m->project->topology->driver == VM_DRIVER_QEMU;
}

static int reach(struct vm_work *w, struct err *err)
{
	struct vm_machine *m = w->machine;
	const int64_t limit_ms = w->order->boot_timeout_ms;
	bool first = !was_reached(m);
	const struct vm_ready how = {
		.machine = m,
		.reporter = w->reporter,
		.limit_ms = limit_ms > 0 ? limit_ms : w->driver->boot_limit_ms(m),
		.console_from = read_offset(m),
		.first_boot = first,
		.cloud_init = first && awaits_cloud_init(m),
	};
	int r = w->life->ready(&how, &w->detail, err);
	if (r == 0) /* what was said so far is of no interest to the next wait */
		r = remember_offset(m, err);
	if (r < 0 || !first)
		return r;
	CLEANUP(free_ptr) char *path = vm_machine_path(m, REACHED);
	return file_write_atomic(path, "", 0, 0600, err);
}

/* ---- up ---- */

static int create(struct vm_work *w, struct err *err)
{
	CLEANUP(free_ptr) char *reached = vm_machine_path(w->machine, REACHED);
	int r = dir_create_all(w->machine->dir, 0700, err);
	unlink(reached);
	return r < 0 ? r : w->driver->create(w->machine, w->reporter, err);
}

static int start(struct vm_work *w, struct err *err)
{
	CLEANUP(fd_close) int network = -1;
	int r = vm_life_network_hold(w->life, w->machine->project, &network, err);
	if (r == 0)
		r = remember_offset(w->machine, err);
	return r < 0 ? r : w->driver->start(w->machine, w->reporter, err);
}

static int resume(struct vm_work *w, struct err *err)
{
	CLEANUP(fd_close) int network = -1;
	int r = vm_life_network_hold(w->life, w->machine->project, &network, err);
	stage(w, "resume");
	return r < 0 ? r : w->driver->resume(w->machine, err);
}

static int check_driver(const struct vm_work *w, struct err *err)
{
	if (w->driver == w->life->driver)
		return 0;
	return err_set(err, ERR_INVALID,
		       "it was made with the driver %s, and the inventory says %s now: rollout vm "
		       "recreate %s makes it anew",
		       w->driver->name, w->life->driver->name, name_of(w));
}

static int bring_up(struct vm_work *w, enum vm_state state, struct err *err)
{
	int r = 0;
	switch (state) {
	case VM_ABSENT:
		r = create(w, err);
		return r < 0 ? r : start(w, err);
	case VM_STOPPED:
		return start(w, err);
	case VM_SUSPENDED:
		return resume(w, err);
	case VM_RUNNING:
		break;
	}
	return r;
}

static int bring_up_and_reach(struct vm_work *w, enum vm_state state, struct err *err)
{
	int r = bring_up(w, state, err);
	if (r < 0) {
		vm_life_network_release(w->life, w->machine->project);
		return r;
	}
	return reach(w, err);
}

/* It ran when we came and does not run any more: it was on its way out, killed or
 * shut down by somebody. */
static bool was_ending(const struct vm_work *w, enum vm_state before)
{
	enum vm_state now = VM_ABSENT;
	return before == VM_RUNNING && state_of(w, &now, NULL) == 0 && now == VM_STOPPED;
}

static int up(struct vm_work *w, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	struct err first = {0};
	int r = check_driver(w, err);
	if (r == 0)
		r = state_of(w, &state, err);
	if (r < 0)
		return r;
	r = bring_up_and_reach(w, state, &first);
	if (r < 0 && was_ending(w, state)) {
		state = VM_STOPPED;
		r = bring_up_and_reach(w, state, &first);
	}
	if (r < 0) {
		*err = first;
		return r;
	}
	if (state == VM_RUNNING)
		strbuf_puts(&w->done, "was running");
	else
		strbuf_printf(&w->done, "%s after %.1f s", state == VM_SUSPENDED ? "resumed" : "up",
			      seconds(w));
	return 0;
}

/* ---- down ---- */

/* A suspended guest does not hear that it shall shut down. */
static int stop(struct vm_work *w, enum vm_state state, bool force, struct err *err)
{
	int r = 0;
	if (state == VM_SUSPENDED && !force)
		r = resume(w, err);
	stage(w, force ? "power off" : "shutdown");
	if (r == 0)
		r = w->driver->halt(w->machine, force, HALT_LIMIT_MS, w->reporter, err);
	return r;
}

static bool lives(enum vm_state state)
{
	return state == VM_RUNNING || state == VM_SUSPENDED;
}

static int halt(struct vm_work *w, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	int r = state_of(w, &state, err);
	if (r < 0)
		return r;
	if (!lives(state)) {
		strbuf_printf(&w->done, "was %s", vm_state_name(state));
		return 0;
	}
	r = stop(w, state, w->order->force, err);
	if (r < 0)
		return r;
	vm_life_network_release(w->life, w->machine->project);
	strbuf_printf(&w->done, "stopped after %.1f s", seconds(w));
	return 0;
}

static int reload(struct vm_work *w, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	int r = check_driver(w, err);
	if (r == 0)
		r = state_of(w, &state, err);
	if (r == 0 && lives(state))
		r = stop(w, state, w->order->force, err);
	return r < 0 ? r : up(w, err);
}

static int suspend(struct vm_work *w, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	int r = state_of(w, &state, err);
	if (r < 0)
		return r;
	if (state != VM_RUNNING) {
		strbuf_printf(&w->done, "was %s", vm_state_name(state));
		return 0;
	}
	stage(w, "suspend");
	r = w->driver->suspend(w->machine, err);
	if (r < 0)
		return r;
	vm_life_network_release(w->life, w->machine->project);
	strbuf_printf(&w->done, "suspended after %.1f s", seconds(w));
	return 0;
}

static int resume_verb(struct vm_work *w, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	int r = state_of(w, &state, err);
	if (r < 0)
		return r;
	if (!lives(state))
		return err_set(err, ERR_INVALID, "it is %s, not suspended: rollout vm up %s",
			       vm_state_name(state), name_of(w));
	return up(w, err);
}

/* ---- no more ---- */

static int remove_disk(struct vm_work *w, enum vm_state *ret_state, struct err *err)
{
	int r = state_of(w, ret_state, err);
	if (r == 0 && lives(*ret_state))
		r = stop(w, *ret_state, true, err);
	stage(w, "destroy");
	if (r == 0)
		r = w->driver->destroy(w->machine, err);
	return r < 0 ? r : vm_project_forget(w->machine->project, w->machine, err);
}

static int destroy(struct vm_work *w, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	int r = remove_disk(w, &state, err);
	if (r < 0)
		return r;
	vm_life_network_release(w->life, w->machine->project);
	strbuf_puts(&w->done, state == VM_ABSENT ? "was not created" : "destroyed");
	return 0;
}

static int recreate(struct vm_work *w, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	int r = remove_disk(w, &state, err);
	w->driver = w->life->driver;
	return r < 0 ? r : up(w, err);
}

/* ---- snapshots ---- */

typedef int snapshot_fn(struct vm_machine *m, const char *name, struct err *err);

/* Cut off half-way they may leave a disk that is neither old nor new: SIGTERM
 * waits until they are through. */
static int snapshot(struct vm_work *w, snapshot_fn *fn, const char *text, struct err *err)
{
	enum vm_state state = VM_ABSENT;
	sigset_t term, before;
	int r = state_of(w, &state, err);
	if (r == 0 && state == VM_ABSENT)
		r = err_set(err, ERR_INVALID, "it is not created: rollout vm up %s", name_of(w));
	if (r < 0)
		return r;
	stage(w, "snapshot");
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	r = fn(w->machine, w->order->snapshot, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		strbuf_printf(&w->done, "snapshot %s %s", w->order->snapshot, text);
	return r;
}

/* It may make the machine run, or stop. */
static int restore(struct vm_work *w, struct err *err)
{
	CLEANUP(fd_close) int network = -1;
	enum vm_state state = VM_ABSENT;
	int r = check_driver(w, err);
	if (r == 0)
		r = vm_life_network_hold(w->life, w->machine->project, &network, err);
	if (r == 0)
		r = snapshot(w, w->driver->snapshot_restore, "restored", err);
	fd_close(&network);
	if (r == 0)
		r = state_of(w, &state, err);
	if (r == 0 && state == VM_RUNNING)
		return reach(w, err);
	vm_life_network_release(w->life, w->machine->project);
	return r;
}

int vm_work_carry_out(struct vm_work *w, struct err *err)
{
	w->driver = vm_life_driver(w->life, w->machine);
	switch (w->order->verb) {
	case VM_VERB_UP:
		return up(w, err);
	case VM_VERB_HALT:
		return halt(w, err);
	case VM_VERB_RELOAD:
		return reload(w, err);
	case VM_VERB_SUSPEND:
		return suspend(w, err);
	case VM_VERB_RESUME:
		return resume_verb(w, err);
	case VM_VERB_DESTROY:
		return destroy(w, err);
	case VM_VERB_RECREATE:
		return recreate(w, err);
	case VM_VERB_SNAPSHOT_SAVE:
		return snapshot(w, w->driver->snapshot_save, "saved", err);
	case VM_VERB_SNAPSHOT_RESTORE:
		return restore(w, err);
	case VM_VERB_SNAPSHOT_DELETE:
		return snapshot(w, w->driver->snapshot_delete, "deleted", err);
	}
	return err_set(err, ERR_INVALID, "there is no verb %d", (int)w->order->verb);
}
