#pragma once
/*
 * What the kinds of transport share: the states, the queue to the agent, the
 * conversation that starts it, the one call of on_down.
 */
#include "bootstrap.h"
#include "rollout/transport/transport.h"

#define TRANSPORT_CLOSE_LIMIT_MS 3000

enum transport_state {
	TRANSPORT_CONNECTING, /* → STARTING, ENDING */
	TRANSPORT_STARTING,   /* the command runs, the agent not yet → UP, ENDING */
	TRANSPORT_UP,	      /* → CLOSING, ENDING */
	TRANSPORT_CLOSING,    /* input ends, the agent may exit → ENDING */
	TRANSPORT_ENDING,     /* on_down comes from the loop */
};

struct transport_ops {
	void (*push)(struct transport *t); /* the queue has bytes, or the state is CLOSING */
	void (*stop)(struct transport *t); /* lets go of everything; from the loop */
};

struct transport {
	const struct transport_ops *ops;
	uv_loop_t *loop;
	struct transport_target target;
	struct transport_events events;
	void *ctx;
	enum transport_state state;
	struct bootstrap boot;
	struct strbuf queue; /* to the agent */
	size_t queue_at, in_flight;
	uv_timer_t *timer;
	int64_t begun_ms, connected_ms;
	bool failed;
	struct err why;
};

struct transport *ssh_open(uv_loop_t *loop, const struct transport_target *target);
struct transport *local_open(uv_loop_t *loop, const struct transport_target *target);

/* For a kind's open; the rest of *t is zero. */
void transport_init(struct transport *t, const struct transport_ops *ops, uv_loop_t *loop,
		    const struct transport_target *target);
/* STARTING: the command is on its way. */
void transport_started(struct transport *t);
/* What is queued, and having taken n bytes of it. */
struct slice transport_pending(const struct transport *t);
void transport_took(struct transport *t, size_t n);
/* The command ended. status -1: not known. */
void transport_ended(struct transport *t, int status, const char *signal);
void transport_fail(struct transport *t, const struct err *why);
