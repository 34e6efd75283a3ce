/* x.y, x['y'], x[1], x[1:2]. As Jinja: x.y prefers a method over a key,
 * x['y'] a key over a method; what is missing is undefined. Ansible lets the
 * members of an undefined value be undefined too. */
#include "../eval/eval.h"

#include <stdlib.h>

/* f: the method of that name, or NULL. */
static const struct value *attribute_of(struct eval *ev, const struct value *v, struct slice name,
					const struct function *f)
{
	/* What groupby gives: (grouper, list). */
	if (is_list(v) && (v->flags & VALUE_TUPLE) && v->list.len == 2 &&
	    (slice_is(name, "grouper") || slice_is(name, "list")))
		return v->list.at[slice_is(name, "list")];
	return f ? method_bind(ev, f, v) : NULL;
}

static int get_member(struct eval *ev, const struct value *v, const struct value *key,
		      const struct node *n, const struct value **ret, struct err *err)
{
	const struct value *found = NULL;
	if (v->type == VALUE_OBJECT && v->object.ops->get) {
		int r = v->object.ops->get(v->object.self, ev->arena, key, &found, err);
		if (r < 0)
			return r;
	} else if (v->type == VALUE_DICT) {
		found = value_find(v, key);
	}
	*ret = found ? found : undefined_member(ev, v, key, n);
	return 0;
}

/* An undefined value's members are that undefined value; an unknown one's are unknown. */
static bool passes_through(const struct value *v, const struct value **ret)
{
	*ret = v;
	return is_undefined(v) && !v->object.ops->print;
}

int get_attr(struct eval *ev, const struct value *v, const struct node *n, const struct value **ret,
	     struct err *err)
{
	if (passes_through(v, ret))
		return 0;
	if (v->type == VALUE_UNKNOWN)
		return eval_use(ev, v, err);
	*ret = attribute_of(ev, v, n->name, method_of(v, n->symbol));
	return *ret ? 0 : get_member(ev, v, &n->symbol->text, n, ret, err);
}

int get_attr_named(struct eval *ev, const struct value *v, struct slice name,
		   const struct value **ret, struct err *err)
{
	if (passes_through(v, ret))
		return 0;
	if (v->type == VALUE_UNKNOWN)
		return eval_use(ev, v, err);
	*ret = attribute_of(ev, v, name, method_find(v, name));
	return *ret ? 0 : get_member(ev, v, str_new(ev, name), NULL, ret, err);
}

/* The byte range of the character at `i`, which may be negative. */
static bool char_at(struct slice s, int64_t i, struct slice *ret)
{
	int64_t len = (int64_t)chars_length(s);
	if (i < 0)
		i += len;
	if (i < 0 || i >= len)
		return false;
	size_t at = chars_offset(s, (size_t)i);
	*ret = (struct slice){s.ptr + at, chars_next(s, at) - at};
	return true;
}

static int get_index(struct eval *ev, const struct value *v, const struct value *key,
		     const struct node *n, const struct value **ret)
{
	int64_t i = as_int(key);
	struct slice c;
	if (v->type == VALUE_LIST) {
		int64_t at = i < 0 ? i + (int64_t)v->list.len : i;
		if (at >= 0 && at < (int64_t)v->list.len) {
			*ret = v->list.at[at];
			return 0;
		}
	} else if (char_at(v->str, i, &c)) {
		ev->taint |= v->flags & (VALUE_SECRET | VALUE_UNSAFE);
		*ret = str_new(ev, c);
		return 0;
	}
	*ret = undefined_member(ev, v, key, n);
	return 0;
}

int get_item(struct eval *ev, const struct value *v, const struct value *key, const struct node *n,
	     const struct value **ret, struct err *err)
{
	int r;
	if (is_dict(v) && is_str(key)) {
		const struct value *found = value_find(v, key);
		*ret = found;
		if (found)
			return eval_use(ev, key, err);
	}
	if (passes_through(v, ret))
		return 0;
	if (v->type == VALUE_UNKNOWN)
		return eval_use(ev, v, err);
	if ((r = eval_use(ev, key, err)) < 0)
		return r;
	if ((is_list(v) || is_str(v)) && (key->type == VALUE_INT || key->type == VALUE_BOOL))
		return get_index(ev, v, key, n, ret);
	if (key->type > VALUE_STRING && v->type == VALUE_DICT)
		return type_error(err, "not a key of a dict", key);
	if ((r = get_member(ev, v, key, n, ret, err)) < 0)
		return r;
	if (is_undefined(*ret) && is_str(key)) {
		const struct value *method =
			attribute_of(ev, v, key->str, method_find(v, key->str));
		if (method)
			*ret = method;
	}
	return 0;
}

static int bound(struct eval *ev, const struct value *v, int64_t fallback, int64_t *ret,
		 struct err *err)
{
	*ret = fallback;
	if (!v)
		return 0;
	int r = eval_use(ev, v, err);
	if (r < 0 || v->type == VALUE_NULL)
		return r;
	if (v->type != VALUE_INT && v->type != VALUE_BOOL)
		return type_error(err, "a slice takes whole numbers", v);
	*ret = as_int(v);
	return 0;
}

static int64_t clamp(int64_t i, int64_t len, int64_t low, int64_t high)
{
	if (i < 0)
		i = i < -len ? -1 : i + len; /* below the first */
	return i < low ? low : i > high ? high : i;
}

/* Python's slice.indices(len). */
static int indices(struct eval *ev, const struct value *const part[3], int64_t len, int64_t ret[3],
		   struct err *err)
{
	int64_t start, stop, by;
	int r = bound(ev, part[2], 1, &by, err);
	if (r < 0)
		return r;
	if (by == 0)
		return err_set(err, ERR_INVALID, "the step of a slice cannot be 0");
	int64_t low = by < 0 ? -1 : 0, high = by < 0 ? len - 1 : len;
	if ((r = bound(ev, part[0], INT64_MIN, &start, err)) < 0 ||
	    (r = bound(ev, part[1], INT64_MIN, &stop, err)) < 0)
		return r;
	ret[0] = start == INT64_MIN ? (by < 0 ? high : low) : clamp(start, len, low, high);
	ret[1] = stop == INT64_MIN ? (by < 0 ? low : high) : clamp(stop, len, low, high);
	ret[2] = by > len + 1 ? len + 1 : by < -len - 1 ? -len - 1 : by;
	return 0;
}

static const struct value *slice_text(struct eval *ev, struct slice s, const int64_t at[3])
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (at[2] == 1 && at[0] < at[1]) {
		size_t from = chars_offset(s, (size_t)at[0]);
		struct slice rest = {s.ptr + from, s.len - from};
		return str_new(
			ev, (struct slice){rest.ptr, chars_offset(rest, (size_t)(at[1] - at[0]))});
	}
	size_t *offsets = xcalloc(s.len + 1, sizeof(*offsets)), n = 0;
	for (size_t i = 0; i < s.len; i = chars_next(s, i))
		offsets[n++] = i;
	offsets[n] = s.len;
	for (int64_t i = at[0]; at[2] > 0 ? i < at[1] : i > at[1]; i += at[2])
		strbuf_append(&b, s.ptr + offsets[i], offsets[i + 1] - offsets[i]);
	free(offsets);
	return str_buf(ev, &b);
}

int get_slice(struct eval *ev, const struct value *v, const struct value *const part[3],
	      const struct value **ret, struct err *err)
{
	int64_t at[3];
	int r;
	if (passes_through(v, ret))
		return 0;
	if ((r = eval_use(ev, v, err)) < 0)
		return r;
	if (is_str(v)) {
		if ((r = indices(ev, part, (int64_t)chars_length(v->str), at, err)) == 0)
			*ret = slice_text(ev, v->str, at);
		return r;
	}
	if (!is_list(v))
		return type_error(err, "only lists and strings have slices", v);
	if ((r = indices(ev, part, (int64_t)v->list.len, at, err)) < 0)
		return r;
	struct value *out = list_new(ev);
	out->flags |= v->flags & VALUE_TUPLE;
	for (int64_t i = at[0]; at[2] > 0 ? i < at[1] : i > at[1]; i += at[2])
		list_push(ev, out, v->list.at[i]);
	*ret = out;
	return eval_step(ev, out->list.len, err);
}

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0 && s.len < 10;
}

int get_path(struct eval *ev, const struct value *v, const struct value *path,
	     const struct value **ret, struct err *err)
{
	int r = 0;
	*ret = v;
	if (!is_str(path))
		return get_item(ev, v, path, NULL, ret, err);
	struct slice rest = path->str, part;
	while (r == 0 && slice_split(&rest, '.', &part)) {
		const struct value *key = all_digits(part) ? int_new(ev, strtol(part.ptr, NULL, 10))
							   : str_new(ev, part);
		r = get_item(ev, *ret, key, NULL, ret, err);
	}
	return r;
}
