/* --host: a host's variables with the place that each came from. */
#include "view.h"

#include "rollout/base/nearest.h"
#include "rollout/report/visible.h"
#include "rollout/value/json.h"
#include "rollout/value/secret.h"
#include "rollout/value/yaml.h"

#include <stdio.h>

void inventory_view_place(struct strbuf *out, struct srcloc at)
{
	at.column = 0;
	if (at.file)
		visible_place(out, at);
	else
		strbuf_puts(out, "built in");
}

/* A text of several lines as a block scalar. */
static void print_block(const struct value_pair *p, const char *place)
{
	struct slice rest = p->value->str, line;
	bool ends = slice_ends_with(rest, "\n");
	rest.len -= ends;
	printf("%.*s: %s  # %s\n", SLICE_ARG(p->key->str), ends ? "|" : "|-", place);
	while (slice_split(&rest, '\n', &line)) {
		CLEANUP(strbuf_release) struct strbuf shown = {0};
		visible_line(&shown, line);
		printf("  %s\n", shown.ptr ? shown.ptr : "");
	}
}

/* "key: value  # file:line"; what has several lines below "key:  # file:line". */
static void print_var(const struct value_pair *p)
{
	struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf yaml = {0}, place = {0};
	inventory_view_place(&place, p->key->at.file ? p->key->at : p->value->at);
	if (p->value->type == VALUE_STRING && memchr(p->value->str.ptr, '\n', p->value->str.len)) {
		print_block(p, place.ptr);
		return;
	}
	struct value *one = value_dict_new(&a);
	value_dict_set(&a, one, p->key, p->value);
	yaml_emit_styled(&yaml, one, &(struct yaml_style){.indent = 2});
	const char *end = strchr(yaml.ptr, '\n');
	int first = end ? (int)(end - yaml.ptr) : (int)yaml.len;
	printf("%.*s  # %s%s", first, yaml.ptr, place.ptr, end ? end : "\n");
	arena_release(&a);
}

static int by_key(const void *a, const void *b)
{
	const struct value_pair *x = a, *y = b;
	return slice_cmp(x->key->str, y->key->str);
}

void inventory_print_groups(const struct inv_host *h)
{
	printf("# %s: in", h->name);
	for (size_t i = 0; i < h->groups.len; i++)
		printf(" %s", h->groups.at[i]->name);
	printf("%s\n", h->groups.len ? "" : " no group");
}

static void sort_keys(struct value *dict)
{
	if (dict->dict.len > 1)
		qsort(dict->dict.at, dict->dict.len, sizeof(*dict->dict.at), by_key);
}

int inventory_lacks(const char *what, const char *name, const struct strmap *names, struct err *err)
{
	char hint[160];
	struct nearest n;
	nearest_init(&n, slice_from(name));
	for (size_t i = 0; i < names->len; i++)
		nearest_offer(&n, names->entries[i].key);
	return err_set(err, ERR_NOT_FOUND, "the inventory has no %s '%s'%s", what, name,
		       nearest_hint(&n, hint, sizeof(hint)));
}

int inventory_print_host(struct inventory *inv, const struct options *o, const struct value *extra,
			 struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct inv_host *h = inventory_host(inv, slice_from(o->host));
	if (!h)
		return inventory_lacks("host", o->host, &inv->hosts, err);
	if (o->explain)
		return inventory_explain(inv, h, o, extra, err);
	const struct value *all =
		o->export ? inventory_host_own(inv, h) : inventory_view_vars(&a, inv, h, extra);
	struct value *vars = value_dict_dup(&a, secret_hide_tree(&a, all));
	if (o->json) {
		json_emit(&text, vars, JSON_PRETTY);
		puts(text.ptr);
		return RUN_EXIT_OK;
	}
	if (o->yaml) {
		yaml_emit(&text, vars, 2);
		fputs(text.ptr, stdout);
		return RUN_EXIT_OK;
	}
	inventory_print_groups(h);
	sort_keys(vars);
	for (size_t i = 0; i < vars->dict.len; i++)
		print_var(&vars->dict.at[i]);
	return RUN_EXIT_OK;
}
