/*
 * vault_write, vault_login.
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/vault_write_module.html
 */
#include "../call.h"
#include "hashi.h"
#include "hashi_params.h"

static const struct module_param write_params[] = {
	{.name = "path", .type = MODULE_STR, .required = true, .doc = "Vault's path."},
	{.name = "data", .type = MODULE_DICT, .fallback = "{}", .doc = "What is sent, as JSON."},
	HASHI_TEXT("wrap_ttl", "Wraps the answer, for so long (15s, 20m, 25h)."),
	HASHI_PARAMS,
	{0},
};
static const struct module_param login_params[] = {HASHI_PARAMS, {0}};

static int write_path(struct hashi *v, struct err *err)
{
	struct module_call *call = v->call;
	const char *path = arg_str(call, "path"), *ttl = arg_str(call, "wrap_ttl");
	const struct hashi_request q = {
		.method = "PUT",
		.path = hashi_path(call, path),
		.body = value_get(call->args, "data"),
		.wrap_ttl = ttl,
		.changes = true,
	};
	struct hashi_answer a = {0};
	int r = hashi_ask(v, &q, &a, err);
	if (r < 0)
		return r;
	if (a.status == 403)
		return err_set(err, ERR_INVALID, "Forbidden: Permission Denied to path '%s'.",
			       path);
	if (a.status == 404)
		return err_set(err, ERR_INVALID, "The path '%s' doesn't seem to exist.", path);
	if (a.status == 500)
		return err_set(err, ERR_INVALID, "Internal Server Error: %s", a.said);
	if (!hashi_is_good(&a))
		return hashi_failed(v, &a, err);
	result_changed(call);
	result_put(call, "data", hashi_output(v, &a));
	return 0;
}

/* Nothing is sent in check mode, and data is {}; what it would be nobody knows. */
static int apply_write(struct module_call *call, struct err *err)
{
	struct hashi v = {.call = call};
	const struct value *ttl = value_get(call->args, "wrap_ttl");
	int r = ttl && ttl->type == VALUE_STRING ? call_check_line("wrap_ttl", ttl->str, err) : 0;
	if (r == 0)
		r = hashi_open(&v, call, err);
	if (r == 0 && call->check_mode) {
		result_changed(call);
		result_put(call, "data", value_dict_new(call->arena));
		result_unknown(call, "would write %s to Vault", arg_str(call, "path"));
		host_overlay_assume(call->host,
				    arena_printf(call->arena, "%s would be written to Vault",
						 arg_str(call, "path")));
		return 0;
	}
	if (r == 0)
		r = hashi_login(&v, NULL, err);
	return r < 0 ? r : write_path(&v, err);
}

static int run_write(struct module_call *call, struct err *err)
{
	return program_settle(call, apply_write(call, err), err);
}

static int apply_login(struct module_call *call, struct err *err)
{
	struct hashi v = {.call = call};
	const struct value *response = NULL;
	if (strcmp(arg_str(call, "auth_method"), "none") == 0)
		return err_set(err, ERR_INVALID,
			       "The 'none' auth method is not valid for this module.");
	int r = hashi_open(&v, call, err);
	if (r == 0)
		r = hashi_login(&v, &response, err);
	if (r == 0)
		result_put(call, "login", response);
	return r;
}

static int run_login(struct module_call *call, struct err *err)
{
	return program_settle(call, apply_login(call, err), err);
}

const struct module module_vault_write = {
	.name = "vault_write",
	.full_name = "community.hashi_vault.vault_write",
	.doc = "Writes to a path of HashiCorp Vault.",
	.flags = MODULE_ONCE_ONLY,
	.secret_results = hashi_secret_data,
	.secret_texts = hashi_secret_texts,
	.params = write_params,
	.run = run_write,
};
const struct module module_vault_login = {
	.name = "vault_login",
	.full_name = "community.hashi_vault.vault_login",
	.doc = "Logs in to HashiCorp Vault and returns the token.",
	.secret_results = hashi_secret_data,
	.secret_texts = hashi_secret_texts,
	.params = login_params,
	.run = run_login,
};
