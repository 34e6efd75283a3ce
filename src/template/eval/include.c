/* {% include %}, {% import %}, {% from %}. */
#include "eval.h"

#include <stdlib.h>

/* The first of the names that exists; ERR_NOT_FOUND. */
static int find_first(struct eval *ev, const struct value *names, char **ret, struct err *err)
{
	const struct value_list *list;
	int r = eval_use(ev, names, err);
	if (r < 0)
		return r;
	if (is_str(names))
		return source_find(ev, names->str, "templates", ret, err);
	if (!is_list(names))
		return type_error(err, "the name of a template is needed", names);
	if ((r = eval_iterate(ev, names, &list, err)) < 0)
		return r;
	for (size_t i = 0; i < list->len; i++)
		if (is_str(list->at[i]) &&
		    source_find(ev, list->at[i]->str, "templates", ret, NULL) == 0)
			return 0;
	return err_set(err, ERR_NOT_FOUND, "none of the templates was found");
}

int source_load(struct eval *ev, const struct value *names, struct source *ret, struct err *err)
{
	CLEANUP(free_ptr) char *path = NULL;
	struct slice text;
	struct template_text_options opts = {.trim_blocks = true};
	if (ev->syntax) {
		opts.trim_blocks = ev->syntax->trim_blocks;
		opts.lstrip_blocks = ev->syntax->lstrip_blocks;
	}
	int r = find_first(ev, names, &path, err);
	if (r < 0 || (r = source_read(ev, path, &text, err)) < 0)
		return r;
	return source_init(text, path, &opts, ret, err);
}

int exec_include(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	const struct value *names;
	struct source src;
	if (out->muted)
		return 0;
	int r = eval(ev, n->a, &names, err);
	if (r < 0)
		return r;
	r = source_load(ev, names, &src, err);
	if (r == ERR_NOT_FOUND && (n->op & INCLUDE_IGNORES_MISSING))
		return 0;
	if (r < 0)
		return r;
	struct frame *outer = ev->frame;
	if (!(n->op & INCLUDE_WITH_CONTEXT))
		ev->frame = NULL;
	frame_set(ev, frame_push(ev), ev->env->own.loop, NULL); /* is not passed */
	r = source_exec(ev, &src, out, err);
	ev->frame = outer;
	return r;
}

/* Runs the file in a frame of its own; what it defines is the module, what it writes is
 * what the module prints as. */
static int load_module(struct eval *ev, const struct node *n, struct frame **ret,
		       const struct value **ret_text, struct err *err)
{
	const struct value *names;
	struct source src;
	int r;
	if ((r = eval(ev, n->a, &names, err)) < 0 || (r = source_load(ev, names, &src, err)) < 0)
		return r;
	struct frame *outer = ev->frame;
	if (!(n->op & INCLUDE_WITH_CONTEXT))
		ev->frame = NULL;
	struct output out = output_begin(ev, false);
	*ret = frame_push(ev);
	/* The macros' unit points to the program, which the environment keeps. */
	r = source_exec(ev, arena_copy(ev->arena, &src, sizeof(src)), &out, err);
	ev->frame = outer;
	return output_take(ev, &out, r, ret_text, err);
}

int exec_import(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	(void)out;
	struct frame *module;
	const struct value *text;
	int r = load_module(ev, n, &module, &text, err);
	if (r == 0)
		frame_set(ev, ev->frame, n->symbol, module_new(ev, module, text));
	return r;
}

int exec_from(struct eval *ev, const struct node *n, struct output *out, struct err *err)
{
	(void)out;
	struct frame *module;
	const struct value *text;
	int r = load_module(ev, n, &module, &text, err);
	for (uint32_t i = 0; i < n->kwargs.len && r == 0; i++) {
		const struct node *kw = n->kwargs.at[i];
		const struct frame own = {.at = module->at, .len = module->len};
		const struct binding *b = frame_find(&own, kw->symbol);
		frame_set(ev, ev->frame, kw->a->symbol,
			  b && b->value
				  ? b->value
				  : undefined_hint(ev, "the imported template does not define it"));
	}
	return r;
}
