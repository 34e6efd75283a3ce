/* Filters of dicts. */
#include "filter.h"

#include <ctype.h>

enum list_merge {
	MERGE_REPLACE,
	MERGE_KEEP,
	MERGE_APPEND,
	MERGE_PREPEND,
	MERGE_APPEND_RP,
	MERGE_PREPEND_RP
};

struct combining {
	struct eval *ev;
	bool recursive;
	enum list_merge merge;
};

static int append_missing(struct combining *k, struct value *out, const struct value *from,
			  const struct value *unless, struct err *err)
{
	for (size_t i = 0; i < from->list.len; i++) {
		bool has = false;
		int r = unless ? eval_contains(k->ev, unless, from->list.at[i], &has, err) : 0;
		if (r < 0)
			return r;
		if (!has)
			list_push(k->ev, out, from->list.at[i]);
	}
	return 0;
}

/* x: lower precedence, y: higher. */
static int merge_lists(struct combining *k, const struct value *x, const struct value *y,
		       const struct value **ret, struct err *err)
{
	struct value *out = list_new(k->ev);
	int r = 0;
	*ret = out;
	switch (k->merge) {
	case MERGE_REPLACE:
		*ret = y;
		return 0;
	case MERGE_KEEP:
		*ret = x;
		return 0;
	case MERGE_APPEND:
	case MERGE_APPEND_RP:
		r = append_missing(k, out, x, k->merge == MERGE_APPEND_RP ? y : NULL, err);
		return r < 0 ? r : append_missing(k, out, y, NULL, err);
	default:
		r = append_missing(k, out, y, NULL, err);
		return r < 0 ? r
			     : append_missing(k, out, x, k->merge == MERGE_PREPEND_RP ? y : NULL,
					      err);
	}
}

static int merge_dicts(struct combining *k, const struct value *x, const struct value *y,
		       unsigned depth, const struct value **ret, struct err *err);

static int merge_values(struct combining *k, const struct value *x, const struct value *y,
			unsigned depth, const struct value **ret, struct err *err)
{
	if (is_dict(x) && is_dict(y) && k->recursive)
		return merge_dicts(k, x, y, depth + 1, ret, err);
	if (is_list(x) && is_list(y))
		return merge_lists(k, x, y, ret, err);
	*ret = y;
	return 0;
}

static int merge_dicts(struct combining *k, const struct value *x, const struct value *y,
		       unsigned depth, const struct value **ret, struct err *err)
{
	struct value *out = dict_new(k->ev);
	int r = eval_step(k->ev, x->dict.len + y->dict.len, err);
	if (r == 0 && depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "nested deeper than %u", VALUE_MAX_DEPTH);
	for (size_t i = 0; i < x->dict.len && r == 0; i++)
		value_dict_set(k->ev->arena, out, x->dict.at[i].key, x->dict.at[i].value);
	for (size_t i = 0; i < y->dict.len && r == 0; i++) {
		const struct value *key = y->dict.at[i].key, *v = y->dict.at[i].value,
				   *old = value_find(x, key);
		if (old)
			r = merge_values(k, old, v, depth, &v, err);
		if (r == 0)
			value_dict_set(k->ev->arena, out, key, v);
	}
	*ret = out;
	return r;
}

static int combining_init(struct call *c, struct combining *k, struct err *err)
{
	static const char *const names[] = {"replace", "keep",	    "append",
					    "prepend", "append_rp", "prepend_rp"};
	const struct value *recursive = template_arg(c->args, "recursive"),
			   *merge = template_arg(c->args, "list_merge");
	*k = (struct combining){.ev = c->ev};
	for (size_t i = 0; i < c->args->nkeywords; i++)
		if (!slice_is(c->args->names[i], "recursive") &&
		    !slice_is(c->args->names[i], "list_merge"))
			return err_set(err, ERR_INVALID, "there is no argument '%.*s'",
				       SLICE_ARG(c->args->names[i]));
	int r = recursive ? eval_truth(c->ev, recursive, &k->recursive, err) : 0;
	if (r < 0 || !merge)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (value_is_str(merge, names[i])) {
			k->merge = (enum list_merge)i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID,
		       "list_merge is replace, keep, append, prepend, append_rp or prepend_rp");
}

/* The dicts among the input and arguments; lists of dicts are opened. */
static int collect(struct call *c, const struct value *v, struct value *out, bool open,
		   struct err *err)
{
	int r = eval_use(c->ev, v, err);
	if (r < 0)
		return r;
	if (is_list(v) && open) {
		for (size_t i = 0; i < v->list.len && r == 0; i++)
			r = collect(c, v->list.at[i], out, false, err);
		return r;
	}
	if (v->type == VALUE_NULL || (is_list(v) && v->list.len == 0))
		return 0;
	if (!is_dict(v))
		return type_error(err, "dicts are needed", v);
	list_push(c->ev, out, v);
	return 0;
}

FN(f_combine)
{
	struct combining k;
	struct value *all = list_new(c->ev);
	int r = combining_init(c, &k, err);
	if (r == 0)
		r = collect(c, c->in, all, true, err);
	for (size_t i = 0; i < c->args->npositional && r == 0; i++)
		r = collect(c, c->args->positional[i], all, true, err);
	if (r < 0)
		return r;
	const struct value *sum = all->list.len ? all->list.at[0] : dict_new(c->ev);
	for (size_t i = 1; i < all->list.len && r == 0; i++)
		r = merge_dicts(&k, sum, all->list.at[i], 0, &sum, err);
	*ret = sum;
	return r;
}

static int key_names(struct call *c, const struct value **key, const struct value **value,
		     struct err *err)
{
	struct slice k, v;
	int r;
	if ((r = call_text(c, 0, "key", &k, err)) < 0 ||
	    (r = call_text(c, 1, "value", &v, err)) < 0)
		return r;
	*key = str_new(c->ev, k);
	*value = str_new(c->ev, v);
	return 0;
}

FN(f_dict2items)
{
	const struct value *kname, *vname;
	const struct value_dict *d;
	int r;
	if ((r = in_dict(c, &d, err)) < 0 || (r = key_names(c, &kname, &vname, err)) < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < d->len; i++) {
		struct value *item = dict_new(c->ev);
		value_dict_set(c->ev->arena, item, kname, d->at[i].key);
		value_dict_set(c->ev->arena, item, vname, d->at[i].value);
		list_push(c->ev, out, item);
	}
	*ret = out;
	return eval_step(c->ev, d->len, err);
}

/* item[name]; of a list, too, where the name was given as a number. */
static const struct value *item_of(struct call *c, const struct value *item, unsigned arg,
				   const struct value *name)
{
	const struct value *i = c->arg[arg];
	if (!is_list(item) || !i || i->type != VALUE_INT)
		return value_find(item, name);
	return i->integer >= 0 && (uint64_t)i->integer < item->list.len ? item->list.at[i->integer]
									: NULL;
}

FN(f_items2dict)
{
	const struct value *kname, *vname;
	const struct value_list *list;
	int r;
	if (!is_list(c->in))
		return type_error(err, "a list of dicts is needed", c->in);
	if ((r = in_list(c, &list, err)) < 0 || (r = key_names(c, &kname, &vname, err)) < 0)
		return r;
	struct value *out = dict_new(c->ev);
	for (size_t i = 0; i < list->len; i++) {
		const struct value *k = item_of(c, list->at[i], 0, kname),
				   *v = item_of(c, list->at[i], 1, vname);
		if (!k || !v)
			return err_set(err, ERR_INVALID, "item %zu has no '%.*s' or no '%.*s'", i,
				       SLICE_ARG(kname->str), SLICE_ARG(vname->str));
		if ((r = dict_set(c->ev, out, k, v, err)) < 0)
			return r;
	}
	*ret = out;
	return 0;
}

FN(f_items)
{
	const struct value_dict *d;
	struct value *out = list_new(c->ev);
	*ret = out;
	if (is_undefined(c->in))
		return 0;
	int r = in_dict(c, &d, err);
	for (size_t i = 0; r == 0 && i < d->len; i++)
		list_push(c->ev, out, pair_new(c->ev, d->at[i].key, d->at[i].value));
	return r;
}

FN(f_dictsort)
{
	const struct value_dict *d;
	bool sensitive, reverse;
	struct slice by;
	int r;
	if ((r = in_dict(c, &d, err)) < 0 || (r = call_bool(c, 0, false, &sensitive, err)) < 0 ||
	    (r = call_text(c, 1, "key", &by, err)) < 0 ||
	    (r = call_bool(c, 2, false, &reverse, err)) < 0)
		return r;
	if (!slice_is(by, "key") && !slice_is(by, "value"))
		return err_set(err, ERR_INVALID, "sorts by 'key' or 'value'");
	const struct value **items = ARENA_ARRAY(c->ev->arena, const struct value *, d->len + 1);
	const struct value **keys = ARENA_ARRAY(c->ev->arena, const struct value *, d->len + 1);
	for (size_t i = 0; i < d->len; i++) {
		items[i] = pair_new(c->ev, d->at[i].key, d->at[i].value);
		keys[i] = sort_key(c->ev, slice_is(by, "key") ? d->at[i].key : d->at[i].value,
				   sensitive);
	}
	if ((r = sort_items(c->ev, items, keys, d->len, reverse, err)) < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < d->len; i++)
		list_push(c->ev, out, items[i]);
	*ret = out;
	return 0;
}

static int subelements_of(struct call *c, const struct value *item, const struct value_list *path,
			  bool skip_missing, struct value *out, struct err *err)
{
	const struct value *v = item;
	for (size_t i = 0; i < path->len; i++) {
		if (!is_dict(v))
			return type_error(err, "the key should lead to a dict", v);
		v = value_find(v, path->at[i]);
		if (!v && skip_missing)
			return 0;
		if (!v)
			return err_set(err, ERR_INVALID, "an item has no key '%.*s'",
				       SLICE_ARG(path->at[i]->str));
	}
	if (!is_list(v))
		return type_error(err, "the key should lead to a list", v);
	for (size_t i = 0; i < v->list.len; i++)
		list_push(c->ev, out, pair_new(c->ev, item, v->list.at[i]));
	return eval_step(c->ev, v->list.len, err);
}

FN(f_subelements)
{
	struct value *path = list_new(c->ev), *out = list_new(c->ev);
	const struct value_list *items = NULL;
	bool skip;
	int r = call_bool(c, 1, false, &skip, err);
	struct slice part, rest;
	if (is_str(c->arg[0])) {
		rest = c->arg[0]->str;
		while (slice_split(&rest, '.', &part))
			list_push(c->ev, path, str_new(c->ev, part));
	} else if (is_list(c->arg[0])) {
		for (size_t i = 0; i < c->arg[0]->list.len; i++) {
			if (!is_str(c->arg[0]->list.at[i]))
				return type_error(err, "keys must be strings",
						  c->arg[0]->list.at[i]);
			list_push(c->ev, path, c->arg[0]->list.at[i]);
		}
	} else {
		return type_error(err, "the key must be a list or a string", c->arg[0]);
	}
	if (!is_dict(c->in) && !is_list(c->in))
		return type_error(err, "a list of dicts or a dict of dicts is needed", c->in);
	if (r == 0 && is_list(c->in))
		r = in_list(c, &items, err);
	size_t n = items ? items->len : c->in->dict.len;
	for (size_t i = 0; i < n && r == 0; i++)
		r = subelements_of(c, items ? items->at[i] : c->in->dict.at[i].value, &path->list,
				   skip, out, err);
	*ret = out;
	return r;
}

FN(f_rekey_on_member)
{
	struct slice key, duplicates;
	const struct value_list *list = NULL;
	int r;
	if ((r = call_text(c, 0, "", &key, err)) < 0 ||
	    (r = call_text(c, 1, "error", &duplicates, err)) < 0)
		return r;
	if (!is_dict(c->in) && (r = in_list(c, &list, err)) < 0)
		return r;
	struct value *out = dict_new(c->ev);
	size_t n = list ? list->len : c->in->dict.len;
	for (size_t i = 0; i < n; i++) {
		const struct value *item = list ? list->at[i] : c->in->dict.at[i].value;
		const struct value *k = value_get_slice(item, key);
		if (!k)
			return err_set(err, ERR_INVALID, "item %zu has no key '%.*s'", i,
				       SLICE_ARG(key));
		if (value_find(out, k) && slice_is(duplicates, "error"))
			return err_set(err, ERR_INVALID, "the key of item %zu is not unique", i);
		if ((r = dict_set(c->ev, out, k, item, err)) < 0)
			return r;
	}
	*ret = out;
	return 0;
}

FN(f_xmlattr)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	const struct value_dict *d;
	bool autospace;
	int r;
	if ((r = in_dict(c, &d, err)) < 0 || (r = call_bool(c, 0, true, &autospace, err)) < 0)
		return r;
	const struct function *escape = registry_filter(SLICE_LIT("escape"));
	for (size_t i = 0; i < d->len; i++) {
		const struct value *pair[2] = {d->at[i].key, d->at[i].value};
		if (pair[1]->type == VALUE_NULL || is_undefined(pair[1]))
			continue;
		if (!is_str(pair[0]))
			return type_error(err, "attribute names must be strings", pair[0]);
		for (size_t k = 0; k < pair[0]->str.len; k++)
			if (isspace((unsigned char)pair[0]->str.ptr[k]) ||
			    strchr("/>=", pair[0]->str.ptr[k]))
				return err_set(err, ERR_INVALID,
					       "invalid character in an attribute's name");
		if (b.len || autospace)
			strbuf_putc(&b, ' ');
		for (int k = 0; k < 2; k++) {
			struct call sub = {.ev = c->ev, .fn = escape, .in = pair[k]};
			if ((r = call_function(&sub, &(struct template_args){0}, &pair[k], err)) <
			    0)
				return r;
			strbuf_slice_append(&b, pair[k]->str);
			strbuf_puts(&b, k ? "\"" : "=\"");
		}
	}
	*ret = str_buf(c->ev, &b);
	return 0;
}

const struct function filters_dict[] = {
	{"combine", "", 0, FN_VARARGS | FN_KWARGS, f_combine},
	{"dict2items", "key_name,value_name", 0, 0, f_dict2items},
	{"items2dict", "key_name,value_name", 0, 0, f_items2dict},
	{"items", "", 0, FN_UNDEFINED, f_items},
	{"dictsort", "case_sensitive,by,reverse", 0, 0, f_dictsort},
	{"subelements", "subelements,skip_missing", 1, 0, f_subelements},
	{"rekey_on_member", "key,duplicates", 1, 0, f_rekey_on_member},
	{"xmlattr", "autospace", 0, 0, f_xmlattr},
	{0},
};
