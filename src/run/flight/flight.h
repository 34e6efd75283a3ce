#pragma once
/* One task on one strand, from its evaluation to its result. */
#include "../variables/scope.h"

enum launch { LAUNCH_STARTED, LAUNCH_BLOCKED, LAUNCH_FINISHED };

struct flight *flight_new(struct strand *s, const struct plan_node *node);
/* chosen.c: the task with the module that its template names. ERR_PENDING: not yet. */
int flight_choose_module(struct strand *s, const struct plan_node *node,
			 const struct plan_node **ret, struct err *err);
/* Evaluates the task and starts it. BLOCKED: what it needs is still in flight. */
enum launch flight_launch(struct strand *s, const struct plan_node *node);
/* Thrown away: a task before it failed. */
void flight_drop(struct flight *f);
void flight_free(struct flight *f);
void flight_finish(struct flight *f);
/* All is prepared and fetched: sends what can be sent, or ends. */
int flight_begin(struct flight *f, struct err *err);
/* Goes on with the items that are done here, after a timer. */
void flight_resume_local(struct flight *f);
void flight_start_timer(struct flight *f, int64_t ms, uv_timer_cb on_over);
/* The run was interrupted: one that waits for its timer has failed. */
void flight_end_wait(struct flight *f);
void flight_fail(struct flight *f, const struct err *err);
/* The task cannot even be evaluated: the strand fails at it. */
void flight_fail_early(struct strand *s, const struct plan_node *node, const struct err *err);

/* ---- evaluate.c ---- */
/* Fills the flight's items and keywords. 1: a fetch is on its way. */
int flight_evaluate(struct flight *f, struct err *err);
/* A loop of set_fact: its items after the first are evaluated one by one. */
bool flight_evaluates_late(const struct flight *f);
int flight_evaluate_item(struct flight *f, size_t i, struct err *err);
/* ---- arguments.c ---- */
int flight_eval_args(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err);
/* A number of seconds among the arguments of the item at hand. */
int64_t flight_seconds(const struct flight *f, const char *key, int64_t fallback);
/* `async`: a limit of time, or a job that goes on by itself. After the arguments. */
int flight_eval_async(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err);

/* ---- evaluate.c ---- */
int flight_eval_delegate(struct flight *f, struct scope *sc, struct err *err);
/* Of a task; of the gathering of facts as its play says. */
int flight_eval_become(struct flight *f, struct scope *sc, struct err *err);

/* ---- prepare.c: the controller's half of copy, template, get_url … ---- */
/* 1: waits for a fetch. */
int prepare_item(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err);

/* ---- dispatch.c ---- */
/* Sends the item `current`, or all that are to be sent. */
int flight_send(struct flight *f, struct err *err);
void flight_on_result(struct flight *f, size_t sent_index, const struct value *result, bool last);
void flight_on_output(struct flight *f, size_t sent_index, int stream, struct slice text);
void flight_on_lost(struct flight *f, const struct err *why);

/* ---- outcome.c: from module results to a task's result ---- */
/* {failed: true, msg: text}, in `a`. */
struct value *outcome_failure(struct arena *a, const char *msg);
void outcome_item(struct flight *f, struct flight_item *it, const struct value *module_result);
void outcome_task(struct flight *f);
void outcome_notify(struct flight *f);
/* `register`: from the results of its items. */
void outcome_keep(struct flight *f);
/* The item, its loop variable, index and place, into its result. */
void outcome_loop_vars(struct flight *f, const struct flight_item *it, struct value *result);
/* `register` and facts of the task, for a host that shares the outcome. */
void outcome_share(const struct flight *f, struct run_host *h);
void outcome_register(struct run_host *h, const char *name, const struct value *result);
void outcome_facts(struct run_host *h, const struct value *result);
/* 1 retry, 0 done */
int outcome_wants_retry(struct flight *f, struct flight_item *it,
			const struct value *module_result);

/* ---- reach.c ---- */
/* The connection that keywords and variables of the task ask for. */
int flight_eval_link(struct flight *f, struct scope *sc, struct err *err);
