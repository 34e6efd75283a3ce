#pragma once
/* Steps: when they start, their batches of hosts, their barriers. */
#include "../state.h"

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
