#include "view.h"

#include "rollout/report/visible.h"

#include <stdlib.h>

static char *visible_name(const char *name)
{
	struct strbuf b = {0};
	visible_line(&b, slice_from(name));
	return b.len ? strbuf_steal(&b) : xstrdup("");
}

struct host_view *view_host(struct views *v, const char *name)
{
	struct host_view *h = strmap_get(&v->hosts, slice_from(name));
	if (!h) {
		h = xcalloc(1, sizeof(*h));
		h->name = visible_name(name);
		h->rank = v->hosts.len;
		h->state = REPORT_HOST_DOWN;
		strmap_set(&v->hosts, slice_from(name), h);
	}
	return h;
}

struct step_view *view_step(struct views *v, const char *name)
{
	if (!name)
		name = "";
	struct step_view *s = strmap_get(&v->steps, slice_from(name));
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->name = visible_name(name);
		strmap_set(&v->steps, slice_from(name), s);
	}
	return s;
}

/* "step : task"; the role too where it is not the step's own; a play's tasks
 * without a role, and a play's roles, as Ansible names them. */
static char *task_label(const struct step_view *step, const struct report_event *e)
{
	struct strbuf b = {0};
	bool own = e->role && step->role && strcmp(e->role, step->role) == 0;
	if (step->role || !e->role)
		strbuf_puts(&b, step->name);
	if (e->role && !own) {
		strbuf_puts(&b, b.len ? "/" : "");
		visible_line(&b, slice_from(e->role));
	}
	strbuf_puts(&b, b.len ? " : " : "");
	visible_line(&b, slice_from(e->task ? e->task : e->module ? e->module : "?"));
	strbuf_puts(&b, e->is_handler ? " (handler)" : "");
	return strbuf_steal(&b);
}

static void put_task_key(struct strbuf *out, const struct report_event *e)
{
	strbuf_printf(out, "%u %s", (unsigned)e->task_id, e->step ? e->step : "");
}

struct task_view *view_task_find(const struct views *v, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	put_task_key(&key, e);
	return strmap_get(&v->tasks, strbuf_slice(&key));
}

struct task_view *view_task(struct views *v, const struct report_event *e)
{
	struct task_view *t = view_task_find(v, e);
	if (!t) {
		CLEANUP(strbuf_release) struct strbuf key = {0};
		t = xcalloc(1, sizeof(*t));
		put_task_key(&key, e);
		t->key = strbuf_steal(&key);
		t->step = view_step(v, e->step);
		t->label = task_label(t->step, e);
		t->started_ms = e->time_us / 1000;
		strmap_set(&v->tasks, slice_from(t->key), t);
	}
	return t;
}

static void task_free(struct task_view *t)
{
	for (size_t i = 0; i < VIEW_STATUSES; i++)
		vec_release(&t->hosts[i]);
	vec_release(&t->item_failed);
	vec_release(&t->failures);
	note_release_all(&t->notes);
	free(t->key);
	free(t->label);
	free(t);
}

static void forget(struct host_view *h, const struct task_view *task)
{
	for (size_t i = h->queue.len; i-- > 0;)
		if (h->queue.at[i] == task)
			vec_remove(&h->queue, i);
}

void view_task_end(struct views *v, struct task_view *task)
{
	for (size_t i = 0; i < v->hosts.len; i++)
		forget(v->hosts.entries[i].value, task);
	strmap_remove(&v->tasks, slice_from(task->key));
	task_free(task);
}

void view_host_started(struct host_view *h, struct task_view *task, int64_t now_ms)
{
	if (h->queue.len == 0)
		h->since_ms = now_ms;
	vec_push(&h->queue, task);
}

void view_host_ended(struct host_view *h, const struct task_view *task, int64_t now_ms)
{
	forget(h, task);
	h->since_ms = now_ms;
	strbuf_truncate(&h->output, 0);
}

void views_release(struct views *v)
{
	for (size_t i = 0; i < v->hosts.len; i++) {
		struct host_view *h = v->hosts.entries[i].value;
		free(h->name);
		free(h->stage);
		vec_release(&h->queue);
		strbuf_release(&h->output);
		free(h);
	}
	for (size_t i = 0; i < v->steps.len; i++) {
		struct step_view *s = v->steps.entries[i].value;
		free(s->name);
		free(s->role);
		free(s);
	}
	for (size_t i = 0; i < v->tasks.len; i++)
		task_free(v->tasks.entries[i].value);
	strmap_release(&v->hosts);
	strmap_release(&v->steps);
	strmap_release(&v->tasks);
}
