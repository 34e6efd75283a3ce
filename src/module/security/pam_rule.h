#pragma once
/*
 * A service's file of PAM, pam.d(5), as lines. A line that is no rule (comments,
 * @include, what cannot be read) keeps its text; so does a rule that nobody changes.
 *
 *     pam_rules_parse(&rules, arena, text); … rules.at[i].is_rule …
 *     pam_rules_write(&rules, &out); pam_rules_release(&rules)
 */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"
#include "rollout/base/str.h"
#include "rollout/base/vec.h"

#define PAM_ARGS_MAX 128u

struct pam_args {
	const char *at[PAM_ARGS_MAX];
	size_t len;
};
struct pam_rule {
	struct slice text; /* as it is in the file, with its line end */
	bool is_rule, is_blank, is_changed;
	const char *type, *control, *path; /* control: one blank between its parts */
	struct pam_args args;
	struct slice comment; /* from # on */
};
struct pam_rules {
	struct arena *arena;
	struct pam_rule **at;
	size_t len, cap;
};

void pam_rules_parse(struct pam_rules *rules, struct arena *a, struct slice text);
void pam_rules_insert(struct pam_rules *rules, size_t at, const struct pam_rule *rule);
void pam_rules_remove(struct pam_rules *rules, size_t at);
void pam_rules_write(const struct pam_rules *rules, struct strbuf *out);
void pam_rules_release(struct pam_rules *rules);

/* Words and [ … ] of a text. ERR_LIMIT. */
int pam_args_add(struct pam_args *args, struct arena *a, struct slice text, struct err *err);
bool pam_args_same(const struct pam_args *a, const struct pam_args *b);
/* "[success=2 default=ignore]" of any spelling; in the arena. */
const char *pam_control(struct arena *a, struct slice text);
/* A keyword, or pairs of a result and an action. */
int pam_control_check(const char *control, struct err *err);
