#pragma once
/*
 * What happens in a run, as events; sinks show them. `run` emits, sinks never
 * ask back. Everything in an event is borrowed for the call alone. Values that
 * must not be seen (no_log, secrets) are already censored.
 */
#include "rollout/value/value.h"

#define REPORT_SCHEMA 1 /* of the JSON lines; grows when a field changes its meaning */

enum report_kind {
	REPORT_RUN_STARTED,  /* run_name, hosts (names alone), ntasks, nsteps, check_mode,
			      * diff_mode */
	REPORT_STEP_STARTED, /* step, role, nhosts, ntasks */
	REPORT_HOST_STATE,   /* host, host_state; msg: why it is tried again or down,
			      * or what it is at */
	REPORT_TASK_STARTED, /* step, task, host */
	REPORT_ITEM,	     /* one item of a loop: as RESULT, with item */
	REPORT_RESULT, /* step, role, task, host, status, result, duration; one for each TASK_STARTED */
	REPORT_RETRY,	   /* an until loop: attempt, retries, msg */
	REPORT_OUTPUT,	   /* host, task, stream, text: a long command's output as it comes */
	REPORT_TASK_ENDED, /* the task is over on every host of the step */
	REPORT_STEP_ENDED, /* step, duration */
	REPORT_WARNING,	   /* msg; at and host where there are any */
	REPORT_RUN_ENDED,  /* duration_ms, hosts, steps, interrupted */
};

enum report_status {
	REPORT_OK,
	REPORT_CHANGED,
	REPORT_SKIPPED,
	REPORT_FAILED,
	REPORT_IGNORED, /* failed, and ignore_errors says to go on */
	REPORT_RESCUED, /* failed, and a rescue section takes over */
	REPORT_UNREACHABLE,
	REPORT_UNKNOWN, /* check mode: would run, effect known after the run */
};

enum report_host_state {
	REPORT_HOST_BOOTING, /* msg: what it is at */
	REPORT_HOST_CONNECTING,
	REPORT_HOST_RETRYING,
	REPORT_HOST_UP,
	REPORT_HOST_DOWN,
	REPORT_HOST_DONE
};

/* As Ansible counts: ok has the changed ones too. */
struct report_host_stats {
	const char *host;
	unsigned ok, changed, unreachable, failed, skipped, rescued, ignored, unknown;
	bool not_reached; /* work was left when the run was interrupted */
};
struct report_step_stats {
	const char *step;
	int64_t began_ms;    /* since the run's start */
	int64_t duration_ms; /* from its first task's start to its last task's end */
	bool critical; /* on the path of steps, each waiting for the one before, that took longest */
	size_t nhosts;
	unsigned changed, failed;
};

struct report_event {
	enum report_kind kind;
	int64_t time_us; /* since the epoch */
	const char *run_name;
	const char *step, *role; /* NULL where none */
	const char *task;	 /* rendered name */
	uint32_t task_id;	 /* equal for one task on all hosts of a step */
	bool is_handler;
	const char *module;
	struct srcloc at; /* of the task */
	const char *host;
	const char *delegated_to; /* NULL: none */
	const char *item;	  /* the loop's label */
	enum report_status status;
	enum report_host_state host_state;
	const struct value *
		result; /* dict; .msg, .stdout, .stderr, .diff (list of {before_header, after_header, unified}) */
	const char *msg;
	int64_t duration_ms;
	int stream;
	struct slice text;
	unsigned attempt, retries;
	size_t nhosts,
		ntasks; /* RUN_STARTED and STEP_STARTED; ntasks: TASK_ENDED to come, as far as known */
	bool check_mode, diff_mode;
	/* RUN_ENDED; `hosts` RUN_STARTED too, in the order to name them in */
	const struct report_host_stats *hosts;
	const struct report_step_stats *steps;
	size_t nsteps; /* RUN_STARTED too; nhosts counts hosts */
	bool interrupted;
};

struct report_sink_ops {
	void (*event)(void *self, const struct report_event *e);
	/* Every 100 ms, with clock_now_ms(): the live display is drawn here alone,
	 * in a pipe a long silence is broken. May be NULL. */
	void (*tick)(void *self, int64_t now_ms);
	/* Somebody is about to be asked at the terminal: what is drawn is taken away. May be
	 * NULL. */
	void (*hush)(void *self);
	/* In place of tick while a question is open: what has come is shown in place of the
	 * question's line. True: the line is gone. May be NULL. */
	bool (*tick_asking)(void *self);
	void (*free)(void *self);
};
struct report_sink {
	const struct report_sink_ops *ops;
	void *self;
};

struct report_terminal_options {
	int fd;
	bool live; /* a terminal: status block, redrawn in place */
	bool color;
	int verbosity; /* 0: changes, failures and the recap; 1: ok too and results; 2: skipped too */
	bool diff;
	unsigned width, height; /* columns and lines; 0: ask the terminal */
};
/* Nothing is written after the fd failed once (EPIPE). */
struct report_sink report_terminal(const struct report_terminal_options *opts);
/* One JSON object per event per line: docs/events.md. */
struct report_sink report_json(int fd);
/* "ok", "changed", … as in JSON */
const char *report_status_name(enum report_status s);
const char *report_kind_name(enum report_kind k);
const char *report_host_state_name(enum report_host_state s);
