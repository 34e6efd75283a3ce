#include "rollout/value/value.h"

#include <assert.h>
#include <stdio.h>

const struct value *value_null(void)
{
	static const struct value null = {.type = VALUE_NULL};
	return &null;
}

const struct value *value_bool(bool b)
{
	static const struct value yes = {.type = VALUE_BOOL, .boolean = true};
	static const struct value no = {.type = VALUE_BOOL, .boolean = false};
	return b ? &yes : &no;
}

static struct value *value_new(struct arena *a, enum value_type type)
{
	struct value *v = ARENA_NEW(a, struct value);
	v->type = (uint8_t)type;
	return v;
}

struct value *value_int(struct arena *a, int64_t i)
{
	struct value *v = value_new(a, VALUE_INT);
	v->integer = i;
	return v;
}

struct value *value_float(struct arena *a, double d)
{
	struct value *v = value_new(a, VALUE_FLOAT);
	v->real = d;
	return v;
}

struct value *value_str_borrowed(struct arena *a, struct slice s)
{
	struct value *v = value_new(a, VALUE_STRING);
	v->str = s.ptr ? s : SLICE_LIT("");
	return v;
}

struct value *value_str(struct arena *a, struct slice s)
{
	return value_str_borrowed(a, arena_slice(a, s));
}

struct value *value_cstr(struct arena *a, const char *s)
{
	return value_str(a, slice_from(s));
}

struct value *value_fmt(struct arena *a, const char *fmt, ...)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	va_list ap;
	va_start(ap, fmt);
	strbuf_vprintf(&b, fmt, ap);
	va_end(ap);
	return value_str(a, strbuf_slice(&b));
}

struct value *value_list_new(struct arena *a)
{
	return value_new(a, VALUE_LIST);
}

struct value *value_dict_new(struct arena *a)
{
	return value_new(a, VALUE_DICT);
}

struct value *value_unknown(struct arena *a, enum err_code code, const char *what)
{
	struct value *v = value_new(a, VALUE_UNKNOWN);
	v->unknown.code = code;
	v->unknown.what = arena_strdup(a, what);
	return v;
}

void value_list_push(struct arena *a, struct value *list, const struct value *item)
{
	struct value_list *l = &list->list;
	assert(list->type == VALUE_LIST && item);
	if (l->len == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		const struct value **at = ARENA_ARRAY(a, const struct value *, cap);
		if (l->len > 0)
			memcpy(at, l->at, l->len * sizeof(*at));
		l->at = at;
		l->cap = cap;
	}
	l->at[l->len++] = item;
}

static void copy_children(struct arena *a, struct value *to, const struct value *v,
			  unsigned or_flags)
{
	if (v->type == VALUE_LIST) {
		to->list = (struct value_list){0};
		for (size_t i = 0; i < v->list.len; i++)
			value_list_push(a, to, value_copy(a, v->list.at[i], or_flags));
		return;
	}
	to->dict = (struct value_dict){0};
	for (size_t i = 0; i < v->dict.len; i++)
		value_dict_set(a, to, value_copy(a, v->dict.at[i].key, or_flags),
			       value_copy(a, v->dict.at[i].value, or_flags));
}

struct value *value_copy(struct arena *a, const struct value *v, unsigned or_flags)
{
	struct value *to = arena_copy(a, v, sizeof(*v));
	to->flags = (uint16_t)(to->flags | or_flags);
	if (v->type == VALUE_STRING)
		to->str = arena_slice(a, v->str);
	else if (v->type == VALUE_UNKNOWN)
		to->unknown.what = arena_strdup(a, v->unknown.what);
	else if (v->type == VALUE_LIST || v->type == VALUE_DICT)
		copy_children(a, to, v, or_flags);
	return to;
}

static const char *list_type_name(const struct value *v)
{
	return v->flags & VALUE_TUPLE	 ? "tuple"
	       : v->flags & VALUE_KEYS	 ? "dict_keys"
	       : v->flags & VALUE_VALUES ? "dict_values"
	       : v->flags & VALUE_ITEMS	 ? "dict_items"
					 : "list";
}

const char *value_type_name(const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		return "NoneType";
	case VALUE_BOOL:
		return "bool";
	case VALUE_INT:
		return "int";
	case VALUE_FLOAT:
		return "float";
	case VALUE_STRING:
		return v->flags & VALUE_BYTES ? "bytes" : "str";
	case VALUE_LIST:
		return list_type_name(v);
	case VALUE_DICT:
		return "dict";
	case VALUE_OBJECT:
		return "object";
	case VALUE_UNKNOWN:
		return "unknown";
	}
	return "?";
}
