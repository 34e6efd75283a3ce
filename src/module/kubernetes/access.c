#include "access.h"

#include "../call.h"
#include "rollout/value/json.h"

#include <stdlib.h>

#define TIMEOUT_MS 300000 /* of one kubectl that waits for nothing */
#define USER "rollout"	  /* who has the token, in a configuration of our own */

const char *const access_validate_aliases[] = {"verify_ssl", NULL};
const char *const access_ca_aliases[] = {"ssl_ca_cert", NULL};
const char *const access_cert_aliases[] = {"cert_file", NULL};
const char *const access_key_aliases[] = {"key_file", NULL};

static const struct {
	const char *argument, *variable, *option; /* option: as kubectl's; NULL: not by one */
} settings[] = {
	{"kubeconfig", "K8S_AUTH_KUBECONFIG", NULL},
	{"context", "K8S_AUTH_CONTEXT", "context"},
	{"host", "K8S_AUTH_HOST", "server"},
	{"api_key", "K8S_AUTH_API_KEY", NULL},
	{"username", "K8S_AUTH_USERNAME", NULL},
	{"password", "K8S_AUTH_PASSWORD", NULL},
	{"ca_cert", "K8S_AUTH_SSL_CA_CERT", "certificate-authority"},
	{"client_cert", "K8S_AUTH_CERT_FILE", "client-certificate"},
	{"client_key", "K8S_AUTH_KEY_FILE", "client-key"},
	{"proxy", "K8S_AUTH_PROXY", NULL},
	{"no_proxy", "K8S_AUTH_NO_PROXY", NULL},
};

const char *access_setting(const struct module_call *call, const char *name)
{
	const struct value *v = value_get(call->args, name);
	if (v && v->type == VALUE_STRING && v->str.len)
		return v->str.ptr;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (strcmp(settings[i].argument, name) != 0)
			continue;
		const char *value = getenv(settings[i].variable);
		return value && *value && !(v && v->type == VALUE_DICT) ? value : NULL;
	}
	return NULL;
}

static const struct value *config_of(const struct module_call *call)
{
	const struct value *v = value_get(call->args, "kubeconfig");
	return v && v->type == VALUE_DICT ? v : NULL;
}

int access_check(const struct module_call *call, struct err *err)
{
	const struct value *v = value_get(call->args, "kubeconfig");
	if (v && v->type != VALUE_DICT && v->type != VALUE_STRING && v->type != VALUE_NULL)
		return err_set(err, ERR_INVALID, "kubeconfig is a path or a mapping, not a %s",
			       value_type_name(v));
	const struct value *users = config_of(call) ? value_get(v, "users") : NULL;
	if (users && users->type != VALUE_LIST)
		return err_set(err, ERR_INVALID, "kubeconfig: users is not a list");
	return 0;
}

static void put_text(struct arena *a, struct value *dict, const char *key, const char *text)
{
	if (text)
		value_dict_put(a, dict, key, value_cstr(a, text));
}

/* {name: rollout, user: {token: …}}; NULL where nothing of it is given. */
static struct value *user_of(struct module_call *call)
{
	struct arena *a = call->arena;
	const char *token = access_setting(call, "api_key"),
		   *name = access_setting(call, "username"),
		   *password = access_setting(call, "password");
	struct value *user = value_dict_new(a), *entry = value_dict_new(a);
	put_text(a, user, "token", token);
	put_text(a, user, "username", name);
	put_text(a, user, "password", password);
	put_text(a, entry, "name", USER);
	value_dict_put(a, entry, "user", user);
	return token || name || password ? entry : NULL;
}

static void put_line(struct program *p, const struct value *config)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	json_emit(&text, config, JSON_COMPACT);
	p->private_line = arena_slice(p->call->arena, strbuf_slice(&text));
	p->private_env = "KUBECONFIG";
}

bool access_put_config(struct module_call *call, struct program *p)
{
	const struct value *given = config_of(call);
	if (given)
		put_line(p, given);
	return given != NULL;
}

/* The configuration that only kubectl may see: the mapping's, and who asks. */
static void put_private(struct module_call *call, const char *path, struct program *p)
{
	struct arena *a = call->arena;
	const struct value *given = config_of(call), *had = value_get(given, "users");
	struct value *user = user_of(call);
	if (!user) {
		(void)access_put_config(call, p);
		return;
	}
	struct value *config = given ? value_dict_dup(a, given) : value_dict_new(a),
		     *users = value_list_new(a);
	for (size_t i = 0; had && i < had->list.len; i++)
		value_list_push(a, users, had->list.at[i]);
	value_list_push(a, users, user);
	put_text(a, config, "apiVersion", "v1");
	put_text(a, config, "kind", "Config");
	value_dict_put(a, config, "users", users);
	put_line(p, config);
	if (!given) /* its first file is ours, its second has the cluster */
		p->private_more = arena_printf(
			a, ":%s", path ? path : call_expand_path(call, "~/.kube/config"));
	program_add(p, "--user=" USER);
}

bool access_verifies(const struct module_call *call, bool *ret)
{
	const char *text = getenv("K8S_AUTH_VERIFY_SSL");
	if (arg_has(call, "validate_certs")) {
		*ret = arg_bool(call, "validate_certs");
		return true;
	}
	return text && *text && value_to_bool(value_cstr(call->arena, text), ret);
}

void access_begin(struct module_call *call, const char *verb, struct program *p)
{
	const char *executable = arg_str(call, "executable"),
		   *path = access_setting(call, "kubeconfig"),
		   *proxy = access_setting(call, "proxy"),
		   *direct = access_setting(call, "no_proxy");
	bool verify;
	program_init(p, call, executable ? executable : "kubectl");
	p->timeout_ms = TIMEOUT_MS;
	program_add(p, verb);
	if (path)
		path = call_expand_path(call, path);
	put_private(call, path, p);
	if (path && !p->private_line.len)
		program_add_fmt(p, "--kubeconfig=%s", path);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const char *value =
			settings[i].option ? access_setting(call, settings[i].argument) : NULL;
		if (value)
			program_add_fmt(p, "--%s=%s", settings[i].option, value);
	}
	if (access_verifies(call, &verify))
		program_add_fmt(p, "--insecure-skip-tls-verify=%s", verify ? "false" : "true");
	if (proxy) {
		program_env(p, "HTTPS_PROXY", proxy);
		program_env(p, "HTTP_PROXY", proxy);
	}
	if (direct)
		program_env(p, "NO_PROXY", direct);
}

int access_failed(const struct program *p, struct err *err)
{
	const char *why = host_assumes(p->call->host);
	return why ? err_set(err, ERR_UNKNOWN, "would ask the cluster: %s", why)
		   : program_failed(p, err);
}

int access_read(struct program *p, struct err *err)
{
	int r = program_probe(p, err);
	return r == 0 && p->exit_code != 0 ? access_failed(p, err) : r;
}
