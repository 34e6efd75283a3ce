#pragma once
/* Colours, by what they say; Ansible's own. */
#include "rollout/report/report.h"

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_OK,
	STYLE_CHANGED,
	STYLE_SKIPPED,
	STYLE_FAILED,
	STYLE_UNREACHABLE,
	STYLE_WARNING,
	STYLE_HUNK,
};

enum style style_of(enum report_status s);
/* Appends visible text; with `color`, between control sequences. */
void style_put(struct strbuf *out, bool color, enum style style, struct slice text);
void style_printf(struct strbuf *out, bool color, enum style style, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
