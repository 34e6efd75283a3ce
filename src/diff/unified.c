#include "lines.h"
#include "myers.h"
#include "rollout/diff/diff.h"

#include <stdlib.h>

struct edits {
	size_t context;
	struct lines a, b;
	bool *removed, *added;
};

/* A cursor: line numbers from 0, equal lines advance both. */
struct place {
	size_t a, b;
};

static bool at_change(const struct edits *e, struct place p)
{
	return (p.a < e->a.len && e->removed[p.a]) || (p.b < e->b.len && e->added[p.b]);
}

static bool at_end(const struct edits *e, struct place p)
{
	return p.a == e->a.len && p.b == e->b.len;
}

static struct place skip_change(const struct edits *e, struct place p)
{
	while (p.a < e->a.len && e->removed[p.a])
		p.a++;
	while (p.b < e->b.len && e->added[p.b])
		p.b++;
	return p;
}

static struct place skip_equal(const struct edits *e, struct place p, size_t max)
{
	for (; max > 0 && !at_end(e, p) && !at_change(e, p); max--) {
		p.a++;
		p.b++;
	}
	return p;
}

static void put_line(struct strbuf *out, char sign, const struct line *line)
{
	strbuf_putc(out, sign);
	strbuf_slice_append(out, line->text);
	if (!slice_ends_with(line->text, "\n"))
		strbuf_puts(out, "\n\\ No newline at end of file\n");
}

/* POSIX diff -u: ",1" is left out, and an empty range names the line before. */
static void put_range(struct strbuf *out, char sign, size_t from, size_t to)
{
	strbuf_printf(out, "%c%zu", sign, to > from ? from + 1 : from);
	if (to - from != 1)
		strbuf_printf(out, ",%zu", to - from);
}

static void put_hunk(struct strbuf *out, const struct edits *e, struct place from, struct place to)
{
	strbuf_puts(out, "@@ ");
	put_range(out, '-', from.a, to.a);
	strbuf_putc(out, ' ');
	put_range(out, '+', from.b, to.b);
	strbuf_puts(out, " @@\n");
	while (from.a < to.a || from.b < to.b) {
		while (from.a < to.a && e->removed[from.a])
			put_line(out, '-', &e->a.at[from.a++]);
		while (from.b < to.b && e->added[from.b])
			put_line(out, '+', &e->b.at[from.b++]);
		for (; from.a < to.a && from.b < to.b && !at_change(e, from); from.a++, from.b++)
			put_line(out, ' ', &e->a.at[from.a]);
	}
}

/* From a change to the end of its hunk: changes with at most twice the
 * context between them share one. */
static struct place hunk_end(const struct edits *e, struct place p)
{
	for (;;) {
		struct place end = skip_change(e, p);
		p = skip_equal(e, end, 2 * e->context + 1);
		if (!at_change(e, p) || p.a - end.a > 2 * e->context)
			return skip_equal(e, end, e->context);
	}
}

static void put_hunks(struct strbuf *out, const struct edits *e)
{
	struct place p = skip_equal(e, (struct place){0, 0}, SIZE_MAX);
	while (!at_end(e, p)) {
		/* The context before is equal on both sides. */
		size_t before = p.a < p.b ? p.a : p.b;
		before = before < e->context ? before : e->context;
		struct place end = hunk_end(e, p);
		put_hunk(out, e, (struct place){p.a - before, p.b - before}, end);
		p = skip_equal(e, end, SIZE_MAX);
	}
}

static void unified(struct strbuf *out, const char *name_a, struct slice a, const char *name_b,
		    struct slice b, bool whole)
{
	if (slice_eq(a, b))
		return;
	if ((a.len && memchr(a.ptr, '\0', a.len)) || (b.len && memchr(b.ptr, '\0', b.len))) {
		strbuf_printf(out, "Binary files %s and %s differ\n", name_a, name_b);
		return;
	}
	struct edits e = {0};
	lines_cut(&e.a, a);
	lines_cut(&e.b, b);
	e.context = whole ? e.a.len : DIFF_CONTEXT;
	e.removed = xcalloc(e.a.len, sizeof(bool));
	e.added = xcalloc(e.b.len, sizeof(bool));
	myers_diff(&e.a, &e.b, DIFF_MAX_EDITS, e.removed, e.added);
	strbuf_printf(out, "--- %s\n+++ %s\n", name_a, name_b);
	put_hunks(out, &e);
	vec_release(&e.a);
	vec_release(&e.b);
	free(e.removed);
	free(e.added);
}

void diff_unified(struct strbuf *out, const char *name_a, struct slice a, const char *name_b,
		  struct slice b)
{
	unified(out, name_a, a, name_b, b, false);
}

void diff_whole(struct strbuf *out, const char *name_a, struct slice a, const char *name_b,
		struct slice b)
{
	unified(out, name_a, a, name_b, b, true);
}
