/* Logging in to Vault, by the method that the task names. */
#include "../call.h"
#include "hashi.h"
#include "rollout/value/hashi_method.h"

#include <stdlib.h>

#define TOKEN_MAX 65536u

static const struct hashi_method *method_of(struct module_call *call)
{
	return hashi_method_find(arg_str(call, "auth_method"));
}

static bool is_token(struct module_call *call)
{
	return strcmp(arg_str(call, "auth_method"), "token") == 0;
}

static const char *token_path(struct module_call *call)
{
	const char *name = arg_str(call, "token_file"), *folder = arg_str(call, "token_path");
	folder = folder ? folder : getenv("HOME");
	if (!folder)
		return NULL;
	return call_absolute_path(call, folder, name);
}

static int read_token(struct hashi *v, struct err *err)
{
	struct module_call *call = v->call;
	const char *path = token_path(call);
	struct host_stat st = {0};
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	int r = path ? call->host->ops->stat(call->host, call->arena, path, true, &st, err) : 0;
	if (r < 0 || !path || st.type == HOST_ABSENT)
		return r;
	if (st.type != HOST_FILE)
		return err_set(err, ERR_INVALID,
			       "The Vault token file '%s' was found but is not a file.", path);
	r = call->host->ops->read(call->host, path, TOKEN_MAX, &text, err);
	if (r == 0)
		v->token = arena_slice(call->arena, slice_trim(strbuf_slice(&text))).ptr;
	return r;
}

static int find_token(struct hashi *v, struct err *err)
{
	int r = 0;
	v->token = arg_str(v->call, "token");
	if (!v->token)
		v->token = getenv("VAULT_TOKEN");
	if (!v->token)
		r = read_token(v, err);
	if (r < 0)
		return r;
	if (!v->token)
		return hashi_refused(v, err, "No Vault Token specified or discovered.");
	return call_check_line("the Vault token", slice_from(v->token), err);
}

int hashi_check_method(struct hashi *v, struct err *err)
{
	const struct hashi_method *m = method_of(v->call);
	if (is_token(v->call))
		return find_token(v, err);
	return m ? hashi_method_check(m, v->call->args, err) : 0;
}

/* As a login would have answered, with what lookup-self tells; NULL: it tells nothing. */
static const struct value *as_login(struct hashi *v, const struct value *looked_up)
{
	struct arena *a = v->call->arena;
	const struct value *data = value_get(looked_up, "data");
	struct value *auth = value_dict_new(a);
	struct value *all = looked_up ? value_dict_dup(a, looked_up) : value_dict_new(a);
	value_dict_put(a, auth, "client_token", value_cstr(a, v->token));
	for (size_t i = 0; data && data->type == VALUE_DICT && i < data->dict.len; i++) {
		const struct value_pair *p = &data->dict.at[i];
		bool is_meta = value_is_str(p->key, "meta");
		if (!is_meta)
			value_dict_set(a, auth, p->key, p->value);
		else if (value_truthy(p->value))
			value_dict_put(a, auth, "metadata", p->value);
	}
	value_dict_put(a, all, "auth", auth);
	return all;
}

static int look_up(struct hashi *v, const struct value **ret, struct err *err)
{
	struct hashi_answer a;
	const struct hashi_request q = {.method = "GET", .path = "auth/token/lookup-self"};
	int r = hashi_ask(v, &q, &a, err);
	if (r < 0)
		return r;
	if (a.status == 400 || a.status == 403 || a.status == 404)
		return hashi_refused(v, err, "Invalid Vault Token Specified.");
	if (!hashi_is_good(&a))
		return hashi_failed(v, &a, err);
	if (!a.json || a.json->type != VALUE_DICT)
		return hashi_no_json(v, &a, err);
	*ret = a.json;
	return 0;
}

static int use_token(struct hashi *v, const struct value **ret_response, struct err *err)
{
	const struct value *looked_up = NULL;
	int r = arg_bool(v->call, "token_validate") ? look_up(v, &looked_up, err) : 0;
	if (r == 0 && ret_response)
		*ret_response = as_login(v, looked_up);
	return r;
}

static const char *login_path(struct module_call *call, const struct hashi_method *m)
{
	const char *mount = arg_str(call, "mount_point");
	mount = arena_printf(call->arena, "auth/%s", mount ? mount : m->name);
	return m->name_in_path ? hashi_path_join(call, mount, "/login/", arg_str(call, "username"))
			       : hashi_path_join(call, mount, "/login", "");
}

static int take_client_token(struct hashi *v, const struct hashi_answer *a, struct err *err)
{
	const struct value *token = value_get(value_get(a->json, "auth"), "client_token");
	if (!token || token->type != VALUE_STRING)
		return hashi_refused(v, err, "Vault's answer to the login has no token");
	v->token = token->str.ptr;
	return call_check_line("the Vault token", token->str, err);
}

int hashi_login(struct hashi *v, const struct value **ret_response, struct err *err)
{
	struct module_call *call = v->call;
	const struct hashi_method *m = method_of(call);
	struct hashi_answer a;
	if (!m)
		return is_token(call) ? use_token(v, ret_response, err) : 0;
	const struct hashi_request q = {
		.method = "POST",
		.path = login_path(call, m),
		.body = hashi_method_body(m, call->arena, call->args),
		.cert = arg_str(call, "cert_auth_public_key"),
		.key = arg_str(call, "cert_auth_private_key"),
	};
	int r = hashi_ask(v, &q, &a, err);
	if (r == 0 && !hashi_is_good(&a))
		r = hashi_failed(v, &a, err);
	if (r == 0)
		r = take_client_token(v, &a, err);
	if (r == 0 && ret_response)
		*ret_response = a.json;
	return r;
}
