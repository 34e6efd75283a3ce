/* How Vault is reached: arguments, then the host's environment. */
#include "../call.h"
#include "hashi.h"
#include "hashi_params.h"
#include "rollout/value/json.h"

#include <stdlib.h>

#define RETRIES_MAX 100
#define RETRIES_OF_A_MAPPING 10 /* urllib3's */

const char *const hashi_methods[] = {"token", "userpass", "ldap", "approle",
				     "jwt",   "cert",	  "none", NULL};
const char *const hashi_ca_aliases[] = {"cacert", NULL};
const char *const hashi_retry_actions[] = {"ignore", "warn", NULL};
const char *const hashi_secret_data[] = {"raw", "data", "secret", "metadata", "login", NULL};
const char *const hashi_secret_texts[] = {"client_token", "token",    "secret_id",
					  "private_key",  "password", NULL};

static const char *or_env(struct module_call *call, const char *argument, const char *env)
{
	const char *said = arg_str(call, argument);
	return said ? said : getenv(env);
}

/* It becomes a header, or a line of curl's configuration. */
static int take_line(struct module_call *call, const char *argument, const char *env,
		     const char **ret, struct err *err)
{
	const char *text = or_env(call, argument, env);
	int r = text ? call_check_line(argument, slice_from(text), err) : 0;
	if (r == 0)
		*ret = text;
	return r;
}

static int take_url(struct hashi *v, struct err *err)
{
	const char *url = NULL;
	int r = take_line(v->call, "url", "VAULT_ADDR", &url, err);
	if (r < 0)
		return r;
	if (!url)
		url = "http://127.0.0.1:8200";
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return err_set(err, ERR_INVALID, "'%s' is no http:// or https:// URL", url);
	size_t len = strlen(url);
	while (url[len - 1] == '/')
		len--;
	v->url = arena_strndup(v->call->arena, url, len);
	return 0;
}

/* As check_type_dict for what begins with a brace; another text is NULL. */
static const struct value *as_dict(struct module_call *call, const struct value *v)
{
	const struct value *parsed = NULL;
	if (v->type == VALUE_DICT)
		return v;
	if (v->type != VALUE_STRING || !slice_starts_with(slice_trim(v->str), "{") ||
	    json_parse(call->arena, "the argument", v->str, &parsed, NULL) < 0)
		return NULL;
	return parsed->type == VALUE_DICT ? parsed : NULL;
}

static int take_proxy(struct hashi *v, struct err *err)
{
	const struct value *given = value_get(v->call->args, "proxies"), *dict;
	if (!given || given->type == VALUE_NULL)
		return 0;
	dict = as_dict(v->call, given);
	if (dict)
		given = value_get(dict, strncasecmp(v->url, "https:", 6) ? "http" : "https");
	if (!given || given->type == VALUE_NULL)
		return 0;
	if (given->type != VALUE_STRING || slice_starts_with(slice_trim(given->str), "{"))
		return err_set(err, ERR_INVALID, "proxies must be a URL, or a mapping to URLs");
	v->proxy = given->str.ptr;
	return call_check_line("proxies", given->str, err);
}

static int take_count(struct hashi *v, const struct value *n, struct err *err)
{
	char *end = NULL;
	long long count = -1;
	if (n->type == VALUE_INT)
		count = n->integer;
	else if (n->type == VALUE_BOOL)
		count = n->boolean;
	else if (n->type == VALUE_STRING && n->str.len)
		count = strtoll(n->str.ptr, &end, 10);
	if ((end && *end) || (count == -1 && n->type != VALUE_INT))
		return err_set(err, ERR_INVALID, "retries must be a number or a mapping");
	if (count < 0 || count > RETRIES_MAX)
		return err_set(err, ERR_INVALID,
			       "Number of retries must be >= 0 and at most %d (got %lld)",
			       RETRIES_MAX, count);
	v->retries = count;
	return 0;
}

static double number(const struct value *v)
{
	if (v->type == VALUE_FLOAT)
		return v->real;
	return v->type == VALUE_INT ? (double)v->integer : -1;
}

/* Of what urllib3's Retry knows the part that Vault needs. */
static int take_retry_mapping(struct hashi *v, const struct value *dict, struct err *err)
{
	v->retries = RETRIES_OF_A_MAPPING;
	v->backoff_s = 0;
	v->retry_on = value_list_new(v->call->arena);
	for (size_t i = 0; i < dict->dict.len; i++) {
		const struct value *key = dict->dict.at[i].key, *x = dict->dict.at[i].value;
		int r = 0;
		if (value_is_str(key, "total"))
			r = take_count(v, x, err);
		else if (value_is_str(key, "backoff_factor") && number(x) >= 0)
			v->backoff_s = number(x);
		else if (value_is_str(key, "status_forcelist") && x->type == VALUE_LIST)
			v->retry_on = x;
		else if (!value_is_str(key, "raise_on_status"))
			r = err_set(err, ERR_UNSUPPORTED,
				    "retries takes total, backoff_factor and status_forcelist");
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_retries(struct hashi *v, struct err *err)
{
	static const int statuses[] = {500, 502, 503};
	const struct value *given = value_get(v->call->args, "retries"), *dict;
	struct value *codes = value_list_new(v->call->arena);
	if (!given || given->type == VALUE_NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		value_list_push(v->call->arena, codes, value_int(v->call->arena, statuses[i]));
	v->retry_on = codes;
	v->backoff_s = 0.3;
	v->warns_of_retries = strcmp(arg_str(v->call, "retry_action"), "warn") == 0;
	dict = as_dict(v->call, given);
	return dict ? take_retry_mapping(v, dict, err) : take_count(v, given, err);
}

static int take_certificates(struct hashi *v, struct err *err)
{
	struct module_call *call = v->call;
	struct host_stat st = {0};
	bool skips = false;
	const char *env = getenv("VAULT_SKIP_VERIFY");
	int r = take_line(call, "ca_cert", "VAULT_CACERT", &v->ca, err);
	if (r < 0)
		return r;
	if (env && !value_to_bool(value_cstr(call->arena, env), &skips))
		skips = false;
	v->verifies = arg_has(call, "validate_certs") ? arg_bool(call, "validate_certs") : !skips;
	if (v->ca)
		r = call->host->ops->stat(call->host, call->arena, v->ca, true, &st, err);
	v->ca_is_folder = st.type == HOST_DIR;
	return r;
}

int hashi_open(struct hashi *v, struct module_call *call, struct err *err)
{
	*v = (struct hashi){.call = call, .timeout_s = arg_int(call, "timeout", 30)};
	if (v->timeout_s < 1 || v->timeout_s > 86400)
		return err_set(err, ERR_INVALID, "timeout must be from 1 to 86400 seconds");
	int r = take_url(v, err);
	if (r == 0)
		r = take_line(call, "namespace", "VAULT_NAMESPACE", &v->space, err);
	if (r == 0)
		r = take_proxy(v, err);
	if (r == 0)
		r = take_retries(v, err);
	if (r == 0)
		r = take_certificates(v, err);
	return r < 0 ? r : hashi_check_method(v, err);
}
