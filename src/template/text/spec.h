#pragma once
/* Python's format specification: [[fill]align][sign][#][0][width][,][.precision][type]. */
#include "../eval/eval.h"

struct format_spec {
	uint32_t fill;
	char align; /* < > = ^ or 0 */
	char sign;  /* + - space or 0 */
	char type;  /* 0: none */
	bool alternate, zero;
	char grouping;		  /* , _ or 0 */
	int64_t width, precision; /* -1: none */
};
#define SPEC_MAX 100000

int spec_parse(struct slice text, struct format_spec *ret, struct err *err);
int spec_format(struct eval *ev, const struct format_spec *spec, const struct value *v,
		struct strbuf *out, struct err *err);
void spec_pad(const struct format_spec *spec, struct slice prefix, struct slice body, bool numeric,
	      struct strbuf *out);
