#include "myers.h"

#include <assert.h>
#include <stdlib.h>

/* Lines a[a0..a1) against b[b0..b1). */
struct box {
	size_t a0, a1, b0, b1;
};
/* Where a shortest path passes, with its length in edits. */
struct split {
	size_t a, b;
	size_t edits;
};

struct search {
	const struct line *a, *b;
	bool *removed, *added;
	size_t max_edits;
	/* Furthest x on each diagonal, forwards and backwards; indexed from
	 * the middle. */
	ptrdiff_t *forward, *backward;
};

static bool same(const struct search *s, size_t i, size_t j)
{
	return line_equal(&s->a[i], &s->b[j]);
}

/* One step of the forward search at diagonal k; the x reached. */
static ptrdiff_t step_forward(const struct search *s, const struct box *x, ptrdiff_t d, ptrdiff_t k)
{
	ptrdiff_t *v = s->forward, n = (ptrdiff_t)(x->a1 - x->a0), m = (ptrdiff_t)(x->b1 - x->b0);
	ptrdiff_t at = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1;
	while (at < n && at - k < m && at - k >= 0 &&
	       same(s, x->a0 + (size_t)at, x->b0 + (size_t)(at - k)))
		at++;
	v[k] = at;
	return at;
}

/* The same from the far corner, x counted from there. */
static ptrdiff_t step_backward(const struct search *s, const struct box *x, ptrdiff_t d,
			       ptrdiff_t k)
{
	ptrdiff_t *v = s->backward, n = (ptrdiff_t)(x->a1 - x->a0), m = (ptrdiff_t)(x->b1 - x->b0);
	ptrdiff_t at = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1;
	while (at < n && at - k < m && at - k >= 0 &&
	       same(s, x->a1 - 1 - (size_t)at, x->b1 - 1 - (size_t)(at - k)))
		at++;
	v[k] = at;
	return at;
}

/* Diagonals outside of the box are not searched: they cannot be on a path. */
static bool inside(const struct box *x, ptrdiff_t at, ptrdiff_t k)
{
	return at <= (ptrdiff_t)(x->a1 - x->a0) && at - k <= (ptrdiff_t)(x->b1 - x->b0) &&
	       at - k >= 0;
}

/* The middle of a shortest path; false when it has more than max_edits. */
static bool find_split(const struct search *s, const struct box *x, struct split *ret)
{
	ptrdiff_t n = (ptrdiff_t)(x->a1 - x->a0), m = (ptrdiff_t)(x->b1 - x->b0);
	ptrdiff_t delta = n - m, limit = (ptrdiff_t)(s->max_edits / 2) + 1;
	bool odd = delta & 1;
	s->forward[1] = s->backward[1] = 0;
	for (ptrdiff_t d = 0; d <= limit; d++) {
		for (ptrdiff_t k = -d; k <= d; k += 2) {
			ptrdiff_t at = step_forward(s, x, d, k), other = delta - k;
			if (!odd || other < -(d - 1) || other > d - 1 || !inside(x, at, k) ||
			    at + s->backward[other] < n)
				continue;
			*ret = (struct split){x->a0 + (size_t)at, x->b0 + (size_t)(at - k),
					      (size_t)(2 * d - 1)};
			return true;
		}
		for (ptrdiff_t k = -d; k <= d; k += 2) {
			ptrdiff_t at = step_backward(s, x, d, k), other = delta - k;
			if (odd || other < -d || other > d || !inside(x, at, k) ||
			    at + s->forward[other] < n)
				continue;
			*ret = (struct split){x->a1 - (size_t)at, x->b1 - (size_t)(at - k),
					      (size_t)(2 * d)};
			return true;
		}
	}
	return false;
}

static void trim_common_ends(const struct search *s, struct box *x)
{
	while (x->a0 < x->a1 && x->b0 < x->b1 && same(s, x->a0, x->b0)) {
		x->a0++;
		x->b0++;
	}
	while (x->a0 < x->a1 && x->b0 < x->b1 && same(s, x->a1 - 1, x->b1 - 1)) {
		x->a1--;
		x->b1--;
	}
}

static void mark_all(const struct search *s, const struct box *x)
{
	for (size_t i = x->a0; i < x->a1; i++)
		s->removed[i] = true;
	for (size_t j = x->b0; j < x->b1; j++)
		s->added[j] = true;
}

/* Depth is logarithmic in the edits: each half has half of them. */
static void compare(const struct search *s, struct box x)
{
	struct split at;
	trim_common_ends(s, &x);
	if (x.a0 == x.a1 || x.b0 == x.b1 || !find_split(s, &x, &at) || at.edits > s->max_edits) {
		mark_all(s, &x);
		return;
	}
	compare(s, (struct box){x.a0, at.a, x.b0, at.b});
	compare(s, (struct box){at.a, x.a1, at.b, x.b1});
}

void myers_diff(const struct lines *a, const struct lines *b, size_t max_edits, bool *removed,
		bool *added)
{
	size_t half = max_edits / 2 + 3;
	ptrdiff_t *v = xcalloc(4 * half, sizeof(*v));
	struct search s = {a->at, b->at, removed, added, max_edits, v + half, v + 3 * half};
	assert(max_edits < SIZE_MAX / 64);
	compare(&s, (struct box){0, a->len, 0, b->len});
	free(v);
}
