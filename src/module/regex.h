#pragma once
/*
 * Regular expressions as Python's re (PCRE2). Bytes by default, as the modules
 * that edit files treat them; characters with REGEX_TEXT.
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

enum regex_flags { REGEX_MULTILINE = 1, REGEX_DOTALL = 2, REGEX_TEXT = 4 };

struct regex;
/* `what` names the parameter in the error. */
int regex_compile(const char *what, struct slice pattern, unsigned flags, struct regex **ret,
		  struct err *err);
void regex_free(struct regex *re);
void regex_cleanup(struct regex **re); /* for CLEANUP */

/* From byte `start`. 1 found, 0 not, or an error. The match is kept in re. */
int regex_search(struct regex *re, struct slice subject, size_t start, struct err *err);
/* Of the last match; group 0 is the whole. ptr NULL: the group took no part. */
struct slice regex_group_text(const struct regex *re, unsigned group);
/* By name; ptr NULL when there is none. */
struct slice regex_named(const struct regex *re, const char *name);
/* How many groups the expression has beside the whole, and a group's name (NULL: none). */
unsigned regex_group_count(const struct regex *re);
const char *regex_group_name(const struct regex *re, unsigned group);
/* Python's match.expand: \1, \g<1>, \g<name>, \n, \\ … */
int regex_expand(const struct regex *re, struct slice replacement, struct strbuf *out,
		 struct err *err);
/* Python's re.subn. */
int regex_replace_all(struct regex *re, struct slice replacement, struct slice subject,
		      struct strbuf *out, size_t *ret_count, struct err *err);
