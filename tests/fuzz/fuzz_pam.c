/* A service's file of PAM: what nobody changes is written as it was; what is
 * written anew reads the same. */
#include "../../src/module/security/pam_rule.h"
#include "rollout/base/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void same(const struct pam_rules *a, const struct pam_rules *b)
{
	require(a->len == b->len);
	for (size_t i = 0; i < a->len; i++) {
		const struct pam_rule *x = a->at[i], *y = b->at[i];
		require(x->is_rule == y->is_rule);
		if (x->is_rule)
			require(strcmp(x->type, y->type) == 0 && strcmp(x->path, y->path) == 0 &&
				strcmp(x->control, y->control) == 0 &&
				pam_args_same(&x->args, &y->args));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct slice text = {(const char *)data, size};
	CLEANUP(pam_rules_release) struct pam_rules rules, again;
	CLEANUP(strbuf_release) struct strbuf out = {0}, anew = {0};
	bool plain =
		!memchr(data, '\0', size) && !memchr(data, '\r', size) && !memchr(data, '\\', size);
	pam_rules_parse(&rules, &a, text);
	pam_rules_write(&rules, &out);
	require(slice_eq(strbuf_slice(&out), text));
	for (size_t i = 0; i < rules.len; i++) {
		rules.at[i]->is_changed = rules.at[i]->is_rule;
		if (rules.at[i]->is_rule)
			(void)pam_control_check(rules.at[i]->control, NULL);
	}
	pam_rules_write(&rules, &anew);
	pam_rules_parse(&again, &a, strbuf_slice(&anew));
	if (plain)
		same(&rules, &again);
	arena_release(&a);
	return 0;
}
