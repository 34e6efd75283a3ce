#pragma once
/* A folder of files for one test: made from a table, removed at the end. */
#include "scratch.h"

#include "rollout/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct project {
	char dir[64];
};

static inline void project_open(struct project *p)
{
	strcpy(p->dir, "/tmp/rollout-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
}

static inline void project_close(struct project *p)
{
	assert_int_equal(scratch_remove_tree(p->dir), 0);
}

/* The path of a file of the project; the last eight stay valid. */
static inline const char *project_path(const struct project *p, const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *out = paths[next++ % 8];
	snprintf(out, sizeof(paths[0]), "%s/%s", p->dir, name);
	return out;
}

static inline void project_file(const struct project *p, const char *name, const char *text)
{
	struct err err = {0};
	const char *path = project_path(p, name);
	char *dir = xstrdup(path);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(dir_create_all(dir, 0755, &err), 0);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
	free(dir);
}
