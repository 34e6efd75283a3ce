#include "rollout/agent/agent.h"

#include "pipe/message.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/host/host.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LAST_FLUSH_MS 5000 /* for the controller to read the last answers */

static void put_hello(struct agent *ag, const char *own_sha256)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct host *h = host_real_new();
	struct host_user u = {0};
	struct utsname machine = {0};
	struct value *v = value_dict_new(&a);
	bool known = h->ops->user_by_id(h, &a, geteuid(), &u, NULL) == 0 && u.exists;
	uname(&machine);
	value_dict_put(&a, v, "version", value_int(&a, WIRE_VERSION));
	value_dict_put(&a, v, "sha256", value_cstr(&a, own_sha256));
	value_dict_put(&a, v, "pid", value_int(&a, getpid()));
	value_dict_put(&a, v, "uid", value_int(&a, geteuid()));
	value_dict_put(&a, v, "user",
		       known ? value_cstr(&a, u.name) : value_fmt(&a, "%u", geteuid()));
	value_dict_put(&a, v, "arch", value_cstr(&a, machine.machine));
	wire_put_value(&ag->controller.queue, WIRE_HELLO, 0, v);
	host_free(h);
}

/* --- the loop -------------------------------------------------------------- */

enum { AT_IN, AT_OUT, AT_SIGNAL, AT_WORKER, AT_COUNT };

static void fill(const struct agent *ag, struct pollfd fds[AT_COUNT])
{
	const struct peer *c = &ag->controller, *w = ag->worker ? &ag->worker->peer : NULL;
	for (int i = 0; i < AT_COUNT; i++)
		fds[i] = (struct pollfd){.fd = -1};
	fds[AT_SIGNAL] = (struct pollfd){.fd = ag->signal_fd, .events = POLLIN};
	if (!ag->leaving) {
		/* Its end is told even where its frames are not wanted now. */
		fds[AT_IN].fd = c->in;
		fds[AT_IN].events =
			!w || peer_queued(&ag->worker->peer) < TO_WORKER_HIGH ? POLLIN : POLLRDHUP;
		fds[AT_OUT].fd = c->out;
		fds[AT_OUT].events = peer_queued(c) ? POLLOUT : 0;
	}
	if (w) {
		fds[AT_WORKER].fd = w->in;
		if (ag->leaving || peer_queued(c) < QUEUED_HIGH)
			fds[AT_WORKER].events |= POLLIN;
		if (peer_queued(w))
			fds[AT_WORKER].events |= POLLOUT;
	}
}

static int wait_ms(const struct agent *ag)
{
	int64_t at_ms = execution_next_ms(ag);
	if (at_ms == INT64_MAX)
		return -1;
	int64_t left = at_ms - clock_now_ms();
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* Taken off the signalfd, or it would be delivered when the mask is restored. */
static void take_signal(struct agent *ag)
{
	struct signalfd_siginfo info;
	if (read(ag->signal_fd, &info, sizeof(info)) > 0)
		agent_leave(ag, 0);
}

static void handle(struct agent *ag, const struct pollfd fds[AT_COUNT])
{
	if (fds[AT_SIGNAL].revents)
		take_signal(ag);
	if (fds[AT_IN].revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) {
		peer_read(&ag->controller);
		controller_handle(ag);
	}
	if (ag->controller.ended || ag->controller.broken ||
	    fds[AT_OUT].revents & (POLLERR | POLLHUP))
		agent_leave(ag, 0);
	if (ag->worker && fds[AT_WORKER].revents & (POLLIN | POLLHUP | POLLERR))
		peer_read(&ag->worker->peer);
}

static bool task_is_over(void *ctx, uint32_t id)
{
	const struct agent *ag = ctx;
	return !(ag->job && ag->job->id == id) && !queue_find(&ag->queue, id);
}

static void turn(struct agent *ag)
{
	struct pollfd fds[AT_COUNT];
	fill(ag, fds);
	if (poll(fds, AT_COUNT, wait_ms(ag)) > 0)
		handle(ag, fds);
	execution_tick(ag);
	if (ag->worker) {
		peer_flush(&ag->worker->peer);
		execution_handle(ag);
	}
	execution_start_next(ag);
	if (ag->worker)
		peer_flush(&ag->worker->peer);
	if (!ag->leaving)
		ahead_ask(&ag->ahead, task_is_over, ag, &ag->controller.queue);
	if (ag->leaving)
		strbuf_truncate(&ag->controller.queue, ag->controller.written);
	peer_flush(&ag->controller);
}

/* After BYE: the answers are worth waiting for, but not for ever. */
static void flush_last(struct agent *ag)
{
	int64_t until_ms = clock_now_ms() + LAST_FLUSH_MS;
	while (peer_queued(&ag->controller) > 0 && clock_now_ms() < until_ms) {
		struct pollfd fd = {.fd = ag->controller.out, .events = POLLOUT};
		poll(&fd, 1, 100);
		peer_flush(&ag->controller);
	}
}

static bool is_done(const struct agent *ag)
{
	return !ag->job && (ag->leaving || (ag->bye && ag->queue.waiting.len == 0));
}

int agent_serve(int in_fd, int out_fd, const char *own_sha256)
{
	struct agent ag = {.controller = {.in = in_fd, .out = out_fd}};
	int out_flags = fcntl(out_fd, F_GETFL);
	sigset_t ends, before;
	ag.output.to = &ag.controller;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, &before);
	ag.signal_fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* who starts us may have ignored it */
	fcntl(out_fd, F_SETFL, out_flags | O_NONBLOCK);
	put_hello(&ag, own_sha256);
	peer_flush(&ag.controller);
	while (!is_done(&ag))
		turn(&ag);
	flush_last(&ag);
	fcntl(out_fd, F_SETFL, out_flags);
	execution_release(&ag);
	output_release(&ag.output);
	queue_release(&ag.queue);
	contents_release(&ag.contents);
	ahead_release(&ag.ahead);
	strbuf_wipe(&ag.relay.copy);
	wire_reader_release(&ag.controller.reader);
	strbuf_wipe(&ag.controller.queue);
	fd_close(&ag.signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ag.exit_code;
}
