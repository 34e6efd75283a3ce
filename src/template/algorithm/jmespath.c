/* json_query: JMESPath's identifiers, indexes, slices, projections, multi-selects,
 * pipes, comparisons in filters, and a few functions.
 * Source: jmespath.org/specification.html. */
#include "../filter/filter.h"

#include <ctype.h>
#include <stdlib.h>

#define QUERY_MAX_DEPTH 50u

struct query {
	struct eval *ev;
	struct err *err;
	struct slice s;
	size_t at;
	unsigned depth;
};

static int fail(struct query *q, const char *what)
{
	return err_set(q->err, ERR_INVALID, "JMESPath: %s at %zu in '%.*s'", what, q->at + 1,
		       SLICE_ARG(q->s));
}

static void skip_space(struct query *q)
{
	while (q->at < q->s.len && isspace((unsigned char)q->s.ptr[q->at]))
		q->at++;
}

static bool looks(struct query *q, const char *text)
{
	skip_space(q);
	size_t n = strlen(text);
	return q->s.len - q->at >= n && !memcmp(q->s.ptr + q->at, text, n);
}

static bool take(struct query *q, const char *text)
{
	bool is = looks(q, text);
	q->at += is ? strlen(text) : 0;
	return is;
}

static const struct value *member(const struct value *v, struct slice name)
{
	const struct value *m = value_get_slice(v, name);
	return m ? m : value_null();
}

static int identifier(struct query *q, struct slice *ret)
{
	skip_space(q);
	size_t from = q->at;
	if (q->at < q->s.len && q->s.ptr[q->at] == '"') {
		const char *end = memchr(q->s.ptr + from + 1, '"', q->s.len - from - 1);
		if (!end)
			return fail(q, "a quote is not closed");
		*ret = (struct slice){q->s.ptr + from + 1, (size_t)(end - q->s.ptr) - from - 1};
		q->at = (size_t)(end - q->s.ptr) + 1;
		return 0;
	}
	while (q->at < q->s.len &&
	       (isalnum((unsigned char)q->s.ptr[q->at]) || q->s.ptr[q->at] == '_'))
		q->at++;
	if (q->at == from || isdigit((unsigned char)q->s.ptr[from]))
		return fail(q, "a name is expected");
	*ret = (struct slice){q->s.ptr + from, q->at - from};
	return 0;
}

static int expression(struct query *q, const struct value *v, const struct value **ret);
static int chain(struct query *q, const struct value *v, bool projected, const struct value **ret);

/* What follows a projection applies to each item; nulls are dropped. The text
 * is walked once for each item, or once over null where there is none. */
static int project(struct query *q, const struct value *items, const struct value **ret)
{
	size_t from = q->at, n = items->type == VALUE_LIST ? items->list.len : 0;
	struct value *out = list_new(q->ev);
	const struct value *one;
	int r = 0;
	if (q->depth++ > QUERY_MAX_DEPTH)
		return fail(q, "nested too deeply");
	if (n == 0)
		r = chain(q, value_null(), true, &one);
	for (size_t i = 0; i < n && r == 0; i++) {
		q->at = from;
		r = chain(q, items->list.at[i], true, &one);
		if (r == 0 && one->type != VALUE_NULL)
			list_push(q->ev, out, one);
	}
	q->depth--;
	*ret = items->type == VALUE_LIST ? out : value_null();
	return r;
}

static int filter_items(struct query *q, const struct value *v, const struct value **ret)
{
	size_t from = q->at;
	struct value *out = list_new(q->ev);
	const struct value *is;
	size_t n = v->type == VALUE_LIST ? v->list.len : 0;
	int r = n ? 0 : expression(q, value_null(), &is);
	for (size_t i = 0; i < n && r == 0; i++) {
		q->at = from;
		r = expression(q, v->list.at[i], &is);
		/* JMESPath: 0 is true. */
		if (r == 0 &&
		    (is_number(is) ? is->type != VALUE_BOOL || is->boolean : value_truthy(is)))
			list_push(q->ev, out, v->list.at[i]);
	}
	if (r < 0)
		return r;
	if (!take(q, "]"))
		return fail(q, "']' is expected");
	return project(q, v->type == VALUE_LIST ? out : value_null(), ret);
}

static const struct value *flattened(struct query *q, const struct value *v)
{
	struct value *out = list_new(q->ev);
	if (v->type != VALUE_LIST)
		return value_null();
	for (size_t i = 0; i < v->list.len; i++) {
		const struct value *item = v->list.at[i];
		if (item->type != VALUE_LIST)
			list_push(q->ev, out, item);
		for (size_t k = 0; item->type == VALUE_LIST && k < item->list.len; k++)
			list_push(q->ev, out, item->list.at[k]);
	}
	return out;
}

static bool number(struct query *q, const struct value **ret)
{
	skip_space(q);
	char *end;
	const char *from = q->s.ptr + q->at;
	if (q->at >= q->s.len || (!isdigit((unsigned char)*from) && *from != '-'))
		return false;
	long n = strtol(from, &end, 10);
	q->at = (size_t)(end - q->s.ptr);
	*ret = int_new(q->ev, n);
	return end > from;
}

/* Behind "[": an index or a slice. */
static int index_or_slice(struct query *q, const struct value *v, const struct value **ret)
{
	const struct value *part[3] = {NULL};
	int colons = 0;
	do {
		number(q, &part[colons]);
	} while (take(q, ":") && ++colons < 3);
	if (!take(q, "]") || (colons == 0 && !part[0]))
		return fail(q, "an index and ']' are expected");
	if (colons == 0) {
		*ret = value_null();
		if (v->type != VALUE_LIST)
			return 0;
		int r = get_item(q->ev, v, part[0], NULL, ret, q->err);
		if (r == 0 && is_undefined(*ret))
			*ret = value_null();
		return r;
	}
	const struct value *items = value_null();
	int r = v->type == VALUE_LIST ? get_slice(q->ev, v, part, &items, q->err) : 0;
	return r < 0 ? r : project(q, items, ret);
}

static int multi_list(struct query *q, const struct value *v, const struct value **ret)
{
	struct value *out = list_new(q->ev);
	const struct value *item;
	do {
		int r = expression(q, v, &item);
		if (r < 0)
			return r;
		list_push(q->ev, out, item);
	} while (take(q, ","));
	*ret = v->type == VALUE_NULL ? v : out;
	return take(q, "]") ? 0 : fail(q, "']' is expected");
}

static int multi_hash(struct query *q, const struct value *v, const struct value **ret)
{
	struct value *out = dict_new(q->ev);
	const struct value *item;
	struct slice key;
	do {
		int r = identifier(q, &key);
		if (r < 0)
			return r;
		if (!take(q, ":"))
			return fail(q, "':' is expected");
		if ((r = expression(q, v, &item)) < 0)
			return r;
		value_dict_set(q->ev->arena, out, str_new(q->ev, key), item);
	} while (take(q, ","));
	*ret = v->type == VALUE_NULL ? v : out;
	return take(q, "}") ? 0 : fail(q, "'}' is expected");
}

static const struct value *values_of(struct query *q, const struct value *v)
{
	struct value *out = list_new(q->ev);
	if (v->type != VALUE_DICT)
		return value_null();
	for (size_t i = 0; i < v->dict.len; i++)
		list_push(q->ev, out, v->dict.at[i].value);
	return out;
}

/* What may follow a value: .name, .*, [0], [*], [], [?…], .[…], .{…}. A [] ends a
 * projection: it flattens what the projection gave. */
static int chain(struct query *q, const struct value *v, bool projected, const struct value **ret)
{
	struct slice name;
	int r = eval_use(q->ev, v, q->err);
	if (r == 0)
		r = eval_step(q->ev, 1, q->err);
	while (r == 0) {
		if (projected && looks(q, "[]"))
			break;
		if (take(q, "[*]")) {
			r = project(q, v->type == VALUE_LIST ? v : value_null(), &v);
		} else if (take(q, "[]")) {
			r = project(q, flattened(q, v), &v);
		} else if (take(q, "[?")) {
			r = filter_items(q, v, &v);
		} else if (take(q, "[")) {
			r = index_or_slice(q, v, &v);
		} else if (take(q, ".*")) {
			r = project(q, values_of(q, v), &v);
		} else if (take(q, ".[")) {
			r = multi_list(q, v, &v);
		} else if (take(q, ".{")) {
			r = multi_hash(q, v, &v);
		} else if (take(q, ".")) {
			if ((r = identifier(q, &name)) == 0)
				v = member(v, name);
		} else {
			break;
		}
		if (r == 0)
			r = eval_use(q->ev, v, q->err);
	}
	if (r == 0)
		*ret = v;
	return r;
}

static int literal(struct query *q, char quote, const struct value **ret)
{
	const char *from = q->s.ptr + q->at, *end = memchr(from, quote, q->s.len - q->at);
	if (!end)
		return fail(q, "a quote is not closed");
	struct slice text = {from, (size_t)(end - from)};
	q->at = (size_t)(end - q->s.ptr) + 1;
	if (quote == '\'') {
		*ret = str_new(q->ev, text);
		return 0;
	}
	struct template_args none = {0};
	if (call_named(q->ev, 'f', SLICE_LIT("from_json"), str_new(q->ev, text), &none, ret, NULL) <
	    0)
		*ret = str_new(q->ev, text);
	return 0;
}

static int call_function_of(struct query *q, struct slice name, const struct value *v,
			    const struct value **ret)
{
	static const struct {
		const char *jmes, *ours;
	} names[] = {{"length", "length"},   {"keys", "list"},	      {"sort", "sort"},
		     {"max", "max"},	     {"min", "min"},	      {"sum", "sum"},
		     {"reverse", "reverse"}, {"to_string", "string"}, {"to_number", "int"},
		     {"abs", "abs"}};
	const struct value *args[2] = {NULL, NULL};
	struct template_args none = {0};
	bool is;
	int r = expression(q, v, &args[0]);
	if (r == 0 && take(q, ","))
		r = expression(q, v, &args[1]);
	if (r < 0)
		return r;
	if (!take(q, ")"))
		return fail(q, "')' is expected");
	*ret = value_null();
	if (v->type == VALUE_NULL)
		return 0;
	if (slice_is(name, "values")) {
		*ret = values_of(q, args[0]);
		return 0;
	}
	if (slice_is(name, "contains") && args[1]) {
		if ((r = eval_contains(q->ev, args[0], args[1], &is, q->err)) == 0)
			*ret = value_bool(is);
		return r;
	}
	if ((slice_is(name, "starts_with") || slice_is(name, "ends_with")) && args[1]) {
		if (!is_str(args[0]) || !is_str(args[1]))
			return fail(q, "starts_with and ends_with take strings");
		*ret = value_bool(slice_is(name, "starts_with")
					  ? slice_starts_with(args[0]->str, args[1]->str.ptr)
					  : slice_ends_with(args[0]->str, args[1]->str.ptr));
		return 0;
	}
	if (slice_is(name, "join") && args[1]) {
		none = (struct template_args){.positional = &args[0], .npositional = 1};
		return call_named(q->ev, 'f', SLICE_LIT("join"), args[1], &none, ret, q->err);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(name, names[i].jmes))
			return call_named(q->ev, 'f', slice_from(names[i].ours), args[0], &none,
					  ret, q->err);
	return err_set(q->err, ERR_UNSUPPORTED, "json_query: the function '%.*s' is not supported",
		       SLICE_ARG(name));
}

static int primary(struct query *q, const struct value *v, const struct value **ret)
{
	struct slice name;
	const struct value *is;
	int r;
	skip_space(q);
	if (take(q, "!")) {
		if (q->depth++ > QUERY_MAX_DEPTH)
			return fail(q, "nested too deeply");
		if ((r = primary(q, v, &is)) == 0)
			*ret = value_bool(!value_truthy(is));
		q->depth--;
		return r;
	}
	if (take(q, "(")) {
		if ((r = expression(q, v, ret)) < 0)
			return r;
		return take(q, ")") ? chain(q, *ret, false, ret) : fail(q, "')' is expected");
	}
	if (take(q, "`"))
		return literal(q, '`', ret);
	if (take(q, "'"))
		return literal(q, '\'', ret);
	if (take(q, "@"))
		return chain(q, v, false, ret);
	if (take(q, "*")) {
		if ((r = project(q, values_of(q, v), &v)) < 0)
			return r;
		return chain(q, v, false, ret);
	}
	if (take(q, "{")) {
		if ((r = multi_hash(q, v, &v)) < 0)
			return r;
		return chain(q, v, false, ret);
	}
	if (looks(q, "[")) {
		size_t at = q->at + 1;
		while (at < q->s.len && isspace((unsigned char)q->s.ptr[at]))
			at++;
		char c = at < q->s.len ? q->s.ptr[at] : 0;
		if (isdigit((unsigned char)c) || (c && strchr("-:*?]", c)))
			return chain(q, v, false, ret);
		q->at++;
		return (r = multi_list(q, v, &v)) < 0 ? r : chain(q, v, false, ret);
	}
	if ((r = identifier(q, &name)) < 0)
		return r;
	if (take(q, "("))
		return (r = call_function_of(q, name, v, &v)) < 0 ? r : chain(q, v, false, ret);
	return chain(q, member(v, name), false, ret);
}

static int comparison(struct query *q, const struct value *v, const struct value **ret)
{
	static const struct {
		const char *text;
		unsigned op;
	} ops[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE},
		   {">=", OP_GE}, {"<", OP_LT},	 {">", OP_GT}};
	const struct value *left, *right;
	bool is;
	int r = primary(q, v, &left);
	*ret = left;
	for (size_t i = 0; i < ARRAY_LEN(ops) && r == 0; i++) {
		if (!take(q, ops[i].text))
			continue;
		if ((r = primary(q, v, &right)) < 0)
			return r;
		*ret = value_null();
		if (ops[i].op != OP_EQ && ops[i].op != OP_NE &&
		    (!is_number(left) || !is_number(right)))
			return 0;
		if ((r = compare_op(q->ev, ops[i].op, left, right, &is, q->err)) == 0)
			*ret = value_bool(is);
		return r;
	}
	return r;
}

static int and_or(struct query *q, const struct value *v, bool or, const struct value **ret)
{
	const struct value *right;
	int r = or ? and_or(q, v, false, ret) : comparison(q, v, ret);
	while (r == 0 && (or ? looks(q, "||") : looks(q, "&&"))) {
		q->at += 2;
		r = or ? and_or(q, v, false, &right) : comparison(q, v, &right);
		if (r == 0 && value_truthy(*ret) != or)
			*ret = right;
	}
	return r;
}

static int expression(struct query *q, const struct value *v, const struct value **ret)
{
	if (q->depth++ > QUERY_MAX_DEPTH)
		return fail(q, "nested too deeply");
	int r = eval_step(q->ev, 1, q->err);
	if (r == 0)
		r = and_or(q, v, true, ret);
	while (r == 0 && !looks(q, "||") && take(q, "|"))
		r = and_or(q, *ret, true, ret);
	q->depth--;
	return r;
}

int jmespath_search(struct eval *ev, struct slice text, const struct value *v,
		    const struct value **ret, struct err *err)
{
	struct query q = {.ev = ev, .err = err, .s = arena_slice(ev->arena, text)};
	int r = expression(&q, v, ret);
	skip_space(&q);
	if (r == 0 && q.at < q.s.len)
		return fail(&q, "something unexpected");
	return r;
}
