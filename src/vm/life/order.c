/*
 * The supervisor: a worker process for each machine, some at a time, a pipe from
 * each. What a worker said last, DONE or FAILED, is its outcome; one that ends
 * without is told to have failed. Nothing depends on SIGCHLD, which belongs to the
 * program: pipes and pidfds make the order's descriptor readable.
 */
#include "../project/project.h"
#include "life.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_LIMIT_MS 3000 /* from SIGTERM to SIGKILL when an order is freed */

enum member_state { MEMBER_WAITING, MEMBER_WORKING, MEMBER_OVER };

struct member { /* one machine of the order */
	enum member_state state;
	struct vm_machine *machine;
	pid_t pid;
	int hear, pidfd;
	int64_t begun_ms;
	bool told; /* DONE or FAILED */
	size_t have;
	union {
		struct vm_event event;
		char bytes[sizeof(struct vm_event)];
	};
};

struct vm_order {
	const struct vm_project *project;
	struct vm_order_options options;
	struct vm_life life;
	struct member *members;
	size_t n;
	int epoll, wake;
	bool interrupted;
};

typedef void event_fn(void *ctx, const struct vm_event *e);

static bool watch(struct vm_order *o, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	return fd >= 0 && epoll_ctl(o->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void wake(struct vm_order *o)
{
	const uint64_t one = 1;
	while (write(o->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* ---- beginning ---- */

static bool boots(enum vm_verb verb)
{
	return verb == VM_VERB_UP || verb == VM_VERB_RELOAD || verb == VM_VERB_RESUME ||
	       verb == VM_VERB_RECREATE || verb == VM_VERB_SNAPSHOT_RESTORE;
}

static int check_snapshot(const struct vm_order_options *o, struct err *err)
{
	bool wanted = o->verb == VM_VERB_SNAPSHOT_SAVE || o->verb == VM_VERB_SNAPSHOT_RESTORE ||
		      o->verb == VM_VERB_SNAPSHOT_DELETE;
	if (wanted && (!o->snapshot || !o->snapshot[0]))
		return err_set(err, ERR_INVALID, "a snapshot needs a name");
	return 0;
}

static int check(const struct vm_project *p, const struct vm_order_options *o,
		 const struct vm_life *life, struct err *err)
{
	for (size_t i = 0; i < o->nmachines; i++) {
		if (o->machines[i] >= p->machines.len)
			return err_set(err, ERR_INVALID, "the project has no machine %zu",
				       o->machines[i]);
		const struct vm_machine *m = p->machines.at[o->machines[i]];
		if (boots(o->verb) && !m->address)
			return err_set(err, ERR_INVALID, "%s has no address yet", m->spec->name);
	}
	int r = check_snapshot(o, err);
	return r < 0 ? r : life->driver->check(p, err);
}

static void copy_members(struct vm_order *order, const struct vm_project *p,
			 const struct vm_order_options *o)
{
	order->n = o->nmachines;
	order->members = xcalloc(o->nmachines + 1, sizeof(*order->members));
	for (size_t i = 0; i < o->nmachines; i++) {
		order->members[i].machine = p->machines.at[o->machines[i]];
		order->members[i].hear = order->members[i].pidfd = -1;
	}
	order->options.machines = NULL;
	order->options.snapshot = o->snapshot ? xstrdup(o->snapshot) : NULL;
}

int vm_order_begin_with(struct vm_project *p, const struct vm_order_options *o,
			const struct vm_life *life, struct vm_order **ret, struct err *err)
{
	int r = check(p, o, life, err);
	if (r < 0)
		return r;
	struct vm_order *order = xcalloc(1, sizeof(*order));
	order->project = p;
	order->options = *o;
	order->life = *life;
	copy_members(order, p, o);
	order->epoll = epoll_create1(EPOLL_CLOEXEC);
	order->wake = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* the first read begins the work */
	if (order->epoll < 0 || !watch(order, order->wake)) {
		r = err_sys(err, "begin an order");
		vm_order_free(order);
		return r;
	}
	*ret = order;
	return 0;
}

int vm_order_begin(struct vm_project *p, const struct vm_order_options *o, struct vm_order **ret,
		   struct err *err)
{
	struct vm_life life;
	vm_life_of(p, &life);
	return vm_order_begin_with(p, o, &life, ret, err);
}

int vm_order_fd(const struct vm_order *order)
{
	return order->epoll;
}

/* ---- workers ---- */

/* Signals wait until the worker has handlers of its own. */
static pid_t fork_worker(const struct vm_order *o, struct vm_machine *m, int tell)
{
	const struct vm_worker w = {m, &o->life, &o->options, tell, getpid()};
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		vm_worker_main(&w);
	int saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

static int begin(struct vm_order *o, struct member *m, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	CLEANUP(fd_close) int hear = ends[0];
	CLEANUP(fd_close) int tell = ends[1];
	fcntl(hear, F_SETFL, O_NONBLOCK);
	if (!watch(o, hear))
		return err_sys(err, "watch a worker");
	m->pid = fork_worker(o, m->machine, tell);
	if (m->pid < 0)
		return err_sys(err, "fork");
	m->begun_ms = clock_now_ms();
	/* by number: glibc has no name for it everywhere */
	m->pidfd = (int)syscall(SYS_pidfd_open, m->pid, 0);
	watch(o, m->pidfd);
	m->hear = hear;
	hear = -1;
	m->state = MEMBER_WORKING;
	return 0;
}

static void fail(struct member *m, const char *text, event_fn *fn, void *ctx)
{
	struct vm_event e = {.kind = VM_EVENT_FAILED, .machine = (uint32_t)m->machine->index};
	e.elapsed_ms = m->begun_ms ? clock_now_ms() - m->begun_ms : 0;
	snprintf(e.text, sizeof(e.text), "%s", text);
	m->told = true;
	fn(ctx, &e);
}

static void begin_one(struct vm_order *o, struct member *m, event_fn *fn, void *ctx)
{
	struct err why = {0};
	if (o->interrupted)
		fail(m, "not begun: interrupted", fn, ctx);
	else if (begin(o, m, &why) < 0)
		fail(m, why.msg, fn, ctx);
	if (m->told)
		m->state = MEMBER_OVER;
}

static size_t count(const struct vm_order *o, enum member_state state)
{
	size_t n = 0;
	for (size_t i = 0; i < o->n; i++)
		n += o->members[i].state == state;
	return n;
}

static void begin_more(struct vm_order *o, event_fn *fn, void *ctx)
{
	size_t working = count(o, MEMBER_WORKING);
	const unsigned limit = o->options.parallel;
	for (size_t i = 0; i < o->n; i++) {
		if (o->members[i].state != MEMBER_WAITING)
			continue;
		if (limit > 0 && working >= limit && !o->interrupted)
			return;
		begin_one(o, &o->members[i], fn, ctx);
		working += o->members[i].state == MEMBER_WORKING;
	}
}

/* ---- hearing them ---- */

static void take_event(struct member *m, event_fn *fn, void *ctx)
{
	struct vm_event *e = &m->event;
	m->have = 0;
	e->machine = (uint32_t)m->machine->index;
	e->text[sizeof(e->text) - 1] = '\0';
	if (m->told)
		return;
	m->told = e->kind == VM_EVENT_DONE || e->kind == VM_EVENT_FAILED;
	fn(ctx, e);
}

static void listen_to(struct member *m, event_fn *fn, void *ctx)
{
	while (m->hear >= 0) {
		ssize_t n = read(m->hear, m->bytes + m->have, sizeof(m->bytes) - m->have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			fd_close(&m->hear); /* epoll forgets it with that */
			return;
		}
		m->have += (size_t)n;
		if (m->have == sizeof(m->bytes))
			take_event(m, fn, ctx);
	}
}

static void tell_how_it_ended(struct member *m, int status, event_fn *fn, void *ctx)
{
	char text[160];
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text),
			 "its worker was killed by signal %d (%s); the same command continues",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text),
			 "its worker ended with status %d and without a word; the same command "
			 "continues",
			 WEXITSTATUS(status));
	fail(m, text, fn, ctx);
}

/* Its pipe may have ended without it, and it without its pipe. */
static void check_end(struct member *m, event_fn *fn, void *ctx)
{
	int status = 0;
	bool only_way = m->pidfd < 0 && m->hear < 0;
	pid_t r = waitpid(m->pid, &status, only_way ? 0 : WNOHANG);
	if (r == 0 || (r < 0 && errno == EINTR))
		return;
	listen_to(m, fn, ctx); /* what it said after we listened last */
	if (!m->told)
		tell_how_it_ended(m, r < 0 ? 0 : status, fn, ctx);
	m->state = MEMBER_OVER;
	fd_close(&m->hear);
	fd_close(&m->pidfd);
}

int vm_order_read(struct vm_order *order, void (*fn)(void *ctx, const struct vm_event *e),
		  void *ctx)
{
	uint64_t n;
	while (read(order->wake, &n, sizeof(n)) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < order->n; i++) {
		struct member *m = &order->members[i];
		if (m->state != MEMBER_WORKING)
			continue;
		listen_to(m, fn, ctx);
		check_end(m, fn, ctx);
	}
	begin_more(order, fn, ctx);
	if (count(order, MEMBER_OVER) < order->n)
		return 1;
	if (order->options.verb == VM_VERB_DESTROY)
		vm_project_retire(order->project);
	return 0;
}

/* ---- ending ---- */

static void signal_all(const struct vm_order *o, int signal_number)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->members[i].state == MEMBER_WORKING)
			kill(o->members[i].pid, signal_number);
}

void vm_order_interrupt(struct vm_order *order)
{
	order->interrupted = true;
	signal_all(order, SIGTERM);
	wake(order);
}

static void ignore_event(void *ctx UNUSED, const struct vm_event *e UNUSED)
{
}

/* Those who still work end; nobody hears their last words. */
static void end_all(struct vm_order *o)
{
	const int64_t end_ms = clock_now_ms() + END_LIMIT_MS;
	if (count(o, MEMBER_WORKING) == 0)
		return;
	vm_order_interrupt(o);
	while (vm_order_read(o, ignore_event, NULL) && clock_now_ms() < end_ms)
		poll(NULL, 0, 10);
	signal_all(o, SIGKILL);
	for (size_t i = 0; i < o->n; i++)
		while (o->members[i].state == MEMBER_WORKING &&
		       waitpid(o->members[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
}

void vm_order_free(struct vm_order *order)
{
	if (!order)
		return;
	end_all(order);
	for (size_t i = 0; i < order->n; i++) {
		fd_close(&order->members[i].hear);
		fd_close(&order->members[i].pidfd);
	}
	fd_close(&order->epoll);
	fd_close(&order->wake);
	free((char *)order->options.snapshot);
	free(order->members);
	free(order);
}
