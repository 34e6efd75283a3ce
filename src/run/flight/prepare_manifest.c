/* k8s: templates of the controller, each of one or more objects. */
#include "prepare.h"

/* As the module template would have it: with the options that stand beside path. */
static int render(struct preparation *p, const struct value *one, struct value *list,
		  struct err *err)
{
	struct strbuf out CLEANUP(strbuf_wipe) = {0};
	const struct value *src = one->type == VALUE_DICT ? value_get(one, "path") : one;
	struct flight_item item = *p->it;
	struct preparation with = *p;
	bool secret = false;
	const char *path;
	if (!src || src->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, one->at,
			      "template is a path, a mapping with path, or a list of them");
	item.args = one;
	with.it = &item;
	int r = prepare_render(&with, src, &out, &secret, &path, err);
	if (r < 0)
		return err_locate(err, r, src->at);
	struct value *text = value_str(&p->f->arena, strbuf_slice(&out));
	text->flags |= secret ? VALUE_SECRET : 0;
	value_list_push(&p->f->arena, list, text);
	return 0;
}

int prepare_manifest(struct preparation *p, struct err *err)
{
	const struct value *template = value_get(p->it->args, "template");
	struct value *list = value_list_new(&p->f->arena);
	int r = 0;
	if (!template || !value_truthy(template))
		return 0;
	if (template->type != VALUE_LIST)
		r = render(p, template, list, err);
	for (size_t i = 0; r == 0 && template->type == VALUE_LIST && i < template->list.len; i++)
		r = render(p, template->list.at[i], list, err);
	value_dict_remove(p->args, SLICE_LIT("template"));
	value_dict_put(&p->f->arena, p->args, "resource_definition", list);
	return r;
}
