/* Orders, workers and verbs, with a driver whose machines are `sleep`. */
#include "fake_driver.h"
#include "liveness.h"
#include "project/project.h"
#include "tool.h"

#include "child.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define MACHINES 8u

/* ---- a project ---- */

static char folder[] = "/tmp/rollout-order-XXXXXX";
static struct vm_topology topology;
static struct vm_project project;
static struct vm_machine machines[MACHINES];
static struct vm_spec specs[MACHINES];

static int make_project(void **state UNUSED)
{
	fake_seen = mmap(NULL, sizeof(*fake_seen), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!mkdtemp(folder))
		return -1;
	project.topology = &topology;
	project.dir = arena_printf(&project.arena, "%s/.rollout/vm", folder);
	for (unsigned i = 0; i < MACHINES; i++) {
		specs[i].name = arena_printf(&project.arena, "m%u", i);
		machines[i] = (struct vm_machine){
			.project = &project, .spec = &specs[i], .index = i, .address = "10.0.9.10"};
		machines[i].dir =
			arena_printf(&project.arena, "%s/machines/%s", project.dir, specs[i].name);
		vec_push(&project.machines, &machines[i]);
	}
	return dir_create_all(project.dir, 0700, NULL);
}

static int end_machines(void **state UNUSED)
{
	for (unsigned i = 0; i < MACHINES; i++) {
		if (fake_runs(&machines[i]))
			fake_halt(&machines[i], true, PATIENCE_MS, NULL, NULL);
		vm_project_forget(&project, &machines[i], NULL);
	}
	memset(fake_seen, 0, sizeof(*fake_seen));
	fake_behaviour = NULL;
	return dir_create_all(project.dir, 0700, NULL); /* gone after the last destroy */
}

static int remove_project(void **state UNUSED)
{
	char command[100];
	end_machines(NULL);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	vec_release(&project.machines);
	arena_release(&project.arena);
	return system(command);
}

/* ---- carrying orders out ---- */

struct heard {
	int done, failed, stages, notes;
	struct strbuf text; /* of DONE and FAILED, a line each */
	struct strbuf all_stages;
	int finals[MACHINES];
};

static void hear(void *ctx, const struct vm_event *e)
{
	struct heard *h = ctx;
	assert_true(e->machine < MACHINES);
	if (e->kind == VM_EVENT_STAGE) {
		h->stages++;
		strbuf_printf(&h->all_stages, "%s;", e->text);
		return;
	}
	if (e->kind == VM_EVENT_NOTE) {
		h->notes++;
		return;
	}
	assert_in_range(e->elapsed_ms, 0, PATIENCE_MS);
	h->finals[e->machine]++;
	h->done += e->kind == VM_EVENT_DONE;
	h->failed += e->kind == VM_EVENT_FAILED;
	strbuf_printf(&h->text, "%s\n", e->text);
}

static void heard_release(struct heard *h)
{
	strbuf_release(&h->text);
	strbuf_release(&h->all_stages);
	*h = (struct heard){0};
}

static struct vm_order *begin(enum vm_verb verb, size_t n, unsigned parallel)
{
	static const size_t all[] = {0, 1, 2, 3, 4, 5, 6, 7};
	const struct vm_order_options o = {.verb = verb,
					   .machines = all,
					   .nmachines = n,
					   .parallel = parallel,
					   .snapshot = "s"};
	struct vm_order *order = NULL;
	struct err err = {0};
	if (vm_order_begin_with(&project, &o, &fake_life, &order, &err) < 0)
		fail_msg("%s", err.msg);
	return order;
}

/* Only when the descriptor says so, as a program's loop does. */
static bool hear_for(struct vm_order *order, struct heard *h, int64_t ms)
{
	const int64_t end_ms = clock_now_ms() + ms;
	int64_t left_ms;
	while ((left_ms = end_ms - clock_now_ms()) > 0) {
		struct pollfd fd = {vm_order_fd(order), POLLIN, 0};
		if (poll(&fd, 1, (int)left_ms) > 0 && vm_order_read(order, hear, h) == 0)
			return true;
	}
	return false;
}

static void carry_out(enum vm_verb verb, size_t n, unsigned parallel, struct heard *h)
{
	struct vm_order *order = begin(verb, n, parallel);
	assert_true(hear_for(order, h, PATIENCE_MS));
	assert_int_equal(vm_order_read(order, hear, h), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(h->finals[i], 1);
	assert_int_equal(h->done + h->failed, n);
	vm_order_free(order);
}

static void expect(enum vm_verb verb, bool done, const char *text)
{
	struct heard h = {0};
	carry_out(verb, 1, 0, &h);
	if (h.done != done || !strstr(text_of(&h.text), text))
		fail_msg("verb %d: %d, %s; not %s", verb, h.done, text_of(&h.text), text);
	heard_release(&h);
}

/* ---- the tests ---- */

static void every_verb_does_its_work(void **state UNUSED)
{
	const struct vm_machine *m = &machines[0];
	expect(VM_VERB_HALT, true, "was not created");
	expect(VM_VERB_SUSPEND, true, "was not created");
	expect(VM_VERB_RESUME, false, "it is not created, not suspended: rollout vm up m0");
	expect(VM_VERB_SNAPSHOT_SAVE, false, "it is not created: rollout vm up m0");
	expect(VM_VERB_DESTROY, true, "was not created");
	expect(VM_VERB_UP, true, "up after ");
	assert_true(fake_seen->first_boot && fake_runs(m) && fake_seen->networks_up == 1);
	expect(VM_VERB_UP, true, "was running");
	assert_true(!fake_seen->first_boot && fake_seen->ready_calls == 2 &&
		    fake_seen->networks_up == 1);
	expect(VM_VERB_SUSPEND, true, "suspended after ");
	assert_int_equal(fake_state_of(m), VM_SUSPENDED);
	expect(VM_VERB_RESUME, true, "resumed after ");
	expect(VM_VERB_SUSPEND, true, "suspended after ");
	expect(VM_VERB_UP, true, "resumed after ");
	expect(VM_VERB_SUSPEND, true, "suspended after ");
	expect(VM_VERB_HALT, true, "stopped after ");
	assert_int_equal(fake_state_of(m), VM_STOPPED);
	expect(VM_VERB_HALT, true, "was stopped");
	fake_put(m, "serial.log", "of boots before");
	expect(VM_VERB_RELOAD, true, "up after ");
	assert_true(!fake_seen->first_boot && fake_seen->console_from == 15);
	expect(VM_VERB_RELOAD, true, "up after ");
	expect(VM_VERB_SNAPSHOT_SAVE, true, "snapshot s saved");
	expect(VM_VERB_SNAPSHOT_RESTORE, true, "snapshot s restored");
	expect(VM_VERB_SNAPSHOT_DELETE, true, "snapshot s deleted");
	expect(VM_VERB_RECREATE, true, "up after ");
	assert_true(fake_seen->first_boot && fake_runs(m) && fake_seen->console_from == 0);
	expect(VM_VERB_DESTROY, true, "destroyed");
	assert_true(access(m->dir, F_OK) < 0 && errno == ENOENT);
}

static void an_order_is_checked_first(void **state UNUSED)
{
	const size_t none[] = {MACHINES};
	struct vm_order_options o = {.verb = VM_VERB_UP, .machines = none, .nmachines = 1};
	struct vm_order *order = NULL;
	struct err err = {0};
	assert_int_equal(vm_order_begin_with(&project, &o, &fake_life, &order, &err), ERR_INVALID);
	o = (struct vm_order_options){.verb = VM_VERB_SNAPSHOT_SAVE};
	assert_int_equal(vm_order_begin_with(&project, &o, &fake_life, &order, &err), ERR_INVALID);
	fake_behaviour = "no driver";
	o.verb = VM_VERB_UP;
	assert_int_equal(vm_order_begin_with(&project, &o, &fake_life, &order, &err),
			 ERR_NOT_FOUND);
	assert_string_equal(err.msg, "install qemu");
	assert_null(order);
	vm_order_free(NULL);
}

static void no_machine_is_over_at_once(void **state UNUSED)
{
	struct heard h = {0};
	carry_out(VM_VERB_UP, 0, 0, &h);
	heard_release(&h);
}

static void each_failure_is_told_once(void **state UNUSED)
{
	static const struct {
		const char *behaviour, *text;
	} cases[] = {
		{"killed", "its worker was killed by signal 9 (Killed)"},
		{"silent", "its worker ended with status 0 and without a word"},
		{"fails", "there is no QEMU"},
		{"no disk", "inventory.yaml:3:7: the disk is full"},
		{"no network", "the project's network: no bridge"},
		{"not reachable", "not reachable\nthe end of its console:\n  login:"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fake_behaviour = cases[i].behaviour;
		expect(VM_VERB_UP, false, cases[i].text);
		end_machines(NULL);
	}
}

static void a_worker_may_talk_much(void **state UNUSED)
{
	struct heard h = {0};
	fake_behaviour = "talks";
	carry_out(VM_VERB_UP, 3, 0, &h);
	assert_int_equal(h.notes, 1500);
	assert_int_equal(h.done, 3);
	heard_release(&h);
}

static void no_more_work_than_asked_for(void **state UNUSED)
{
	struct heard h = {0};
	fake_behaviour = "counted";
	fake_seen->wanted = 2;
	carry_out(VM_VERB_UP, MACHINES, 2, &h);
	assert_int_equal(h.done, MACHINES);
	assert_int_equal(fake_seen->most, 2);
	heard_release(&h);
	end_machines(NULL);
	fake_behaviour = "counted";
	fake_seen->wanted = MACHINES;
	carry_out(VM_VERB_UP, MACHINES, 0, &h);
	assert_int_equal(fake_seen->most, MACHINES);
	heard_release(&h);
}

static int lines_of(const struct strbuf *text, const char *line)
{
	int n = 0;
	for (const char *at = strstr(text_of(text), line); at; at = strstr(at + 1, line))
		n++;
	return n;
}

static void an_interrupt_ends_all(void **state UNUSED)
{
	struct heard h = {0};
	fake_behaviour = "slow";
	struct vm_order *order = begin(VM_VERB_UP, 5, 2);
	assert_false(hear_for(order, &h, 400));
	int64_t begun_ms = clock_now_ms();
	vm_order_interrupt(order);
	assert_true(hear_for(order, &h, 2 * PATIENCE_MS));
	assert_in_range(clock_now_ms() - begun_ms, 0, PATIENCE_MS);
	assert_int_equal(h.failed, 5);
	assert_int_equal(lines_of(&h.text, "interrupted\n"), 5);
	assert_int_equal(lines_of(&h.text, "not begun: interrupted\n"), 3);
	vm_order_free(order);
	heard_release(&h);
}

static void wait_worker(struct vm_order *order, struct heard *h)
{
	for (int i = 0; i < PATIENCE_MS / 10 && !fake_seen->worker; i++)
		assert_false(hear_for(order, h, 10));
	assert_true(fake_seen->worker > 0);
}

static void a_snapshot_is_not_cut(void **state UNUSED)
{
	struct heard h = {0};
	expect(VM_VERB_UP, true, "up");
	fake_seen->worker = 0;
	fake_seen->hold = true;
	struct vm_order *order = begin(VM_VERB_SNAPSHOT_SAVE, 1, 0);
	wait_worker(order, &h);
	vm_order_interrupt(order);
	assert_false(hear_for(order, &h, 200));
	fake_seen->hold = false;
	assert_true(hear_for(order, &h, PATIENCE_MS));
	assert_int_equal(fake_seen->snapshots, 1);
	vm_order_free(order);
	heard_release(&h);
}

/* A zombie is gone too: it waits for init. */
static bool is_gone(pid_t pid)
{
	CLEANUP(strbuf_release) struct strbuf path = {0}, stat = {0};
	strbuf_printf(&path, "/proc/%d/stat", (int)pid);
	return file_read(path.ptr, 4096, &stat, NULL) < 0 || strstr(text_of(&stat), ") Z ");
}

static bool is_gone_within(pid_t pid, int64_t ms)
{
	const int64_t end_ms = clock_now_ms() + ms;
	while (!is_gone(pid) && clock_now_ms() < end_ms)
		poll(NULL, 0, 10);
	return is_gone(pid);
}

static void a_freed_order_leaves_no_worker(void **state UNUSED)
{
	struct heard h = {0};
	fake_behaviour = "slow";
	struct vm_order *order = begin(VM_VERB_UP, 2, 0);
	wait_worker(order, &h);
	vm_order_free(order);
	assert_true(is_gone(fake_seen->worker));
	heard_release(&h);
}

/* The machines that run already stay; locks are free for the next command. */
static void workers_end_with_their_supervisor(void **state UNUSED)
{
	expect(VM_VERB_UP, true, "up");
	expect(VM_VERB_SUSPEND, true, "suspended");
	fake_behaviour = "slow";
	fake_seen->worker = 0;
	pid_t supervisor = child_fork();
	if (supervisor == 0) {
		struct heard h = {0};
		static const size_t other[] = {1};
		const struct vm_order_options o = {
			.verb = VM_VERB_UP, .machines = other, .nmachines = 1};
		struct vm_order *order;
		if (vm_order_begin_with(&project, &o, &fake_life, &order, NULL) == 0)
			hear_for(order, &h, 5 * (int64_t)PATIENCE_MS);
		_exit(1);
	}
	for (int i = 0; i < PATIENCE_MS / 10 && !fake_seen->worker; i++)
		poll(NULL, 0, 10);
	assert_true(fake_seen->worker > 0);
	kill(supervisor, SIGKILL);
	waitpid(supervisor, NULL, 0);
	assert_true(is_gone_within(fake_seen->worker, PATIENCE_MS));
	assert_true(fake_runs(&machines[0]));
	fake_behaviour = NULL;
	struct heard h = {0};
	carry_out(VM_VERB_UP, 2, 0, &h);
	assert_int_equal(h.done, 2);
	heard_release(&h);
}

static void another_rollout_is_waited_for(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	CLEANUP(fd_close) int lock = -1;
	struct heard h = {0};
	strbuf_printf(&path, "%s/machines/.m0.lock", project.dir);
	assert_int_equal(vm_lock_try(path.ptr, &lock, NULL), 0);
	struct vm_order *order = begin(VM_VERB_UP, 1, 0);
	for (int i = 0; i < PATIENCE_MS / 10 && !h.stages; i++)
		assert_false(hear_for(order, &h, 10));
	assert_false(hear_for(order, &h, 200));
	assert_string_equal(text_of(&h.all_stages), "waiting for another rollout;");
	fd_close(&lock);
	assert_true(hear_for(order, &h, PATIENCE_MS));
	assert_int_equal(h.done, 1);
	vm_order_free(order);
	heard_release(&h);
}

static void the_network_goes_with_the_last_machine(void **state UNUSED)
{
	struct heard h = {0};
	carry_out(VM_VERB_UP, 3, 0, &h);
	assert_int_equal(fake_seen->networks_up, 3);
	expect(VM_VERB_HALT, true, "stopped");
	assert_int_equal(fake_seen->networks_down, 0);
	expect(VM_VERB_DESTROY, true, "destroyed");
	assert_int_equal(fake_seen->networks_down, 0);
	heard_release(&h);
	carry_out(VM_VERB_HALT, 2, 0, &h);
	assert_int_equal(fake_seen->networks_down, 0);
	heard_release(&h);
	carry_out(VM_VERB_DESTROY, 3, 0, &h);
	assert_in_range(fake_seen->networks_down, 1, 3);
	heard_release(&h);
}

static void the_network_stays_for_who_starts(void **state UNUSED)
{
	CLEANUP(fd_close) int held = -1;
	assert_int_equal(vm_life_network_hold(&fake_life, &project, &held, NULL), 0);
	expect(VM_VERB_DESTROY, true, "was not created");
	assert_int_equal(fake_seen->networks_down, 0);
	assert_int_equal(access(project.dir, F_OK), 0);
	fd_close(&held);
	expect(VM_VERB_DESTROY, true, "was not created");
	assert_int_equal(fake_seen->networks_down, 1);
}

static void cloud_init_is_waited_for_once(void **state UNUSED)
{
	static const char *const packages[] = {"curl", NULL};
	specs[0].packages = packages;
	expect(VM_VERB_UP, true, "up");
	assert_true(fake_seen->cloud_init);
	expect(VM_VERB_RELOAD, true, "up");
	assert_false(fake_seen->cloud_init);
	specs[0].packages = NULL;
}

/* The supervisor's program has a loop with children, and threads. */
static void a_worker_may_use_libuv(void **state UNUSED)
{
	uv_loop_t loop;
	uv_process_t child, other;
	int64_t status = -1, other_status = -1;
	struct heard h = {0};
	uv_loop_init(&loop);
	child.data = &status;
	other.data = &other_status;
	fake_spawn(&loop, &child, "exec sleep 600");
	fake_behaviour = "libuv";
	carry_out(VM_VERB_UP, 3, 0, &h);
	if (h.done != 3)
		fail_msg("%s", text_of(&h.text));
	fake_spawn(&loop, &other, "exit 5"); /* ours still works */
	while (other_status < 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(other_status, 5);
	uv_process_kill(&child, SIGTERM);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	heard_release(&h);
}

static void a_child_with_its_pipe_does_not_matter(void **state UNUSED)
{
	fake_behaviour = "leaves a child";
	int64_t begun_ms = clock_now_ms();
	expect(VM_VERB_UP, true, "up after ");
	assert_in_range(clock_now_ms() - begun_ms, 0, PATIENCE_MS);
	kill(-fake_seen->worker, SIGKILL); /* the group that the worker made */
}

static void a_machine_of_another_driver_is_not_touched(void **state UNUSED)
{
	static const struct vm_driver other = {.name = "other"};
	static const struct vm_driver *const both[] = {&other, &fake_driver, NULL};
	const struct vm_life changed = {&other, both, fake_network_up, fake_network_down,
					fake_ready};
	struct vm_work w = {.machine = &machines[0], .life = &changed};
	const struct vm_order_options o = {.verb = VM_VERB_UP};
	struct err err = {0};
	expect(VM_VERB_UP, true, "up");
	w.order = &o;
	assert_int_equal(vm_work_carry_out(&w, &err), ERR_INVALID);
	assert_non_null(strstr(err.msg, "driver fake, and the inventory says other now"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_verb_does_its_work, end_machines),
		cmocka_unit_test_teardown(an_order_is_checked_first, end_machines),
		cmocka_unit_test_teardown(no_machine_is_over_at_once, end_machines),
		cmocka_unit_test_teardown(each_failure_is_told_once, end_machines),
		cmocka_unit_test_teardown(a_worker_may_talk_much, end_machines),
		cmocka_unit_test_teardown(no_more_work_than_asked_for, end_machines),
		cmocka_unit_test_teardown(an_interrupt_ends_all, end_machines),
		cmocka_unit_test_teardown(a_snapshot_is_not_cut, end_machines),
		cmocka_unit_test_teardown(a_freed_order_leaves_no_worker, end_machines),
		cmocka_unit_test_teardown(workers_end_with_their_supervisor, end_machines),
		cmocka_unit_test_teardown(another_rollout_is_waited_for, end_machines),
		cmocka_unit_test_teardown(the_network_goes_with_the_last_machine, end_machines),
		cmocka_unit_test_teardown(the_network_stays_for_who_starts, end_machines),
		cmocka_unit_test_teardown(cloud_init_is_waited_for_once, end_machines),
		cmocka_unit_test_teardown(a_worker_may_use_libuv, end_machines),
		cmocka_unit_test_teardown(a_child_with_its_pipe_does_not_matter, end_machines),
		cmocka_unit_test_teardown(a_machine_of_another_driver_is_not_touched, end_machines),
	};
	return cmocka_run_group_tests(tests, make_project, remove_project);
}
