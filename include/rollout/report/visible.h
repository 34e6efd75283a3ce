#pragma once
/*
 * Text of users and hosts, made fit for a terminal: control characters are
 * shown, never sent; columns are counted as the terminal counts them.
 *
 * Widths are wcwidth(3)'s: the program has called setlocale for a UTF-8 locale.
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

/*
 * Appends `text` with what could command a terminal made visible: ESC as ^[,
 * DEL as ^?, U+009B as \u009b, direction overrides (U+202A to U+202E, U+2066 to
 * U+2069) alike, a byte that is not UTF-8 as \xff. Newlines and tabs are kept,
 * CR before a newline is dropped.
 */
void visible_text(struct strbuf *out, struct slice text);
/* As visible_text, on one line: a newline becomes \n, a tab a space. */
void visible_line(struct strbuf *out, struct slice text);
/* "file:line:column" of a place that has a file; the path as path_from_here, the line and column
 * where they are known. */
void visible_place(struct strbuf *out, struct srcloc at);
/* Columns of text that is visible already. */
unsigned visible_columns(struct slice text);
/* Appends at most `columns` columns of visible text; what was cut ends in "…". */
void visible_fit(struct strbuf *out, struct slice text, unsigned columns);
