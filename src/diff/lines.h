#pragma once
/* A text cut into lines, each with its newline if it has one. */
#include "rollout/base/vec.h"

struct line {
	struct slice text;
	uint64_t hash;
};
struct lines {
	struct line *at;
	size_t len, cap;
};

void lines_cut(struct lines *l, struct slice text);
bool line_equal(const struct line *a, const struct line *b);
