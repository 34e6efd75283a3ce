/* Options of the lookups of community.hashi_vault, and logging in with them. */
#include "hashi.h"

#include "rollout/base/file.h"
#include "rollout/value/hashi_method.h"
#include "rollout/value/secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TOKEN_MAX 65536u

static const struct option {
	const char *name, *alias, *late; /* `late`: Vault's own variable of the environment */
	const char *fallback;
	bool is_secret;
} options[] = {
	{"auth_method", NULL, NULL, "token", false},
	{"mount_point", NULL, NULL, NULL, false},
	{"token", NULL, "VAULT_TOKEN", NULL, true},
	{"token_path", NULL, "HOME", NULL, false},
	{"token_file", NULL, NULL, ".vault-token", false},
	{"token_validate", NULL, NULL, "false", false},
	{"username", NULL, NULL, NULL, false},
	{"password", NULL, NULL, NULL, true},
	{"role_id", NULL, NULL, NULL, false},
	{"secret_id", NULL, NULL, NULL, true},
	{"jwt", NULL, NULL, NULL, true},
	{"url", "addr", "VAULT_ADDR", "http://127.0.0.1:8200", false},
	{"namespace", NULL, "VAULT_NAMESPACE", NULL, false},
	{"ca_cert", "cacert", "VAULT_CACERT", NULL, false},
	{"validate_certs", NULL, NULL, NULL, false},
	{"timeout", NULL, NULL, "30", false},
	{"proxies", NULL, NULL, NULL, false},
	{"engine_mount_point", NULL, NULL, NULL, false},
	{"version", NULL, NULL, NULL, false},
	{"return_format", "as", NULL, "dict", false},
	{"secret", NULL, NULL, NULL, false},
};

static const struct option *find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (slice_is(name, options[i].name) ||
		    (options[i].alias && slice_is(name, options[i].alias)))
			return &options[i];
	return NULL;
}

bool hashi_is_option(struct slice name)
{
	return find(name) != NULL;
}

/* By one of its names, in the term, then among the arguments. */
static const struct value *given(const struct hashi_session *s, const struct option *o)
{
	const char *const names[] = {o->name, o->alias};
	for (size_t i = 0; i < ARRAY_LEN(names) && s->term; i++)
		if (names[i] && value_get(s->term, names[i]))
			return value_get(s->term, names[i]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i] && template_arg(s->c->args, names[i]))
			return template_arg(s->c->args, names[i]);
	return NULL;
}

/* ansible_hashi_vault_NAME */
static int variable(const struct hashi_session *s, const char *name, const struct value **ret,
		    struct err *err)
{
	const char *full = arena_printf(s->c->ev->arena, "ansible_hashi_vault_%s", name);
	const struct value *v;
	int r = eval_resolve_text(s->c->ev, slice_from(full), s->c->offset, &v, err);
	if (r < 0 || is_undefined(v))
		return r;
	if ((r = eval_use(s->c->ev, v, err)) == 0)
		*ret = v;
	return r;
}

static const char *environment(const struct hashi_session *s, const char *name)
{
	char *full = arena_printf(s->c->ev->arena, "ANSIBLE_HASHI_VAULT_%s", name);
	for (char *c = full; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return getenv(full);
}

static int look(const struct hashi_session *s, const struct option *o, const struct value **ret,
		struct err *err)
{
	int r = 0;
	*ret = given(s, o);
	if (!*ret || (*ret)->type == VALUE_NULL) {
		*ret = NULL;
		r = variable(s, o->name, ret, err);
	}
	if (r == 0 && !*ret && strcmp(o->name, "url") == 0)
		r = variable(s, o->alias, ret, err);
	return r;
}

int hashi_option(const struct hashi_session *s, const char *name, const char **ret, struct err *err)
{
	const struct option *o = find(slice_from(name));
	const struct value *v = NULL;
	const char *text = NULL;
	struct slice given_text;
	int r = look(s, o, &v, err);
	if (r == 0 && v && (r = text_of(s->c->ev, v, &given_text, err)) == 0)
		text = arena_slice(s->c->ev->arena, given_text).ptr;
	if (r < 0)
		return r;
	if (!text)
		text = environment(s, strcmp(name, "url") == 0 ? "addr" : name);
	if (!text && o->late)
		text = getenv(o->late);
	if (text && strpbrk(text, "\r\n"))
		return err_set(err, ERR_INVALID, "option %s holds a line end", name);
	*ret = text ? text : o->fallback;
	if (o->is_secret && *ret)
		secret_remember(slice_from(*ret));
	return 0;
}

/* ---- logging in ---- */

static int read_token(struct hashi_session *s, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	const char *folder = NULL, *name = NULL;
	struct stat st;
	int r = hashi_option(s, "token_path", &folder, err);
	if (r == 0)
		r = hashi_option(s, "token_file", &name, err);
	if (r < 0 || !folder)
		return r;
	const char *path =
		name[0] == '/' ? name : arena_printf(s->c->ev->arena, "%s/%s", folder, name);
	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID,
			       "The Vault token file '%s' was found but is not a file.", path);
	if ((r = file_read(path, TOKEN_MAX, &text, err)) < 0)
		return r;
	s->token = arena_slice(s->c->ev->arena, slice_trim(strbuf_slice(&text))).ptr;
	secret_remember(slice_from(s->token));
	return 0;
}

static int use_token(struct hashi_session *s, struct err *err)
{
	struct hashi_reply a = {0};
	const char *validates = NULL;
	bool check = false;
	int r = hashi_option(s, "token", &s->token, err);
	if (r == 0 && !s->token)
		r = read_token(s, err);
	if (r == 0 && !s->token)
		r = err_set(err, ERR_INVALID, "No Vault Token specified or discovered.");
	if (r == 0)
		r = hashi_option(s, "token_validate", &validates, err);
	if (r < 0)
		return r;
	(void)value_to_bool(value_cstr(s->c->ev->arena, validates), &check);
	if (!check)
		return 0;
	r = hashi_session_get(s, "GET", "auth/token/lookup-self", &a, err);
	if (r == 0 && a.status >= 400)
		r = err_set(err, ERR_INVALID, "Invalid Vault Token Specified.");
	return r;
}

static int take_option(const struct hashi_session *s, const char *name, struct value *into,
		       struct err *err)
{
	struct arena *a = s->c->ev->arena;
	const char *text = NULL;
	int r = hashi_option(s, name, &text, err);
	if (text)
		value_dict_put(a, into, name, value_cstr(a, text));
	return r;
}

/* All that the method wants and sends. */
static int take_options(const struct hashi_session *s, const struct hashi_method *m,
			struct value *into, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && m->needs[i]; i++)
		r = take_option(s, m->needs[i], into, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(m->sent) && m->sent[i].option; i++)
		r = take_option(s, m->sent[i].option, into, err);
	return r;
}

static int login_path(const struct hashi_session *s, const struct hashi_method *m, const char **ret,
		      struct err *err)
{
	const char *mount = NULL, *user = "";
	int r = hashi_option(s, "mount_point", &mount, err);
	if (r == 0 && m->name_in_path)
		r = hashi_option(s, "username", &user, err);
	if (r < 0)
		return r;
	*ret = arena_printf(s->c->ev->arena, "auth/%s/login%s%s",
			    hashi_quoted(s->c, mount ? mount : m->name, ""),
			    m->name_in_path ? "/" : "", hashi_quoted(s->c, user, ""));
	return 0;
}

static int log_in(struct hashi_session *s, const struct hashi_method *m, struct err *err)
{
	struct value *given = value_dict_new(s->c->ev->arena);
	struct hashi_reply a = {0};
	const char *path = NULL;
	int r = take_options(s, m, given, err);
	if (r == 0)
		r = hashi_method_check(m, given, err);
	if (r == 0)
		r = login_path(s, m, &path, err);
	if (r == 0)
		r = hashi_session_post(s, path, hashi_method_body(m, s->c->ev->arena, given), &a,
				       err);
	if (r < 0)
		return r;
	const struct value *token = value_get(value_get(a.json, "auth"), "client_token");
	if (a.status >= 400 || !token || !is_str(token))
		return err_set(err, ERR_INVALID, "%s",
			       a.said ? a.said : "Vault's answer to the login has no token");
	s->token = token->str.ptr;
	secret_remember(token->str);
	if (strpbrk(s->token, "\r\n"))
		return err_set(err, ERR_INVALID, "the Vault token holds a line end");
	return 0;
}

int hashi_session_open(struct hashi_session *s, struct err *err)
{
	const char *method = "token", *url = "";
	int r = hashi_option(s, "url", &url, err);
	if (r == 0)
		r = hashi_option(s, "auth_method", &method, err);
	if (r < 0)
		return r;
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return err_set(err, ERR_INVALID, "'%s' is no http:// or https:// URL", url);
	size_t len = strlen(url);
	while (url[len - 1] == '/')
		len--;
	s->url = arena_strndup(s->c->ev->arena, url, len);
	if (strcmp(method, "token") == 0)
		return use_token(s, err);
	const struct hashi_method *m = hashi_method_find(method);
	if (m && hashi_is_option(slice_from(m->needs[0]))) /* not cert */
		return log_in(s, m, err);
	if (strcmp(method, "none") == 0)
		return 0;
	return err_set(err, ERR_UNSUPPORTED,
		       "auth_method '%s' is none of token, userpass, ldap, approle, jwt, none",
		       method);
}
