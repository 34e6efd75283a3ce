/* Slots: at most `forks` hosts with work in flight. */
#include "parts.h"

bool slot_take(struct link *l)
{
	struct run *run = l->run;
	if (l->has_slot)
		return true;
	if (run->slots_used < run->opts->forks) {
		run->slots_used++;
		l->has_slot = true;
		return true;
	}
	for (size_t i = 0; i < run->slot_queue.len; i++)
		if (run->slot_queue.at[i] == l)
			return false;
	vec_push(&run->slot_queue, l);
	return false;
}

void slot_give(struct link *l)
{
	struct run *run = l->run;
	for (size_t i = 0; i < run->slot_queue.len; i++)
		if (run->slot_queue.at[i] == l) {
			vec_remove(&run->slot_queue, i);
			break;
		}
	if (!l->has_slot)
		return;
	l->has_slot = false;
	run->slots_used--;
}

void link_pass_slots(struct run *run)
{
	while (run->slot_queue.len && run->slots_used < run->opts->forks) {
		struct link *l = run->slot_queue.at[0];
		vec_remove(&run->slot_queue, 0);
		link_start_work(l);
	}
}
