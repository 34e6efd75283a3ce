#pragma once
/* A scratch folder that the tests of a program share: pass scratch_make and
 * scratch_remove to cmocka_run_group_tests. */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char scratch[] = "/tmp/rollout-test-XXXXXX";

static inline int scratch_remove_entry(const char *path, const struct stat *st, int type,
				       struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A folder and all that is in it; links are not followed. */
static inline int scratch_remove_tree(const char *path)
{
	return nftw(path, scratch_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int scratch_make(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
	(void)state;
	return scratch_remove_tree(scratch);
}
