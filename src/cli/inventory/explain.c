/* --host H --explain: where a host's variables come from, and what they won over. */
#include "view.h"

#include "rollout/base/nearest.h"
#include "rollout/report/visible.h"
#include "rollout/value/json.h"
#include "rollout/value/secret.h"

#include <stdio.h>

#define EXTRA_LEVEL "extra vars (-e)"
#define LEVEL_COLUMNS 26
#define PLACE_COLUMNS 32
#define VALUE_COLUMNS 60u

struct origin {
	const char *level;
	bool playbook;
	const struct value *key, *value;
};
struct story { /* of one variable, low to high */
	VEC(struct origin) origins;
};
struct explaining {
	struct arena arena;
	struct inventory *inv;
	const struct options *options;
	struct strmap stories;
};

static void explaining_release(struct explaining *x)
{
	for (size_t i = 0; i < x->stories.len; i++) {
		struct story *s = x->stories.entries[i].value;
		vec_release(&s->origins);
	}
	strmap_release(&x->stories);
	arena_release(&x->arena);
}

static void note(void *ctx, const struct inv_origin *o)
{
	struct explaining *x = ctx;
	struct story *s = strmap_get(&x->stories, o->key->str);
	if (!s) {
		s = ARENA_NEW(&x->arena, struct story);
		strmap_set(&x->stories, o->key->str, s);
	}
	vec_push(&s->origins, ((struct origin){arena_strdup(&x->arena, o->level), o->playbook,
					       o->key, o->value}));
}

static void note_dict(struct explaining *x, const char *level, const struct value *dict)
{
	for (size_t i = 0; dict && i < dict->dict.len; i++)
		note(x, &(struct inv_origin){level, false, dict->dict.at[i].key,
					     dict->dict.at[i].value});
}

/* What the state of VMs tells: below all that is written, so first. */
static void note_defaults(struct explaining *x, const struct inv_host *h)
{
	for (size_t i = 0; h->written && i < h->vars->dict.len; i++) {
		const struct value_pair *p = &h->vars->dict.at[i];
		if (!value_find(h->written, p->key))
			note(x, &(struct inv_origin){"built in", false, p->key, p->value});
	}
}

static void one_line(struct strbuf *out, const struct value *v)
{
	CLEANUP(strbuf_release) struct strbuf json = {0}, shown = {0};
	if (v->flags & VALUE_SECRET) {
		strbuf_puts(out, "(secret)");
		return;
	}
	struct arena a = {0};
	json_emit(&json, secret_hide_tree(&a, v), JSON_PYTHON);
	arena_release(&a);
	visible_line(&shown, strbuf_slice(&json));
	visible_fit(out, strbuf_slice(&shown), VALUE_COLUMNS);
}

/* Which of the lower ones still shows through: mappings, where they are merged. */
static bool is_merged(const struct explaining *x, const struct origin *low,
		      const struct origin *high)
{
	bool merges = x->inv->merge_hashes ||
		      (value_is_str(low->key, "vm") && strcmp(high->level, EXTRA_LEVEL) != 0);
	return merges && low->value->type == VALUE_DICT && high->value->type == VALUE_DICT;
}

static const char *verdict(const struct explaining *x, const struct story *s, size_t i)
{
	if (i + 1 == s->origins.len)
		return "won";
	for (size_t k = i; k + 1 < s->origins.len; k++)
		if (!is_merged(x, &s->origins.at[k], &s->origins.at[k + 1]))
			return "lost";
	return "merged";
}

static void print_origin(const struct explaining *x, const struct story *s, size_t i)
{
	CLEANUP(strbuf_release) struct strbuf place = {0}, value = {0};
	const struct origin *o = &s->origins.at[i];
	struct srcloc at = o->key->at.file ? o->key->at : o->value->at;
	if (at.file)
		visible_place(&place, at);
	else
		strbuf_puts(&place, "built in");
	one_line(&value, o->value);
	CLEANUP(strbuf_release) struct strbuf level = {0};
	strbuf_printf(&level, "%s%s", o->playbook ? "playbook's " : "", o->level);
	printf("  %-6s  %-*s  %-*s  %s\n", verdict(x, s, i), LEVEL_COLUMNS, level.ptr,
	       PLACE_COLUMNS, place.ptr, value.ptr);
}

static struct value *story_value(struct explaining *x, const struct story *s)
{
	struct arena *a = &x->arena;
	struct value *out = value_list_new(a);
	for (size_t i = s->origins.len; i-- > 0;) {
		const struct origin *o = &s->origins.at[i];
		struct srcloc at = o->key->at.file ? o->key->at : o->value->at;
		struct value *one = value_dict_new(a);
		value_dict_put(a, one, "level", value_cstr(a, o->level));
		value_dict_put(a, one, "playbook", value_bool(o->playbook));
		value_dict_put(a, one, "outcome", value_cstr(a, verdict(x, s, i)));
		value_dict_put(a, one, "file", at.file ? value_cstr(a, at.file) : value_null());
		value_dict_put(a, one, "line", value_int(a, at.line));
		value_dict_put(a, one, "column", value_int(a, at.column));
		value_dict_put(a, one, "value",
			       o->value->flags & VALUE_SECRET ? value_null()
							      : secret_hide_tree(a, o->value));
		value_list_push(a, out, one);
	}
	return out;
}

static int by_name(const void *a, const void *b)
{
	const struct strmap_entry *const *x = a, *const *y = b;
	return slice_cmp((*x)->key, (*y)->key);
}

/* The variables asked for, or all; sorted by name. */
static int choose(struct explaining *x, const struct strmap_entry **ret, size_t *ret_len,
		  struct err *err)
{
	const option_texts *words = &x->options->words;
	size_t n = 0;
	for (size_t w = 0; w < words->len; w++) {
		const struct strmap_entry *found = NULL;
		struct nearest near;
		char hint[160];
		nearest_init(&near, slice_from(words->at[w]));
		for (size_t i = 0; i < x->stories.len; i++) {
			nearest_offer(&near, x->stories.entries[i].key);
			if (slice_is(x->stories.entries[i].key, words->at[w]))
				found = &x->stories.entries[i];
		}
		if (!found)
			return err_set(err, ERR_NOT_FOUND, "host '%s' has no variable '%s'%s",
				       x->options->host, words->at[w],
				       nearest_hint(&near, hint, sizeof(hint)));
		ret[n++] = found;
	}
	for (size_t i = 0; words->len == 0 && i < x->stories.len; i++)
		ret[n++] = &x->stories.entries[i];
	if (words->len == 0 && n > 1)
		qsort(ret, n, sizeof(*ret), by_name);
	*ret_len = n;
	return 0;
}

static void print_stories(struct explaining *x, const struct strmap_entry **chosen, size_t n)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct value *all = value_dict_new(&x->arena);
	for (size_t i = 0; i < n; i++) {
		const struct story *s = chosen[i]->value;
		if (x->options->json) {
			value_dict_put(&x->arena, all, chosen[i]->key.ptr, story_value(x, s));
			continue;
		}
		printf("%.*s\n", SLICE_ARG(chosen[i]->key));
		for (size_t k = s->origins.len; k-- > 0;)
			print_origin(x, s, k);
	}
	if (x->options->json) {
		json_emit(&text, all, JSON_PRETTY);
		puts(text.ptr);
	}
}

int inventory_explain(struct inventory *inv, const struct inv_host *h, const struct options *o,
		      const struct value *extra, struct err *err)
{
	CLEANUP(explaining_release) struct explaining x = {.inv = inv, .options = o};
	size_t n = 0;
	note_defaults(&x, h);
	int r = inventory_each_origin(inv, h, note, &x, err);
	if (r < 0)
		return r;
	note_dict(&x, EXTRA_LEVEL, extra);
	const struct strmap_entry **chosen = ARENA_ARRAY(&x.arena, const struct strmap_entry *,
							 x.stories.len + o->words.len + 1);
	r = choose(&x, chosen, &n, err);
	if (r < 0)
		return r;
	if (!o->json)
		inventory_print_groups(h);
	print_stories(&x, chosen, n);
	return RUN_EXIT_OK;
}
