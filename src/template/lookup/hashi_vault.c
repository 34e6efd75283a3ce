/*
 * The lookups hashi_vault, vault_read, vault_list, vault_kv1_get, vault_kv2_get.
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/hashi_vault_lookup.html
 */
#include "hashi.h"
#include "rollout/base/shellwords.h"
#include "rollout/value/secret.h"

/* What a mistake in an option's name would otherwise leave out. */
static int check_options(struct call *c, struct err *err)
{
	for (size_t i = 0; i < c->args->nkeywords; i++) {
		struct slice name = c->args->names[i];
		if (!hashi_is_option(name))
			return err_set(err, ERR_UNSUPPORTED, "%s has no option '%.*s'", c->fn->name,
				       SLICE_ARG(name));
	}
	return 0;
}

static void push(struct call *c, struct value *out, const struct value *v)
{
	c->ev->taint |= VALUE_SECRET;
	list_push(c->ev, out, value_copy(c->ev->arena, v, VALUE_SECRET | VALUE_UNSAFE));
}

static int refused(const struct hashi_reply *a, const char *what, struct slice path,
		   struct err *err)
{
	if (a->status == 403)
		return err_set(err, ERR_INVALID, "Forbidden: Permission Denied to %s '%.*s'.", what,
			       SLICE_ARG(path));
	if (a->status == 404)
		return err_set(err, ERR_INVALID, "The %s '%.*s' doesn't seem to exist.", what,
			       SLICE_ARG(path));
	if (a->status >= 400)
		return err_set(err, ERR_INVALID, "%s", a->said);
	if (!a->json)
		return err_set(err, ERR_INVALID,
			       "Vault returned status code %ld and an unparsable body.", a->status);
	return 0;
}

/* ---- vault_read, vault_list ---- */

static const char *path_of(struct call *c, struct slice path)
{
	return hashi_quoted(c, arena_slice(c->ev->arena, path).ptr, "!$%&'()*+,:;=?@[]");
}

static int read_all(struct call *c, const char *method, const struct value **ret, struct err *err)
{
	struct hashi_session s = {.c = c};
	struct value *out = list_new(c->ev);
	int r = check_options(c, err);
	if (r == 0)
		r = hashi_session_open(&s, err);
	for (size_t i = 0; r == 0 && i < c->args->npositional; i++) {
		struct hashi_reply a;
		struct slice path;
		if ((r = text_of(c->ev, c->args->positional[i], &path, err)) < 0 ||
		    (r = hashi_session_get(&s, method, path_of(c, path), &a, err)) < 0 ||
		    (r = refused(&a, "path", path, err)) < 0)
			return r;
		push(c, out, a.json);
	}
	*ret = out;
	return r;
}

FN(l_vault_read)
{
	return read_all(c, "GET", ret, err);
}

FN(l_vault_list)
{
	return read_all(c, "LIST", ret, err);
}

/* ---- vault_kv1_get, vault_kv2_get ---- */

struct kv {
	struct hashi_session s;
	const char *mount, *version; /* version NULL: the last */
	bool is_v2;
};

static const char *kv_path(const struct kv *kv, struct slice path)
{
	struct call *c = kv->s.c;
	const char *between = kv->is_v2 ? "/data/" : "/";
	return arena_printf(c->ev->arena, "%s%s%s%s%s", hashi_quoted(c, kv->mount, ""), between,
			    hashi_quoted(c, arena_slice(c->ev->arena, path).ptr, ""),
			    kv->version ? "?version=" : "",
			    kv->version ? hashi_quoted(c, kv->version, "") : "");
}

static int kv_refused(const struct kv *kv, const struct hashi_reply *a, struct slice path,
		      struct err *err)
{
	if (a->status == 403)
		return err_set(err, ERR_INVALID, "Forbidden: Permission Denied to path ['%.*s'].",
			       SLICE_ARG(path));
	if (a->status == 404 && kv->is_v2)
		return err_set(err, ERR_INVALID,
			       "Invalid or missing path ['%.*s'] with secret version '%s'. Check "
			       "the path or secret version.",
			       SLICE_ARG(path), kv->version ? kv->version : "latest");
	if (a->status == 404 && strstr(a->said, "Invalid path for a versioned K/V secrets engine"))
		return err_set(err, ERR_INVALID,
			       "Invalid path for a versioned K/V secrets engine ['%.*s']. If this "
			       "is a KV version 2 path, use community.hashi_vault.vault_kv2_get.",
			       SLICE_ARG(path));
	if (a->status == 404)
		return err_set(err, ERR_INVALID, "Invalid or missing path ['%.*s'].",
			       SLICE_ARG(path));
	return refused(a, "path", path, err);
}

static int kv_get(struct kv *kv, struct slice path, struct value *out, struct err *err)
{
	struct call *c = kv->s.c;
	struct arena *arena = c->ev->arena;
	struct hashi_reply a;
	int r = hashi_session_get(&kv->s, "GET", kv_path(kv, path), &a, err);
	if (r < 0 || (r = kv_refused(kv, &a, path, err)) < 0)
		return r;
	const struct value *data = value_get(a.json, "data"), *secret = data, *metadata;
	struct value *rest = is_dict(a.json) ? value_dict_dup(arena, a.json) : NULL;
	if (rest)
		(void)value_dict_remove(rest, SLICE_LIT("data"));
	metadata = kv->is_v2 ? value_get(data, "metadata") : rest;
	if (kv->is_v2)
		secret = value_get(data, "data");
	if (!secret || !metadata)
		return err_set(err, ERR_INVALID, "Vault's answer for ['%.*s'] is none of KV %d",
			       SLICE_ARG(path), kv->is_v2 ? 2 : 1);
	struct value *one = value_dict_new(arena);
	value_dict_put(arena, one, "raw", a.json);
	value_dict_put(arena, one, "data", data);
	value_dict_put(arena, one, "secret", secret);
	value_dict_put(arena, one, "metadata", metadata);
	secret_remember_tree(secret);
	push(c, out, one);
	return 0;
}

static int kv_all(struct kv *kv, const struct value **ret, struct err *err)
{
	struct call *c = kv->s.c;
	struct value *out = list_new(c->ev);
	const char *mount = NULL;
	int r = check_options(c, err);
	if (r == 0)
		r = hashi_option(&kv->s, "engine_mount_point", &mount, err);
	if (r == 0 && kv->is_v2)
		r = hashi_option(&kv->s, "version", &kv->version, err);
	if (r == 0)
		r = hashi_session_open(&kv->s, err);
	if (mount)
		kv->mount = mount;
	for (size_t i = 0; r == 0 && i < c->args->npositional; i++) {
		struct slice path;
		if ((r = text_of(c->ev, c->args->positional[i], &path, err)) == 0)
			r = kv_get(kv, path, out, err);
	}
	*ret = out;
	return r;
}

FN(l_vault_kv1_get)
{
	return kv_all(&(struct kv){.s.c = c, .mount = "kv"}, ret, err);
}

FN(l_vault_kv2_get)
{
	return kv_all(&(struct kv){.s.c = c, .mount = "secret", .is_v2 = true}, ret, err);
}

/* ---- hashi_vault ---- */

/* "secret/path:field token=… url=…" */
static int parse_term(struct hashi_session *s, struct slice text, struct err *err)
{
	struct arena *a = s->c->ev->arena;
	struct value *term = value_dict_new(a);
	char **words;
	size_t count;
	int r = shellwords_split(a, text, &words, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		char *equals = strchr(words[i], '=');
		struct slice name = {words[i], equals ? (size_t)(equals - words[i]) : 0};
		if (!equals && i == 0)
			value_dict_put(a, term, "secret", value_cstr(a, words[i]));
		else if (!equals || !hashi_is_option(name))
			r = err_set(err, ERR_INVALID,
				    "hashi_vault lookup plugin needs key=value pairs of its "
				    "options");
		else
			value_dict_set(a, term, value_str(a, name), value_cstr(a, equals + 1));
	}
	s->term = term;
	return r;
}

/* As return_format says. */
static int unpack(struct hashi_session *s, const struct value *json, const char *path,
		  const char *field, struct value *out, struct err *err)
{
	const char *format = "dict";
	const struct value *data = value_get(json, "data");
	int r = hashi_option(s, "return_format", &format, err);
	if (r < 0)
		return r;
	if (strcmp(format, "raw") == 0) {
		push(s->c, out, json);
		return 0;
	}
	if (value_get(data, "data") && value_get(data, "metadata"))
		data = value_get(data, "data");
	if (!data || !is_dict(data))
		return err_set(err, ERR_INVALID, "Vault's answer for '%s' has no data", path);
	secret_remember_tree(data);
	if (strcmp(format, "values") == 0) {
		for (size_t i = 0; i < data->dict.len; i++)
			push(s->c, out, data->dict.at[i].value);
		return 0;
	}
	if (strcmp(format, "dict") != 0)
		return err_set(err, ERR_INVALID, "return_format is dict, values or raw, not '%s'",
			       format);
	if (field && !value_get(data, field))
		return err_set(err, ERR_NOT_FOUND,
			       "The secret %s does not contain the field '%s'. for hashi_vault "
			       "lookup",
			       path, field);
	push(s->c, out, field ? value_get(data, field) : data);
	return 0;
}

static int get_term(struct call *c, struct slice text, struct value *out, struct err *err)
{
	struct hashi_session s = {.c = c};
	const char *secret = NULL, *field = NULL;
	struct hashi_reply a;
	int r = parse_term(&s, text, err);
	if (r == 0)
		r = hashi_option(&s, "secret", &secret, err);
	if (r == 0 && !secret)
		r = err_set(err, ERR_INVALID, "hashi_vault needs a secret");
	if (r == 0)
		r = hashi_session_open(&s, err);
	if (r < 0)
		return r;
	char *path = arena_strdup(c->ev->arena, secret), *colon = strrchr(path, ':');
	if (colon) {
		*colon = '\0';
		field = colon + 1;
	}
	r = hashi_session_get(&s, "GET", path_of(c, slice_from(path)), &a, err);
	if (r == 0)
		r = refused(&a, "secret", slice_from(path), err);
	return r < 0 ? r : unpack(&s, a.json, path, field, out, err);
}

FN(l_hashi_vault)
{
	struct value *out = list_new(c->ev);
	int r = check_options(c, err);
	for (size_t i = 0; r == 0 && i < c->args->npositional; i++) {
		struct slice text;
		if ((r = text_of(c->ev, c->args->positional[i], &text, err)) == 0)
			r = get_term(c, text, out, err);
	}
	*ret = out;
	return r;
}

const struct function lookups_hashi_vault[] = {
	{"hashi_vault", "", 0, FN_VARARGS | FN_KWARGS, l_hashi_vault},
	{"vault_kv1_get", "", 0, FN_VARARGS | FN_KWARGS, l_vault_kv1_get},
	{"vault_kv2_get", "", 0, FN_VARARGS | FN_KWARGS, l_vault_kv2_get},
	{"vault_list", "", 0, FN_VARARGS | FN_KWARGS, l_vault_list},
	{"vault_read", "", 0, FN_VARARGS | FN_KWARGS, l_vault_read},
	{0},
};
