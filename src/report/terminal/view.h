#pragma once
/*
 * What the terminal knows of hosts, steps and tasks under way. Names are
 * visible text, kept as long as the sink. Times are the events' clock, ms.
 *
 * A host that was sent tasks ahead works on the first of its queue; the others
 * wait there.
 */
#include "note.h"
#include "rollout/base/strmap.h"

#define VIEW_STATUSES (REPORT_UNKNOWN + 1)

struct task_view;

struct host_view {
	char *name;
	size_t rank; /* in the order in which they were named first: the run's */
	enum report_host_state state;
	char *stage;		       /* of a host that boots, or NULL */
	int64_t boot_ms;	       /* when that began */
	int64_t since_ms;	       /* of state, and of the queue's first task */
	VEC(struct task_view *) queue; /* started and not ended, oldest first */
	struct strbuf output;	       /* the last line of a long command */
	bool failed;
};

struct step_view {
	char *name, *role;
	size_t nhosts;
	int64_t started_ms;
	unsigned changed, failed, unknown;
};

struct failure_shown {
	uint64_t hash;
	const char *host;
};

struct task_view {
	char *key, *label; /* "etcd : Write the unit" */
	const struct step_view *step;
	int64_t started_ms;
	host_names hosts[VIEW_STATUSES]; /* by status */
	host_names item_failed;		 /* their failure was shown with its item */
	VEC(struct failure_shown) failures;
	note_list notes;
	unsigned attempt, retries;
};

struct views {
	struct strmap hosts, steps, tasks;
};

/* Each makes what is not there yet. A task is known by its step and its id. */
struct host_view *view_host(struct views *v, const char *name);
static inline struct host_name view_host_name(const struct host_view *h)
{
	return (struct host_name){h->name, h->rank};
}
struct step_view *view_step(struct views *v, const char *name);
struct task_view *view_task(struct views *v, const struct report_event *e);
struct task_view *view_task_find(const struct views *v, const struct report_event *e);
void view_task_end(struct views *v, struct task_view *task); /* frees it */

void view_host_started(struct host_view *h, struct task_view *task, int64_t now_ms);
void view_host_ended(struct host_view *h, const struct task_view *task, int64_t now_ms);
void views_release(struct views *v);
