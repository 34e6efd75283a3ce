/* loop, with_x and loop_control. Source: Ansible, "Loops". */
#include "../internal.h"
#include "rollout/base/nearest.h"

#include <ctype.h>

static const char *const with_kinds[] = {"items",	 "list",	"dict",	  "indexed_items",
					 "flattened",	 "together",	"nested", "sequence",
					 "fileglob",	 "first_found", "lines",  "subelements",
					 "random_choice"};

int loop_take_control(struct plan_node *node, const struct value *v, struct err *err)
{
	static const char *const known[] = {"loop_var", "index_var", "label",
					    "pause",	"extended",  "extended_allitems"};
	if (v->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, v->at, "'loop_control' is a mapping, not a %s",
			      value_type_name(v));
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value *key = v->dict.at[i].key, *x = v->dict.at[i].value;
		int r = 0;
		if (value_is_str(key, "loop_var"))
			r = keyword_variable(key, x, &node->loop.loop_var, err);
		else if (value_is_str(key, "index_var"))
			r = keyword_variable(key, x, &node->loop.index_var, err);
		else if (value_is_str(key, "label"))
			node->loop.label = x;
		else if (value_is_str(key, "pause"))
			r = keyword_number(key, x, &node->loop.pause, err);
		else if (value_is_str(key, "extended"))
			(void)value_to_bool(x, &node->loop.extended);
		else if (value_is_str(key, "extended_allitems"))
			node->loop.without_allitems = plan_is_false(x);
		else {
			struct nearest near;
			char hint[128];
			struct slice text = key->type == VALUE_STRING ? key->str : SLICE_LIT("?");
			nearest_init(&near, text);
			for (size_t k = 0; k < ARRAY_LEN(known); k++)
				nearest_offer(&near, slice_from(known[k]));
			r = err_at(err, ERR_INVALID, key->at, "loop_control has no '%.*s'%s",
				   SLICE_ARG(text), nearest_hint(&near, hint, sizeof(hint)));
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* with_x for any other lookup x. Negative: there is none. */
static int take_with_lookup(struct compiler *c, struct plan_node *node, const struct value *key,
			    struct slice kind, struct err *err)
{
	struct arena *a = &c->plan->arena;
	struct slice expr = slice_from(arena_printf(a, "query('%.*s')", SLICE_ARG(kind)));
	for (size_t i = 0; i < kind.len; i++)
		if (!isalnum((unsigned char)kind.ptr[i]) && kind.ptr[i] != '_' &&
		    kind.ptr[i] != '.')
			return ERR_NOT_FOUND;
	int r = template_check_expression(c->plan->env, expr, key->at, err);
	if ((r = foreign_tolerate(c, false, r, err)) == 0)
		node->loop.with = arena_strndup(a, kind.ptr, kind.len);
	return r;
}

static int take_with(struct compiler *c, struct plan_node *node, const struct value *key,
		     const struct value *v, struct err *err)
{
	static const char builtin[] = "ansible.builtin.";
	struct slice kind = {key->str.ptr + 5, key->str.len - 5};
	struct err ignored = {0};
	if (slice_starts_with(kind, builtin))
		kind = (struct slice){kind.ptr + strlen(builtin), kind.len - strlen(builtin)};
	for (size_t i = 0; i < ARRAY_LEN(with_kinds); i++)
		if (slice_is(kind, with_kinds[i])) {
			node->loop.items = v;
			node->loop.with = with_kinds[i];
			return 0;
		}
	node->loop.items = v;
	if (take_with_lookup(c, node, key, kind, &ignored) == 0)
		return 0;
	struct nearest near;
	char hint[128];
	nearest_init(&near, kind);
	for (size_t i = 0; i < ARRAY_LEN(with_kinds); i++)
		nearest_offer(&near, slice_from(with_kinds[i]));
	return err_at(err, ERR_UNSUPPORTED, key->at, "there is no loop 'with_%.*s'%s",
		      SLICE_ARG(kind), nearest_hint(&near, hint, sizeof(hint)));
}

int loop_take(struct compiler *c, struct plan_node *node, const struct value *key,
	      const struct value *v, struct err *err)
{
	if (node->loop.items)
		return err_at(err, ERR_INVALID, key->at, "the task has two loops");
	if (!value_is_str(key, "loop"))
		return take_with(c, node, key, v, err);
	node->loop.items = v->type == VALUE_NULL ? NULL : v;
	return 0;
}
