/* Results of tasks: failures at once, everything else when the task is over. */
#include "../duration.h"
#include "detail.h"
#include "rollout/report/visible.h"
#include "terminal.h"

#define TASK_SLOW_MS 1000 /* from here on its line tells the time */

static const char *verb(const struct terminal *t, enum report_status s)
{
	if (s == REPORT_UNKNOWN)
		return "would run";
	if (s == REPORT_CHANGED && t->check_mode)
		return "would change";
	return report_status_name(s);
}

static void put_verb(const struct terminal *t, struct strbuf *out, enum report_status s)
{
	style_put(out, t->opts.color, style_of(s), slice_from(verb(t, s)));
	int pad = (t->check_mode ? 12 : 7) - (int)strlen(verb(t, s));
	strbuf_printf(out, "%*s ", pad > 0 ? pad : 0, "");
}

static void put_indented(struct strbuf *out, struct slice text)
{
	struct slice line;
	while (slice_split(&text, '\n', &line))
		strbuf_printf(out, "    %.*s\n", SLICE_ARG(line));
}

/* "    roles/etcd/tasks/main.yml:41:3, module systemd, on lb-1" */
static void put_origin(const struct terminal *t, struct strbuf *out, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (e->at.file)
		visible_place(&b, e->at);
	if (e->module)
		strbuf_printf(&b, "%smodule %s", b.len ? ", " : "", e->module);
	if (e->delegated_to) {
		strbuf_printf(&b, "%sdelegated to ", b.len ? ", " : "");
		visible_line(&b, slice_from(e->delegated_to));
	}
	if (b.len == 0)
		return;
	strbuf_puts(out, "    ");
	style_put(out, t->opts.color, STYLE_DIM, strbuf_slice(&b));
	strbuf_putc(out, '\n');
}

static void put_head(const struct terminal *t, struct strbuf *out, const struct report_event *e,
		     const struct task_view *task)
{
	put_verb(t, out, e->status);
	style_printf(out, t->opts.color, STYLE_BOLD, "[%s]",
		     view_host((struct views *)&t->views, e->host)->name);
	if (task)
		strbuf_printf(out, " %s", task->label);
	if (e->item) {
		strbuf_puts(out, " (item=");
		visible_line(out, slice_from(e->item));
		strbuf_putc(out, ')');
	}
}

/* The host on which this task failed with the same words, or NULL. */
static const char *shown_before(struct task_view *task, const char *host, struct slice body)
{
	uint64_t hash = hash_bytes(body.ptr, body.len);
	for (size_t i = 0; i < task->failures.len; i++)
		if (task->failures.at[i].hash == hash)
			return task->failures.at[i].host;
	struct failure_shown f = {hash, host};
	vec_push(&task->failures, f);
	return NULL;
}

static void show_failure(struct terminal *t, const struct report_event *e, struct task_view *task)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, body = {0};
	detail_failure(&body, e);
	const char *before =
		task ? shown_before(task, view_host(&t->views, e->host)->name, strbuf_slice(&body))
		     : NULL;
	put_head(t, &b, e, task);
	if (before) {
		strbuf_printf(&b, ": as on %s\n", before);
	} else {
		strbuf_putc(&b, '\n');
		put_origin(t, &b, e);
		put_indented(&b, strbuf_slice(&body));
	}
	terminal_say(t, &b);
}

/* A failure that the role expects: one line. */
static void show_tolerated(struct terminal *t, const struct report_event *e,
			   const struct task_view *task)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, message = {0};
	detail_message(&message, e);
	put_head(t, &b, e, task);
	strbuf_printf(&b, "%s%s\n", message.len ? ": " : "", message.len ? message.ptr : "");
	terminal_say(t, &b);
}

static bool names_has(const host_names *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++)
		if (names->at[i].text == name)
			return true;
	return false;
}

static bool is_failure(enum report_status s)
{
	return s == REPORT_FAILED || s == REPORT_UNREACHABLE || s == REPORT_IGNORED ||
	       s == REPORT_RESCUED;
}

static void show_at_once(struct terminal *t, const struct report_event *e, struct task_view *task)
{
	if (!is_failure(e->status))
		return;
	const struct host_view *host = view_host(&t->views, e->host);
	if (e->kind == REPORT_RESULT && task && names_has(&task->item_failed, host->name))
		return; /* its items told it */
	if (e->kind == REPORT_ITEM && task)
		vec_push(&task->item_failed, view_host_name(host));
	bool brief = e->status == REPORT_IGNORED || e->status == REPORT_RESCUED;
	if (brief && t->opts.verbosity == 0)
		show_tolerated(t, e, task);
	else
		show_failure(t, e, task);
}

static void keep_note(struct terminal *t, const struct report_event *e, struct task_view *task,
		      struct note *note)
{
	CLEANUP(strbuf_release) struct strbuf item = {0};
	if (e->item) {
		visible_line(&item, slice_from(e->item));
		note->item = item.ptr;
	}
	if (note->text.len > 0)
		note_add(&task->notes, note, view_host_name(view_host(&t->views, e->host)));
	strbuf_release(&note->text);
}

static void keep_warnings(struct terminal *t, const struct report_event *e, struct task_view *task)
{
	const struct value *list = value_get(e->result, "warnings");
	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.len; i++) {
		struct note note = {.kind = NOTE_WARNING};
		if (list->list.at[i]->type == VALUE_STRING)
			visible_text(&note.text, list->list.at[i]->str);
		keep_note(t, e, task, &note);
	}
}

static void keep_notes(struct terminal *t, const struct report_event *e, struct task_view *task)
{
	bool debug = e->module && strcmp(e->module, "debug") == 0;
	keep_warnings(t, e, task);
	if (debug && e->status == REPORT_OK) {
		struct note note = {.kind = NOTE_MESSAGE};
		detail_debug(&note.text, e->result);
		keep_note(t, e, task, &note);
	}
	if (t->opts.diff) {
		struct note note = {.kind = NOTE_DIFF};
		detail_diff(&note.text, e->result);
		keep_note(t, e, task, &note);
	}
	bool wanted = t->opts.verbosity >= (e->status == REPORT_SKIPPED ? 2 : 1);
	if (wanted && !debug && !is_failure(e->status)) {
		struct note note = {.kind = NOTE_RESULT};
		detail_result(&note.text, e->result);
		keep_note(t, e, task, &note);
	}
}

/* A failure that is ignored may have changed something. */
static bool has_changed(const struct report_event *e)
{
	const struct value *changed = value_get(e->result, "changed");
	return e->status == REPORT_CHANGED ||
	       (e->status == REPORT_IGNORED && changed && value_truthy(changed));
}

/* A host that broke off outside of any task has no task's name. */
void result_show(struct terminal *t, const struct report_event *e)
{
	struct host_view *host = view_host(&t->views, e->host);
	struct task_view *task = e->task || e->task_id ? view_task(&t->views, e) : NULL;
	show_at_once(t, e, task);
	if (task && e->result)
		keep_notes(t, e, task);
	if (e->kind == REPORT_ITEM)
		return;
	if (e->status == REPORT_FAILED || e->status == REPORT_UNREACHABLE)
		host->failed = true;
	struct step_view *step = view_step(&t->views, e->step);
	step->changed += has_changed(e);
	step->unknown += e->status == REPORT_UNKNOWN;
	step->failed += e->status == REPORT_FAILED || e->status == REPORT_UNREACHABLE;
	if (task) {
		vec_push(&task->hosts[e->status], view_host_name(host));
		view_host_ended(host, task, t->event_ms);
	}
}

/* The worst that happened names the line; hosts that are not named were ok. */
static const enum report_status order[] = {REPORT_FAILED,  REPORT_UNREACHABLE, REPORT_CHANGED,
					   REPORT_UNKNOWN, REPORT_IGNORED,     REPORT_RESCUED,
					   REPORT_OK,	   REPORT_SKIPPED};

static bool is_worth_a_line(const struct terminal *t, const struct task_view *task)
{
	if (task->hosts[REPORT_CHANGED].len || task->hosts[REPORT_UNKNOWN].len || task->notes.len)
		return true;
	bool ok = task->hosts[REPORT_OK].len > 0, skipped = task->hosts[REPORT_SKIPPED].len > 0;
	if (t->opts.live && t->opts.verbosity == 0)
		return false;
	return ok || (skipped && t->opts.verbosity >= 2);
}

static void put_task_hosts(const struct terminal *t, struct strbuf *out,
			   const struct task_view *task, enum report_status s, bool named)
{
	const host_names *hosts = &task->hosts[s];
	if (s == REPORT_OK || s == REPORT_SKIPPED) {
		CLEANUP(strbuf_release) struct strbuf count = {0};
		strbuf_printf(&count, "%zu %s", hosts->len, report_status_name(s));
		style_put(out, t->opts.color, STYLE_DIM, strbuf_slice(&count));
		return;
	}
	if (!named) {
		style_put(out, t->opts.color, style_of(s), slice_from(verb(t, s)));
		strbuf_putc(out, ' ');
	}
	if (hosts->len > 3 && hosts->len == task->step->nhosts)
		strbuf_printf(out, "[all %zu hosts]", hosts->len);
	else
		note_put_hosts(out, hosts);
}

void result_show_task(struct terminal *t, struct task_view *task)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (!is_worth_a_line(t, task))
		return;
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		host_names_sort(&task->hosts[order[i]]);
		if (task->hosts[order[i]].len == 0)
			continue;
		if (first) {
			put_verb(t, &b, order[i]);
			strbuf_puts(&b, task->label);
		}
		strbuf_puts(&b, "  ");
		put_task_hosts(t, &b, task, order[i], first);
		first = false;
	}
	if (first)
		return; /* interrupted before any host was through */
	if (t->event_ms - task->started_ms >= TASK_SLOW_MS) {
		CLEANUP(strbuf_release) struct strbuf time = {0};
		duration_put(&time, t->event_ms - task->started_ms);
		strbuf_puts(&b, "  ");
		style_put(&b, t->opts.color, STYLE_DIM, strbuf_slice(&time));
	}
	strbuf_putc(&b, '\n');
	note_sort_all(&task->notes);
	note_put_all(&b, &task->notes, t->opts.color);
	terminal_say(t, &b);
}
