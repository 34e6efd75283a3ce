/* Methods of lists and dicts. Those that change it are allowed on what the
 * template itself made (call.c). */
#include "../eval/eval.h"

static int dict_keys(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	struct value *list = list_new(c->ev);
	for (size_t i = 0; i < c->in->dict.len; i++)
		list_push(c->ev, list, c->in->dict.at[i].key);
	list->flags |= VALUE_KEYS;
	*ret = list;
	return eval_step(c->ev, c->in->dict.len, err);
}

static int dict_values(struct call *c, const struct value **ret, struct err *err)
{
	struct value *list = list_new(c->ev);
	for (size_t i = 0; i < c->in->dict.len; i++)
		list_push(c->ev, list, c->in->dict.at[i].value);
	list->flags |= VALUE_VALUES;
	*ret = list;
	return eval_step(c->ev, c->in->dict.len, err);
}

static int dict_items(struct call *c, const struct value **ret, struct err *err)
{
	struct value *list = list_new(c->ev);
	for (size_t i = 0; i < c->in->dict.len; i++)
		list_push(c->ev, list,
			  pair_new(c->ev, c->in->dict.at[i].key, c->in->dict.at[i].value));
	list->flags |= VALUE_ITEMS;
	*ret = list;
	return eval_step(c->ev, c->in->dict.len, err);
}

/* hostvars and the like: objects that are mappings. */
static int object_get(struct call *c, const struct value **ret, struct err *err)
{
	const struct value *found = NULL;
	int r = eval_use(c->ev, c->arg[0], err);
	if (r == 0)
		r = c->in->object.ops->get(c->in->object.self, c->ev->arena, c->arg[0], &found,
					   err);
	if (r == 0)
		*ret = found ? found : c->arg[1] ? c->arg[1] : value_null();
	return r;
}

bool is_mapping(const struct value *v)
{
	return is_dict(v) || (v->type == VALUE_OBJECT && v->object.ops->get && v->object.ops->keys);
}

int as_dict(struct eval *ev, const struct value *v, const struct value **ret, struct err *err)
{
	const struct value_list *keys;
	*ret = v;
	if (is_dict(v))
		return 0;
	if (!is_mapping(v))
		return type_error(err, "a dict is needed", v);
	struct value *dict = dict_new(ev);
	int r = eval_iterate(ev, v, &keys, err);
	for (size_t i = 0; r == 0 && i < keys->len; i++) {
		const struct value *item = NULL;
		r = v->object.ops->get(v->object.self, ev->arena, keys->at[i], &item, err);
		if (r == 0 && item)
			r = dict_set(ev, dict, keys->at[i], item, err);
	}
	*ret = dict;
	return r;
}

static int with_dict(struct call *c, int (*fn)(struct call *, const struct value **, struct err *),
		     const struct value **ret, struct err *err)
{
	int r = as_dict(c->ev, c->in, &c->in, err);
	return r < 0 ? r : fn(c, ret, err);
}
static int object_keys(struct call *c, const struct value **ret, struct err *err)
{
	return with_dict(c, dict_keys, ret, err);
}
static int object_values(struct call *c, const struct value **ret, struct err *err)
{
	return with_dict(c, dict_values, ret, err);
}
static int object_items(struct call *c, const struct value **ret, struct err *err)
{
	return with_dict(c, dict_items, ret, err);
}

static int check_key(struct call *c, struct err *err)
{
	int r = eval_use(c->ev, c->arg[0], err);
	if (r == 0 && c->arg[0]->type > VALUE_STRING)
		return type_error(err, "not a key of a dict", c->arg[0]);
	return r;
}

static int dict_get(struct call *c, const struct value **ret, struct err *err)
{
	int r = check_key(c, err);
	if (r < 0)
		return r;
	const struct value *v = value_find(c->in, c->arg[0]);
	*ret = v ? v : c->arg[1] ? c->arg[1] : value_null();
	return 0;
}

/* Would `item` in `box` make it contain itself? */
static int holds(struct eval *ev, const struct value *item, const struct value *box, bool *ret,
		 struct err *err)
{
	int r = eval_step(ev, 1, err);
	*ret = item == box;
	if (*ret || r < 0 || !(item->flags & VALUE_FRESH))
		return r;
	if (is_list(item))
		for (size_t i = 0; i < item->list.len && !*ret && r == 0; i++)
			r = holds(ev, item->list.at[i], box, ret, err);
	if (is_dict(item))
		for (size_t i = 0; i < item->dict.len && !*ret && r == 0; i++)
			r = holds(ev, item->dict.at[i].value, box, ret, err);
	return r;
}

/* Bounds the nesting too: every member is looked at with a depth limit. */
static int check_member(struct call *c, const struct value *item, struct err *err)
{
	bool is = false;
	if (!is_list(item) && !is_dict(item))
		return 0;
	int r = check_depth(c->ev, item, err);
	if (r == 0)
		r = holds(c->ev, item, c->in, &is, err);
	if (r == 0 && is)
		return err_set(err, ERR_INVALID, "a value cannot contain itself");
	return r;
}

static struct value *self(struct call *c)
{
	return (struct value *)c->in; /* call.c let only own containers through */
}

static int dict_update(struct call *c, const struct value **ret, struct err *err)
{
	int r = 0;
	const struct value *from = c->arg[0];
	if (from && !is_dict(from))
		return type_error(err, "a dict is needed", from);
	for (size_t i = 0; from && i < from->dict.len && r == 0; i++) {
		r = check_member(c, from->dict.at[i].value, err);
		if (r == 0)
			value_dict_set(c->ev->arena, self(c), from->dict.at[i].key,
				       from->dict.at[i].value);
	}
	for (size_t i = 0; i < c->args->nkeywords && r == 0; i++) {
		r = check_member(c, c->args->keywords[i], err);
		if (r == 0)
			value_dict_set(c->ev->arena, self(c), str_new(c->ev, c->args->names[i]),
				       c->args->keywords[i]);
	}
	*ret = value_null();
	return r;
}

static void remove_key(struct call *c, const struct value *key)
{
	struct value *left = dict_new(c->ev);
	for (size_t i = 0; i < c->in->dict.len; i++)
		if (!value_equal(c->in->dict.at[i].key, key))
			value_dict_set(c->ev->arena, left, c->in->dict.at[i].key,
				       c->in->dict.at[i].value);
	self(c)->dict = left->dict;
}

static int dict_pop(struct call *c, const struct value **ret, struct err *err)
{
	int r = check_key(c, err);
	if (r < 0)
		return r;
	const struct value *v = value_find(c->in, c->arg[0]);
	*ret = v ? v : c->arg[1];
	if (!*ret)
		return err_set(err, ERR_INVALID, "the dict does not have the key");
	if (v)
		remove_key(c, c->arg[0]);
	return eval_step(c->ev, c->in->dict.len, err);
}

/* The last one. */
static int dict_popitem(struct call *c, const struct value **ret, struct err *err)
{
	size_t n = c->in->dict.len;
	if (n == 0)
		return err_set(err, ERR_INVALID, "the dict is empty");
	const struct value_pair last = c->in->dict.at[n - 1];
	*ret = pair_new(c->ev, last.key, last.value);
	remove_key(c, last.key);
	return eval_step(c->ev, n, err);
}

static int dict_fromkeys(struct call *c, const struct value **ret, struct err *err)
{
	const struct value_list *keys;
	struct value *dict = dict_new(c->ev);
	int r = eval_iterate(c->ev, c->arg[0], &keys, err);
	for (size_t i = 0; r == 0 && i < keys->len; i++)
		r = dict_set(c->ev, dict, keys->at[i], c->arg[1] ? c->arg[1] : value_null(), err);
	*ret = dict;
	return r;
}

static int dict_setdefault(struct call *c, const struct value **ret, struct err *err)
{
	int r = check_key(c, err);
	if (r < 0)
		return r;
	*ret = value_find(c->in, c->arg[0]);
	if (*ret)
		return 0;
	*ret = c->arg[1] ? c->arg[1] : value_null();
	if ((r = check_member(c, *ret, err)) == 0)
		value_dict_set(c->ev->arena, self(c), c->arg[0], *ret);
	return r;
}

static int copy(struct call *c, const struct value **ret, struct err *err)
{
	struct value *v = is_list(c->in) ? list_new(c->ev) : dict_new(c->ev);
	for (size_t i = 0; is_list(c->in) && i < c->in->list.len; i++)
		list_push(c->ev, v, c->in->list.at[i]);
	for (size_t i = 0; is_dict(c->in) && i < c->in->dict.len; i++)
		value_dict_set(c->ev->arena, v, c->in->dict.at[i].key, c->in->dict.at[i].value);
	*ret = v;
	return eval_step(c->ev, is_list(v) ? v->list.len : v->dict.len, err);
}

static int list_append(struct call *c, const struct value **ret, struct err *err)
{
	int r = check_member(c, c->arg[0], err);
	if (r < 0 || (r = limit_items(c->in->list.len + 1, err)) < 0)
		return r;
	list_push(c->ev, self(c), c->arg[0]);
	*ret = value_null();
	return 0;
}

static int list_extend(struct call *c, const struct value **ret, struct err *err)
{
	const struct value_list *more;
	int r = eval_iterate(c->ev, c->arg[0], &more, err);
	if (r < 0 || (r = limit_items(c->in->list.len + more->len, err)) < 0)
		return r;
	size_t n = more->len;
	for (size_t i = 0; i < n && r == 0; i++) {
		r = check_member(c, more->at[i], err);
		if (r == 0)
			list_push(c->ev, self(c), more->at[i]);
	}
	*ret = value_null();
	return r;
}

static int list_insert(struct call *c, const struct value **ret, struct err *err)
{
	int64_t at, len = (int64_t)c->in->list.len;
	int r;
	if ((r = call_int(c, 0, 0, &at, err)) < 0 || (r = check_member(c, c->arg[1], err)) < 0 ||
	    (r = limit_items((uint64_t)len + 1, err)) < 0)
		return r;
	at = at < 0 ? (at + len < 0 ? 0 : at + len) : at > len ? len : at;
	list_push(c->ev, self(c), c->arg[1]);
	const struct value **items = self(c)->list.at;
	memmove(items + at + 1, items + at, (size_t)(len - at) * sizeof(*items));
	items[at] = c->arg[1];
	*ret = value_null();
	return 0;
}

static int list_pop(struct call *c, const struct value **ret, struct err *err)
{
	int64_t at, len = (int64_t)c->in->list.len;
	int r = call_int(c, 0, -1, &at, err);
	if (r < 0)
		return r;
	at = at < 0 ? at + len : at;
	if (at < 0 || at >= len)
		return err_set(err, ERR_INVALID,
			       len ? "there is no such element" : "the list is empty");
	struct value_list *list = &self(c)->list;
	*ret = list->at[at];
	memmove(list->at + at, list->at + at + 1, (size_t)(len - at - 1) * sizeof(*list->at));
	list->len--;
	return 0;
}

static int find(struct call *c, size_t *ret, struct err *err)
{
	for (size_t i = 0; i < c->in->list.len; i++) {
		bool same;
		int r = eval_equal(c->ev, c->in->list.at[i], c->arg[0], &same, err);
		if (r < 0)
			return r;
		if (same) {
			*ret = i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "the list does not have the value");
}

static int list_index(struct call *c, const struct value **ret, struct err *err)
{
	size_t i;
	int r = find(c, &i, err);
	if (r == 0)
		*ret = int_new(c->ev, (int64_t)i);
	return r;
}

static int list_remove(struct call *c, const struct value **ret, struct err *err)
{
	size_t i;
	int r = find(c, &i, err);
	if (r < 0)
		return r;
	struct value_list *list = &self(c)->list;
	memmove(list->at + i, list->at + i + 1, (list->len - i - 1) * sizeof(*list->at));
	list->len--;
	*ret = value_null();
	return 0;
}

static int list_count(struct call *c, const struct value **ret, struct err *err)
{
	int64_t n = 0;
	for (size_t i = 0; i < c->in->list.len; i++) {
		bool same;
		int r = eval_equal(c->ev, c->in->list.at[i], c->arg[0], &same, err);
		if (r < 0)
			return r;
		n += same;
	}
	*ret = int_new(c->ev, n);
	return 0;
}

static int list_reverse(struct call *c, const struct value **ret, struct err *err)
{
	struct value_list *list = &self(c)->list;
	for (size_t i = 0; i < list->len / 2; i++) {
		const struct value *t = list->at[i];
		list->at[i] = list->at[list->len - 1 - i];
		list->at[list->len - 1 - i] = t;
	}
	*ret = value_null();
	return eval_step(c->ev, list->len, err);
}

static int list_sort(struct call *c, const struct value **ret, struct err *err)
{
	struct value_list *list = &self(c)->list;
	const struct value **keys =
		arena_copy(c->ev->arena, list->at, (list->len + 1) * sizeof(*keys));
	bool reverse;
	int r = call_bool(c, 0, false, &reverse, err);
	*ret = value_null();
	return r < 0 ? r : sort_items(c->ev, list->at, keys, list->len, reverse, err);
}

static int clear(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	struct value *v = self(c);
	if (is_list(v))
		v->list = (struct value_list){0};
	else
		v->dict = (struct value_dict){0};
	*ret = value_null();
	return 0;
}

static const struct function dict_methods[] = {
	{"keys", "", 0, 0, dict_keys},
	{"values", "", 0, FN_LAZY, dict_values},
	{"items", "", 0, FN_LAZY, dict_items},
	{"get", "key,default", 1, FN_LAZY, dict_get},
	{"copy", "", 0, FN_LAZY, copy},
	{"update", "other", 0, FN_KWARGS | FN_LAZY, dict_update},
	{"fromkeys", "keys,value", 1, FN_LAZY, dict_fromkeys},
	{"pop", "key,default", 1, FN_LAZY, dict_pop},
	{"popitem", "", 0, FN_LAZY, dict_popitem},
	{"setdefault", "key,default", 1, FN_LAZY, dict_setdefault},
	{"clear", "", 0, 0, clear},
	{0},
};
static const struct function object_methods[] = {
	{"keys", "", 0, 0, object_keys},
	{"values", "", 0, 0, object_values},
	{"items", "", 0, 0, object_items},
	{"get", "key,default", 1, FN_LAZY, object_get},
	{0},
};
static const struct function list_methods[] = {
	{"index", "value", 1, 0, list_index},
	{"count", "value", 1, 0, list_count},
	{"copy", "", 0, FN_LAZY, copy},
	{"append", "value", 1, FN_LAZY, list_append},
	{"extend", "values", 1, FN_LAZY, list_extend},
	{"insert", "index,value", 2, FN_LAZY, list_insert},
	{"pop", "index", 0, 0, list_pop},
	{"remove", "value", 1, 0, list_remove},
	{"reverse", "", 0, 0, list_reverse},
	{"sort", "reverse", 0, 0, list_sort},
	{"clear", "", 0, 0, clear},
	{0},
};
extern const struct function string_methods[], string_kind_methods[];

static const struct function *find_in(const struct function *f, struct slice name)
{
	for (; name.len && f->name; f++)
		if (*f->name == *name.ptr && slice_is(name, f->name))
			return f;
	return NULL;
}

const struct function *method_named(enum method_kind kind, struct slice name)
{
	static const struct function *const tables[METHOD_KINDS] = {
		[METHOD_STRING] = string_methods,
		[METHOD_LIST] = list_methods,
		[METHOD_DICT] = dict_methods,
		[METHOD_OBJECT] = object_methods,
	};
	const struct function *f = find_in(tables[kind], name);
	return f || kind != METHOD_STRING ? f : find_in(string_kind_methods, name);
}

/* METHOD_KINDS: it has none. */
static enum method_kind method_kind(const struct value *v)
{
	switch (v->type) {
	case VALUE_DICT:
		return METHOD_DICT;
	case VALUE_LIST:
		return METHOD_LIST;
	case VALUE_STRING:
		return METHOD_STRING;
	case VALUE_OBJECT:
		return is_mapping(v) ? METHOD_OBJECT : METHOD_KINDS;
	default:
		return METHOD_KINDS;
	}
}

const struct function *method_find(const struct value *v, struct slice name)
{
	enum method_kind kind = method_kind(v);
	return kind == METHOD_KINDS ? NULL : method_named(kind, name);
}

const struct function *method_of(const struct value *v, const struct symbol *name)
{
	enum method_kind kind = method_kind(v);
	return kind == METHOD_KINDS ? NULL : name->methods[kind];
}

bool method_mutates(const struct function *f)
{
	return f->fn == dict_update || f->fn == dict_pop || f->fn == dict_popitem ||
	       f->fn == dict_setdefault || f->fn == clear || f->fn == list_append ||
	       f->fn == list_extend || f->fn == list_insert || f->fn == list_pop ||
	       f->fn == list_remove || f->fn == list_reverse || f->fn == list_sort;
}
