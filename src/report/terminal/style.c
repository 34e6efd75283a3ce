#include "style.h"

static const char *const codes[] = {
	[STYLE_PLAIN] = "",    [STYLE_BOLD] = "1",	     [STYLE_DIM] = "2",
	[STYLE_OK] = "32",     [STYLE_CHANGED] = "33",	     [STYLE_SKIPPED] = "36",
	[STYLE_FAILED] = "31", [STYLE_UNREACHABLE] = "1;31", [STYLE_WARNING] = "35",
	[STYLE_HUNK] = "36",
};

enum style style_of(enum report_status s)
{
	switch (s) {
	case REPORT_OK:
		return STYLE_OK;
	case REPORT_CHANGED:
	case REPORT_UNKNOWN:
		return STYLE_CHANGED;
	case REPORT_SKIPPED:
	case REPORT_IGNORED:
	case REPORT_RESCUED:
		return STYLE_SKIPPED;
	case REPORT_FAILED:
		return STYLE_FAILED;
	case REPORT_UNREACHABLE:
		return STYLE_UNREACHABLE;
	}
	return STYLE_PLAIN;
}

void style_put(struct strbuf *out, bool color, enum style style, struct slice text)
{
	bool on = color && style != STYLE_PLAIN && text.len > 0;
	if (on)
		strbuf_printf(out, "\033[%sm", codes[style]);
	strbuf_slice_append(out, text);
	if (on)
		strbuf_puts(out, "\033[0m");
}

void style_printf(struct strbuf *out, bool color, enum style style, const char *fmt, ...)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	va_list ap;
	va_start(ap, fmt);
	strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	style_put(out, color, style, strbuf_slice(&text));
}
