/*
 * vault_kv1_get, vault_kv2_get.
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/vault_kv2_get_module.html
 */
#include "hashi.h"
#include "hashi_params.h"

#define PATH_PARAM                                                                                 \
	{                                                                                          \
		.name = "path", .type = MODULE_STR, .required = true,                              \
		.doc = "The secret's path below its mount."                                        \
	}
#define MOUNT_PARAM(default_)                                                                      \
	{                                                                                          \
		.name = "engine_mount_point", .type = MODULE_STR, .fallback = default_,            \
		.doc = "Where the engine is mounted."                                              \
	}

static const struct module_param kv1_params[] = {
	PATH_PARAM,
	MOUNT_PARAM("kv"),
	HASHI_PARAMS,
	{0},
};
static const struct module_param kv2_params[] = {
	PATH_PARAM,
	MOUNT_PARAM("secret"),
	{.name = "version", .type = MODULE_INT, .doc = "Which version; the last otherwise."},
	HASHI_PARAMS,
	{0},
};

static int get(struct hashi *v, const char *between, struct hashi_answer *ret, struct err *err)
{
	struct module_call *call = v->call;
	const char *path = arg_str(call, "path");
	int r = hashi_open(v, call, err);
	if (r == 0)
		r = hashi_login(v, NULL, err);
	if (r < 0)
		return r;
	struct hashi_request q = {
		.method = "GET",
		.path = hashi_path_join(call, arg_str(call, "engine_mount_point"), between, path)};
	if (arg_has(call, "version"))
		q.path = arena_printf(call->arena, "%s?version=%lld", q.path,
				      (long long)arg_int(call, "version", 0));
	r = hashi_ask(v, &q, ret, err);
	if (r < 0)
		return r;
	if (ret->status == 403)
		return hashi_refused(v, err, "Forbidden: Permission Denied to path ['%s'].", path);
	if (!hashi_is_good(ret) && ret->status != 404)
		return hashi_failed(v, ret, err);
	return hashi_is_good(ret) && !ret->json ? hashi_no_json(v, ret, err) : 0;
}

static void put(struct module_call *call, const struct hashi_answer *a, const struct value *secret,
		const struct value *metadata)
{
	result_put(call, "raw", a->json);
	result_put(call, "data", value_get(a->json, "data"));
	result_put(call, "secret", secret);
	result_put(call, "metadata", metadata);
}

static int apply_kv1(struct module_call *call, struct err *err)
{
	struct hashi v = {.call = call};
	struct hashi_answer a = {0};
	const char *path = arg_str(call, "path");
	int r = get(&v, "/", &a, err);
	if (r < 0)
		return r;
	if (a.status == 404 && strstr(a.said, "Invalid path for a versioned K/V secrets engine"))
		return hashi_refused(
			&v, err,
			"Invalid path for a versioned K/V secrets engine ['%s']. If this is a KV "
			"version 2 path, use community.hashi_vault.vault_kv2_get.",
			path);
	if (a.status == 404)
		return hashi_refused(&v, err, "Invalid or missing path ['%s'].", path);
	const struct value *data = value_get(a.json, "data");
	if (!data)
		return hashi_refused(&v, err, "Vault's answer for ['%s'] has no data", path);
	struct value *metadata = value_dict_dup(call->arena, a.json);
	(void)value_dict_remove(metadata, SLICE_LIT("data"));
	put(call, &a, data, metadata);
	return 0;
}

static int apply_kv2(struct module_call *call, struct err *err)
{
	struct hashi v = {.call = call};
	struct hashi_answer a = {0};
	const char *path = arg_str(call, "path");
	int r = get(&v, "/data/", &a, err);
	if (r < 0)
		return r;
	if (a.status == 404)
		return hashi_refused(
			&v, err,
			"Invalid or missing path ['%s'] with secret version '%s'. Check the path "
			"or secret version.",
			path,
			arg_int(call, "version", 0) != 0
				? arena_printf(call->arena, "%lld",
					       (long long)arg_int(call, "version", 0))
				: "latest");
	const struct value *data = value_get(a.json, "data");
	const struct value *secret = value_get(data, "data"),
			   *metadata = value_get(data, "metadata");
	if (!secret || !metadata)
		return hashi_refused(&v, err,
				     "Vault's answer for ['%s'] has no data and metadata: is '%s' "
				     "a KV version 2 engine?",
				     path, arg_str(call, "engine_mount_point"));
	put(call, &a, secret, metadata);
	return 0;
}

static int run_kv1(struct module_call *call, struct err *err)
{
	return program_settle(call, apply_kv1(call, err), err);
}

static int run_kv2(struct module_call *call, struct err *err)
{
	return program_settle(call, apply_kv2(call, err), err);
}

static const char *const secret_texts[] = {"secret", "client_token", NULL};

const struct module module_vault_kv1_get = {
	.name = "vault_kv1_get",
	.full_name = "community.hashi_vault.vault_kv1_get",
	.doc = "Gets a secret from HashiCorp Vault's KV store, version 1.",
	.secret_results = hashi_secret_data,
	.secret_texts = secret_texts,
	.params = kv1_params,
	.run = run_kv1,
};
const struct module module_vault_kv2_get = {
	.name = "vault_kv2_get",
	.full_name = "community.hashi_vault.vault_kv2_get",
	.doc = "Gets a secret from HashiCorp Vault's KV store, version 2.",
	.secret_results = hashi_secret_data,
	.secret_texts = secret_texts,
	.params = kv2_params,
	.run = run_kv2,
};
