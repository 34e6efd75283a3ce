#pragma once
/* Questions to somebody at a terminal, of --step, the debugger and pause. One is there at
 * a time, the others wait; meanwhile everything else goes on. */
#include "../state.h"

struct dialogue_question {
	char *text;	       /* yours; what must not reach a terminal is taken out of it */
	bool hidden;	       /* what is typed is not shown */
	bool of_step;	       /* --step: settled when "continue" is the answer to another one */
	bool first;	       /* before those that wait: a talk goes on */
	struct flight *flight; /* whose question it is, or NULL: it is withdrawn with that */
	/* A line, or ERR_CANCELLED in `r`: nobody answers, and the run is interrupted.
	 * run_drain comes after it. */
	void (*on_answer)(void *ctx, int r, struct slice line);
	void *ctx;
	bool shown;
	struct strbuf line; /* what has been typed */
};
/* Only where opts->dialogue is set. The question is copied. */
void dialogue_ask(struct run *run, const struct dialogue_question *q);
/* The flight does not want to know any more. */
void dialogue_withdraw(struct run *run, struct flight *f);
/* Nobody answers any more: the run was interrupted. */
void dialogue_cancel(struct run *run);
/* In place of the sinks' ticks while a question is open; false: none is. */
bool dialogue_tick(struct run *run);
void dialogue_end(struct run *run);
void dialogue_say(struct run *run, struct slice line);
/* "TASK: role : name", as Ansible names it. */
void dialogue_put_task(struct strbuf *out, const struct plan_node *node);

/* ---- step_by_step.c: --step ---- */
enum wish { WISH_YES, WISH_NO, WISH_ASKED };
/* Is the task to be done? It asks once for all hosts that come to it together; the
 * strand waits for the answer. */
enum wish dialogue_wants(struct strand *s, const struct plan_node *node);
/* It is not: as if it were not there. */
void dialogue_pass_over(struct strand *s, const struct plan_node *node);

/* ---- debugger.c ---- */
/* May the task's result lead into the debugger? Nothing is sent ahead behind it. */
bool debugger_may_stop(const struct flight *f);
/* After the result, before it counts. True: the strand waits for somebody, who may have
 * the task done again; the flight is still the strand's first. */
bool debugger_enters(struct strand *s, struct flight *f);
/* The task's arguments, as they were changed. */
const struct value *debugger_args(const struct strand *s, const struct plan_node *node);
