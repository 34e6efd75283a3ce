#include "display.h"

#include "../topology/block.h"
#include "duration.h"
#include "json_event.h"
#include "rollout/report/visible.h"

#define NOTE_EVERY_MS 30000 /* in a pipe: of notes that differ only in their figures */

enum row_state { ROW_WAITING, ROW_WORKING, ROW_DONE, ROW_FAILED }; /* in this order */
struct row {
	enum row_state state;
	bool ordered;	    /* one of the order's machines */
	int64_t started_ms; /* on our clock */
	struct strbuf stage, note, failure;
	int64_t note_ms; /* when the last one was printed */
};

struct vm_display {
	struct vm_display_options o;
	struct row *rows; /* by index, as names */
	unsigned name_columns, stage_columns;
	struct block block;
};

#define COLOR_DONE "32"
#define COLOR_FAILED "31"
#define COLOR_NOTE "2"
#define STAGE_COLUMNS_MIN 10u
#define TIME_COLUMNS 7

struct vm_display *vm_display_new(const struct vm_display_options *o)
{
	struct vm_display *d = xcalloc(1, sizeof(*d));
	d->o = *o;
	d->rows = xcalloc(o->nnames + 1, sizeof(*d->rows));
	d->stage_columns = STAGE_COLUMNS_MIN;
	d->block = (struct block){.fd = o->fd, .width = o->width, .height = o->height};
	for (size_t i = 0; i < o->nmachines; i++) {
		unsigned columns = visible_columns(slice_from(o->names[o->machines[i]]));
		d->rows[o->machines[i]].ordered = true;
		d->name_columns = columns > d->name_columns ? columns : d->name_columns;
	}
	return d;
}

void vm_display_free(struct vm_display *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->o.nnames; i++) {
		strbuf_release(&d->rows[i].stage);
		strbuf_release(&d->rows[i].note);
		strbuf_release(&d->rows[i].failure);
	}
	block_release(&d->block);
	free(d->rows);
	free(d);
}

/* ---- lines ---- */

static void put_colored(const struct vm_display *d, struct strbuf *out, const char *color,
			struct slice text)
{
	if (d->o.color)
		strbuf_printf(out, "\033[%sm", color);
	strbuf_slice_append(out, text);
	if (d->o.color)
		strbuf_puts(out, "\033[0m");
}

static void put_padded(struct strbuf *out, struct slice text, unsigned columns)
{
	unsigned have = visible_columns(text);
	strbuf_slice_append(out, text);
	strbuf_printf(out, "%*s", have < columns ? (int)(columns - have) : 0, "");
}

static void set_text(struct strbuf *to, const char *text)
{
	strbuf_truncate(to, 0);
	visible_line(to, slice_trim(slice_from(text)));
}

/* "etcd-1  kernel        4.1s  note", cut to the terminal. */
static void put_row(const struct vm_display *d, struct strbuf *out, size_t index, int64_t now_ms)
{
	CLEANUP(strbuf_release) struct strbuf time = {0}, cut = {0};
	const struct row *row = &d->rows[index];
	vm_duration_put(&time, now_ms - row->started_ms);
	put_padded(out, slice_from(d->o.names[index]), d->name_columns);
	strbuf_puts(out, "  ");
	put_padded(out, row->stage.len ? strbuf_slice(&row->stage) : SLICE_LIT("begins"),
		   d->stage_columns);
	strbuf_printf(out, "  %*s", TIME_COLUMNS, time.ptr);
	unsigned used = d->name_columns + d->stage_columns + TIME_COLUMNS + 6,
		 width = block_width(&d->block);
	if (row->note.len > 0 && width > used + 1) {
		visible_fit(&cut, strbuf_slice(&row->note), width - used - 1);
		strbuf_puts(out, "  ");
		put_colored(d, out, COLOR_NOTE, strbuf_slice(&cut));
	}
	strbuf_putc(out, '\n');
}

/* "etcd-1  up after 31.2 s"; in a pipe "etcd-1: up after 31.2 s". */
static void put_end(const struct vm_display *d, struct strbuf *out, size_t index, struct slice text)
{
	const struct row *row = &d->rows[index];
	if (d->o.style == VM_DISPLAY_LIVE) {
		put_padded(out, slice_from(d->o.names[index]), d->name_columns);
		strbuf_puts(out, "  ");
	} else
		strbuf_printf(out, "%s: ", d->o.names[index]);
	put_colored(d, out, row->state == ROW_DONE ? COLOR_DONE : COLOR_FAILED, text);
	strbuf_putc(out, '\n');
}

/* ---- events ---- */

static void skip_figures(struct slice *text)
{
	while (text->len > 0 && *text->ptr >= '0' && *text->ptr <= '9')
		*text = (struct slice){text->ptr + 1, text->len - 1};
}

/* Equal but for figures: another report of the same download. */
static bool same_kind(struct slice a, struct slice b)
{
	for (;;) {
		skip_figures(&a);
		skip_figures(&b);
		if (a.len == 0 || b.len == 0)
			return a.len == b.len;
		if (*a.ptr != *b.ptr)
			return false;
		a = (struct slice){a.ptr + 1, a.len - 1};
		b = (struct slice){b.ptr + 1, b.len - 1};
	}
}

static void take_note(struct vm_display *d, const struct vm_event *e, int64_t now_ms)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct row *row = &d->rows[e->machine];
	set_text(&text, e->text);
	bool new = !same_kind(strbuf_slice(&row->note), strbuf_slice(&text));
	strbuf_truncate(&row->note, 0);
	strbuf_slice_append(&row->note, strbuf_slice(&text));
	if (d->o.style != VM_DISPLAY_LINES || text.len == 0 ||
	    (!new &&now_ms - row->note_ms < NOTE_EVERY_MS))
		return;
	row->note_ms = now_ms;
	strbuf_printf(&d->block.text, "%s: %s\n", d->o.names[e->machine], text.ptr);
	block_show(&d->block, SLICE_LIT(""));
}

static void take_stage(struct vm_display *d, const struct vm_event *e)
{
	struct row *row = &d->rows[e->machine];
	CLEANUP(strbuf_release) struct strbuf before = {0};
	strbuf_slice_append(&before, strbuf_slice(&row->stage));
	set_text(&row->stage, e->text);
	unsigned columns = visible_columns(strbuf_slice(&row->stage));
	d->stage_columns = columns > d->stage_columns ? columns : d->stage_columns;
	strbuf_truncate(&row->note, 0);
	if (d->o.style != VM_DISPLAY_LINES || row->stage.len == 0 ||
	    slice_eq(strbuf_slice(&before), strbuf_slice(&row->stage)))
		return;
	CLEANUP(strbuf_release) struct strbuf time = {0};
	vm_duration_put(&time, e->elapsed_ms);
	strbuf_printf(&d->block.text, "%s: %s (%s)\n", d->o.names[e->machine], row->stage.ptr,
		      time.ptr);
	block_show(&d->block, SLICE_LIT(""));
}

/* What the machine says of its end, else what the order was for. */
static void take_end(struct vm_display *d, const struct vm_event *e, int64_t now_ms)
{
	struct row *row = &d->rows[e->machine];
	CLEANUP(strbuf_release) struct strbuf text = {0};
	row->state = e->kind == VM_EVENT_DONE ? ROW_DONE : ROW_FAILED;
	if (row->state == ROW_DONE)
		set_text(&text, e->text);
	else
		visible_text(&row->failure, slice_trim(slice_from(e->text)));
	if (text.len == 0)
		strbuf_printf(&text, "%s after %.1f s",
			      row->state == ROW_DONE ? d->o.done : "failed",
			      (double)(now_ms - row->started_ms) / 1000);
	if (d->o.style != VM_DISPLAY_JSON)
		put_end(d, &d->block.text, e->machine, strbuf_slice(&text));
	if (d->o.style == VM_DISPLAY_LINES)
		block_show(&d->block, SLICE_LIT(""));
}

void vm_display_event(struct vm_display *d, const struct vm_event *e, int64_t now_ms)
{
	if (e->machine >= d->o.nnames || d->rows[e->machine].state > ROW_WORKING)
		return;
	struct row *row = &d->rows[e->machine];
	if (row->state == ROW_WAITING)
		row->started_ms = now_ms - e->elapsed_ms;
	row->state = ROW_WORKING;
	if (d->o.style == VM_DISPLAY_JSON) {
		vm_json_event(&d->block.text, d->o.names[e->machine], e);
		block_show(&d->block, SLICE_LIT(""));
	}
	if (e->kind == VM_EVENT_STAGE)
		take_stage(d, e);
	else if (e->kind == VM_EVENT_NOTE)
		take_note(d, e, now_ms);
	else
		take_end(d, e, now_ms);
}

void vm_display_say(struct vm_display *d, const char *text)
{
	if (d->o.style == VM_DISPLAY_JSON)
		return;
	strbuf_printf(&d->block.text, "%s\n", text);
	block_show(&d->block, SLICE_LIT(""));
}

/* ---- the block ---- */

static size_t count(const struct vm_display *d, enum row_state state)
{
	size_t n = 0;
	for (size_t i = 0; i < d->o.nnames; i++)
		n += d->rows[i].ordered && d->rows[i].state == state;
	return n;
}

static void put_rest(const struct vm_display *d, struct strbuf *out, size_t hidden)
{
	size_t waiting = count(d, ROW_WAITING);
	CLEANUP(strbuf_release) struct strbuf line = {0};
	if (hidden > 0)
		strbuf_printf(&line, "and %zu more", hidden);
	if (waiting > 0)
		strbuf_printf(&line, "%s%zu wait", line.len ? ", " : "", waiting);
	if (line.len == 0)
		return;
	put_colored(d, out, COLOR_NOTE, strbuf_slice(&line));
	strbuf_putc(out, '\n');
}

void vm_display_draw(struct vm_display *d, int64_t now_ms)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	size_t shown = 0, working = count(d, ROW_WORKING);
	if (d->o.style != VM_DISPLAY_LIVE)
		return;
	size_t room = block_lines(&d->block) - 1; /* one for those that are not shown */
	for (size_t i = 0; i < d->o.nnames && shown < room; i++) {
		if (d->rows[i].state != ROW_WORKING)
			continue;
		put_row(d, &out, i, now_ms);
		shown++;
	}
	put_rest(d, &out, working - shown);
	block_show(&d->block, strbuf_slice(&out));
}

/* ---- the end ---- */

/* Each line of it after the machine's name. */
static void put_failure(struct vm_display *d, size_t index)
{
	struct slice rest = strbuf_slice(&d->rows[index].failure), line;
	CLEANUP(strbuf_release) struct strbuf prefix = {0};
	strbuf_printf(&prefix, "%s:", d->o.names[index]);
	while (slice_split(&rest, '\n', &line)) {
		put_colored(d, &d->block.text, COLOR_FAILED, strbuf_slice(&prefix));
		strbuf_printf(&d->block.text, " %.*s\n", SLICE_ARG(line));
	}
}

static void put_summary(struct vm_display *d, int64_t elapsed_ms)
{
	struct strbuf *out = &d->block.text;
	size_t left = count(d, ROW_WAITING) + count(d, ROW_WORKING);
	CLEANUP(strbuf_release) struct strbuf failed = {0};
	strbuf_printf(out, "%zu %s, ", count(d, ROW_DONE), d->o.done);
	strbuf_printf(&failed, "%zu failed", count(d, ROW_FAILED));
	if (count(d, ROW_FAILED) > 0)
		put_colored(d, out, COLOR_FAILED, strbuf_slice(&failed));
	else
		strbuf_slice_append(out, strbuf_slice(&failed));
	if (left > 0)
		strbuf_printf(out, ", %zu not done", left);
	strbuf_puts(out, ", ");
	vm_duration_put(out, elapsed_ms);
	strbuf_putc(out, '\n');
}

size_t vm_display_end(struct vm_display *d, int64_t now_ms)
{
	const struct vm_json_end end = {.verb = d->o.verb,
					.done = count(d, ROW_DONE),
					.failed = count(d, ROW_FAILED),
					.left = count(d, ROW_WAITING) + count(d, ROW_WORKING),
					.elapsed_ms = now_ms - d->o.now_ms};
	if (d->o.style == VM_DISPLAY_JSON)
		vm_json_ended(&d->block.text, &end);
	for (size_t i = 0; d->o.style != VM_DISPLAY_JSON && i < d->o.nnames; i++)
		if (d->rows[i].state == ROW_FAILED && d->rows[i].failure.len > 0)
			put_failure(d, i);
	if (d->o.style != VM_DISPLAY_JSON)
		put_summary(d, end.elapsed_ms);
	block_show(&d->block, SLICE_LIT(""));
	return end.failed;
}
