#pragma once
/* One step on one host: where it is in the tree of tasks, and where it goes on. */
#include "../state.h"

void strand_start(struct run_step *step, struct run_host *host);
void strand_wake(struct strand *s);
void strand_advance(struct strand *s);
void strand_free(struct strand *s);
/* The host leaves the run; `failed` unless unreachable. */
void strand_end(struct strand *s, bool failed);
/* The oldest flights that are finished are taken off, in order. */
void strand_settle(struct strand *s);
/* `by` is the task that notifies. */
void strand_notify(struct strand *s, const struct plan_node *by, const struct value *name,
		   enum notified how);
/* Takes back what was sent ahead and has not begun. */
void strand_recall(struct strand *s);
void strand_next(struct strand *s); /* past the current task */
/* The handler at hand counts as run; how it was notified. */
enum notified strand_take_notification(struct strand *s, size_t *ret_index);
/* To where it was before the flight; whose `before` becomes where it is now. */
void strand_go_back(struct strand *s, struct flight *f);
/* Once its result is there. */
void strand_count_role(struct strand *s, const struct flight *f);
/* The task to do next; NULL at the end, when a failure was not
 * rescued, and when flights must tell first whether a role was run. */
const struct plan_node *strand_current(struct strand *s);
/* After a failure: back to the innermost rescue or always. False: there is none. */
bool strand_unwind(struct strand *s);
/* Would a failure at this place come to a `rescue`, at once or after an `always`? */
bool strand_is_rescued(const struct strand *s);
/* Does that count as rescued? */
bool strand_rescue_counts(const struct strand *s);
/* Would it come to an `always` of the block that it is in? */
bool strand_has_always(const struct strand *s);
bool strand_any_notified(const struct strand *s);
/* Is its next task one of a `rescue` or `always`? */
bool strand_tidies_up(const struct strand *s);
/* Negative: a is behind b in the tree; 0: at the same task. */
int strand_compare_place(const struct strand *a, const struct strand *b);
/* Those that wait for what another strand of the host was doing. */
void strands_unblock(struct run *run);
/* The include's variables come on top of those of the includes around it: the frames up to depth. */
void strand_push_include(struct strand *s, size_t depth, const struct plan_block *block,
			 const struct value *params, const struct value *loop_vars);
/* meta: end_host: neither its tasks nor its handlers go on. */
void strand_leave_step(struct strand *s);
