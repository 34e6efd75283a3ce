/* JMESPath's functions. */
#include "jmespath.h"

#include <math.h>

struct jmes_args {
	struct eval *ev;
	const struct value *v[2];	/* the first two */
	const struct jmes_node *ref;	/* an & among them */
	const struct value *const *all; /* all of them */
	size_t n;
};

typedef int function(struct jmes_args *a, const struct value **ret, struct err *err);

static int wrong(struct jmes_args *a, const char *wanted, struct err *err)
{
	return type_error(err, wanted, a->v[0] ? a->v[0] : value_null());
}

static bool is_real(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_FLOAT;
}

/* Numbers alone, or strings alone where they are allowed. */
static bool is_array_of(const struct value *v, bool strings)
{
	if (!is_list(v))
		return false;
	for (size_t i = 0; i < v->list.len; i++) {
		const struct value *item = v->list.at[i];
		if (strings && is_str(v->list.at[0]) ? !is_str(item) : !is_real(item))
			return false;
	}
	return true;
}

static int filtered(struct jmes_args *a, const char *filter, const struct value **ret,
		    struct err *err)
{
	const struct template_args none = {0};
	return call_named(a->ev, 'f', slice_from(filter), a->v[0], &none, ret, err);
}

static int fn_abs(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return is_real(a->v[0]) ? filtered(a, "abs", ret, err) : wrong(a, "a number", err);
}

static int sum_of(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return is_array_of(a->v[0], false) ? filtered(a, "sum", ret, err)
					   : wrong(a, "a list of numbers", err);
}
static int fn_avg(struct jmes_args *a, const struct value **ret, struct err *err)
{
	int r = sum_of(a, ret, err);
	if (r < 0)
		return r;
	size_t n = a->v[0]->list.len;
	*ret = n ? float_new(a->ev, as_double(*ret) / (double)n) : value_null();
	return 0;
}

static int rounded(struct jmes_args *a, double d, const struct value **ret, struct err *err)
{
	if (!is_real(a->v[0]))
		return wrong(a, "a number", err);
	*ret = fabs(d) < 9e18 ? int_new(a->ev, (int64_t)d) : a->v[0];
	return 0;
}
static int fn_ceil(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return rounded(a, is_real(a->v[0]) ? ceil(as_double(a->v[0])) : 0, ret, err);
}
static int fn_floor(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return rounded(a, is_real(a->v[0]) ? floor(as_double(a->v[0])) : 0, ret, err);
}

static int fn_contains(struct jmes_args *a, const struct value **ret, struct err *err)
{
	bool is = false;
	if (!is_str(a->v[0]) && !is_list(a->v[0]))
		return wrong(a, "a list or a string", err);
	int r = is_str(a->v[0]) && !is_str(a->v[1])
			? 0
			: eval_contains(a->ev, a->v[0], a->v[1], &is, err);
	*ret = value_bool(is);
	return r;
}

static int affix(struct jmes_args *a, bool end, const struct value **ret, struct err *err)
{
	if (!is_str(a->v[0]) || !is_str(a->v[1]))
		return wrong(a, "strings", err);
	struct slice s = a->v[0]->str, part = a->v[1]->str;
	*ret = value_bool(s.len >= part.len &&
			  !memcmp(s.ptr + (end ? s.len - part.len : 0), part.ptr, part.len));
	return 0;
}
static int fn_starts_with(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return affix(a, false, ret, err);
}
static int fn_ends_with(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return affix(a, true, ret, err);
}

static int fn_join(struct jmes_args *a, const struct value **ret, struct err *err)
{
	const struct template_args args = {.positional = &a->v[0], .npositional = 1};
	bool texts = is_str(a->v[0]) && is_list(a->v[1]);
	for (size_t i = 0; texts && i < a->v[1]->list.len; i++)
		texts = is_str(a->v[1]->list.at[i]);
	if (!texts)
		return wrong(a, "a string and a list of strings", err);
	return call_named(a->ev, 'f', SLICE_LIT("join"), a->v[1], &args, ret, err);
}

static int fn_keys(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return is_dict(a->v[0]) ? filtered(a, "list", ret, err) : wrong(a, "an object", err);
}
static int fn_values(struct jmes_args *a, const struct value **ret, struct err *err)
{
	if (!is_dict(a->v[0]))
		return wrong(a, "an object", err);
	*ret = jmes_values(a->ev, a->v[0]);
	return 0;
}
static int fn_length(struct jmes_args *a, const struct value **ret, struct err *err)
{
	if (!is_str(a->v[0]) && !is_list(a->v[0]) && !is_dict(a->v[0]))
		return wrong(a, "a string, a list or an object", err);
	return filtered(a, "length", ret, err);
}

static int fn_map(struct jmes_args *a, const struct value **ret, struct err *err)
{
	struct value *out = list_new(a->ev);
	if (!a->ref || !is_list(a->v[1]))
		return wrong(a, "an &expression and a list", err);
	*ret = out;
	for (size_t i = 0; i < a->v[1]->list.len; i++) {
		const struct value *one;
		int r = jmes_eval(a->ev, a->ref, a->v[1]->list.at[i], &one, err);
		if (r < 0)
			return r;
		list_push(a->ev, out, one);
	}
	return 0;
}

static int extreme(struct jmes_args *a, const char *filter, const struct value **ret,
		   struct err *err)
{
	if (!is_array_of(a->v[0], true))
		return wrong(a, "a list of numbers or of strings", err);
	*ret = value_null();
	if (a->v[0]->list.len == 0)
		return 0;
	const struct template_args args = {
		.names = (const struct slice[]){SLICE_LIT("case_sensitive")},
		.keywords = (const struct value *const[]){value_bool(true)},
		.nkeywords = 1};
	return call_named(a->ev, 'f', slice_from(filter), a->v[0], &args, ret, err);
}
static int fn_max(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return extreme(a, "max", ret, err);
}
static int fn_min(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return extreme(a, "min", ret, err);
}
static int fn_sort(struct jmes_args *a, const struct value **ret, struct err *err)
{
	int r = extreme(a, "sort", ret, err);
	if (r == 0 && (*ret)->type == VALUE_NULL)
		*ret = a->v[0];
	return r;
}

/* The list in the order of what the &expression gives. */
static int sorted_by(struct jmes_args *a, bool reverse, struct value **ret, struct err *err)
{
	const struct value *list = a->v[0];
	if (!a->ref || !is_list(list))
		return wrong(a, "a list and an &expression", err);
	size_t n = list->list.len;
	const struct value **items = ARENA_ARRAY(a->ev->arena, const struct value *, n + 1);
	struct value *keys = list_new(a->ev);
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct value *key = value_null();
		items[i] = list->list.at[i];
		r = jmes_eval(a->ev, a->ref, items[i], &key, err);
		list_push(a->ev, keys, key);
	}
	if (r < 0)
		return r;
	if (!is_array_of(keys, true))
		return err_set(err, ERR_INVALID, "the keys are not all numbers or all strings");
	if ((r = sort_items(a->ev, items, keys->list.at, n, reverse, err)) < 0)
		return r;
	*ret = list_new(a->ev);
	for (size_t i = 0; i < n; i++)
		list_push(a->ev, *ret, items[i]);
	return 0;
}
static int fn_sort_by(struct jmes_args *a, const struct value **ret, struct err *err)
{
	struct value *list;
	int r = sorted_by(a, false, &list, err);
	if (r == 0)
		*ret = list;
	return r;
}
static int first_by(struct jmes_args *a, bool reverse, const struct value **ret, struct err *err)
{
	struct value *list;
	int r = sorted_by(a, reverse, &list, err);
	if (r == 0)
		*ret = list->list.len ? list->list.at[0] : value_null();
	return r;
}
static int fn_max_by(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return first_by(a, true, ret, err);
}
static int fn_min_by(struct jmes_args *a, const struct value **ret, struct err *err)
{
	return first_by(a, false, ret, err);
}

static int fn_merge(struct jmes_args *a, const struct value **ret, struct err *err)
{
	struct value *out = dict_new(a->ev);
	for (size_t i = 0; i < a->n; i++) {
		if (!is_dict(a->all[i]))
			return type_error(err, "objects", a->all[i]);
		for (size_t k = 0; k < a->all[i]->dict.len; k++)
			value_dict_set(a->ev->arena, out, a->all[i]->dict.at[k].key,
				       a->all[i]->dict.at[k].value);
	}
	*ret = out;
	return 0;
}

static int fn_not_null(struct jmes_args *a, const struct value **ret, struct err *err)
{
	(void)err;
	*ret = value_null();
	for (size_t i = 0; i < a->n && (*ret)->type == VALUE_NULL; i++)
		*ret = a->all[i];
	return 0;
}

static int fn_reverse(struct jmes_args *a, const struct value **ret, struct err *err)
{
	if (!is_str(a->v[0]) && !is_list(a->v[0]))
		return wrong(a, "a list or a string", err);
	return filtered(a, "reverse", ret, err);
}
static int fn_to_array(struct jmes_args *a, const struct value **ret, struct err *err)
{
	(void)err;
	struct value *out = list_new(a->ev);
	list_push(a->ev, out, a->v[0]);
	*ret = is_list(a->v[0]) ? a->v[0] : out;
	return 0;
}
static int fn_to_number(struct jmes_args *a, const struct value **ret, struct err *err)
{
	(void)err;
	int64_t i;
	double d;
	*ret = is_real(a->v[0]) ? a->v[0] : value_null();
	if (is_str(a->v[0]) && text_to_int(a->v[0]->str, 10, &i))
		*ret = int_new(a->ev, i);
	else if (is_str(a->v[0]) && text_to_float(a->v[0]->str, &d))
		*ret = float_new(a->ev, d);
	return 0;
}
static int fn_to_string(struct jmes_args *a, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	const struct json_format f = {.indent = -1,
				      .ascii = true,
				      .item_separator = SLICE_LIT(","),
				      .key_separator = SLICE_LIT(":")};
	*ret = a->v[0];
	if (is_str(a->v[0]))
		return 0;
	int r = json_write(a->ev, &b, a->v[0], &f, err);
	if (r == 0)
		*ret = str_buf(a->ev, &b);
	return r;
}
static int fn_type(struct jmes_args *a, const struct value **ret, struct err *err)
{
	(void)err;
	static const char *const names[] = {
		[VALUE_NULL] = "null",	  [VALUE_BOOL] = "boolean",  [VALUE_INT] = "number",
		[VALUE_FLOAT] = "number", [VALUE_STRING] = "string", [VALUE_LIST] = "array",
		[VALUE_DICT] = "object",  [VALUE_OBJECT] = "object",
	};
	*ret = str_lit(a->ev, a->v[0]->type <= VALUE_OBJECT ? names[a->v[0]->type] : "null");
	return 0;
}

static const struct {
	const char *name;
	unsigned min, max;
	function *fn;
} functions[] = {
	{"abs", 1, 1, fn_abs},
	{"avg", 1, 1, fn_avg},
	{"ceil", 1, 1, fn_ceil},
	{"contains", 2, 2, fn_contains},
	{"ends_with", 2, 2, fn_ends_with},
	{"floor", 1, 1, fn_floor},
	{"join", 2, 2, fn_join},
	{"keys", 1, 1, fn_keys},
	{"length", 1, 1, fn_length},
	{"map", 2, 2, fn_map},
	{"max", 1, 1, fn_max},
	{"max_by", 2, 2, fn_max_by},
	{"merge", 1, 64, fn_merge},
	{"min", 1, 1, fn_min},
	{"min_by", 2, 2, fn_min_by},
	{"not_null", 1, 64, fn_not_null},
	{"reverse", 1, 1, fn_reverse},
	{"sort", 1, 1, fn_sort},
	{"sort_by", 2, 2, fn_sort_by},
	{"starts_with", 2, 2, fn_starts_with},
	{"sum", 1, 1, sum_of},
	{"to_array", 1, 1, fn_to_array},
	{"to_number", 1, 1, fn_to_number},
	{"to_string", 1, 1, fn_to_string},
	{"type", 1, 1, fn_type},
	{"values", 1, 1, fn_values},
};

int jmes_call(struct eval *ev, const struct jmes_node *n, const struct value *v,
	      const struct value **ret, struct err *err)
{
	struct jmes_args a = {.ev = ev, .n = n->nitems};
	const struct value **all = ARENA_ARRAY(ev->arena, const struct value *, n->nitems + 1);
	size_t f = 0;
	while (f < ARRAY_LEN(functions) && !slice_is(n->name, functions[f].name))
		f++;
	if (f == ARRAY_LEN(functions))
		return err_set(err, ERR_INVALID, "JMESPath: there is no function '%.*s'",
			       SLICE_ARG(n->name));
	if (n->nitems < functions[f].min || n->nitems > functions[f].max)
		return err_set(err, ERR_INVALID, "JMESPath: %s() takes %u argument%s",
			       functions[f].name, functions[f].min,
			       functions[f].min == 1 ? "" : "s");
	for (size_t i = 0; i < n->nitems; i++) {
		bool is_ref = n->items[i]->kind == JMES_EXPREF;
		a.ref = is_ref ? n->items[i]->a : a.ref;
		all[i] = value_null();
		int r = is_ref ? 0 : jmes_eval(ev, n->items[i], v, &all[i], err);
		if (r < 0)
			return r;
		if (i < 2)
			a.v[i] = all[i];
	}
	a.all = all;
	return functions[f].fn(&a, ret, err);
}
