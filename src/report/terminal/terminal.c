/* Events to people: plain lines, or lines above a live block. */
#include "terminal.h"

#include "../duration.h"
#include "rollout/report/visible.h"

#include <stdlib.h>

void terminal_say(struct terminal *t, const struct strbuf *text)
{
	if (text->len == 0)
		return;
	strbuf_slice_append(&t->screen.text, strbuf_slice(text));
	t->spoke_ms = t->event_ms;
	screen_added(&t->screen);
}

static void run_started(struct terminal *t, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, name = {0};
	visible_line(&name, slice_from(e->run_name ? e->run_name : "run"));
	free(t->run_name);
	t->run_name = strbuf_steal(&name);
	t->check_mode = e->check_mode;
	t->nhosts = e->nhosts;
	for (size_t i = 0; e->hosts && i < e->nhosts; i++)
		view_host(&t->views, e->hosts[i].host);
	t->ntasks = e->ntasks;
	t->nsteps = e->nsteps;
	t->started_ms = t->event_ms;
	style_printf(&b, t->opts.color, STYLE_BOLD, "RUN %s", t->run_name);
	strbuf_printf(&b, "  %zu host%s, %zu task%s", e->nhosts, e->nhosts == 1 ? "" : "s",
		      e->ntasks, e->ntasks == 1 ? "" : "s");
	if (e->check_mode)
		style_printf(&b, t->opts.color, STYLE_CHANGED, "  check mode: nothing is changed");
	strbuf_putc(&b, '\n');
	terminal_say(t, &b);
}

/* In a pipe each step is announced; live, the block shows it. */
static void step_started(struct terminal *t, const struct report_event *e)
{
	struct step_view *s = view_step(&t->views, e->step);
	CLEANUP(strbuf_release) struct strbuf role = {0}, b = {0};
	if (e->role) {
		visible_line(&role, slice_from(e->role));
		free(s->role);
		s->role = strbuf_steal(&role);
	}
	s->nhosts = e->nhosts;
	s->started_ms = t->event_ms;
	if (t->opts.live)
		return;
	style_printf(&b, t->opts.color, STYLE_BOLD, "\nSTEP %s", s->name);
	if (s->role && strcmp(s->role, s->name) != 0)
		strbuf_printf(&b, " (role %s)", s->role);
	strbuf_printf(&b, "  %zu host%s%s\n", e->nhosts, e->nhosts == 1 ? "" : "s",
		      t->check_mode ? ", check mode" : "");
	terminal_say(t, &b);
}

/* Tasks that some hosts went through: handlers that not all had to run, and what an
 * interrupted run leaves. step NULL: of all. */
static void end_tasks(struct terminal *t, const struct step_view *step)
{
	for (size_t i = 0; i < t->views.tasks.len;) {
		struct task_view *task = t->views.tasks.entries[i].value;
		if (step && task->step != step) {
			i++;
			continue;
		}
		result_show_task(t, task);
		view_task_end(&t->views, task);
	}
}

static void step_ended(struct terminal *t, const struct report_event *e)
{
	const struct step_view *s = view_step(&t->views, e->step);
	end_tasks(t, s);
	CLEANUP(strbuf_release) struct strbuf b = {0}, time = {0};
	t->steps_ended++;
	duration_put(&time, e->duration_ms);
	strbuf_printf(&b, "step %s %s after %s: %u %s", s->name, s->failed ? "ended" : "done",
		      time.ptr, s->changed, t->check_mode ? "would change" : "changed");
	if (s->unknown)
		strbuf_printf(&b, ", %u would run", s->unknown);
	if (s->failed)
		strbuf_printf(&b, ", %u failed", s->failed);
	CLEANUP(strbuf_release) struct strbuf line = {0};
	style_put(&line, t->opts.color, s->failed ? STYLE_FAILED : STYLE_DIM, strbuf_slice(&b));
	strbuf_putc(&line, '\n');
	terminal_say(t, &line);
}

/* A host that boots: what it is at, and a line once it is there. */
static void host_stage(struct terminal *t, struct host_view *h, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, line = {0};
	if (e->host_state == REPORT_HOST_BOOTING) {
		if (!h->stage)
			h->boot_ms = t->event_ms;
		strbuf_puts(&b, "booting: ");
		visible_line(&b, slice_from(e->msg && *e->msg ? e->msg : "begins"));
	} else if (h->stage) {
		strbuf_printf(&line, "booted  [%s] after ", h->name);
		duration_put(&line, t->event_ms - h->boot_ms);
		strbuf_putc(&line, '\n');
		if (e->host_state == REPORT_HOST_CONNECTING)
			terminal_say(t, &line);
	}
	free(h->stage);
	h->stage = b.len ? strbuf_steal(&b) : NULL;
}

static void host_state(struct terminal *t, const struct report_event *e)
{
	struct host_view *h = view_host(&t->views, e->host);
	CLEANUP(strbuf_release) struct strbuf b = {0};
	host_stage(t, h, e);
	if (h->state != e->host_state)
		h->since_ms = t->event_ms;
	h->state = e->host_state;
	if (e->host_state == REPORT_HOST_DOWN || e->host_state == REPORT_HOST_DONE) {
		h->queue.len = 0;
		strbuf_truncate(&h->output, 0);
	}
	if (e->host_state != REPORT_HOST_RETRYING)
		return;
	style_printf(&b, t->opts.color, STYLE_WARNING, "retrying");
	strbuf_printf(&b, " [%s]%s", h->name, e->msg ? " " : "");
	if (e->msg)
		visible_line(&b, slice_from(e->msg));
	strbuf_putc(&b, '\n');
	terminal_say(t, &b);
}

static void task_started(struct terminal *t, const struct report_event *e)
{
	struct task_view *task = view_task(&t->views, e);
	if (e->host)
		view_host_started(view_host(&t->views, e->host), task, t->event_ms);
}

static void task_ended(struct terminal *t, const struct report_event *e)
{
	struct task_view *task = view_task_find(&t->views, e);
	t->tasks_ended++;
	if (task) {
		result_show_task(t, task);
		view_task_end(&t->views, task);
	}
}

static void retry(struct terminal *t, const struct report_event *e)
{
	struct task_view *task = view_task(&t->views, e);
	CLEANUP(strbuf_release) struct strbuf b = {0};
	task->attempt = e->attempt;
	task->retries = e->retries;
	if (t->opts.verbosity == 0)
		return;
	strbuf_printf(&b, "retry   [%s] %s  try %u of %u%s", view_host(&t->views, e->host)->name,
		      task->label, e->attempt, e->retries, e->msg ? ": " : "");
	if (e->msg)
		visible_line(&b, slice_from(e->msg));
	strbuf_putc(&b, '\n');
	terminal_say(t, &b);
}

/* A progress bar overwrites its line with CR: what it shows last counts. */
static struct slice after_last_cr(struct slice line)
{
	while (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	const char *cr = line.len ? memrchr(line.ptr, '\r', line.len) : NULL;
	if (!cr)
		return line;
	size_t skip = (size_t)(cr - line.ptr) + 1;
	return (struct slice){line.ptr + skip, line.len - skip};
}

static void output_line(void *ctx, const char *host, int stream UNUSED, struct slice line)
{
	struct terminal *t = ctx;
	struct host_view *h = view_host(&t->views, host);
	CLEANUP(strbuf_release) struct strbuf b = {0}, text = {0};
	visible_text(&text, after_last_cr(line));
	if (slice_trim(strbuf_slice(&text)).len > 0) {
		strbuf_truncate(&h->output, 0);
		visible_line(&h->output, strbuf_slice(&text));
	}
	if (t->opts.verbosity == 0)
		return;
	style_printf(&b, t->opts.color, STYLE_DIM, "%s | ", h->name);
	strbuf_slice_append(&b, strbuf_slice(&text));
	strbuf_putc(&b, '\n');
	terminal_say(t, &b);
}

static void warning(struct terminal *t, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf raw = {0}, b = {0}, text = {0};
	if (e->host)
		strbuf_printf(&raw, "[%s] ", e->host);
	if (e->at.file) {
		visible_place(&raw, e->at);
		strbuf_puts(&raw, ": ");
	}
	strbuf_puts(&raw, e->msg ? e->msg : "");
	if (strmap_has(&t->warned, strbuf_slice(&raw)))
		return;
	strmap_set(&t->warned, strbuf_slice(&raw), t);
	visible_text(&text, strbuf_slice(&raw));
	style_printf(&b, t->opts.color, STYLE_WARNING, "warning: %s", text.ptr);
	strbuf_putc(&b, '\n');
	terminal_say(t, &b);
}

static void run_ended(struct terminal *t, const struct report_event *e)
{
	end_tasks(t, NULL);
	CLEANUP(strbuf_release) struct strbuf b = {0};
	recap_compose(t, e, &b);
	terminal_say(t, &b);
	screen_show(&t->screen, SLICE_LIT(""));
	free(t->run_name);
	t->run_name = NULL;
}

static void dispatch(struct terminal *t, const struct report_event *e)
{
	switch (e->kind) {
	case REPORT_RUN_STARTED:
		run_started(t, e);
		break;
	case REPORT_STEP_STARTED:
		step_started(t, e);
		break;
	case REPORT_HOST_STATE:
		host_state(t, e);
		break;
	case REPORT_TASK_STARTED:
		task_started(t, e);
		break;
	case REPORT_RESULT:
		host_output_end(&t->output, e->host, output_line, t);
		result_show(t, e);
		break;
	case REPORT_ITEM:
		result_show(t, e);
		break;
	case REPORT_RETRY:
		retry(t, e);
		break;
	case REPORT_OUTPUT:
		host_output_feed(&t->output, e->host, e->stream, e->text, output_line, t);
		break;
	case REPORT_TASK_ENDED:
		task_ended(t, e);
		break;
	case REPORT_STEP_ENDED:
		step_ended(t, e);
		break;
	case REPORT_WARNING:
		warning(t, e);
		break;
	case REPORT_RUN_ENDED:
		run_ended(t, e);
		break;
	}
}

static void terminal_event(void *self, const struct report_event *e)
{
	struct terminal *t = self;
	t->event_ms = e->time_us / 1000;
	dispatch(t, e);
}

static void terminal_tick(void *self, int64_t now_ms)
{
	struct terminal *t = self;
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (!t->run_name)
		return; /* before and after the run */
	if (!t->ticked)
		t->clock_skew_ms = now_ms - t->event_ms;
	t->ticked = true;
	int64_t now = now_ms - t->clock_skew_ms;
	t->frame++;
	if (t->opts.live) {
		block_compose(t, now, &b);
		screen_show(&t->screen, strbuf_slice(&b));
	} else if (now - t->spoke_ms >= TERMINAL_SILENCE_MS) {
		block_compose_line(t, now, &b);
		terminal_say(t, &b);
		t->spoke_ms = now;
	}
}

static void terminal_hush(void *self)
{
	struct terminal *t = self;
	screen_show(&t->screen, SLICE_LIT(""));
}

static bool terminal_tick_asking(void *self)
{
	struct terminal *t = self;
	return screen_show_over(&t->screen);
}

static void terminal_free(void *self)
{
	struct terminal *t = self;
	screen_release(&t->screen);
	views_release(&t->views);
	host_output_release(&t->output);
	strmap_release(&t->warned);
	free(t->run_name);
	free(t);
}

struct report_sink report_terminal(const struct report_terminal_options *opts)
{
	static const struct report_sink_ops ops = {.event = terminal_event,
						   .tick = terminal_tick,
						   .hush = terminal_hush,
						   .tick_asking = terminal_tick_asking,
						   .free = terminal_free};
	struct terminal *t = xcalloc(1, sizeof(*t));
	t->opts = *opts;
	t->screen.fd = opts->fd;
	t->screen.live = opts->live;
	t->screen.width = opts->width;
	t->screen.height = opts->height;
	return (struct report_sink){.ops = &ops, .self = t};
}
