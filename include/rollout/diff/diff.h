#pragma once
/*
 * Line diff in the unified format (POSIX diff -u; Myers' O(ND) algorithm).
 * Pure. A change larger than DIFF_MAX_EDITS lines is shown as whole-file
 * replacement rather than searched for a minimum.
 */
#include "rollout/base/str.h"

#define DIFF_MAX_EDITS 4000u
#define DIFF_CONTEXT 3u

/* Appends "--- a\n+++ b\n@@ …" to out; nothing where the texts are equal.
 * A text with NUL bytes gives "Binary files a and b differ\n". */
void diff_unified(struct strbuf *out, const char *name_a, struct slice a, const char *name_b,
		  struct slice b);
/* The same in one hunk, with all lines that are equal. */
void diff_whole(struct strbuf *out, const char *name_a, struct slice a, const char *name_b,
		struct slice b);
