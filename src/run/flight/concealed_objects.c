#include "concealed_objects.h"

#define DEPTH_MAX 16u /* lists of lists of objects */

static const struct value *hidden(struct arena *a, const struct value *v)
{
	if (v->type == VALUE_DICT) {
		struct value *dict = value_dict_new(a);
		for (size_t i = 0; i < v->dict.len; i++)
			value_dict_set(a, dict, v->dict.at[i].key, hidden(a, v->dict.at[i].value));
		return dict;
	}
	if (v->type != VALUE_STRING)
		return v;
	struct value *secret = value_str(a, v->str);
	secret->flags |= v->flags | VALUE_SECRET;
	return secret;
}

/* kubectl apply notes all of an object in it. */
static const struct value *without_data(struct arena *a, const struct value *object)
{
	static const char *const data[] = {"data", "stringData"};
	static const char applied[] = "kubectl.kubernetes.io/last-applied-configuration";
	struct value *shown = value_dict_dup(a, object);
	const struct value *meta = value_get(object, "metadata"),
			   *notes = value_get(meta, "annotations"),
			   *note = value_get(notes, applied);
	for (size_t i = 0; i < ARRAY_LEN(data); i++)
		if (value_get(object, data[i]))
			value_dict_put(a, shown, data[i], hidden(a, value_get(object, data[i])));
	if (note) {
		struct value *m = value_dict_dup(a, meta), *n = value_dict_dup(a, notes);
		value_dict_put(a, n, applied, hidden(a, note));
		value_dict_put(a, m, "annotations", n);
		value_dict_put(a, shown, "metadata", m);
	}
	return shown;
}

/* The same value where nothing in it is a Secret. */
static const struct value *objects(struct arena *a, const struct value *v, unsigned depth)
{
	const struct value *kind = value_get(v, "kind");
	if (kind && value_is_str(kind, "Secret"))
		return without_data(a, v);
	if (depth >= DEPTH_MAX || (v->type != VALUE_DICT && v->type != VALUE_LIST))
		return v;
	if (v->type == VALUE_LIST) {
		struct value *list = value_list_new(a);
		for (size_t i = 0; i < v->list.len; i++)
			value_list_push(a, list, objects(a, v->list.at[i], depth + 1));
		list->flags = v->flags;
		return list;
	}
	struct value *dict = value_dict_new(a);
	for (size_t i = 0; i < v->dict.len; i++)
		value_dict_set(a, dict, v->dict.at[i].key,
			       objects(a, v->dict.at[i].value, depth + 1));
	dict->flags = v->flags;
	return dict;
}

const struct value *concealed_objects(struct arena *a, const struct value *v)
{
	return v->type == VALUE_STRING ? hidden(a, v) : objects(a, v, 0);
}
