/*
 * vault_kv2_write, vault_kv2_delete.
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/vault_kv2_write_module.html
 */
#include "hashi.h"
#include "hashi_params.h"

#define COMMON_PARAMS                                                                              \
	{.name = "path",                                                                           \
	 .type = MODULE_STR,                                                                       \
	 .required = true,                                                                         \
	 .doc = "The secret's path below its mount."},                                             \
		{.name = "engine_mount_point",                                                     \
		 .type = MODULE_STR,                                                               \
		 .fallback = "secret",                                                             \
		 .doc = "Where the engine is mounted."},                                           \
		HASHI_PARAMS

static const struct module_param write_params[] = {
	COMMON_PARAMS,
	{.name = "data",
	 .type = MODULE_DICT,
	 .required = true,
	 .secret = true,
	 .doc = "The secret."},
	{.name = "cas", .type = MODULE_INT, .doc = "The version that must be there; 0: none."},
	{.name = "read_before_write",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Writes only what differs."},
	{0},
};
static const struct module_param delete_params[] = {
	COMMON_PARAMS,
	{.name = "versions",
	 .type = MODULE_LIST,
	 .element = MODULE_INT,
	 .doc = "Which versions; the last otherwise."},
	{0},
};

static const char *path_of(struct module_call *call, const char *between)
{
	return hashi_path_join(call, arg_str(call, "engine_mount_point"), between,
			       arg_str(call, "path"));
}

/* Whether it is as it shall be. */
static int is_settled(struct hashi *v, bool *ret, struct err *err)
{
	struct module_call *call = v->call;
	const char *path = arg_str(call, "path");
	const struct hashi_request q = {.method = "GET", .path = path_of(call, "/data/")};
	struct hashi_answer a = {0};
	const struct value *none = value_dict_new(call->arena), *now = none;
	int r = hashi_ask(v, &q, &a, err);
	if (r < 0)
		return r;
	if (a.status == 403)
		return hashi_refused(v, err, "Permission denied reading %s", path);
	if (!hashi_is_good(&a) && a.status != 404)
		return hashi_refused(v, err, "VaultError reading %s: %s", path, a.said);
	if (a.status != 404)
		now = value_get(value_get(a.json, "data"), "data");
	if (!now)
		return hashi_refused(v, err, "Vault response did not contain data");
	*ret = value_equal(now, value_get(call->args, "data"));
	return 0;
}

static int write_secret(struct hashi *v, struct err *err)
{
	struct module_call *call = v->call;
	const char *path = arg_str(call, "path");
	struct value *body = value_dict_new(call->arena), *options = value_dict_new(call->arena);
	struct hashi_answer a = {0};
	if (arg_has(call, "cas"))
		value_dict_put(call->arena, options, "cas", value_get(call->args, "cas"));
	value_dict_put(call->arena, body, "options", options);
	value_dict_put(call->arena, body, "data", value_get(call->args, "data"));
	const struct hashi_request q = {
		.method = "POST", .path = path_of(call, "/data/"), .body = body, .changes = true};
	int r = hashi_ask(v, &q, &a, err);
	if (r < 0)
		return r;
	if (a.status == 400)
		return err_set(err, ERR_INVALID, "InvalidRequest writing to '%s': %s", path,
			       a.said);
	if (a.status == 404)
		return err_set(err, ERR_INVALID, "InvalidPath writing to '%s': %s", path, a.said);
	if (a.status == 403)
		return err_set(err, ERR_INVALID, "Permission denied writing to '%s'", path);
	if (!hashi_is_good(&a))
		return hashi_failed(v, &a, err);
	result_changed(call);
	result_put(call, "raw", hashi_output(v, &a));
	return 0;
}

static int apply_write(struct module_call *call, struct err *err)
{
	struct hashi v = {.call = call};
	bool reads = arg_bool(call, "read_before_write"), settled = false;
	int r = hashi_open(&v, call, err);
	if (r == 0 && (reads || !call->check_mode))
		r = hashi_login(&v, NULL, err);
	if (r == 0 && reads)
		r = is_settled(&v, &settled, err);
	/* Without reading nothing is compared but with an empty secret, as in Ansible. */
	if (!reads)
		settled = value_get(call->args, "data")->dict.len == 0;
	if (r < 0 || settled)
		return r;
	if (!call->check_mode)
		return write_secret(&v, err);
	result_changed(call);
	host_overlay_assume(call->host, arena_printf(call->arena, "%s would be written to Vault",
						     arg_str(call, "path")));
	return 0;
}

static int run_write(struct module_call *call, struct err *err)
{
	return program_settle(call, apply_write(call, err), err);
}

static int delete_secret(struct hashi *v, struct err *err)
{
	struct module_call *call = v->call;
	const struct value *versions = value_get(call->args, "versions");
	struct value *body = value_dict_new(call->arena);
	struct hashi_answer a = {0};
	bool some = versions && versions->type == VALUE_LIST && versions->list.len;
	if (some)
		value_dict_put(call->arena, body, "versions", versions);
	const struct hashi_request q = {
		.method = some ? "POST" : "DELETE",
		.path = path_of(call, some ? "/delete/" : "/data/"),
		.body = some ? body : NULL,
		.changes = true,
	};
	int r = hashi_ask(v, &q, &a, err);
	if (r < 0)
		return r;
	if (a.status == 403)
		return err_set(err, ERR_INVALID, "Forbidden: Permission Denied to path ['%s'].",
			       arg_str(call, "path"));
	if (!hashi_is_good(&a))
		return hashi_failed(v, &a, err);
	result_put(call, "data", hashi_output(v, &a));
	return 0;
}

static int apply_delete(struct module_call *call, struct err *err)
{
	struct hashi v = {.call = call};
	int r = hashi_open(&v, call, err);
	if (r == 0 && call->check_mode)
		result_put(call, "data", value_dict_new(call->arena));
	else if (r == 0 && (r = hashi_login(&v, NULL, err)) == 0)
		r = delete_secret(&v, err);
	if (r == 0)
		result_changed(call);
	return r;
}

static int run_delete(struct module_call *call, struct err *err)
{
	return program_settle(call, apply_delete(call, err), err);
}

const struct module module_vault_kv2_write = {
	.name = "vault_kv2_write",
	.full_name = "community.hashi_vault.vault_kv2_write",
	.doc = "Writes a secret to HashiCorp Vault's KV store, version 2.",
	.flags = MODULE_ONCE_ONLY,
	.secret_results = hashi_secret_data,
	.secret_texts = hashi_secret_texts,
	.params = write_params,
	.run = run_write,
};
const struct module module_vault_kv2_delete = {
	.name = "vault_kv2_delete",
	.full_name = "community.hashi_vault.vault_kv2_delete",
	.doc = "Deletes versions of a secret in HashiCorp Vault's KV store, version 2.",
	.flags = MODULE_ONCE_ONLY,
	.secret_results = hashi_secret_data,
	.secret_texts = hashi_secret_texts,
	.params = delete_params,
	.run = run_delete,
};
