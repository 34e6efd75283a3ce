/*
 * vault_read, vault_list: whatever a path answers.
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/vault_read_module.html
 */
#include "hashi.h"
#include "hashi_params.h"

static const struct module_param params[] = {
	{.name = "path", .type = MODULE_STR, .required = true, .doc = "Vault's path."},
	HASHI_PARAMS,
	{0},
};

static int ask(struct module_call *call, const char *method, struct err *err)
{
	struct hashi v = {.call = call};
	struct hashi_answer a = {0};
	const char *path = arg_str(call, "path");
	int r = hashi_open(&v, call, err);
	if (r == 0)
		r = hashi_login(&v, NULL, err);
	if (r < 0)
		return r;
	r = hashi_ask(&v, &(struct hashi_request){.method = method, .path = hashi_path(call, path)},
		      &a, err);
	if (r < 0)
		return r;
	if (a.status == 403)
		return hashi_refused(&v, err, "Forbidden: Permission Denied to path '%s'.", path);
	if (a.status == 404)
		return hashi_refused(&v, err, "The path '%s' doesn't seem to exist.", path);
	if (!hashi_is_good(&a))
		return hashi_failed(&v, &a, err);
	if (!a.json)
		return hashi_no_json(&v, &a, err);
	result_put(call, "data", a.json);
	return 0;
}

static int run_read(struct module_call *call, struct err *err)
{
	return program_settle(call, ask(call, "GET", err), err);
}

static int run_list(struct module_call *call, struct err *err)
{
	return program_settle(call, ask(call, "LIST", err), err);
}

const struct module module_vault_read = {
	.name = "vault_read",
	.full_name = "community.hashi_vault.vault_read",
	.doc = "Reads a path of HashiCorp Vault.",
	.secret_results = hashi_secret_data,
	.secret_texts = hashi_secret_texts,
	.params = params,
	.run = run_read,
};
const struct module module_vault_list = {
	.name = "vault_list",
	.full_name = "community.hashi_vault.vault_list",
	.doc = "Lists what is below a path of HashiCorp Vault.",
	.secret_results = hashi_secret_data,
	.secret_texts = hashi_secret_texts,
	.params = params,
	.run = run_list,
};
