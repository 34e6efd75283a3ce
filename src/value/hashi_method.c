#include "rollout/value/hashi_method.h"

static const struct hashi_method methods[] = {
	{"userpass", {"username", "password"}, true, {{"password", "password"}}},
	{"ldap", {"username", "password"}, true, {{"password", "password"}}},
	{"approle", {"role_id"}, false, {{"role_id", "role_id"}, {"secret_id", "secret_id"}}},
	{"jwt", {"role_id", "jwt"}, false, {{"role_id", "role"}, {"jwt", "jwt"}}},
	{"cert", {"cert_auth_public_key", "cert_auth_private_key"}, false, {{"role_id", "name"}}},
};

const struct hashi_method *hashi_method_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static const struct value *option(const struct value *given, const char *name)
{
	const struct value *v = value_get(given, name);
	return v && v->type != VALUE_NULL ? v : NULL;
}

int hashi_method_check(const struct hashi_method *m, const struct value *given, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf all = {0}, missing = {0};
	for (size_t i = 0; m->needs[i]; i++) {
		strbuf_printf(&all, "%s'%s'", i ? ", " : "", m->needs[i]);
		if (!option(given, m->needs[i]))
			strbuf_printf(&missing, "%s'%s'", missing.len ? ", " : "", m->needs[i]);
	}
	if (missing.len == 0)
		return 0;
	return err_set(err, ERR_INVALID,
		       "Authentication method %s requires options (%s%s) to be set, but these are "
		       "missing: [%s]",
		       m->name, all.ptr, m->needs[1] ? "" : ",", missing.ptr);
}

struct value *hashi_method_body(const struct hashi_method *m, struct arena *a,
				const struct value *given)
{
	struct value *body = value_dict_new(a);
	for (size_t i = 0; i < ARRAY_LEN(m->sent) && m->sent[i].option; i++) {
		const struct value *v = option(given, m->sent[i].option);
		if (v)
			value_dict_put(a, body, m->sent[i].key, v);
	}
	return body;
}
