#include "rollout/value/json.h"

#include <jansson.h>

struct converter {
	struct arena *arena;
	struct srcloc at; /* the file: jansson keeps no places */
};

static struct value *convert(const struct converter *c, json_t *j);

static struct value *convert_object(const struct converter *c, json_t *j)
{
	struct value *dict = value_dict_new(c->arena);
	for (void *it = json_object_iter(j); it; it = json_object_iter_next(j, it)) {
		struct slice key = {json_object_iter_key(it), json_object_iter_key_len(it)};
		struct value *k = value_str(c->arena, key);
		k->at = c->at;
		value_dict_set(c->arena, dict, k, convert(c, json_object_iter_value(it)));
	}
	return dict;
}

static struct value *convert_array(const struct converter *c, json_t *j)
{
	struct value *list = value_list_new(c->arena);
	for (size_t i = 0; i < json_array_size(j); i++)
		value_list_push(c->arena, list, convert(c, json_array_get(j, i)));
	return list;
}

static struct value *convert_untyped(const struct converter *c, json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return convert_object(c, j);
	case JSON_ARRAY:
		return convert_array(c, j);
	case JSON_STRING:
		return value_str(c->arena,
				 (struct slice){json_string_value(j), json_string_length(j)});
	case JSON_INTEGER:
		return value_int(c->arena, json_integer_value(j));
	case JSON_REAL:
		return value_float(c->arena, json_real_value(j));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_copy(c->arena, value_bool(json_is_true(j)), 0);
	case JSON_NULL:
		break;
	}
	return value_copy(c->arena, value_null(), 0);
}

static struct value *convert(const struct converter *c, json_t *j)
{
	struct value *v = convert_untyped(c, j);
	v->at = c->at;
	return v;
}

int json_parse(struct arena *a, const char *file, struct slice text, const struct value **ret,
	       struct err *err)
{
	struct converter c = {a, {srcfile_intern(file), 0, 0}};
	json_error_t why;
	if (text.len > JSON_MAX_BYTES)
		return err_at(err, ERR_LIMIT, c.at, "JSON text is larger than %u bytes",
			      JSON_MAX_BYTES);
	json_t *j = json_loadb(text.len ? text.ptr : "", text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
			       &why);
	if (!j) {
		c.at.line = why.line > 0 ? (unsigned)why.line : 1;
		c.at.column = why.column > 0 ? (unsigned)why.column : 1;
		return err_at(err, ERR_SYNTAX, c.at, "not JSON: %s", why.text);
	}
	*ret = convert(&c, j);
	json_decref(j);
	return 0;
}
