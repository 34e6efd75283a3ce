/* What a task defines: mappings, lists, YAML of many documents, a file, or a name. */
#include "object.h"

#include "../call.h"
#include "rollout/value/yaml.h"

static bool ends_list(const char *kind)
{
	size_t len = strlen(kind);
	return len >= 4 && strcmp(kind + len - 4, "List") == 0;
}

static void put_default(struct module_call *call, struct value *dict, const char *key,
			const char *argument)
{
	const struct value *has = value_get(dict, key);
	if (arg_has(call, argument) && (!has || has->type == VALUE_NULL))
		value_dict_put(call->arena, dict, key,
			       value_cstr(call->arena, arg_str(call, argument)));
}

/* What the definition says comes before what the task's parameters say. */
static int complete(struct module_call *call, const struct value *given, const struct value **ret,
		    struct err *err)
{
	struct value *object = value_dict_dup(call->arena, given);
	const struct value *meta = value_get(object, "metadata");
	if (meta && meta->type != VALUE_DICT && meta->type != VALUE_NULL)
		return err_set(err, ERR_INVALID, "definition: metadata is not a mapping but a %s",
			       value_type_name(meta));
	struct value *m = meta && meta->type == VALUE_DICT ? value_dict_dup(call->arena, meta)
							   : value_dict_new(call->arena);
	put_default(call, object, "apiVersion", "api_version");
	put_default(call, object, "kind", "kind");
	put_default(call, m, "namespace", "namespace");
	put_default(call, m, "name", "name");
	put_default(call, m, "generateName", "generate_name");
	if (value_get(m, "name"))
		value_dict_remove(m, SLICE_LIT("generateName"));
	value_dict_put(call->arena, object, "metadata", m);
	if (!*object_str(object, "kind"))
		return err_set(err, ERR_INVALID, "an object without kind: %s",
			       object_title(call->arena, object));
	*ret = object;
	return 0;
}

static int add(struct module_call *call, const struct value *v, struct value *list,
	       struct err *err);

/* DeploymentList, List: its members, of that kind where they do not say. */
static int add_members(struct module_call *call, const struct value *of, struct value *list,
		       struct err *err)
{
	const struct value *items = value_get(of, "items");
	const char *kind = object_str(of, "kind");
	int r = 0;
	if (!items || items->type == VALUE_NULL)
		return 0;
	if (items->type != VALUE_LIST)
		return err_set(err, ERR_INVALID, "%s: items is not a list", kind);
	for (size_t i = 0; r == 0 && i < items->list.len; i++) {
		if (items->list.at[i]->type != VALUE_DICT)
			return err_set(err, ERR_INVALID, "%s: item %zu is not a mapping", kind, i);
		struct value *item = value_dict_dup(call->arena, items->list.at[i]);
		if (strcmp(kind, "List") != 0 && !value_get(item, "kind"))
			value_dict_put(call->arena, item, "kind",
				       value_fmt(call->arena, "%.*s", (int)strlen(kind) - 4, kind));
		if (!value_get(item, "apiVersion") && value_get(of, "apiVersion"))
			value_dict_put(call->arena, item, "apiVersion",
				       value_get(of, "apiVersion"));
		r = add(call, item, list, err);
	}
	return r;
}

static int add_text(struct module_call *call, const char *name, struct slice text,
		    struct value *list, struct err *err)
{
	const struct value *documents;
	int r = yaml_parse_all(call->arena, name, text, &documents, err);
	for (size_t i = 0; r == 0 && i < documents->list.len; i++)
		r = add(call, documents->list.at[i], list, err);
	return r;
}

static int add(struct module_call *call, const struct value *v, struct value *list, struct err *err)
{
	const struct value *object;
	int r = 0;
	if (v->type == VALUE_NULL || (v->type == VALUE_DICT && !v->dict.len))
		return 0;
	if (v->type == VALUE_STRING)
		return err_set(err, ERR_INVALID, "definition: '%.60s' is not an object",
			       v->str.ptr);
	if (v->type == VALUE_LIST) {
		for (size_t i = 0; r == 0 && i < v->list.len; i++)
			r = add(call, v->list.at[i], list, err);
		return r;
	}
	if (v->type != VALUE_DICT)
		return err_set(err, ERR_INVALID, "definition: an object is a mapping, not a %s",
			       value_type_name(v));
	if (list->list.len >= OBJECTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %u objects", OBJECTS_MAX);
	if (ends_list(object_str(v, "kind")))
		return add_members(call, v, list, err);
	if ((r = complete(call, v, &object, err)) == 0)
		value_list_push(call->arena, list, object);
	return r;
}

/* A definition's strings are YAML, also those of a list. */
static int add_definition(struct module_call *call, const struct value *v, struct value *list,
			  struct err *err)
{
	int r = 0;
	if (v->type == VALUE_STRING)
		return add_text(call, "definition", v->str, list, err);
	if (v->type != VALUE_LIST)
		return add(call, v, list, err);
	for (size_t i = 0; r == 0 && i < v->list.len; i++)
		r = v->list.at[i]->type == VALUE_STRING
			    ? add_text(call, "definition", v->list.at[i]->str, list, err)
			    : add(call, v->list.at[i], list, err);
	return r;
}

static int add_file(struct module_call *call, struct value *list, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	const char *src = arg_str(call, "src");
	if (strstr(src, "://"))
		return err_set(err, ERR_UNSUPPORTED,
			       "src is a path on the host; get_url fetches '%s'", src);
	const char *path = call_absolute_path(call, NULL, src);
	int r = call->host->ops->read(call->host, path, YAML_MAX_BYTES, &text, err);
	return r < 0 ? r : add_text(call, path, strbuf_slice(&text), list, err);
}

int objects_of_task(struct module_call *call, const struct value **ret, struct err *err)
{
	const struct value *v = value_get(call->args, "resource_definition");
	struct value *list = value_list_new(call->arena);
	int r;
	if (v && value_truthy(v)) {
		r = add_definition(call, v, list, err);
	} else if (arg_has(call, "src")) {
		r = add_file(call, list, err);
	} else {
		const struct value *object;
		r = complete(call, value_dict_new(call->arena), &object, err);
		if (r == 0)
			value_list_push(call->arena, list, object);
	}
	if (r == 0)
		*ret = list;
	return r;
}
