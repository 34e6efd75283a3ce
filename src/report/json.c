/* Events as JSON lines: docs/events.md. */
#include "rollout/value/json.h"
#include "output.h"
#include "rollout/base/file.h"
#include "rollout/report/report.h"

#include <stdlib.h>
#include <time.h>

struct json_sink {
	int fd;
	bool broken; /* nobody reads any more */
	struct strbuf line;
	struct host_output output;
	const struct report_event *event; /* while output lines are written */
};

static void put_key(struct strbuf *b, const char *key)
{
	strbuf_printf(b, ",\"%s\":", key);
}

static void put_str(struct strbuf *b, const char *key, const char *s)
{
	if (!s)
		return;
	put_key(b, key);
	json_emit_string(b, slice_from(s));
}

static void put_int(struct strbuf *b, const char *key, int64_t n)
{
	put_key(b, key);
	strbuf_printf(b, "%lld", (long long)n);
}

static void put_bool(struct strbuf *b, const char *key, bool v)
{
	put_key(b, key);
	strbuf_puts(b, v ? "true" : "false");
}

static void put_place(struct strbuf *b, struct srcloc at)
{
	put_str(b, "file", at.file);
	if (at.file && at.line)
		put_int(b, "line", at.line);
	if (at.file && at.column)
		put_int(b, "column", at.column);
}

static void begin(struct strbuf *b, const struct report_event *e)
{
	time_t seconds = (time_t)(e->time_us / 1000000);
	struct tm tm;
	char when[32];
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
	strbuf_printf(b, "{\"event\":\"%s\",\"time\":\"%s.%06dZ\"", report_kind_name(e->kind), when,
		      (int)(e->time_us % 1000000));
}

static void put_task(struct strbuf *b, const struct report_event *e)
{
	put_str(b, "step", e->step);
	put_str(b, "role", e->role);
	put_str(b, "task", e->task);
	put_int(b, "task_id", e->task_id);
	if (e->is_handler)
		put_bool(b, "handler", true);
	put_str(b, "module", e->module);
	put_place(b, e->at);
	put_str(b, "host", e->host);
	put_str(b, "delegated_to", e->delegated_to);
	put_str(b, "item", e->item);
}

static void put_run_started(struct strbuf *b, const struct report_event *e)
{
	put_int(b, "schema", REPORT_SCHEMA);
	put_str(b, "name", e->run_name);
	put_int(b, "hosts", (int64_t)e->nhosts);
	put_int(b, "tasks", (int64_t)e->ntasks);
	put_int(b, "steps", (int64_t)e->nsteps);
	put_bool(b, "check_mode", e->check_mode);
	put_bool(b, "diff_mode", e->diff_mode);
}

static void put_result(struct strbuf *b, const struct report_event *e)
{
	put_task(b, e);
	put_str(b, "status", report_status_name(e->status));
	put_str(b, "msg", e->msg);
	put_int(b, "duration_ms", e->duration_ms);
	if (e->result) {
		put_key(b, "result");
		json_emit(b, e->result, JSON_COMPACT);
	}
}

static void put_host_stats(struct strbuf *b, const struct report_host_stats *h)
{
	strbuf_puts(b, "{\"host\":");
	json_emit_string(b, slice_from(h->host));
	put_int(b, "ok", h->ok);
	put_int(b, "changed", h->changed);
	put_int(b, "unreachable", h->unreachable);
	put_int(b, "failed", h->failed);
	put_int(b, "skipped", h->skipped);
	put_int(b, "rescued", h->rescued);
	put_int(b, "ignored", h->ignored);
	put_int(b, "unknown", h->unknown);
	put_bool(b, "not_reached", h->not_reached);
	strbuf_putc(b, '}');
}

static void put_step_stats(struct strbuf *b, const struct report_step_stats *s)
{
	strbuf_puts(b, "{\"step\":");
	json_emit_string(b, slice_from(s->step));
	put_int(b, "began_ms", s->began_ms);
	put_int(b, "duration_ms", s->duration_ms);
	put_bool(b, "critical", s->critical);
	put_int(b, "hosts", (int64_t)s->nhosts);
	put_int(b, "changed", s->changed);
	put_int(b, "failed", s->failed);
	strbuf_putc(b, '}');
}

static void put_run_ended(struct strbuf *b, const struct report_event *e)
{
	put_int(b, "duration_ms", e->duration_ms);
	put_bool(b, "interrupted", e->interrupted);
	put_key(b, "host_stats");
	for (size_t i = 0; i < e->nhosts; i++) {
		strbuf_putc(b, i ? ',' : '[');
		put_host_stats(b, &e->hosts[i]);
	}
	strbuf_puts(b, e->nhosts ? "]" : "[]");
	put_key(b, "step_stats");
	for (size_t i = 0; i < e->nsteps; i++) {
		strbuf_putc(b, i ? ',' : '[');
		put_step_stats(b, &e->steps[i]);
	}
	strbuf_puts(b, e->nsteps ? "]" : "[]");
}

static void put_step(struct strbuf *b, const struct report_event *e)
{
	put_str(b, "step", e->step);
	put_str(b, "role", e->role);
	if (e->kind == REPORT_STEP_ENDED) {
		put_int(b, "duration_ms", e->duration_ms);
		return;
	}
	put_int(b, "hosts", (int64_t)e->nhosts);
	put_int(b, "tasks", (int64_t)e->ntasks);
}

static void put_fields(struct strbuf *b, const struct report_event *e)
{
	switch (e->kind) {
	case REPORT_RUN_STARTED:
		put_run_started(b, e);
		break;
	case REPORT_STEP_STARTED:
	case REPORT_STEP_ENDED:
		put_step(b, e);
		break;
	case REPORT_HOST_STATE:
		put_str(b, "host", e->host);
		put_str(b, "state", report_host_state_name(e->host_state));
		put_str(b, "msg", e->msg);
		break;
	case REPORT_ITEM:
	case REPORT_RESULT:
		put_result(b, e);
		break;
	case REPORT_RETRY:
		put_task(b, e);
		put_int(b, "attempt", e->attempt);
		put_int(b, "retries", e->retries);
		put_str(b, "msg", e->msg);
		break;
	case REPORT_WARNING:
		put_place(b, e->at);
		put_str(b, "host", e->host);
		put_str(b, "msg", e->msg);
		break;
	case REPORT_RUN_ENDED:
		put_run_ended(b, e);
		break;
	case REPORT_TASK_STARTED:
	case REPORT_TASK_ENDED:
	case REPORT_OUTPUT:
		put_task(b, e);
		break;
	}
}

static void write_line(struct json_sink *s)
{
	strbuf_puts(&s->line, "}\n");
	if (!s->broken && fd_write_all(s->fd, s->line.ptr, s->line.len, NULL) < 0)
		s->broken = true;
	strbuf_truncate(&s->line, 0);
}

static void write_output(void *ctx, const char *host UNUSED, int stream, struct slice line)
{
	struct json_sink *s = ctx;
	struct report_event e = *s->event;
	e.kind = REPORT_OUTPUT;
	begin(&s->line, &e);
	put_task(&s->line, &e);
	put_str(&s->line, "stream", stream == 2 ? "stderr" : "stdout");
	put_key(&s->line, "text");
	json_emit_string(&s->line, line);
	write_line(s);
}

static void json_event(void *self, const struct report_event *e)
{
	struct json_sink *s = self;
	s->event = e;
	if (e->kind == REPORT_OUTPUT) {
		host_output_feed(&s->output, e->host, e->stream, e->text, write_output, s);
		return;
	}
	if (e->kind == REPORT_RESULT && e->host)
		host_output_end(&s->output, e->host, write_output, s);
	begin(&s->line, e);
	put_fields(&s->line, e);
	write_line(s);
}

static void json_free(void *self)
{
	struct json_sink *s = self;
	host_output_release(&s->output);
	strbuf_release(&s->line);
	free(s);
}

struct report_sink report_json(int fd)
{
	static const struct report_sink_ops ops = {.event = json_event, .free = json_free};
	struct json_sink *s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	return (struct report_sink){.ops = &ops, .self = s};
}
