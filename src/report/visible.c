#include "rollout/report/visible.h"

#include "rollout/base/file.h"
#include "rollout/base/utf8.h"

#include <wchar.h>

/* Characters that a terminal obeys or that reorder the line around them. */
static bool is_control(int32_t cp)
{
	return (cp >= 0x80 && cp <= 0x9F) || (cp >= 0x202A && cp <= 0x202E) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0x2028 || cp == 0x2029;
}

static void put_visible(struct strbuf *out, struct slice raw, int32_t cp)
{
	if (cp < 0)
		strbuf_printf(out, "\\x%02x", (unsigned char)raw.ptr[0]);
	else if (cp < 0x20)
		strbuf_printf(out, "^%c", (char)(cp + '@'));
	else if (cp == 0x7F)
		strbuf_puts(out, "^?");
	else if (is_control(cp))
		strbuf_printf(out, "\\u%04x", (unsigned)cp);
	else
		strbuf_slice_append(out, raw);
}

static bool ends_dos_line(int32_t cp, struct slice rest)
{
	return cp == '\r' && rest.len > 0 && rest.ptr[0] == '\n';
}

/* `newline` and `tab`: what stands for them. */
static void put_text(struct strbuf *out, struct slice text, const char *newline, char tab)
{
	while (text.len > 0) {
		struct slice raw = text;
		int32_t cp = utf8_next(&text);
		raw.len -= text.len;
		if (ends_dos_line(cp, text))
			continue;
		if (cp == '\n')
			strbuf_puts(out, newline);
		else if (cp == '\t')
			strbuf_putc(out, tab);
		else
			put_visible(out, raw, cp);
	}
}

void visible_text(struct strbuf *out, struct slice text)
{
	put_text(out, text, "\n", '\t');
}

void visible_line(struct strbuf *out, struct slice text)
{
	put_text(out, text, "\\n", ' ');
}

void visible_place(struct strbuf *out, struct srcloc at)
{
	visible_line(out, slice_from(path_from_here(at.file)));
	if (at.line)
		strbuf_printf(out, ":%u", at.line);
	if (at.line && at.column)
		strbuf_printf(out, ":%u", at.column);
}

static unsigned columns_of(int32_t cp)
{
	int n = cp < 0 ? 1 : wcwidth((wchar_t)cp);
	return n < 0 ? 1 : (unsigned)n; /* newer than the C library's tables */
}

unsigned visible_columns(struct slice text)
{
	unsigned n = 0;
	while (text.len > 0)
		n += columns_of(utf8_next(&text));
	return n;
}

void visible_fit(struct strbuf *out, struct slice text, unsigned columns)
{
	if (visible_columns(text) <= columns) {
		strbuf_slice_append(out, text);
		return;
	}
	unsigned used = 0;
	while (text.len > 0 && columns > 0) {
		struct slice raw = text;
		unsigned n = columns_of(utf8_next(&text));
		if (used + n > columns - 1)
			break;
		used += n;
		strbuf_append(out, raw.ptr, raw.len - text.len);
	}
	if (columns > 0)
		strbuf_puts(out, "…");
}
