/* namespace(): attributes that statements in loops can set. And imported templates. */
#include "../eval/eval.h"

struct namespace
{
	const char *type_name;
	struct value *dict;
	const struct value *text; /* of an imported template: what it prints as */
};

static int get(void *self, struct arena *a, const struct value *key, const struct value **ret,
	       struct err *err)
{
	(void)a, (void)err;
	const struct namespace *ns = self;
	*ret = value_find(ns->dict, key);
	return 0;
}

static void print(void *self, struct strbuf *out)
{
	const struct namespace *ns = self;
	if (ns->text)
		strbuf_slice_append(out, ns->text->str);
	else
		strbuf_printf(out, "<%s>", ns->type_name);
}

static const struct value_object_ops namespace_ops = {
	.type_name = "Namespace", .get = get, .print = print};

static struct namespace *create(struct eval *ev, const char *type_name, const struct value **ret)
{
	struct namespace *ns = ARENA_NEW(ev->arena, struct namespace);
	ns->type_name = type_name;
	ns->dict = value_dict_new(ev->arena);
	struct value *v = value_object(ev->arena, &namespace_ops, ns);
	v->flags |= VALUE_FRESH;
	*ret = v;
	return ns;
}

const struct value *namespace_new(struct eval *ev)
{
	const struct value *v;
	create(ev, "Namespace", &v);
	return v;
}

/* Names with an underscore are the template's own. */
const struct value *module_new(struct eval *ev, const struct frame *from, const struct value *text)
{
	const struct value *v;
	struct namespace *ns = create(ev, "TemplateModule", &v);
	ns->text = text;
	for (uint32_t i = 0; i < from->len; i++)
		if (from->at[i].value && from->at[i].symbol->name.ptr[0] != '_')
			value_dict_set(ev->arena, ns->dict, str_new(ev, from->at[i].symbol->name),
				       from->at[i].value);
	return v;
}

bool namespace_set(struct eval *ev, const struct value *ns, const struct value *key,
		   const struct value *v)
{
	if (ns->type != VALUE_OBJECT || ns->object.ops != &namespace_ops)
		return false;
	struct namespace *self = ns->object.self;
	value_dict_set(ev->arena, self->dict, str_new(ev, key->str), v);
	return true;
}
