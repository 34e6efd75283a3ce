#pragma once
/* Looking for something in a file of any size without holding it: its text comes in
 * windows that begin and end at lines, each with the last lines of the one before. */
#include "rollout/module/module.h"

#define FILE_SEARCH_WINDOW (1u << 20)
#define FILE_SEARCH_OVERLAP (64u << 10)

struct file_search {
	void *ctx;
	/* true: it is found, and nothing more is read. */
	bool (*look)(void *ctx, struct slice window);
};

int file_search(struct module_call *call, const char *path, const struct file_search *s, bool *ret,
		struct err *err);
