#include "table.h"

#include "rollout/report/visible.h"

#include <assert.h>
#include <stdio.h>

void table_add(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->ncolumns; i++) {
		CLEANUP(strbuf_release) struct strbuf shown = {0};
		visible_line(&shown, slice_from(cells[i] && *cells[i] ? cells[i] : "-"));
		vec_push(&t->cells, arena_strdup(&t->arena, shown.ptr));
	}
}

static unsigned width_of(const struct table *t, size_t column)
{
	unsigned widest = 0;
	for (size_t i = column; i < t->cells.len; i += t->ncolumns) {
		unsigned n = visible_columns(slice_from(t->cells.at[i]));
		widest = n > widest ? n : widest;
	}
	return widest;
}

void table_print(const struct table *t)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	CLEANUP(free_ptr) unsigned *widths = xcalloc(t->ncolumns + 1, sizeof(*widths));
	for (size_t i = 0; i < t->ncolumns; i++)
		widths[i] = width_of(t, i);
	for (size_t i = 0; i < t->cells.len; i++) {
		assert(t->ncolumns > 0);
		size_t column = i % t->ncolumns;
		bool last = column + 1 == t->ncolumns;
		unsigned have = visible_columns(slice_from(t->cells.at[i]));
		strbuf_puts(&out, t->cells.at[i]);
		if (last)
			strbuf_putc(&out, '\n');
		else
			strbuf_printf(&out, "%*s", (int)(widths[column] - have + 2), "");
	}
	fputs(out.ptr ? out.ptr : "", stdout);
}

void table_release(struct table *t)
{
	vec_release(&t->cells);
	arena_release(&t->arena);
}
