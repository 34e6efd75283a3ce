#pragma once
/* Columns of text, as wide as what is in them. */
#include "rollout/base/arena.h"
#include "rollout/base/vec.h"

struct table {
	struct arena arena;
	size_t ncolumns;
	VEC(const char *) cells; /* row after row, visible text */
};

/* One row; `cells` are copied. NULL and "" show as "-". */
void table_add(struct table *t, const char *const *cells);
/* Two blanks between the columns, the last one as it is. To standard output. */
void table_print(const struct table *t);
void table_release(struct table *t);
