#include "scene.h"

#include "rollout/base/file.h"
#include "rollout/base/utf8.h"
#include "rollout/report/visible.h"
#include "rollout/value/json.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define GOLDEN_MAX_BYTES (1u << 20)
#define EPOCH_MS 1714557600000 /* 2024-05-01T10:00:00Z */
#define TICK_BASE_MS 5000000   /* another clock's zero */

void vt_init(struct vt *vt, unsigned width, unsigned height)
{
	*vt = (struct vt){.width = width, .height = height};
}

static struct strbuf *vt_line(struct vt *vt, unsigned row)
{
	while (vt->nlines <= row) {
		vt->lines = xrealloc(vt->lines, (vt->nlines + 1) * sizeof(*vt->lines));
		vt->lines[vt->nlines++] = (struct strbuf){0};
	}
	if (row >= vt->top + vt->height)
		vt->top = row - vt->height + 1;
	return &vt->lines[row];
}

static void vt_put(struct vt *vt, struct slice character)
{
	if (vt->column + visible_columns(character) > vt->width) {
		vt->row++;
		vt->column = 0;
	}
	struct strbuf *line = vt_line(vt, vt->row);
	/* Text is only ever written at a line's end: the sink erases first. */
	if (visible_columns(strbuf_slice(line)) != vt->column)
		strbuf_puts(&vt->violations, "overwrite ");
	strbuf_slice_append(line, character);
	vt->column += visible_columns(character);
}

static void vt_csi(struct vt *vt, char final, unsigned n)
{
	if (final == 'A') {
		unsigned up = n ? n : 1;
		if (vt->row < vt->top + up)
			strbuf_puts(&vt->violations, "above-the-top ");
		vt->row -= up > vt->row ? vt->row : up;
	} else if (final == 'K' && vt->column == 0) {
		strbuf_truncate(vt_line(vt, vt->row), 0);
	} else if (final != 'm') {
		strbuf_printf(&vt->violations, "CSI-%c ", final);
	}
}

static struct slice vt_escape(struct vt *vt, struct slice rest)
{
	unsigned n = 0;
	rest.ptr++, rest.len--;
	if (rest.len == 0 || rest.ptr[0] != '[') {
		strbuf_puts(&vt->violations, "ESC ");
		return rest;
	}
	for (rest.ptr++, rest.len--; rest.len > 0; rest.ptr++, rest.len--) {
		char c = rest.ptr[0];
		if (c >= '0' && c <= '9')
			n = n * 10 + (unsigned)(c - '0');
		else if (c >= '@')
			break;
	}
	if (rest.len == 0)
		return rest;
	vt_csi(vt, rest.ptr[0], n);
	return (struct slice){rest.ptr + 1, rest.len - 1};
}

void vt_feed(struct vt *vt, struct slice bytes)
{
	while (bytes.len > 0) {
		struct slice raw = bytes;
		if (bytes.ptr[0] == '\033') {
			bytes = vt_escape(vt, bytes);
			continue;
		}
		int32_t cp = utf8_next(&bytes);
		raw.len -= bytes.len;
		if (cp == '\n') {
			vt_line(vt, ++vt->row);
			vt->column = 0;
		} else if (cp == '\r') {
			vt->column = 0;
		} else if (cp < 0x20 && cp != '\t') {
			strbuf_printf(&vt->violations, "control-%d ", (int)cp);
		} else {
			vt_put(vt, raw);
		}
	}
}

void vt_text(const struct vt *vt, struct strbuf *out)
{
	unsigned n = vt->nlines;
	while (n > 0 && vt->lines[n - 1].len == 0)
		n--;
	for (unsigned i = 0; i < n; i++)
		strbuf_printf(out, "%s\n", vt->lines[i].len ? vt->lines[i].ptr : "");
	if (vt->violations.len > 0)
		strbuf_printf(out, "VIOLATIONS: %s\n", vt->violations.ptr);
}

void vt_release(struct vt *vt)
{
	for (unsigned i = 0; i < vt->nlines; i++)
		strbuf_release(&vt->lines[i]);
	free(vt->lines);
	strbuf_release(&vt->violations);
}

static void stage_open(struct stage *s)
{
	char path[] = "/tmp/rollout-report-XXXXXX";
	*s = (struct stage){.fd = mkstemp(path), .now_ms = EPOCH_MS};
	assert_true(s->fd >= 0);
	unlink(path);
}

void stage_terminal(struct stage *s, struct report_terminal_options opts)
{
	stage_open(s);
	opts.fd = s->fd;
	s->sink = report_terminal(&opts);
}

void stage_json(struct stage *s)
{
	stage_open(s);
	s->sink = report_json(s->fd);
}

void stage_new_output(struct stage *s, struct strbuf *out)
{
	lseek(s->fd, 0, SEEK_SET);
	assert_int_equal(fd_read_all(s->fd, GOLDEN_MAX_BYTES, out, NULL), 0);
	assert_int_equal(ftruncate(s->fd, 0), 0);
	lseek(s->fd, 0, SEEK_SET);
}

void stage_end(struct stage *s, struct strbuf *out)
{
	s->sink.ops->free(s->sink.self);
	stage_new_output(s, out);
	close(s->fd);
	arena_release(&s->arena);
}

void stage_event(struct stage *s, struct report_event e)
{
	e.time_us = s->now_ms * 1000;
	e.step = e.step ? e.step : s->step;
	e.role = e.role ? e.role : s->role;
	e.check_mode = s->check_mode;
	if (s->task && e.kind != REPORT_WARNING) {
		e.task = s->task;
		e.task_id = s->task_id;
		e.module = s->module;
		e.is_handler = s->is_handler;
		e.at = (struct srcloc){"roles/etcd/tasks/main.yml", s->task_id * 10, 3};
	}
	s->sink.ops->event(s->sink.self, &e);
}

void stage_run(struct stage *s, const char *name, size_t nhosts, size_t ntasks, size_t nsteps)
{
	stage_event(s, (struct report_event){.kind = REPORT_RUN_STARTED,
					     .run_name = name,
					     .nhosts = nhosts,
					     .ntasks = ntasks,
					     .nsteps = nsteps});
}

void stage_step(struct stage *s, const char *step, const char *role, size_t nhosts)
{
	s->step = step;
	s->role = role;
	s->task = NULL;
	stage_event(s, (struct report_event){.kind = REPORT_STEP_STARTED, .nhosts = nhosts});
}

void stage_step_end(struct stage *s, const char *step, int64_t ms)
{
	s->task = NULL;
	stage_event(s, (struct report_event){
			       .kind = REPORT_STEP_ENDED, .step = step, .duration_ms = ms});
}

void stage_task(struct stage *s, uint32_t id, const char *name, const char *module)
{
	s->task_id = id;
	s->task = name;
	s->module = module;
}

static void for_each_host(struct stage *s, const char *hosts, struct report_event e)
{
	struct slice rest = slice_from(hosts), host;
	while (slice_split(&rest, ' ', &host)) {
		e.host = arena_slice(&s->arena, host).ptr;
		stage_event(s, e);
	}
}

void stage_started(struct stage *s, const char *hosts)
{
	for_each_host(s, hosts, (struct report_event){.kind = REPORT_TASK_STARTED});
}

void stage_task_end(struct stage *s)
{
	stage_event(s, (struct report_event){.kind = REPORT_TASK_ENDED});
}

static const struct value *parse(struct stage *s, const char *json)
{
	const struct value *v = NULL;
	struct err err = {0};
	if (json && json_parse(&s->arena, "test", slice_from(json), &v, &err) < 0)
		fail_msg("%s", err.msg);
	return v;
}

void stage_result(struct stage *s, const char *hosts, enum report_status status, const char *result)
{
	for_each_host(s, hosts,
		      (struct report_event){.kind = REPORT_RESULT,
					    .status = status,
					    .duration_ms = 120,
					    .result = parse(s, result)});
}

void stage_item(struct stage *s, const char *host, const char *item, enum report_status status,
		const char *result)
{
	stage_event(s, (struct report_event){.kind = REPORT_ITEM,
					     .host = host,
					     .item = item,
					     .status = status,
					     .result = parse(s, result)});
}

void stage_output(struct stage *s, const char *host, const char *text)
{
	stage_event(s, (struct report_event){.kind = REPORT_OUTPUT,
					     .host = host,
					     .stream = 1,
					     .text = slice_from(text)});
}

void stage_host_state(struct stage *s, const char *host, enum report_host_state state,
		      const char *msg)
{
	stage_event(s, (struct report_event){.kind = REPORT_HOST_STATE,
					     .host = host,
					     .host_state = state,
					     .msg = msg});
}

void stage_tick(struct stage *s, int64_t passed_ms)
{
	s->now_ms += passed_ms;
	if (s->sink.ops->tick)
		s->sink.ops->tick(s->sink.self, s->now_ms - EPOCH_MS + TICK_BASE_MS);
}

void check_golden(const char *name, struct slice text)
{
	CLEANUP(strbuf_release) struct strbuf expected = {0};
	char path[4096];
	const char *root = getenv("ROLLOUT_SOURCE_DIR");
	snprintf(path, sizeof(path), "%s/tests/golden/report/%s", root ? root : ".", name);
	if (getenv("UPDATE_GOLDEN")) {
		assert_int_equal(file_write_atomic(path, text.ptr, text.len, 0644, NULL), 0);
		return;
	}
	assert_int_equal(file_read(path, GOLDEN_MAX_BYTES, &expected, NULL), 0);
	if (!slice_eq(strbuf_slice(&expected), text))
		fail_msg("%s differs; is now:\n%.*s", name, SLICE_ARG(text));
}
