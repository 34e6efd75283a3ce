#include "complaint.h"

#include "rollout/base/file.h"
#include "rollout/base/utf8.h"
#include "rollout/report/visible.h"
#include "rollout/value/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SOURCE_MAX_BYTES (16u << 20)
#define TAB_COLUMNS 8u
#define WIDTH_DEFAULT 80u
#define CARET_MARGIN 20u /* shown right of the caret at least, where there is more */

bool terminal_has_color(int fd)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("FORCE_COLOR"), *term = getenv("TERM");
	if (no && *no)
		return false;
	if (force && *force)
		return true;
	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

unsigned terminal_width(int fd)
{
	struct winsize ws = {0};
	return isatty(fd) && ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col ? ws.ws_col
									  : WIDTH_DEFAULT;
}

static bool line_of(struct slice text, unsigned number, struct slice *ret)
{
	for (unsigned i = 1; slice_split(&text, '\n', ret); i++)
		if (i == number)
			return true;
	return false;
}

/* One character, tabs as blanks to the next stop. */
static void put_character(struct strbuf *out, struct slice character)
{
	if (character.ptr[0] != '\t') {
		visible_line(out, character);
		return;
	}
	unsigned used = visible_columns(strbuf_slice(out));
	strbuf_printf(out, "%*s", (int)(TAB_COLUMNS - used % TAB_COLUMNS), "");
}

/* The line as shown; returns the column, from 0, at which character `column`
 * (from 1) begins. */
static unsigned show_line(struct strbuf *out, struct slice line, unsigned column)
{
	unsigned at = 0;
	if (slice_ends_with(line, "\r"))
		line.len--;
	for (unsigned i = 1; line.len > 0; i++) {
		struct slice character = line;
		if (i == column)
			at = visible_columns(strbuf_slice(out));
		utf8_next(&line);
		character.len -= line.len;
		put_character(out, character);
		if (line.len == 0 && i < column)
			at = visible_columns(strbuf_slice(out));
	}
	return at;
}

/* Cuts a long line's beginning so that the caret is on the screen. */
static unsigned scroll_to(struct strbuf *shown, unsigned caret, unsigned width)
{
	if (caret + CARET_MARGIN < width)
		return caret;
	unsigned skip = caret + CARET_MARGIN - width, skipped = 0;
	struct slice rest = strbuf_slice(shown);
	while (rest.len > 0 && skipped < skip + 1) {
		struct slice character = rest;
		utf8_next(&rest);
		character.len -= rest.len;
		skipped += visible_columns(character);
	}
	CLEANUP(strbuf_release) struct strbuf cut = {0};
	strbuf_puts(&cut, "…");
	strbuf_slice_append(&cut, rest);
	strbuf_truncate(shown, 0);
	strbuf_slice_append(shown, strbuf_slice(&cut));
	return caret + 1 > skipped ? caret + 1 - skipped : 0;
}

static void put_excerpt(struct strbuf *out, const struct srcloc *at, bool color, unsigned width)
{
	CLEANUP(strbuf_release) struct strbuf text = {0}, shown = {0}, number = {0};
	struct slice line;
	if (!at->file || !at->line || file_read(at->file, SOURCE_MAX_BYTES, &text, NULL) < 0 ||
	    !line_of(strbuf_slice(&text), at->line, &line))
		return;
	strbuf_printf(&number, "%5u | ", at->line);
	unsigned room =
		width > number.len + CARET_MARGIN ? width - (unsigned)number.len : CARET_MARGIN;
	unsigned caret = scroll_to(&shown, show_line(&shown, line, at->column), room);
	strbuf_slice_append(out, strbuf_slice(&number));
	visible_fit(out, strbuf_slice(&shown), room);
	strbuf_putc(out, '\n');
	if (at->column == 0)
		return;
	strbuf_printf(out, "%*s | %*s%s^%s\n", (int)number.len - 3, "", (int)caret, "",
		      color ? "\033[1;31m" : "", color ? "\033[0m" : "");
}

void complaint_compose(struct strbuf *out, const struct err *err, bool color, unsigned width)
{
	CLEANUP(strbuf_release) struct strbuf shown = {0}, clean = {0};
	if (err->at.file) {
		visible_place(&shown, err->at);
		strbuf_puts(&shown, ": ");
	}
	if (!secret_hide(&clean, slice_from(err->msg)))
		strbuf_puts(&clean, err->msg);
	visible_text(&shown, strbuf_slice(&clean));
	strbuf_printf(out, "%srollout:%s %s\n", color ? "\033[1;31m" : "", color ? "\033[0m" : "",
		      shown.ptr ? shown.ptr : "error");
	put_excerpt(out, &err->at, color, width);
}

void complaint_print(const struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	fflush(stdout);
	complaint_compose(&b, err, terminal_has_color(STDERR_FILENO),
			  terminal_width(STDERR_FILENO));
	fputs(b.ptr, stderr);
}

void complaint_warn(const char *fmt, ...)
{
	CLEANUP(strbuf_release) struct strbuf raw = {0}, shown = {0};
	va_list ap;
	va_start(ap, fmt);
	strbuf_vprintf(&raw, fmt, ap);
	va_end(ap);
	visible_text(&shown, strbuf_slice(&raw));
	bool color = terminal_has_color(STDERR_FILENO);
	fprintf(stderr, "%swarning: %s%s\n", color ? "\033[35m" : "", shown.ptr ? shown.ptr : "",
		color ? "\033[0m" : "");
}
