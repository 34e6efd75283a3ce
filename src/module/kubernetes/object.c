#include "object.h"

#include "rollout/value/json.h"
#include "rollout/value/yaml.h"
#include "selector.h"

const char *const object_definition_aliases[] = {"definition", "inline", NULL};
const char *const object_version_aliases[] = {"api", "version", NULL};

const char *object_str(const struct value *object, const char *key)
{
	const struct value *v = value_get(object, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

const char *object_meta(const struct value *object, const char *key)
{
	const struct value *v = value_get(value_get(object, "metadata"), key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

const char *object_title(struct arena *a, const struct value *object)
{
	const char *space = object_meta(object, "namespace"), *name = object_meta(object, "name");
	return arena_printf(a, "%s %s%s%s", object_str(object, "kind"), space, *space ? "/" : "",
			    *name ? name : object_meta(object, "generateName"));
}

struct value *object_identity(struct arena *a, const struct value *object)
{
	static const char *const own[] = {"apiVersion", "kind"}, *const of_meta[] = {"name",
										     "namespace"};
	struct value *identity = value_dict_new(a), *meta = value_dict_new(a);
	const struct value *m = value_get(object, "metadata");
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (value_get(object, own[i]))
			value_dict_put(a, identity, own[i], value_get(object, own[i]));
	for (size_t i = 0; i < ARRAY_LEN(of_meta); i++)
		if (value_get(m, of_meta[i]))
			value_dict_put(a, meta, of_meta[i], value_get(m, of_meta[i]));
	value_dict_put(a, identity, "metadata", meta);
	return identity;
}

const char *object_type(struct arena *a, const char *kind, const char *api_version)
{
	const char *slash = strchr(api_version, '/');
	if (!slash)
		return arena_printf(a, "%s.%s.", kind, api_version);
	return arena_printf(a, "%s.%s.%.*s", kind, slash + 1, (int)(slash - api_version),
			    api_version);
}

/* ---- kubectl ---- */

static bool says(const struct program *p, const char *what)
{
	return memmem(p->err.ptr, p->err.len, what, strlen(what));
}

static bool lacks_kind(const struct program *p)
{
	return says(p, "no matches for kind") ||
	       says(p, "the server doesn't have a resource type") ||
	       says(p, "could not find the requested resource");
}

static bool is_secret(const struct value *object)
{
	return strcmp(object_str(object, "kind"), "Secret") == 0;
}

/* kubectl quotes what it was given: of a Secret, that is not shown. */
static int failed(struct program *p, const struct value *object, struct err *err)
{
	static const char *const quotes[] = {"error found in", "when applying patch",
					     "Invalid value", "\"data\"", "\"stringData\""};
	for (size_t i = 0; is_secret(object) && i < ARRAY_LEN(quotes); i++) {
		const char *at = memmem(p->err.ptr, p->err.len, quotes[i], strlen(quotes[i]));
		if (at)
			p->err.len = (size_t)(at - p->err.ptr);
	}
	return access_failed(p, err);
}

static void put_body(struct program *p, const struct value *object)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	json_emit(&text, object, JSON_COMPACT);
	program_add(p, "-f");
	program_add(p, "-");
	p->stdin_bytes = arena_slice(p->call->arena, strbuf_slice(&text));
}

static int parse(struct program *p, const struct value **ret, struct err *err)
{
	if (p->truncated)
		return err_set(err, ERR_LIMIT, "kubectl said more than %u bytes", HOST_OUTPUT_MAX);
	*ret = NULL;
	if (!slice_trim(p->out).len)
		return 0;
	int r = json_parse(p->call->arena, "kubectl's answer", p->out, ret, err);
	return r;
}

/* kubectl get --ignore-not-found puts the one into a List. */
static const struct value *only(const struct value *answer)
{
	const struct value *items = value_get(answer, "items");
	if (!answer || strcmp(object_str(answer, "kind"), "List") != 0)
		return answer;
	return items && items->type == VALUE_LIST && items->list.len ? items->list.at[0] : NULL;
}

int object_get(struct module_call *call, const struct value *object, const struct value **ret,
	       bool *ret_lacks_kind, struct err *err)
{
	struct program p;
	access_begin(call, "get", &p);
	program_add(&p, "--ignore-not-found");
	program_add(&p, "--output=json");
	put_body(&p, object_identity(call->arena, object));
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	if (ret_lacks_kind)
		*ret_lacks_kind = p.exit_code != 0 && lacks_kind(&p);
	if (p.exit_code == 0) {
		r = parse(&p, ret, err);
		*ret = r == 0 ? only(*ret) : NULL;
		return r;
	}
	if (!ret_lacks_kind || !*ret_lacks_kind)
		return failed(&p, object, err);
	*ret = NULL;
	return 0;
}

int objects_find(struct module_call *call, const char *const *options, const char *type,
		 const char *name, const struct value **ret, bool *ret_found, struct err *err)
{
	struct program p;
	struct value *list = value_list_new(call->arena);
	const struct value *answer, *items;
	access_begin(call, "get", &p);
	program_add(&p, "--ignore-not-found");
	program_add(&p, "--output=json");
	program_add_all(&p, options);
	program_add(&p, "--"); /* neither is an option */
	program_add(&p, type);
	if (name)
		program_add(&p, name);
	int r = program_probe(&p, err);
	*ret = list;
	if (r < 0)
		return r;
	*ret_found = p.exit_code == 0 || !lacks_kind(&p);
	if (p.exit_code != 0)
		return *ret_found ? failed(&p, NULL, err) : 0;
	if ((r = parse(&p, &answer, err)) < 0 || !answer)
		return r;
	items = value_get(answer, "items");
	if (!items || items->type != VALUE_LIST)
		value_list_push(call->arena, list, answer);
	else
		*ret = items;
	return 0;
}

int objects_selected(struct module_call *call, const struct value *like,
		     const char *const *selectors, const struct value **ret, bool *ret_found,
		     struct err *err)
{
	struct arena *a = call->arena;
	const char *space = object_meta(like, "namespace");
	const char *const options[] = {
		arena_printf(a, "--selector=%s", selector_text(a, selectors)),
		*space ? arena_printf(a, "--namespace=%s", space) : "--all-namespaces", NULL};
	return objects_find(
		call, options,
		object_type(a, object_str(like, "kind"), object_str(like, "apiVersion")), NULL, ret,
		ret_found, err);
}

/* What an earlier task may bring, and what only a real run shows. */
static bool cannot_tell(const struct program *p)
{
	return lacks_kind(p) || (says(p, "namespaces \"") && says(p, "not found")) ||
	       says(p, "does not support dry run") || says(p, "doesn't support dry-run");
}

int object_send(struct module_call *call, const char *verb, const char *const *options,
		const struct value *object, const struct value **ret, struct err *err)
{
	struct program p;
	access_begin(call, verb, &p);
	program_add_all(&p, options);
	program_add(&p, "--output=json");
	if (call->check_mode)
		program_add(&p, "--dry-run=server");
	put_body(&p, object);
	int r = call->check_mode ? program_probe(&p, err) : program_run(&p, err);
	if (r < 0)
		return r;
	*ret = NULL;
	if (p.exit_code == 0)
		return parse(&p, ret, err);
	return call->check_mode && cannot_tell(&p) ? 0 : failed(&p, object, err);
}

/* ---- what differs ---- */

static const struct value *without(struct arena *a, const struct value *dict,
				   const char *const *keys, size_t count)
{
	if (!dict || dict->type != VALUE_DICT)
		return dict;
	struct value *rest = value_dict_dup(a, dict);
	for (size_t i = 0; i < count; i++)
		value_dict_remove(rest, slice_from(keys[i]));
	return rest;
}

/* Without what the server counts, and what controllers report. */
static struct value *essence(struct arena *a, const struct value *object)
{
	static const char *const counted[] = {"generation", "managedFields", "resourceVersion",
					      "selfLink"};
	struct value *rest = value_dict_dup(a, object);
	const struct value *meta = value_get(object, "metadata");
	value_dict_remove(rest, SLICE_LIT("status"));
	if (meta)
		value_dict_put(a, rest, "metadata", without(a, meta, counted, ARRAY_LEN(counted)));
	return rest;
}

bool object_differs(struct arena *a, const struct value *before, const struct value *after)
{
	const char *version = object_meta(before, "resourceVersion");
	if (*version && strcmp(version, object_meta(after, "resourceVersion")) == 0 &&
	    value_equal(before, after))
		return false;
	return !value_equal(essence(a, before), essence(a, after));
}

static const struct value *masked(struct arena *a, const struct value *data,
				  const struct value *other, const char *which)
{
	struct value *dict = value_dict_new(a);
	for (size_t i = 0; data && data->type == VALUE_DICT && i < data->dict.len; i++) {
		const struct value *key = data->dict.at[i].key;
		const struct value *there = value_find(other, key);
		bool same = there && value_equal(there, data->dict.at[i].value);
		value_dict_set(a, dict, key, value_fmt(a, same ? "***" : "*** (%s)", which));
	}
	return dict;
}

static void put_yaml(struct arena *a, const struct value *object, const struct value *other,
		     const char *which, struct strbuf *out)
{
	static const char *const applied[] = {"kubectl.kubernetes.io/last-applied-configuration"};
	static const char *const secrets[] = {"data", "stringData"};
	if (!object)
		return;
	struct value *shown = essence(a, object);
	const struct value *meta = value_get(shown, "metadata"),
			   *notes = value_get(meta, "annotations");
	if (notes) {
		struct value *m = value_dict_dup(a, meta);
		notes = without(a, notes, applied, 1);
		if (value_truthy(notes))
			value_dict_put(a, m, "annotations", notes);
		else
			value_dict_remove(m, SLICE_LIT("annotations"));
		value_dict_put(a, shown, "metadata", m);
	}
	for (size_t i = 0; is_secret(object) && i < ARRAY_LEN(secrets); i++)
		if (value_get(shown, secrets[i]))
			value_dict_put(a, shown, secrets[i],
				       masked(a, value_get(object, secrets[i]),
					      value_get(other, secrets[i]), which));
	yaml_emit(out, shown, 2);
}

void object_diff(struct module_call *call, const struct value *before, const struct value *after)
{
	CLEANUP(strbuf_wipe) struct strbuf was = {0}, is = {0};
	if (!call->diff_mode || call->no_log || (!before && !after))
		return;
	const char *title = object_title(call->arena, after ? after : before);
	put_yaml(call->arena, before, after, "before", &was);
	put_yaml(call->arena, after, before, "after", &is);
	result_diff(call, title, strbuf_slice(&was), title, strbuf_slice(&is));
}
