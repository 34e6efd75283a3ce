/* Lookups that arrange lists: what with_* loops are made of. */
#include "../filter/filter.h"

/* Lists among the terms are opened to a depth. */
static int flatten(struct call *c, const struct value *v, int levels, unsigned depth,
		   struct value *out, struct err *err)
{
	int r = eval_step(c->ev, 1, err);
	if (r < 0)
		return r;
	if (depth > VALUE_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "nested deeper than %u", VALUE_MAX_DEPTH);
	if (!is_list(v) || levels < 0) {
		list_push(c->ev, out, v);
		return 0;
	}
	for (size_t i = 0; i < v->list.len && r == 0; i++)
		r = flatten(c, v->list.at[i], levels - 1, depth + 1, out, err);
	return r;
}

static int terms(struct call *c, int levels, struct value *out, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < c->args->npositional && r == 0; i++)
		r = flatten(c, c->args->positional[i], levels, 0, out, err);
	return r;
}

FN(l_items)
{
	struct value *out = list_new(c->ev);
	*ret = out;
	return terms(c, 0, out, err);
}
FN(l_list)
{
	struct value *out = list_new(c->ev);
	*ret = out;
	return terms(c, -1, out, err);
}
FN(l_flattened)
{
	struct value *out = list_new(c->ev);
	*ret = out;
	return terms(c, (int)VALUE_MAX_DEPTH + 1, out, err);
}

FN(l_indexed_items)
{
	struct value *items = list_new(c->ev), *out = list_new(c->ev);
	int r = terms(c, 0, items, err);
	for (size_t i = 0; r == 0 && i < items->list.len; i++)
		list_push(c->ev, out,
			  pair_new(c->ev, int_new(c->ev, (int64_t)i), items->list.at[i]));
	*ret = out;
	return r;
}

FN(l_dict)
{
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < c->args->npositional; i++) {
		const struct value *d = c->args->positional[i];
		if (is_list(d) && d->list.len == 0)
			continue;
		if (!is_dict(d))
			return type_error(err, "a dict is needed", d);
		for (size_t k = 0; k < d->dict.len; k++) {
			struct value *item = dict_new(c->ev);
			value_dict_put(c->ev->arena, item, "key", d->dict.at[k].key);
			value_dict_put(c->ev->arena, item, "value", d->dict.at[k].value);
			list_push(c->ev, out, item);
		}
	}
	*ret = out;
	return 0;
}

/* All combinations, the last list running fastest. */
FN(l_nested)
{
	size_t n = c->args->npositional;
	uint64_t total = n > 0;
	int r;
	const struct value_list **all = ARENA_ARRAY(c->ev->arena, const struct value_list *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct value *v = c->args->positional[i];
		struct value *one = list_new(c->ev);
		list_push(c->ev, one, v);
		all[i] = is_list(v) ? &v->list : &one->list;
		total *= all[i]->len;
		if ((r = limit_items(total, err)) < 0)
			return r;
	}
	if ((r = eval_step(c->ev, total * (n + 1), err)) < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (uint64_t k = 0; k < total; k++) {
		struct value *t = list_new(c->ev);
		uint64_t rest = total, at = k;
		for (size_t i = 0; i < n; i++) {
			rest /= all[i]->len;
			list_push(c->ev, t, all[i]->at[at / rest]);
			at %= rest;
		}
		list_push(c->ev, out, t);
	}
	*ret = out;
	return 0;
}

FN(l_together)
{
	struct value *out = list_new(c->ev);
	size_t n = c->args->npositional, len = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_list(c->args->positional[i]))
			return type_error(err, "lists are needed", c->args->positional[i]);
		if (c->args->positional[i]->list.len > len)
			len = c->args->positional[i]->list.len;
	}
	for (size_t k = 0; k < len; k++) {
		struct value *t = list_new(c->ev);
		for (size_t i = 0; i < n; i++) {
			const struct value_list *l = &c->args->positional[i]->list;
			list_push(c->ev, t, k < l->len ? l->at[k] : value_null());
		}
		list_push(c->ev, out, t);
	}
	*ret = out;
	return eval_step(c->ev, len * n, err);
}

/* The item without what the path leads to: that is the other half of the pair. */
static const struct value *without(struct call *c, const struct value *item, struct slice path)
{
	struct slice key;
	struct value *copy = dict_new(c->ev);
	if (!slice_split(&path, '.', &key) || !is_dict(item))
		return item;
	for (size_t i = 0; i < item->dict.len; i++) {
		const struct value_pair *p = &item->dict.at[i];
		bool hit = is_str(p->key) && slice_eq(p->key->str, key);
		if (hit && path.len == 0)
			continue;
		value_dict_set(c->ev->arena, copy, p->key,
			       hit ? without(c, p->value, path) : p->value);
	}
	return copy;
}

/* As the filter of that name; the third term may be {skip_missing: true}. */
FN(l_subelements)
{
	const struct value *in[2] = {NULL}, *flags = NULL, *pairs;
	if (c->args->npositional < 2 || !is_str(c->args->positional[1]))
		return err_set(err, ERR_INVALID, "a list and a key are needed");
	in[0] = c->args->positional[1];
	if (c->args->npositional > 2 && is_dict(c->args->positional[2]))
		flags = value_get(c->args->positional[2], "skip_missing");
	in[1] = flags ? flags : value_bool(false);
	struct template_args args = {.positional = in, .npositional = 2};
	int r = call_named(c->ev, 'f', SLICE_LIT("subelements"), c->args->positional[0], &args,
			   &pairs, err);
	if (r < 0)
		return r;
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < pairs->list.len; i++) {
		const struct value_list *pair = &pairs->list.at[i]->list;
		list_push(c->ev, out,
			  pair_new(c->ev, without(c, pair->at[0], in[0]->str), pair->at[1]));
	}
	*ret = out;
	return 0;
}

struct sequence {
	int64_t start, end, stride, count;
	bool has_end, has_count, has_stride;
	struct slice format;
};

static int sequence_number(struct slice s, int64_t *ret, struct err *err)
{
	if (!text_to_int(s, 0, ret))
		return err_set(err, ERR_INVALID, "'%.*s' is not a number", SLICE_ARG(s));
	return 0;
}

static int sequence_option(struct sequence *q, struct slice key, struct slice v, struct err *err)
{
	if (slice_is(key, "format")) {
		q->format = v;
		return 0;
	}
	if (slice_is(key, "start"))
		return sequence_number(v, &q->start, err);
	if (slice_is(key, "end")) {
		q->has_end = true;
		return sequence_number(v, &q->end, err);
	}
	if (slice_is(key, "count")) {
		q->has_count = true;
		return sequence_number(v, &q->count, err);
	}
	if (slice_is(key, "stride")) {
		q->has_stride = true;
		return sequence_number(v, &q->stride, err);
	}
	return err_set(err, ERR_INVALID, "there is no option '%.*s'", SLICE_ARG(key));
}

/* "[start-]end[/stride][:format]" */
static int sequence_short(struct sequence *q, struct slice s, struct err *err)
{
	struct slice range = s, rest = {0};
	int r = 0;
	const char *colon = memchr(s.ptr, ':', s.len);
	if (colon) {
		range.len = (size_t)(colon - s.ptr);
		q->format = (struct slice){colon + 1, s.len - range.len - 1};
	}
	const char *slash = memchr(range.ptr, '/', range.len);
	if (slash) {
		rest = (struct slice){slash + 1, range.len - (size_t)(slash - range.ptr) - 1};
		range.len = (size_t)(slash - range.ptr);
		r = sequence_option(q, SLICE_LIT("stride"), rest, err);
	}
	const char *dash = range.len > 1 ? memchr(range.ptr + 1, '-', range.len - 1) : NULL;
	if (dash && r == 0) {
		r = sequence_number((struct slice){range.ptr, (size_t)(dash - range.ptr)},
				    &q->start, err);
		range = (struct slice){dash + 1, range.len - (size_t)(dash - range.ptr) - 1};
	}
	return r < 0 ? r : sequence_option(q, SLICE_LIT("end"), range, err);
}

static int sequence_run(struct call *c, struct sequence *q, struct value *out, struct err *err)
{
	if (q->has_count == q->has_end)
		return err_set(err, ERR_INVALID, "count or end is needed, not both");
	if (q->has_count) {
		if (q->count == 0)
			return 0;
		if (q->count < 0 || limit_items((uint64_t)q->count, NULL) < 0)
			return limit_items(UINT64_MAX, err);
		if (__builtin_mul_overflow(q->count - 1, q->stride, &q->end) ||
		    __builtin_add_overflow(q->end, q->start, &q->end))
			return err_set(err, ERR_LIMIT, "the sequence does not fit into 64 bits");
	} else if (q->stride > 0 ? q->end < q->start : q->stride < 0 && q->end > q->start) {
		return err_set(err, ERR_INVALID, "the stride leads away from the end");
	}
	if (q->stride == 0)
		return 0;
	for (int64_t i = q->start; q->stride > 0 ? i <= q->end : i >= q->end;) {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		int r;
		if ((r = limit_items(out->list.len + 1, err)) < 0 ||
		    (r = eval_step(c->ev, 1, err)) < 0 ||
		    (r = format_percent(c->ev, q->format, int_new(c->ev, i), &b, err)) < 0)
			return r;
		list_push(c->ev, out, str_buf(c->ev, &b));
		if (__builtin_add_overflow(i, q->stride, &i))
			break;
	}
	return 0;
}

FN(l_sequence)
{
	struct value *out = list_new(c->ev);
	size_t n = c->args->npositional;
	*ret = out;
	for (size_t i = 0; i < n || i == 0; i++) {
		struct sequence q = {.start = 1, .stride = 1, .format = SLICE_LIT("%d")};
		struct slice s = {0}, part, key, v;
		int r = 0;
		for (size_t k = 0; k < c->args->nkeywords && r == 0; k++)
			if ((r = text_of(c->ev, c->args->keywords[k], &v, err)) == 0)
				r = sequence_option(&q, c->args->names[k], v, err);
		if (r == 0 && i < n)
			r = text_of(c->ev, c->args->positional[i], &s, err);
		if (r == 0 && s.len && !memchr(s.ptr, '=', s.len))
			r = sequence_short(&q, s, err);
		else
			while (r == 0 && s.len && slice_split(&s, ' ', &part)) {
				if (part.len == 0)
					continue;
				slice_split(&part, '=', &key);
				r = sequence_option(&q, key, part, err);
			}
		if (r < 0 || (r = sequence_run(c, &q, out, err)) < 0)
			return r;
	}
	return 0;
}

FN(l_random_choice)
{
	struct value *all = list_new(c->ev), *out = list_new(c->ev);
	struct mersenne m;
	int r = terms(c, 0, all, err);
	if (r == 0 && all->list.len) {
		mersenne_seed(&m, c->ev, NULL);
		list_push(c->ev, out, all->list.at[mersenne_below(&m, all->list.len)]);
	}
	*ret = out;
	return r;
}

const struct function lookups_data[] = {
	{"items", "", 0, FN_VARARGS, l_items},
	{"list", "", 0, FN_VARARGS, l_list},
	{"flattened", "", 0, FN_VARARGS, l_flattened},
	{"indexed_items", "", 0, FN_VARARGS, l_indexed_items},
	{"dict", "", 0, FN_VARARGS, l_dict},
	{"nested", "", 0, FN_VARARGS, l_nested},
	{"cartesian", "", 0, FN_VARARGS, l_nested},
	{"together", "", 0, FN_VARARGS, l_together},
	{"subelements", "", 0, FN_VARARGS, l_subelements},
	{"sequence", "", 0, FN_VARARGS | FN_KWARGS, l_sequence},
	{"random_choice", "", 0, FN_VARARGS, l_random_choice},
	{0},
};
