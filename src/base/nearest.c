#include "rollout/base/nearest.h"

#include <limits.h>
#include <stdio.h>

#define NEAREST_MAX_LEN 64u

void nearest_init(struct nearest *n, struct slice wanted)
{
	*n = (struct nearest){.wanted = wanted, .distance = UINT_MAX};
}

static unsigned min_unsigned(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

/* Another digit is rarely a slip: web1 is not meant where web2 is written. */
static unsigned replacement(char x, char y)
{
	bool digits = x >= '0' && x <= '9' && y >= '0' && y <= '9';
	return x == y ? 0 : digits ? 2 : 1;
}

/* Optimal string alignment: insertions, deletions, replacements and swaps of
 * neighbours; letters by case and - for _ are free. */
static unsigned edit_distance(struct slice a, struct slice b)
{
	unsigned rows[3][NEAREST_MAX_LEN + 1];
	for (unsigned j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3];
		const unsigned *two_before = rows[(i + 1) % 3];
		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char x = fold(a.ptr[i - 1]), y = fold(b.ptr[j - 1]);
			unsigned d = before[j - 1] + replacement(x, y);
			d = min_unsigned(d, min_unsigned(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == fold(b.ptr[j - 2]) && y == fold(a.ptr[i - 2]))
				d = min_unsigned(d, two_before[j - 2] + 1);
			now[j] = d;
		}
	}
	return rows[a.len % 3][b.len];
}

void nearest_offer(struct nearest *n, struct slice candidate)
{
	if (candidate.len == 0 || candidate.len > NEAREST_MAX_LEN ||
	    n->wanted.len > NEAREST_MAX_LEN)
		return;
	unsigned d = edit_distance(n->wanted, candidate);
	/* One edit in three letters is near enough. */
	size_t longer = candidate.len > n->wanted.len ? candidate.len : n->wanted.len;
	unsigned limit = longer < 3 ? 1 : (unsigned)longer / 3;
	if (d > limit || d >= longer || d >= n->distance)
		return;
	n->best = candidate;
	n->distance = d;
}

const char *nearest_hint(const struct nearest *n, char *buf, size_t size)
{
	if (size == 0)
		return buf;
	buf[0] = '\0';
	if (n->best.len > 0)
		snprintf(buf, size, "; did you mean '%.*s'?", SLICE_ARG(n->best));
	return buf;
}
