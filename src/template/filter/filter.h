#pragma once
/* What the files of filters, tests and lookups share. */
#include "../eval/eval.h"
#include "../text/textfn.h"

#define FN(name)                                                                                   \
	static int name(struct call *c UNUSED, const struct value **ret UNUSED,                    \
			struct err *err UNUSED)

/* Case folded unless sensitive; other values as they are. */
const struct value *sort_key(struct eval *ev, const struct value *v, bool case_sensitive);

/* Python's random.Random(seed); seed NULL: the system's. random.c */
struct mersenne {
	uint32_t state[624];
	unsigned at;
};
void mersenne_seed(struct mersenne *m, struct eval *ev, const struct value *seed);
uint64_t mersenne_below(struct mersenne *m, uint64_t n);

/* algorithm/regex.c: Python's re on PCRE2. */
struct regex;
struct regex_match {
	size_t start, end; /* SIZE_MAX: the group took no part */
};
#define REGEX_MAX_GROUPS 64
enum regex_flags { REGEX_IGNORECASE = 1, REGEX_MULTILINE = 2 };
/* The text in front, the pattern that is the first argument, and the flags that the
 * arguments at these places ask for. */
struct regex_flag_places {
	unsigned ignorecase, multiline;
};
int regex_of_call(struct call *c, struct regex_flag_places at, struct slice *ret_text,
		  const struct regex **ret, struct err *err);
int regex_get(struct eval *ev, struct slice pattern, unsigned flags, const struct regex **ret,
	      struct err *err);
/* 1: a match from `from` on, groups[0..*ret_groups) filled; 0: none; negative: an error. */
int regex_exec(const struct regex *re, struct slice text, size_t from, bool anchored,
	       struct regex_match *groups, unsigned *ret_groups, struct err *err);
/* -1: no such name */
int regex_group(const struct regex *re, struct slice name);

/* jmespath/ */
int jmespath_search(struct eval *ev, struct slice text, const struct value *v,
		    const struct value **ret, struct err *err);

/* json.c: Python's json.dumps. */
struct json_format {
	int64_t indent; /* negative: one line */
	bool sort_keys, ascii;
	struct slice item_separator, key_separator;
};
int json_write(struct eval *ev, struct strbuf *out, const struct value *v,
	       const struct json_format *f, struct err *err);
