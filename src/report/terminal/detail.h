#pragma once
/* What of a result is worth reading, as visible text. Values that are secret
 * are never printed, whatever they were said to hold. */
#include "rollout/report/report.h"

#define DETAIL_TAIL_LINES 20u
#define DETAIL_TAIL_BYTES 4096u

/* A failure: msg, what was run, its code, the ends of stderr and stdout. */
void detail_failure(struct strbuf *out, const struct report_event *e);
/* The first line of the failure's message. */
void detail_message(struct strbuf *out, const struct report_event *e);
/* debug's message, or the variable that it shows. */
void detail_debug(struct strbuf *out, const struct value *result);
/* The result as YAML, without what is said elsewhere. */
void detail_result(struct strbuf *out, const struct value *result);
/* The unified texts of result.diff. */
void detail_diff(struct strbuf *out, const struct value *result);
