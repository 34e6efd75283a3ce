#include "environment.h"

#include <unistd.h>

void environment_save(struct environment *ret)
{
	*ret = (struct environment){0};
	for (char **e = environ; e && *e; e++)
		vec_push(&ret->entries, xstrdup(*e));
}

void environment_restore(const struct environment *e)
{
	clearenv();
	for (size_t i = 0; i < e->entries.len; i++)
		putenv(e->entries.at[i]);
}
