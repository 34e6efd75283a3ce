#pragma once
/* Text functions that string methods and filters share. */
#include "../eval/eval.h"

void text_capitalize(struct strbuf *b, struct slice s);
/* set NULL: white space */
struct slice text_strip(struct slice s, const struct slice *set, bool left, bool right);
/* s.split(sep, maxsplit) with c's first two arguments. */
int text_split(struct call *c, struct slice s, bool from_right, const struct value **ret,
	       struct err *err);
struct value *text_splitlines(struct eval *ev, struct slice s, bool keep_ends);
/* count < 0: all */
int text_replace(struct strbuf *b, struct slice s, struct slice from, struct slice to,
		 int64_t count, struct err *err);
/* Has letters, and all of one case. */
bool text_is_case(struct slice s, bool upper);
/* int() and float() of Python; false: not a number. */
bool text_to_int(struct slice s, int base, int64_t *ret);
bool text_overflows_int(struct slice s, int base); /* an int of more than 64 bits */
bool text_to_float(struct slice s, double *ret);
