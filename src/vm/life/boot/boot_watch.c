#include "boot_watch.h"

#include "rollout/base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_LINE_MAX 140u /* bytes of a line that are shown */

void vm_boot_watch_init(struct vm_boot_watch *w, const char *path, int64_t from)
{
	*w = (struct vm_boot_watch){.path = path, .at = from};
}

void vm_boot_watch_release(struct vm_boot_watch *w)
{
	strbuf_release(&w->line);
	strbuf_release(&w->tail);
}

/* A sign of an earlier stage is one of a reboot, or of units that start late. */
static void take_stage(struct vm_boot_watch *w, const struct vm_boot_sign *s,
		       const struct vm_reporter *r)
{
	bool reboot = s->rank <= BOOT_KERNEL;
	if (w->stage.kind == BOOT_SIGN_STAGE &&
	    ((s->rank < w->stage.rank && !reboot) || strcmp(s->stage, w->stage.stage) == 0))
		return;
	w->stage = *s;
	r->stage(r->self, s->stage);
}

static void take_note(struct vm_boot_watch *w, struct slice line, const char *advice,
		      const struct vm_reporter *r)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (w->notes++ >= BOOT_NOTES_MAX)
		return;
	strbuf_printf(&text, "%.*s%s%s", SLICE_ARG(slice_trim(line)), advice ? ": " : "",
		      advice ? advice : "");
	r->note(r->self, text.ptr);
}

static void take_line(struct vm_boot_watch *w, struct slice line, const struct vm_reporter *r)
{
	struct vm_boot_sign s;
	vm_boot_classify(line, &s);
	if (s.kind == BOOT_SIGN_STAGE)
		take_stage(w, &s, r);
	else if (s.kind == BOOT_SIGN_NOTE)
		take_note(w, line, s.advice, r);
	else if (s.kind == BOOT_SIGN_FINISHED)
		w->finished = true;
	if (s.kind != BOOT_SIGN_FATAL || w->fatal.kind == BOOT_SIGN_FATAL)
		return;
	w->fatal = s;
	line = slice_trim(line);
	snprintf(w->fatal_line, sizeof(w->fatal_line), "%.*s", SLICE_ARG(line));
}

static void keep_line(struct vm_boot_watch *w, struct slice line)
{
	strbuf_slice_append(&w->tail, line);
	strbuf_putc(&w->tail, '\n');
	if (w->tail.len <= 2 * BOOT_TAIL_MAX)
		return;
	size_t drop = w->tail.len - BOOT_TAIL_MAX;
	const char *end = memchr(w->tail.ptr + drop, '\n', w->tail.len - drop);
	strbuf_drop_front(&w->tail, (size_t)(end - w->tail.ptr) + 1);
}

/* A prompt has no end of line: what is there of a line is looked at, not kept. */
static void look_at_line(struct vm_boot_watch *w, bool whole, const struct vm_reporter *r)
{
	CLEANUP(strbuf_release) struct strbuf clean = {0};
	vm_boot_clean(strbuf_slice(&w->line), &clean);
	struct slice line = strbuf_slice(&clean);
	if (slice_trim(line).len == 0)
		return;
	struct vm_boot_sign s;
	vm_boot_classify(line, &s);
	if (whole || s.kind == BOOT_SIGN_FATAL || s.kind == BOOT_SIGN_STAGE)
		take_line(w, line, r);
	if (whole)
		keep_line(w, line);
}

static void take_bytes(struct vm_boot_watch *w, const char *p, size_t n,
		       const struct vm_reporter *r)
{
	for (size_t i = 0; i < n; i++) {
		bool end = p[i] == '\n' || p[i] == '\r';
		if (!end)
			strbuf_putc(&w->line, p[i]);
		if (!end && w->line.len < BOOT_LINE_MAX)
			continue;
		look_at_line(w, true, r);
		strbuf_truncate(&w->line, 0);
	}
	look_at_line(w, false, r);
}

void vm_boot_watch_read(struct vm_boot_watch *w, const struct vm_reporter *r)
{
	CLEANUP(fd_close) int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char bytes[16384];
	ssize_t n;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (st.st_size < w->at)
		w->at = 0;
	if (st.st_size - w->at > BOOT_READ_MAX)
		w->at = st.st_size - BOOT_READ_MAX;
	for (size_t got = 0; got < BOOT_READ_MAX; got += (size_t)n) {
		n = pread(fd, bytes, sizeof(bytes), w->at);
		if (n <= 0)
			return;
		w->at += n;
		take_bytes(w, bytes, (size_t)n, r);
	}
}

/* Where the line before `end` begins; the text ends with '\n' there. */
static size_t line_start(struct slice text, size_t end)
{
	const char *p = end > 1 ? memrchr(text.ptr, '\n', end - 1) : NULL;
	return p ? (size_t)(p - text.ptr) + 1 : 0;
}

static size_t shown_length(size_t len)
{
	return len < TAIL_LINE_MAX ? len : TAIL_LINE_MAX;
}

void vm_boot_watch_tail(const struct vm_boot_watch *w, unsigned lines, size_t bytes,
			struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf all = {0};
	strbuf_slice_append(&all, strbuf_slice(&w->tail));
	vm_boot_clean(strbuf_slice(&w->line), &all);
	if (all.len > 0 && all.ptr[all.len - 1] != '\n')
		strbuf_putc(&all, '\n');
	struct slice text = strbuf_slice(&all), line;
	size_t from = text.len, used = 0;
	for (unsigned n = 0; n < lines && from > 0; n++) {
		size_t start = line_start(text, from);
		used += shown_length(from - start - 1) + 3; /* the indent and the end */
		if (used > bytes)
			break;
		from = start;
	}
	struct slice rest = {text.ptr + from, text.len - from};
	while (rest.len > 0 && slice_split(&rest, '\n', &line))
		strbuf_printf(out, "  %.*s\n", (int)shown_length(line.len), line.ptr);
}
