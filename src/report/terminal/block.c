/* What goes on at this moment. */
#include "../duration.h"
#include "rollout/report/visible.h"
#include "terminal.h"

#include <stdlib.h>

#define ROW_TIME_COLUMNS 8u
#define LINE_COLUMNS 200u /* of a row in a pipe */

/* Hosts that do the same: one row. */
struct row {
	const struct task_view *task; /* NULL: at `stage` */
	const char *stage;	      /* "connecting", "booting: kernel" */
	int64_t since_ms;	      /* of the host that is at it longest */
	host_names hosts;
	const struct host_view *talker; /* one that has output */
};
typedef VEC(struct row) row_list;

static struct row *row_for(row_list *rows, const struct task_view *task, const char *stage)
{
	for (size_t i = 0; i < rows->len; i++)
		if (rows->at[i].task == task && (task || strcmp(rows->at[i].stage, stage) == 0))
			return &rows->at[i];
	struct row row = {.task = task, .stage = stage};
	vec_push(rows, row);
	return &rows->at[rows->len - 1];
}

static void row_add(row_list *rows, const struct task_view *task, const struct host_view *h)
{
	struct row *r = row_for(rows, task, h->stage ? h->stage : "connecting");
	if (r->hosts.len == 0 || h->since_ms < r->since_ms)
		r->since_ms = h->since_ms;
	if (h->output.len > 0)
		r->talker = h;
	vec_push(&r->hosts, view_host_name(h));
}

static int by_age(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	return (x->since_ms > y->since_ms) - (x->since_ms < y->since_ms);
}

static void collect(const struct terminal *t, row_list *rows)
{
	for (size_t i = 0; i < t->views.hosts.len; i++) {
		const struct host_view *h = t->views.hosts.entries[i].value;
		if (h->state <= REPORT_HOST_RETRYING)
			row_add(rows, NULL, h);
		else if (h->queue.len > 0)
			row_add(rows, h->queue.at[0], h);
	}
	if (rows->len > 1)
		qsort(rows->at, rows->len, sizeof(rows->at[0]), by_age);
}

static void release_rows(row_list *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		vec_release(&rows->at[i].hosts);
	vec_release(rows);
}

/* A long name leaves room for the hosts, or half of the line. */
static void put_row(struct strbuf *out, const struct row *r, int64_t now_ms, unsigned width)
{
	CLEANUP(strbuf_release) struct strbuf time = {0}, hosts = {0};
	duration_put(&time, now_ms - r->since_ms);
	note_put_hosts(&hosts, &r->hosts);
	unsigned room = width - ROW_TIME_COLUMNS, need = visible_columns(strbuf_slice(&hosts)) + 2;
	strbuf_printf(out, "%6s  ", time.ptr);
	visible_fit(out, slice_from(r->task ? r->task->label : r->stage),
		    need < room / 2 ? room - need : room / 2);
	strbuf_printf(out, "  %s", hosts.ptr);
	if (r->task && r->task->retries)
		strbuf_printf(out, "  try %u of %u", r->task->attempt, r->task->retries);
}

static void add_line(const struct terminal *t, struct strbuf *out, enum style style,
		     const struct strbuf *line)
{
	CLEANUP(strbuf_release) struct strbuf cut = {0};
	visible_fit(&cut, strbuf_slice(line), screen_width(&t->screen) - 1);
	style_put(out, t->opts.color, style, strbuf_slice(&cut));
	strbuf_putc(out, '\n');
}

/* "| ha-cluster  1m23s  steps 2/8  tasks 120/240  hosts 7 busy, 3 idle, 1 failed" */
static void put_summary(const struct terminal *t, int64_t now_ms, struct strbuf *out)
{
	size_t busy = 0, failed = 0;
	for (size_t i = 0; i < t->views.hosts.len; i++) {
		const struct host_view *h = t->views.hosts.entries[i].value;
		failed += h->failed;
		busy += !h->failed && (h->queue.len > 0 || h->state <= REPORT_HOST_RETRYING);
	}
	size_t total = t->ntasks > t->tasks_ended ? t->ntasks : t->tasks_ended;
	CLEANUP(strbuf_release) struct strbuf time = {0};
	if (now_ms - t->started_ms < 60000)
		strbuf_printf(&time, "%ds", (int)((now_ms - t->started_ms) / 1000));
	else
		duration_put(&time, now_ms - t->started_ms);
	strbuf_printf(out, "%c %s%s  %s", "|/-\\"[t->frame % 4],
		      t -> run_name ? t -> run_name : "run", t->check_mode ? " (check mode)" : "",
		      time.ptr);
	if (t->nsteps)
		strbuf_printf(out, "  steps %zu/%zu", t->steps_ended, t->nsteps);
	strbuf_printf(out, "  tasks %zu/%zu  hosts %zu of %zu busy", t->tasks_ended, total, busy,
		      t->nhosts > t->views.hosts.len ? t->nhosts : t->views.hosts.len);
	if (failed)
		strbuf_printf(out, ", %zu failed", failed);
}

static void put_output(struct strbuf *out, const struct host_view *h)
{
	strbuf_printf(out, "          %s | ", h->name);
	strbuf_slice_append(out, strbuf_slice(&h->output));
}

void block_compose(const struct terminal *t, int64_t now_ms, struct strbuf *out)
{
	row_list rows = {0};
	collect(t, &rows);
	size_t left = screen_block_lines(&t->screen), shown = 0, hidden_hosts = 0;
	CLEANUP(strbuf_release) struct strbuf line = {0};
	put_summary(t, now_ms, &line);
	add_line(t, out, STYLE_BOLD, &line);
	left--;
	/* One line is kept for "and more" while rows are left beyond this one. */
	for (; shown < rows.len && left > (shown + 1 < rows.len); shown++, left--) {
		const struct row *r = &rows.at[shown];
		strbuf_truncate(&line, 0);
		put_row(&line, r, now_ms, screen_width(&t->screen) - 1);
		add_line(t, out, STYLE_PLAIN, &line);
		if (!r->talker || left <= rows.len - shown)
			continue;
		strbuf_truncate(&line, 0);
		put_output(&line, r->talker);
		add_line(t, out, STYLE_DIM, &line);
		left--;
	}
	for (size_t i = shown; i < rows.len; i++)
		hidden_hosts += rows.at[i].hosts.len;
	if (shown < rows.len && left > 0) {
		strbuf_truncate(&line, 0);
		strbuf_printf(&line, "        and %zu more tasks on %zu hosts", rows.len - shown,
			      hidden_hosts);
		add_line(t, out, STYLE_DIM, &line);
	}
	release_rows(&rows);
}

void block_compose_line(const struct terminal *t, int64_t now_ms, struct strbuf *out)
{
	row_list rows = {0};
	collect(t, &rows);
	for (size_t i = 0; i < rows.len && i < 3; i++) {
		CLEANUP(strbuf_release) struct strbuf row = {0};
		put_row(&row, &rows.at[i], now_ms, LINE_COLUMNS);
		struct slice text = slice_trim(strbuf_slice(&row));
		strbuf_printf(out, "%s%.*s", i ? "; " : "running ", SLICE_ARG(text));
	}
	if (rows.len > 3)
		strbuf_printf(out, "; and %zu more tasks", rows.len - 3);
	if (rows.len > 0)
		strbuf_putc(out, '\n');
	release_rows(&rows);
}
