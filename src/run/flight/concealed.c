#include "concealed.h"

#include "concealed_objects.h"
#include "rollout/value/secret.h"

#define DEPTH_MAX 64u

void concealed_args(const struct module *m, const struct value *args)
{
	for (const struct module_param *p = m->params; p && p->name; p++) {
		const struct value *v = p->secret ? value_get(args, p->name) : NULL;
		if (v && v->type == VALUE_STRING)
			secret_remember(v->str);
		else if (v)
			secret_remember_tree(v);
	}
}

static bool is_one_of(const char *const *names, const struct value *key)
{
	for (; names && *names; names++)
		if (value_is_str(key, *names))
			return true;
	return false;
}

static void remember(const struct value *v, const char *const *names, unsigned depth)
{
	for (size_t i = 0; v->type == VALUE_LIST && depth && i < v->list.len; i++)
		remember(v->list.at[i], names, depth - 1);
	for (size_t i = 0; v->type == VALUE_DICT && depth && i < v->dict.len; i++) {
		const struct value_pair *p = &v->dict.at[i];
		if (!is_one_of(names, p->key))
			remember(p->value, names, depth - 1);
		else if (p->value->type == VALUE_STRING)
			secret_remember(p->value->str);
		else
			secret_remember_tree(p->value);
	}
}

void concealed_results(struct flight *f, struct value *result)
{
	const struct module *m = f->node->module;
	const struct value *objects =
		m->objects_result ? value_get(result, m->objects_result) : NULL;
	if (objects)
		value_dict_put(&f->arena, result, m->objects_result,
			       concealed_objects(&f->arena, objects));
	if (!m->secret_results)
		return;
	remember(result, m->secret_texts, DEPTH_MAX);
	for (const char *const *key = m->secret_results; *key; key++) {
		const struct value *v = value_get(result, *key);
		if (v)
			value_dict_put(&f->arena, result, *key,
				       value_copy(&f->arena, v, VALUE_SECRET));
	}
}
