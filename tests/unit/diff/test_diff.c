#include "rollout/diff/diff.h"

#include "test.h"

/* Expected texts are those of diff -u. */
static const struct {
	const char *a, *b, *expect;
} cases[] = {
	{"", "", ""},
	{"a\n", "a\n", ""},
	{"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
	{"a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"},
	{"a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
	{"a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
	{"a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"},
	{"x\na", "y\na", "@@ -1,2 +1,2 @@\n-x\n+y\n a\n\\ No newline at end of file\n"},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
	 "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n"},
	/* Six equal lines between two changes: one hunk; seven: two. */
	{"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	 "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
	{"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	 "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
	{"1\n2\n3\n4\n5\n", "1\n2\n3\nnew\n4\n5\n", "@@ -1,5 +1,6 @@\n 1\n 2\n 3\n+new\n 4\n 5\n"},
};

static void as_diff_u(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0}, expect = {0};
		if (cases[i].expect[0])
			strbuf_printf(&expect, "--- before\n+++ after\n%s", cases[i].expect);
		diff_unified(&out, "before", slice_from(cases[i].a), "after",
			     slice_from(cases[i].b));
		assert_string_equal(text_of(&out), text_of(&expect));
	}
}

static void binary(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	(void)state;
	diff_unified(&out, "a", (struct slice){"\0", 1}, "b", SLICE_LIT("x"));
	assert_string_equal(out.ptr, "Binary files a and b differ\n");
}

/* Rebuilds both texts from a diff that shows them whole. */
static void split_diff(struct slice diff, struct strbuf *a, struct strbuf *b)
{
	struct slice line;
	for (int i = 0; i < 3; i++)
		slice_split(&diff, '\n', &line);
	while (slice_split(&diff, '\n', &line) && line.len > 0) {
		struct slice text = {line.ptr + 1, line.len - 1};
		if (line.ptr[0] != '+')
			strbuf_printf(a, "%.*s\n", SLICE_ARG(text));
		if (line.ptr[0] != '-')
			strbuf_printf(b, "%.*s\n", SLICE_ARG(text));
	}
}

/* The length of a longest common subsequence, by the textbook. */
static size_t common_lines(const char *a, size_t n, const char *b, size_t m)
{
	size_t best[2][64] = {{0}};
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t up = best[(i - 1) % 2][j], left = best[i % 2][j - 1];
			best[i % 2][j] = up > left ? up : left;
			if (a[i - 1] == b[j - 1])
				best[i % 2][j] = best[(i - 1) % 2][j - 1] + 1;
		}
	}
	return best[n % 2][m];
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

/* On short texts, where the whole is within one hunk's reach, the script is
 * right and minimal. */
static void minimal_and_right(void **state)
{
	unsigned seed = 1;
	(void)state;
	for (int round = 0; round < 3000; round++) {
		CLEANUP(strbuf_release)
		struct strbuf a = {0}, b = {0}, out = {0}, a2 = {0}, b2 = {0};
		char x[8], y[8];
		size_t n = next_random(&seed) % 8, m = next_random(&seed) % 8, changed = 0;
		for (size_t i = 0; i < n; i++)
			strbuf_printf(&a, "%c\n", x[i] = (char)('a' + next_random(&seed) % 3));
		for (size_t i = 0; i < m; i++)
			strbuf_printf(&b, "%c\n", y[i] = (char)('a' + next_random(&seed) % 3));
		diff_unified(&out, "a", strbuf_slice(&a), "b", strbuf_slice(&b));
		if (out.len == 0)
			continue;
		size_t common = common_lines(x, n, y, m);
		struct slice rest = strbuf_slice(&out), line;
		for (size_t i = 0; slice_split(&rest, '\n', &line); i++)
			changed += i > 2 && line.len > 0 && line.ptr[0] != ' ';
		assert_int_equal(changed, n + m - 2 * common);
		split_diff(strbuf_slice(&out), &a2, &b2);
		/* Common ends beyond the context are not shown. */
		assert_true(n > 0 && m > 0 && common > 3
				    ? 1
				    : slice_eq(strbuf_slice(&a), strbuf_slice(&a2)));
		assert_true(n > 0 && m > 0 && common > 3
				    ? 1
				    : slice_eq(strbuf_slice(&b), strbuf_slice(&b2)));
	}
}

static void a_large_change_is_a_replacement(void **state)
{
	CLEANUP(strbuf_release) struct strbuf a = {0}, b = {0}, out = {0}, a2 = {0}, b2 = {0};
	(void)state;
	for (unsigned i = 0; i < 3 * DIFF_MAX_EDITS; i++) {
		strbuf_printf(&a, "%s%u\n", i % 5 ? "a" : "common", i);
		strbuf_printf(&b, "%s%u\n", i % 5 ? "b" : "common", i);
	}
	strbuf_puts(&a, "end\n");
	strbuf_puts(&b, "end\n");
	diff_unified(&out, "a", strbuf_slice(&a), "b", strbuf_slice(&b));
	split_diff(strbuf_slice(&out), &a2, &b2);
	assert_true(slice_eq(strbuf_slice(&a), strbuf_slice(&a2)));
	assert_true(slice_eq(strbuf_slice(&b), strbuf_slice(&b2)));
	assert_non_null(strstr(out.ptr, "\n-common5\n"));
	/* One more below the bound is searched. */
	strbuf_truncate(&a, 0);
	strbuf_truncate(&b, 0);
	strbuf_truncate(&out, 0);
	for (unsigned i = 0; i < DIFF_MAX_EDITS; i++) {
		strbuf_printf(&a, "%u\n", i);
		strbuf_printf(&b, i % 2 ? "%u\n" : "x%u\n", i);
	}
	diff_unified(&out, "a", strbuf_slice(&a), "b", strbuf_slice(&b));
	assert_non_null(strstr(out.ptr, "\n 1001\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_diff_u),
		cmocka_unit_test(binary),
		cmocka_unit_test(minimal_and_right),
		cmocka_unit_test(a_large_change_is_a_replacement),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
