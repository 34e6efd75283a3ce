#pragma once
/* Errors and warnings as a person sees them. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

/* "rollout: site.roles:7:3: message", and where the file can be read, the line
 * with a caret under the column. */
void complaint_compose(struct strbuf *out, const struct err *err, bool color, unsigned width);
void complaint_print(const struct err *err); /* to stderr */
void complaint_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A terminal, and neither NO_COLOR nor TERM=dumb says otherwise. */
bool terminal_has_color(int fd);
unsigned terminal_width(int fd);
