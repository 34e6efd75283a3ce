#pragma once
/*
 * The state of a run, shared by the files of this folder.
 *
 *   run ── steps: counters of what they wait for, batches of hosts
 *       ── hosts: variables, facts, counters, one link each
 *   strand: one step on one host; its place in the tree of tasks
 *   flight: one task on one strand, from its evaluation to its result
 *   link:   the connection to one host's agent and the requests on it
 */
#include "rollout/run/run.h"
#include "rollout/wire/task.h"

#include <stddef.h>

/* At the end of a step: handlers that later ones notify run in a second round. */
#define RUN_HANDLER_ROUNDS 2u
#define RUN_INCLUDE_DEPTH_MAX 500u /* of includes inside includes, at run time */

struct run;
struct run_step;
struct strand;
struct flight;
struct link;

enum notified { NOTIFIED_NO, NOTIFIED_MAYBE, NOTIFIED_YES };

struct run_host {
	struct run *run;
	struct inv_host *inv;
	struct arena arena;	    /* facts and registered values */
	struct value *set_vars;	    /* level 19 */
	struct value *facts;	    /* ansible_x → value */
	struct value *include_vars; /* level 18 */
	bool all_facts;
	bool failed, unreachable; /* out of the run */
	bool wants_root;	  /* some task of the plan becomes */
	struct report_host_stats stats;
	struct link *link;	   /* as its variables say */
	VEC(struct link *) others; /* as keywords or a play's variables say */
};

/* ---- link.c ---- */

struct request {
	uint32_t id;
	const char *module, *task; /* for messages */
	struct strbuf frame;	   /* kept until the answer, for a reconnection */
	bool sent, resumes;	   /* resumes: RESUME goes out before it */
	bool lost; /* its connection is gone for good; its flight is about to be told */
	bool resendable;
	unsigned ndropped; /* by the agent, though it is wanted */
	uint32_t strand_id;
	struct flight *flight; /* NULL: nobody waits any more */
};

enum link_state {
	LINK_IDLE,
	LINK_HELD,
	LINK_WAITS_FOR_SLOT,
	LINK_CONNECTING,
	LINK_UP,
	LINK_BACKOFF,
	LINK_CLOSING,
	LINK_DOWN
};

struct blob_sending {
	uint32_t id; /* 0: none */
	const struct blob *blob;
	size_t offset;
	int fd;
};

struct link {
	struct run *run;
	struct run_host *host;
	const struct value *reach; /* variables above the host's own, or NULL; in the arena */
	const char *reach_text;
	bool root;     /* the agent must be root */
	bool renewing; /* to be closed and opened again when nothing is under way */
	enum link_state state;
	bool has_slot;
	struct transport *transport;
	struct transport_target target;
	struct arena arena; /* of the target's strings */
	struct wire_reader reader;
	VEC(struct request *) requests; /* in the order of submission */
	uint32_t next_id;
	unsigned attempts;  /* to connect, since the last answer */
	struct err refused; /* why it must not be tried again; code 0: nothing */
	uv_timer_t backoff;
	struct blob_sending sending;
};

/* `reach` NULL: by the host's variables alone. */
struct link *link_new(struct run_host *host, const struct value *reach);
/* A task becomes: an agent that runs without root is started anew. */
void link_want_root(struct link *l);
/* The next task finds a new connection. */
void link_renew(struct link *l);
void link_free(struct link *l);
/* Takes the request; it is freed after its last answer. */
void link_submit(struct link *l, struct request *req);
/* Nobody waits for the flight's answers any more. */
void link_abandon(struct link *l, const struct flight *flight);
/* Asks the agent not to do what was sent for the flight. */
void link_recall(struct link *l, const struct flight *flight);
void link_close(struct link *l);
void link_pass_slots(struct run *run);
/* The host is there now, or will not be. */
void link_open_gate(struct link *l);
void link_fail_gate(struct link *l, const struct err *why);
/* Connection variables into the link's target (target.c). */
int link_resolve_target(struct link *l, struct err *err);

/* ---- sending.c: one piece of content at a time ---- */
/* CONTENT_WANTED: the small ones of the list, at once. */
void sending_small(struct link *l, const struct value *list);
void sending_begin(struct link *l, uint32_t id, const struct value *wanted);
void sending_pump(struct link *l);
void sending_reset(struct link *l);
/* Promised content is here, or will not be (error): to the links that wait for it. */
void sending_resume(struct run *run, const struct blob *blob, const char *error);

/* ---- gate.c: hosts that are still being made ---- */
void gate_begin(struct run *run);
void gate_end(struct run *run);
/* Of the link's host; OPEN where there is no gate. *ret_text is borrowed. */
enum run_gate_state gate_ask(const struct link *l, const char **ret_text);
/* An interrupted run waits for no host. */
void gate_give_up(struct run *run);

/* ---- blob.c: content that hosts may ask for, by hash ---- */
struct fetch;
struct blob {
	char sha256[SHA256_HEX_SIZE], sha1[SHA1_HEX_SIZE];
	size_t size;
	char *bytes;	  /* or NULL */
	const char *path; /* the controller's file */
	int64_t mtime_ns;
	struct fetch *promised; /* neither of the two: tried again when somebody asks */
};
const struct blob *blob_from_bytes(struct run *run, struct slice bytes);
int blob_from_file(struct run *run, const char *path, const struct blob **ret, struct err *err);
/* As blob_from_file; of an encrypted file it is the text, and *ret_secret is set. */
int blob_from_source(struct run *run, const char *path, const struct blob **ret, bool *ret_secret,
		     struct err *err);
const struct blob *blob_find(struct run *run, const char *sha256);
/* Content that is not here yet; what is here already is taken. */
struct blob *blob_promise(struct run *run, const char *sha256, struct fetch *fetch);
/* The file that holds promised content now; NULL: it did not come. */
void blob_keep(struct run *run, struct blob *blob, const char *path);
void blobs_release(struct run *run);

/* ---- strands ---- */

enum frame_section { FRAME_BODY, FRAME_RESCUE, FRAME_ALWAYS, FRAME_HANDLERS };

struct frame {
	const struct plan_node
		*node; /* of the block; NULL for the step's body, handlers, an include */
	const struct plan_block *block; /* NULL for handlers */
	enum frame_section section;
	size_t index;
	bool failing;			    /* to be raised again after `always` */
	const struct value *include_params; /* set by an include, else NULL: the enclosing one's */
	const struct value *loop_vars;	    /* of a looped include */
};
typedef VEC(struct frame) frames;

enum strand_state {
	STRAND_READY,	  /* can be advanced */
	STRAND_WAITING,	  /* for its flights, a timer, a fetch */
	STRAND_BARRIER,	  /* for the other hosts of the batch, at its place in the tree */
	STRAND_FOLLOWING, /* a run_once task runs on another host */
	STRAND_THROTTLED, /* for a place among `throttle` hosts */
	STRAND_DONE,
};

struct strand {
	struct run_step *step;
	struct run_host *host;
	uint32_t id; /* on the agents */
	enum strand_state state;
	bool queued; /* in run->ready */
	frames stack;
	VEC(struct flight *) flights; /* in order; the first is the oldest */
	bool leaving;		      /* the last task was a barrier: the hosts leave it together */
	bool at_gate;		      /* the barrier before the current task was passed */
	bool gate_open;		      /* the barrier that it waited at was released */
	bool blocked;		      /* WAITING for something that is not its own flight */
	size_t nfacts_asked;	      /* of the step's fact names; an include may bring more */
	bool all_facts_asked;
	struct strand *leader; /* the first of those that left a barrier together; NULL: itself */
	bool needs_resume;
	bool failed;
	bool throttle_held;
	const struct value *file_vars; /* of vars_files that this host's variables named */
	bool file_vars_known;
	enum notified *notified; /* by handler index */
	size_t nnotified;
	unsigned handler_rounds; /* at the end of the step */
	const struct value *failed_task, *failed_result;
};

struct flight_item {
	const struct value *item; /* NULL when there is no loop */
	const char *label;
	const struct value *loop_vars;
	const struct value *args; /* coerced and prepared; NULL: not sent */
	struct value *result;	  /* final; in the flight's arena */
	const char *failure;	  /* why it cannot be sent; the other items are */
	const char *become_user;  /* where it varies with the item */
	const struct value *environment;
	bool skipped, unknown;
	bool gave_up; /* `until` never held, or cannot be evaluated: until_error */
	const char *until_error;
	enum report_status status;
};

/* reboot: how far it is. LOOK → GO → CHECK. */
struct reboot {
	enum reboot_phase { REBOOT_LOOK, REBOOT_GO, REBOOT_CHECK } phase;
	const struct value *boot_id; /* before it; in the flight's arena */
	bool booted;		     /* the id is another one */
	int64_t begun_ms, since_ms;  /* the reboot; what is being waited for */
	int64_t wait_ms;	     /* until the next try */
};

struct flight {
	struct strand *strand;
	const struct plan_node *node; /* NULL: the gathering of facts */
	struct arena arena;
	frames before; /* where the strand was, to go back to on failure */
	struct flight_item *items;
	size_t nitems;
	bool is_loop;
	struct run_host *target;  /* where it runs: the strand's host, or the delegate */
	struct link *link;	  /* of the target */
	const struct err *broken; /* evaluating a later item failed; those before it are done */
	const char *delegated_to;
	const char *name; /* rendered */
	bool no_log, ignore_errors, check_mode, diff_mode, overlaps;
	bool local; /* done by the controller */
	bool keywords_known, announced, finished;
	bool one_by_one; /* items are sent singly: until, a delegate per item, a pause between */
	bool varies;	 /* become_user or environment do, with the item */
	const char *become_user;
	const struct value *environment;
	int64_t started_ms, timeout_ms;
	/* which items the request in flight carries */
	size_t *sent_items;
	size_t nsent;
	struct request *request;
	/* until */
	unsigned attempt, retries;
	int64_t delay_ms;
	size_t current; /* item, when they go one by one */
	uv_timer_t timer;
	bool timer_open;
	/* a handler: how it was notified, to be put back when the flight is dropped */
	enum notified taken;
	size_t handler_index;
	/* what `register` replaced, likewise */
	const struct value *register_before;
	bool register_marked;
	enum report_status status;
	struct value *result; /* of the whole task */
	int pending_fetches;
	bool delayed; /* wait_for_connection: its delay is over */
	struct reboot reboot;
	bool zombie; /* dropped, waits for its timer or fetch to end */
};

/* ---- steps ---- */

struct run_step {
	struct run *run;
	const struct plan_step *plan;
	size_t nblock; /* steps it still waits for */
	bool started, ended, all_failed;
	VEC(struct run_host *) hosts; /* all of the step */
	size_t batch_start, batch_end, batch_index;
	VEC(struct strand *) strands; /* of the current batch */
	VEC(struct strand *) old_strands;
	int64_t started_ms, ended_ms;
	struct report_step_stats stats;
	struct strmap passed;	 /* node id → count of strands that are past it */
	struct strmap throttled; /* node id → strands that hold a place */
	bool aborted;		 /* any_errors_fatal, max_fail_percentage, all failed */
	bool fatal;		 /* a task with any_errors_fatal failed */
	bool over;		 /* meta: end_play: no further batches */
};

struct run {
	const struct run_options *opts;
	struct plan *plan;
	struct template_env *env;
	struct arena arena;
	uv_loop_t loop;
	uv_timer_t ticker;
	uv_signal_t on_int, on_term;
	struct strmap hosts; /* name → run_host */
	VEC(struct run_step *) steps;
	VEC(struct strand *) ready;
	VEC(struct link *) slot_queue;
	VEC(struct link *) links; /* all */
	uv_poll_t gate;
	bool gate_active;
	unsigned slots_used;
	uint32_t next_strand;
	size_t nblocked; /* strands with `blocked` set */
	int64_t started_ms;
	bool draining, stopping, closing, stalled;
	unsigned interrupts;
	struct strmap blobs, files; /* sha256 → blob; path → blob */
	VEC(struct fetch *) fetches;
	const struct value *groups;
	struct host *controller; /* for actions: the real one, or check mode's overlay */
};

struct run_host *run_host_get(struct run *run, struct inv_host *inv);
void run_drain(struct run *run);
/* What the plan found odd, from the given one on. */
void run_emit_plan_warnings(struct run *run, size_t from);

void strand_start(struct run_step *step, struct run_host *host);
void strand_wake(struct strand *s);
void strand_advance(struct strand *s);
void strand_free(struct strand *s);
/* The host leaves the run; `failed` unless unreachable. */
void strand_end(struct strand *s, bool failed);
/* The oldest flights that are finished are taken off, in order. */
void strand_settle(struct strand *s);
void strand_notify(struct strand *s, struct slice name, enum notified how);
/* Takes back what was sent ahead and has not begun. */
void strand_recall(struct strand *s);
void strand_next(struct strand *s); /* past the current task */
/* The handler at hand counts as run; how it was notified. */
enum notified strand_take_notification(struct strand *s, size_t *ret_index);
/* The task to do next; NULL at the end, or when a failure was not rescued. */
const struct plan_node *strand_current(struct strand *s);
/* After a failure: back to the innermost rescue or always. False: there is none. */
bool strand_unwind(struct strand *s);
/* Would a failure at this place come to a `rescue`, at once or after an `always`? */
bool strand_is_rescued(const struct strand *s);
bool strand_any_notified(const struct strand *s);
/* Negative: a is behind b in the tree; 0: at the same task. */
int strand_compare_place(const struct strand *a, const struct strand *b);
/* Those that wait for what another strand of the host was doing. */
void strands_unblock(struct run *run);
/* The include's variables come on top of those of the includes around it: the frames up to depth. */
void strand_push_include(struct strand *s, size_t depth, const struct plan_block *block,
			 const struct value *params, const struct value *loop_vars);
/* meta: end_host: neither its tasks nor its handlers go on. */
void strand_leave_step(struct strand *s);

void step_start_ready(struct run *run);
/* Tasks that will be reported as ended; handlers and includes come on top. */
size_t step_task_count(const struct run_step *step);
void critical_path_mark(struct run *run); /* in the steps' stats, once all ended */
void step_strand_ended(struct strand *s);
void step_check_barrier(struct run_step *step);
void step_passed(struct strand *s, const struct plan_node *node);
bool step_throttle_take(struct strand *s, const struct plan_node *node, int64_t limit);
void step_throttle_give(struct strand *s, const struct plan_node *node);
/* run_once: what the leader got, for those that follow it. */
void step_share_result(struct strand *leader, struct flight *f, bool with_outcome);
/* … and its failure. */
void step_share_failure(struct strand *leader, struct flight *f);
/* meta: end_play, end_batch */
void step_end_all(struct run_step *step, bool all_batches);

/* ---- scope.c: the variables of one evaluation ---- */
struct scope {
	struct vars vars;
	struct vars_magic magic;
	struct run_host *host;
	const struct strand *strand;  /* may be NULL */
	const struct plan_node *node; /* may be NULL */
	VEC(struct scope *) others;   /* of hosts that were asked for through hostvars */
	const struct value *as_value; /* of such a host: its entry in hostvars */
};
void scope_init(struct scope *sc, struct arena *a, struct run_host *host, const struct strand *s,
		const struct plan_node *node, const struct value *loop_vars);
void scope_release(struct scope *sc);
/* The levels that a host has in any step. */
void scope_base_levels(struct vars *v, struct run_host *h);
/* Keyword values: NULL gives the fallback. */
int scope_bool(struct scope *sc, const struct value *v, bool fallback, bool *ret, struct err *err);
int scope_int(struct scope *sc, const struct value *v, int64_t fallback, int64_t *ret,
	      struct err *err);
int scope_string(struct scope *sc, const struct value *v, const char **ret, struct err *err);
/* All must hold. *ret_false: the first that does not. */
int scope_conditions(struct scope *sc, const struct value *const *conds, size_t n, bool *ret,
		     const struct value **ret_false, struct err *err);

/* ---- magic.c: variables that nobody wrote; self is a struct scope ---- */
int magic_get(void *self, struct arena *a, struct slice name, const struct value **ret,
	      struct err *err);
void magic_names(void *self, void (*fn)(void *ctx, struct slice name), void *ctx);

/* ---- evaluate.c ---- */
/* Fills the flight's items and keywords. 1: a fetch is on its way. */
int flight_evaluate(struct flight *f, struct err *err);
/* A loop of set_fact: its items after the first are evaluated one by one. */
bool flight_evaluates_late(const struct flight *f);
int flight_evaluate_item(struct flight *f, size_t i, struct err *err);
int flight_eval_delegate(struct flight *f, struct scope *sc, struct err *err);

/* ---- reconnect.c: wait_for_connection; false: not that task, or its time is over ---- */
bool reconnect_delays(struct flight *f);
bool reconnect_again(struct flight *f);
void reconnect_put_elapsed(struct flight *f, struct value *result);

/* ---- reboot.c ---- */
bool reboot_is(const struct flight *f);
/* Its request must not go out twice. */
bool reboot_is_once_only(const struct flight *f);
/* Into the arguments of the item at hand, before it is sent. */
void reboot_put_phase(struct flight *f);
/* True: the answer was not the last one. Else it is completed. */
bool reboot_goes_on(struct flight *f, struct value *result);
/* What a lost connection is an answer to, at this place; NULL: a lost connection. */
const struct value *reboot_lost(struct flight *f, const struct err *why);

/* ---- reach.c ---- */
/* The connection that keywords and variables of the task ask for. */
int flight_eval_link(struct flight *f, struct scope *sc, struct err *err);

/* ---- vars_files.c ---- */
/* Names of files that only the host's variables tell. ERR_PENDING: not yet. */
int strand_read_vars_files(struct strand *s, struct err *err);

/* ---- facts.c ---- */
enum launch { LAUNCH_STARTED, LAUNCH_BLOCKED, LAUNCH_FINISHED };
/* Sends for those that are used and not known yet. */
void flight_gather_facts(struct strand *s);
void facts_arrived(struct flight *f, const struct value *result);
/* They do not come any more. */
void facts_forget_pending(struct run_host *h);

/* ---- flight.c ---- */
struct flight *flight_new(struct strand *s, const struct plan_node *node);
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
void flight_fail(struct flight *f, const struct err *err);
/* The task cannot even be evaluated: the strand fails at it. */
void flight_fail_early(struct strand *s, const struct plan_node *node, const struct err *err);

/* ---- dispatch.c ---- */
/* Sends the item `current`, or all that are to be sent. */
int flight_send(struct flight *f, struct err *err);
void flight_on_result(struct flight *f, size_t sent_index, const struct value *result, bool last);
void flight_on_output(struct flight *f, size_t sent_index, int stream, struct slice text);
void flight_on_lost(struct flight *f, const struct err *why);

/* ---- outcome.c: from module results to a task's result ---- */
void outcome_item(struct flight *f, struct flight_item *it, const struct value *module_result);
void outcome_task(struct flight *f);
/* `register` and facts of the task, for a host that shares the outcome. */
void outcome_share(const struct flight *f, struct run_host *h);
void outcome_register(struct run_host *h, const char *name, const struct value *result);
void outcome_facts(struct run_host *h, const struct value *result);
/* 1 retry, 0 done */
int outcome_wants_retry(struct flight *f, struct flight_item *it,
			const struct value *module_result);

/* ---- prepare.c: the controller's half of copy, template, get_url … ---- */
/* 1: waits for a fetch. */
int prepare_item(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err);

/* ---- get_url.c ---- */
/* Names the item's content; 1: a fetch is on its way. */
int fetch_start(struct flight *f, struct flight_item *it, struct err *err);
/* ---- fetched.c: what the module fetch brings ---- */
/* `_sha1` of what is on the controller already. */
void fetched_prepare(struct flight *f, const struct flight_item *it, struct value *args);
/* Keeps the content of a result, and tells in it where. */
void fetched_keep(struct flight *f, const struct flight_item *it, struct value *result);

/* ---- fetch.c ---- */
void fetches_release(struct run *run);

/* ---- action.c: modules that the controller carries out itself ---- */
bool action_exists(const struct module *m);
/* Fills it->result; 1: goes on later (pause). */
int action_run(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err);
/* meta, include_*: they steer the strand. */
bool action_steers(const struct module *m);
int action_steer(struct flight *f, struct err *err);

/* ---- emit.c ---- */
/* Is any value of the tree a secret? */
bool holds_secret(const struct value *v);
void emit(struct run *run, struct report_event *e);
void emit_result(struct flight *f);
void emit_item(struct flight *f, const struct flight_item *it);
void emit_task_started(struct flight *f);
void emit_host_state(struct run_host *h, enum report_host_state state, const char *msg);
void emit_warning(struct run *run, struct srcloc at, const char *fmt, ...) PRINTF_LIKE(3, 4);
