#pragma once
/*
 * How HashiCorp Vault's auth methods are logged in to, for the modules of
 * community.hashi_vault and for its lookups: which options each wants, and what is sent.
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/
 */
#include "rollout/value/value.h"

struct hashi_method {
	const char *name;     /* also where it is mounted, if nothing else is said */
	const char *needs[3]; /* options, NULL-terminated */
	bool name_in_path;    /* login/USERNAME instead of login */
	struct {
		const char *option, *key;
	} sent[2]; /* in the body, where the option is given */
};

/* NULL: nothing is to be sent (token, none), or there is no such method. */
const struct hashi_method *hashi_method_find(const char *name);
/* given: a dict of options; what is missing or null is told. */
int hashi_method_check(const struct hashi_method *m, const struct value *given, struct err *err);
struct value *hashi_method_body(const struct hashi_method *m, struct arena *a,
				const struct value *given);
