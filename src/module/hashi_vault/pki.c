/*
 * vault_pki_generate_certificate.
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/vault_pki_generate_certificate_module.html
 */
#include "hashi.h"
#include "hashi_params.h"

static const char *const formats[] = {"pem", "der", "pem_bundle", NULL};
static const char *const key_formats[] = {"der", "pkcs8", NULL};

#define NAMES(name_, doc_)                                                                         \
	{                                                                                          \
		.name = name_, .type = MODULE_LIST, .element = MODULE_STR, .fallback = "[]",       \
		.doc = doc_                                                                        \
	}

static const struct module_param params[] = {
	{.name = "role_name", .type = MODULE_STR, .required = true, .doc = "The engine's role."},
	{.name = "common_name", .type = MODULE_STR, .required = true, .doc = "The CN."},
	NAMES("alt_names", "DNS names and mail addresses."),
	NAMES("ip_sans", "IP addresses."),
	NAMES("uri_sans", "URIs."),
	NAMES("other_sans", "Others, OID;UTF8:TEXT."),
	HASHI_TEXT("ttl", "How long it is valid; else as the role says."),
	{.name = "format",
	 .type = MODULE_STR,
	 .fallback = "pem",
	 .choices = formats,
	 .doc = "Of certificate and key."},
	{.name = "private_key_format",
	 .type = MODULE_STR,
	 .fallback = "der",
	 .choices = key_formats,
	 .doc = "Of the key."},
	{.name = "exclude_cn_from_sans",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The CN is none of the names."},
	{.name = "engine_mount_point",
	 .type = MODULE_STR,
	 .fallback = "pki",
	 .doc = "Where the engine is mounted."},
	HASHI_PARAMS,
	{0},
};

static const struct value *joined(struct module_call *call, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	size_t count;
	const char *const *items = arg_list(call, name, &count);
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&out, "%s%s", i ? "," : "", items[i]);
	return value_str(call->arena, strbuf_slice(&out));
}

static const struct value *body_of(struct module_call *call)
{
	static const char *const as_given[] = {"common_name", "ttl", "format", "private_key_format",
					       "exclude_cn_from_sans"};
	static const char *const lists[] = {"alt_names", "ip_sans", "uri_sans", "other_sans"};
	struct value *body = value_dict_new(call->arena);
	for (size_t i = 0; i < ARRAY_LEN(as_given); i++)
		if (arg_has(call, as_given[i]))
			value_dict_put(call->arena, body, as_given[i],
				       value_get(call->args, as_given[i]));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		value_dict_put(call->arena, body, lists[i], joined(call, lists[i]));
	return body;
}

static int issue(struct hashi *v, struct err *err)
{
	struct module_call *call = v->call;
	const struct hashi_request q = {
		.method = "POST",
		.path = hashi_path_join(call, arg_str(call, "engine_mount_point"), "/issue/",
					arg_str(call, "role_name")),
		.body = body_of(call),
		.changes = true,
	};
	struct hashi_answer a = {0};
	int r = hashi_ask(v, &q, &a, err);
	if (r < 0)
		return r;
	if (!hashi_is_good(&a))
		return hashi_failed(v, &a, err);
	if (!a.json)
		return hashi_no_json(v, &a, err);
	result_put(call, "data", a.json);
	return 0;
}

static int apply(struct module_call *call, struct err *err)
{
	struct hashi v = {.call = call};
	int r = hashi_open(&v, call, err);
	if (r == 0 && !call->check_mode && (r = hashi_login(&v, NULL, err)) == 0)
		r = issue(&v, err);
	if (r < 0)
		return r;
	result_changed(call);
	if (!call->check_mode)
		return 0;
	result_put(call, "data", value_dict_new(call->arena));
	result_unknown(call, "would have Vault issue a certificate for %s",
		       arg_str(call, "common_name"));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

const struct module module_vault_pki_generate_certificate = {
	.name = "vault_pki_generate_certificate",
	.full_name = "community.hashi_vault.vault_pki_generate_certificate",
	.doc = "Has HashiCorp Vault issue a key and a certificate.",
	.flags = MODULE_ONCE_ONLY,
	.secret_results = hashi_secret_data,
	.secret_texts = hashi_secret_texts,
	.params = params,
	.run = run,
};
