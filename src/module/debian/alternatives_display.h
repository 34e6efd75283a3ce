#pragma once
/* What update-alternatives --display says of a group: Debian's ("slave") and that
 * of chkconfig ("follower", "status is auto."), with LC_ALL=C. */
#include "rollout/module/module.h"

#define SUBCOMMANDS_MAX 128u
#define ALTERNATIVES_MAX 128u

struct subcommand {
	const char *name, *link, *path; /* link NULL: it does not say */
};
struct alternative {
	const char *path;
	int64_t priority;
	struct subcommand subcommands[SUBCOMMANDS_MAX];
	size_t nsubcommands;
};
struct alternatives {
	bool is_manual;
	const char *current, *link; /* NULL: it does not say */
	struct alternative *at[ALTERNATIVES_MAX];
	size_t len;
	struct subcommand links[SUBCOMMANDS_MAX]; /* path NULL: of the group */
	size_t nlinks;
};

/* Strings and alternatives live in the arena. ERR_LIMIT beyond the maxima. */
int alternatives_parse(struct arena *a, struct slice text, struct alternatives *ret,
		       struct err *err);
const struct alternative *alternatives_find(const struct alternatives *all, const char *path);
/* Links that it does not say are taken for those that are wanted. */
void alternatives_guess_links(struct alternatives *all, const struct alternative *wanted);
/* In any order. */
bool alternatives_same_subcommands(const struct alternative *a, const struct alternative *b);
