/* Two sections of any bytes compared: there is a diff where they differ, and
 * its added and removed lines account for the difference in length. */
#include "input.h"
#include "rollout/diff/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes added minus bytes removed, as the hunks say. */
static long growth(struct slice diff)
{
	struct slice line;
	long n = 0, last = 0;
	while (slice_split(&diff, '\n', &line)) {
		char c = line.len ? line.ptr[0] : '\0';
		if (slice_starts_with(line, "\\ ")) /* the last line had no end */
			n -= last > 0 ? 1 : last < 0 ? -1 : 0;
		last = c == '+' ? (long)line.len : c == '-' ? -(long)line.len : 0;
		n += last;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size};
	struct slice a = input_section(&rest), b = rest;
	CLEANUP(strbuf_release) struct strbuf out = {0};
	diff_unified(&out, "a", a, "b", b);
	if (slice_eq(a, b) != (out.len == 0))
		abort();
	if (!out.len || memchr(data, 0, size))
		return 0;
	struct slice hunks = strbuf_slice(&out), header;
	if (!slice_split(&hunks, '\n', &header) || !slice_is(header, "--- a") ||
	    !slice_split(&hunks, '\n', &header) || !slice_is(header, "+++ b"))
		abort();
	if (growth(hunks) != (long)b.len - (long)a.len)
		abort();
	return 0;
}
