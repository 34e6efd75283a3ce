#pragma once
/*
 * The state of a run, shared by the files of this layer. What can be done to it is
 * declared by the headers beside the files that do it.
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

struct dialogue_question;
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

/* What the debugger changed of a task on one host. */
struct debugger_changes {
	const struct plan_node *node;
	const struct value *args, *vars; /* dicts or NULL; in the host's arena */
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
	bool spares_others; /* any_errors_fatal does not count for how it failed */
	bool throttle_held;
	const struct value *file_vars; /* of vars_files that this host's variables named */
	bool file_vars_known;
	/* uses of roles: whose end it passed, in order; of which it did some task */
	VEC(const struct plan_role_use *) roles_ended, roles_run;
	enum notified *notified; /* by handler index */
	size_t nnotified;
	unsigned handler_rounds; /* at the end of the step */
	const struct value *failed_task, *failed_result;
	const struct plan_node *wanted; /* --step: the answer for it was yes */
	bool asking, answered;		/* likewise, of a host of its own (strategy: free) */
	const struct plan_node *redoes; /* the debugger has it done again */
	struct debugger_changes changes;
};

struct flight_item {
	const struct value *item; /* NULL when there is no loop */
	const char *label;
	const struct value *loop_vars;
	const struct value *args;	  /* coerced and prepared; NULL: not sent */
	struct value *result;		  /* final; in the flight's arena */
	const char *failure;		  /* why it cannot be sent; the other items are */
	const struct value *before_fetch; /* get_url: args, where its download failed */
	const char *become_user;	  /* where it varies with the item */
	const struct value *environment;
	struct run_host *target; /* where the delegate varies with the item */
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
	frames before;	     /* where the strand was, to go back to on failure */
	size_t nroles_ended; /* likewise */
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
	bool sent; /* a host was given some of it */
	/* until */
	unsigned attempt, retries;
	bool unasked; /* `until` does not count */
	int64_t delay_ms;
	int64_t pause_ms; /* loop_control: between two items */
	size_t current;	  /* item, when they go one by one */
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
	bool delayed;			    /* wait_for_connection: its delay is over */
	struct dialogue_question *question; /* that it waits for */
	enum { DEBUGGER_OUT, DEBUGGER_IN, DEBUGGER_DONE } debugger;
	struct reboot reboot;
	struct fetched *fetched; /* what a host is sending, or NULL */
	struct slurped *slurped; /* the same, of slurp */
	struct pull *pull;	 /* synchronize: what its host has, or NULL */
	bool zombie;		 /* dropped, waits for its timer or fetch to end */
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
	bool fatal, fatal_told;	 /* a task with any_errors_fatal failed; the hosts have ended */
	bool over;		 /* meta: end_play: no further batches */
	const struct plan_node *asked; /* --step: since the last barrier */
	bool asking, wanted;	       /* there is no answer yet; the answer */
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
	size_t held_bytes; /* of answers under way, by all links */
	uint32_t next_strand;
	size_t nblocked; /* strands with `blocked` set */
	int64_t started_ms;
	bool draining, stopping, closing, stalled;
	unsigned interrupts;
	/* the first is at the terminal */
	VEC(struct dialogue_question *) questions;
	uv_poll_t terminal;
	bool terminal_active;
	bool asks_no_more;	    /* --step: "continue" was the answer */
	bool told_no_dialogue;	    /* that there is nobody for the debugger */
	struct strmap blobs, files; /* sha256 → blob; path → blob_file */
	VEC(struct fetch *) fetches;
	const struct value *groups;
	struct host *controller; /* for actions: the real one, or check mode's overlay */
};

/* Seconds as a task says them, in milliseconds; at least 0, at most a century. */
static inline int64_t ms_of_seconds(int64_t seconds)
{
	const int64_t most = 100LL * 366 * 24 * 3600;
	return seconds <= 0 ? 0 : (seconds < most ? seconds : most) * 1000;
}
