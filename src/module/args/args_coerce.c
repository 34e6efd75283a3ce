/* Conversions between what YAML says and what a parameter wants, as Ansible's
 * check_type_* do them (module_utils/common/validation). */
#include "args.h"
#include "rollout/base/nearest.h"
#include "rollout/value/json.h"
#include "rollout/value/yaml.h"

#include <errno.h>
#include <stdlib.h>

static int coerce_scalar(const struct args_coerce *c, const struct module_param *p,
			 enum module_param_type type, const struct value *v,
			 const struct value **ret, struct err *err);

static int wrong(const struct args_coerce *c, const struct module_param *p, const struct value *v,
		 const char *what, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (v->flags & VALUE_SECRET)
		strbuf_puts(&text, "(secret)");
	else
		value_repr(&text, v);
	int len = text.len > 200 ? 200 : (int)text.len;
	return err_at(err, ERR_INVALID, v->at, "parameter '%s' of module %s: %.*s is not %s",
		      p->name, c->module->name, len, text.ptr, what);
}

/* The value keeps its place and flags through the conversion. */
static int done(const struct value *from, struct value *v, const struct value **ret)
{
	v->at = from->at;
	v->flags |= from->flags & (VALUE_UNSAFE | VALUE_SECRET);
	*ret = v;
	return 0;
}

static int coerce_str(const struct args_coerce *c, const struct value *v, const struct value **ret)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (v->type == VALUE_STRING) {
		*ret = v;
		return 0;
	}
	value_print(&text, v);
	return done(v, value_str(c->arena, strbuf_slice(&text)), ret);
}

static int coerce_bool(const struct args_coerce *c, const struct module_param *p,
		       const struct value *v, const struct value **ret, struct err *err)
{
	bool b;
	if (!value_to_bool(v, &b))
		return wrong(c, p, v, "a boolean (yes, no, true, false, on, off, 1, 0)", err);
	*ret = value_bool(b);
	return 0;
}

static bool parse_int(struct slice text, int64_t *ret)
{
	char buf[32], *end;
	text = slice_trim(text);
	if (text.len == 0 || text.len >= sizeof(buf))
		return false;
	memcpy(buf, text.ptr, text.len);
	buf[text.len] = '\0';
	errno = 0;
	*ret = strtoll(buf, &end, 10);
	return errno == 0 && *end == '\0';
}

static int coerce_int(const struct args_coerce *c, const struct module_param *p,
		      const struct value *v, const struct value **ret, struct err *err)
{
	int64_t i;
	if (v->type == VALUE_INT) {
		*ret = v;
		return 0;
	}
	if (v->type == VALUE_BOOL)
		i = v->boolean;
	else if (v->type == VALUE_FLOAT && v->real >= -1e15 && v->real <= 1e15 &&
		 v->real - (double)(int64_t)v->real == 0)
		i = (int64_t)v->real;
	else if (v->type != VALUE_STRING || !parse_int(v->str, &i))
		return wrong(c, p, v, "an integer", err);
	return done(v, value_int(c->arena, i), ret);
}

static int coerce_float(const struct args_coerce *c, const struct module_param *p,
			const struct value *v, const struct value **ret, struct err *err)
{
	if (v->type == VALUE_FLOAT) {
		*ret = v;
		return 0;
	}
	if (v->type == VALUE_INT)
		return done(v, value_float(c->arena, (double)v->integer), ret);
	if (v->type == VALUE_STRING && v->str.len > 0) {
		char *end;
		double d = strtod(v->str.ptr, &end);
		if (*end == '\0')
			return done(v, value_float(c->arena, d), ret);
	}
	return wrong(c, p, v, "a number", err);
}

static bool is_octal_mode(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '7')
			return false;
	return s.len > 0 && s.len <= 5;
}

/* chmod's "[ugoa]*[-+=][perms]" clauses; their meaning is attributes.c's. */
static bool is_symbolic_mode(struct slice s)
{
	struct slice clause;
	if (s.len == 0)
		return false;
	while (slice_split(&s, ',', &clause)) {
		size_t who = 0;
		while (who < clause.len && strchr("ugoa", clause.ptr[who]))
			who++;
		if (who == clause.len || !strchr("-+=", clause.ptr[who]))
			return false;
		for (size_t i = who; i < clause.len; i++)
			if (!strchr("-+=rwxXstugo", clause.ptr[i]))
				return false;
	}
	return true;
}

static int coerce_mode(const struct args_coerce *c, const struct module_param *p,
		       const struct value *v, const struct value **ret, struct err *err)
{
	if (v->type == VALUE_INT && v->integer >= 0 && v->integer <= 07777)
		return done(v, value_fmt(c->arena, "%04o", (unsigned)v->integer), ret);
	if (v->type != VALUE_STRING)
		return wrong(c, p, v, "a file mode (like '0644' or 'u=rw,g=r,o=r')", err);
	struct slice s = slice_trim(v->str);
	if (s.len > 2 && s.ptr[0] == '0' && s.ptr[1] == 'o')
		s = (struct slice){s.ptr + 2, s.len - 2};
	if (!is_octal_mode(s) && !is_symbolic_mode(s) && !slice_is(s, "preserve"))
		return wrong(c, p, v, "a file mode (like '0644' or 'u=rw,g=r,o=r')", err);
	return done(v, value_str(c->arena, s), ret);
}

/* A comma list is text until it is split; a scalar is one item. */
static struct value *as_list(const struct args_coerce *c, const struct value *v)
{
	struct value *list = value_list_new(c->arena);
	struct slice rest = v->type == VALUE_STRING ? v->str : (struct slice){0}, part;
	if (v->type != VALUE_STRING) {
		value_list_push(c->arena, list, v);
		return list;
	}
	while (rest.len && slice_split(&rest, ',', &part)) {
		struct value *item = value_str(c->arena, slice_trim(part));
		item->at = v->at;
		item->flags = v->flags;
		value_list_push(c->arena, list, item);
	}
	return list;
}

static int coerce_list(const struct args_coerce *c, const struct module_param *p,
		       const struct value *v, const struct value **ret, struct err *err)
{
	const struct value *from = v->type == VALUE_LIST ? v : as_list(c, v);
	struct value *list = value_list_new(c->arena);
	for (size_t i = 0; i < from->list.len; i++) {
		const struct value *item = from->list.at[i], *out = NULL;
		int r = coerce_scalar(c, p, p->element, item, &out, err);
		if (r < 0)
			return r;
		value_list_push(c->arena, list, out);
	}
	return done(v, list, ret);
}

static int coerce_dict(const struct args_coerce *c, const struct module_param *p,
		       const struct value *v, const struct value **ret, struct err *err)
{
	if (v->type == VALUE_DICT) {
		*ret = v;
		return 0;
	}
	if (v->type != VALUE_STRING)
		return wrong(c, p, v, "a mapping", err);
	struct slice text = slice_trim(v->str);
	const struct value *parsed;
	if (slice_starts_with(text, "{")) {
		if (json_parse(c->arena, "", text, &parsed, NULL) < 0 || parsed->type != VALUE_DICT)
			return wrong(c, p, v, "a mapping in JSON", err);
		*ret = parsed;
		return 0;
	}
	static const struct module pairs = {.name = "dict", .flags = MODULE_ANY_ARGS};
	if (module_parse_free_form(&pairs, c->arena, text, v->at, &parsed, NULL) < 0)
		return wrong(c, p, v, "a mapping", err);
	*ret = parsed;
	return 0;
}

/* YAML's yes and no arrive as booleans where a choice is spelt "yes". */
static const char *choice_of(const struct module_param *p, const struct value *v)
{
	for (const char *const *choice = p->choices; *choice; choice++) {
		if (v->type == VALUE_STRING && slice_is(v->str, *choice))
			return *choice;
	}
	for (const char *const *choice = p->choices; v->type == VALUE_BOOL && *choice; choice++) {
		struct value as_text = {.type = VALUE_STRING, .str = slice_from(*choice)};
		bool b;
		if (strlen(*choice) > 1 && value_to_bool(&as_text, &b) && b == v->boolean)
			return *choice;
	}
	return NULL;
}

static int check_choice(const struct args_coerce *c, const struct module_param *p,
			const struct value *v, const struct value **ret, struct err *err)
{
	const char *choice = choice_of(p, v);
	if (choice) {
		*ret = v;
		return v->type == VALUE_STRING ? 0 : done(v, value_cstr(c->arena, choice), ret);
	}
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct nearest near;
	char hint[160];
	nearest_init(&near, v->type == VALUE_STRING ? v->str : SLICE_LIT(""));
	strbuf_puts(&text, "one of ");
	for (const char *const *one = p->choices; *one; one++) {
		strbuf_printf(&text, "%s%s", one == p->choices ? "" : ", ", *one);
		nearest_offer(&near, slice_from(*one));
	}
	strbuf_puts(&text, nearest_hint(&near, hint, sizeof(hint)));
	return wrong(c, p, v, text.ptr, err);
}

static int convert(const struct args_coerce *c, const struct module_param *p,
		   enum module_param_type type, const struct value *v, const struct value **ret,
		   struct err *err)
{
	int r = 0;
	if (p->choices && (v->type == VALUE_BOOL || v->type == VALUE_STRING))
		return check_choice(c, p, v, ret, err);
	switch (type) {
	case MODULE_STR:
	case MODULE_PATH:
		r = coerce_str(c, v, ret);
		break;
	case MODULE_BOOL:
		return coerce_bool(c, p, v, ret, err);
	case MODULE_INT:
		return coerce_int(c, p, v, ret, err);
	case MODULE_FLOAT:
		return coerce_float(c, p, v, ret, err);
	case MODULE_MODE:
		return coerce_mode(c, p, v, ret, err);
	case MODULE_DICT:
		return coerce_dict(c, p, v, ret, err);
	case MODULE_LIST:
	case MODULE_RAW:
		*ret = v;
		return 0;
	}
	return r < 0 || !p->choices ? r : check_choice(c, p, *ret, ret, err);
}

static int coerce_scalar(const struct args_coerce *c, const struct module_param *p,
			 enum module_param_type type, const struct value *v,
			 const struct value **ret, struct err *err)
{
	const struct value *out = NULL, *at = NULL;
	if (c->trust_templates && args_templated(v)) {
		*ret = v;
		return 0;
	}
	int r = convert(c, p, type, v, &out, err);
	if (r < 0)
		return r;
	const char *what = p->check ? p->check(out, &at) : NULL;
	if (what)
		return wrong(c, p, at, what, err);
	*ret = out;
	return 0;
}

int args_coerce_value(const struct args_coerce *c, const struct module_param *p,
		      const struct value *v, const struct value **ret, struct err *err)
{
	if (v->type == VALUE_NULL || v->type == VALUE_UNKNOWN) {
		*ret = v;
		return 0;
	}
	/* A string that will become a list only once it is rendered. */
	if (c->trust_templates && v->type == VALUE_STRING && args_templated(v)) {
		*ret = v;
		return 0;
	}
	if (p->type == MODULE_LIST)
		return coerce_list(c, p, v, ret, err);
	return coerce_scalar(c, p, p->type, v, ret, err);
}

int args_fallback(const struct args_coerce *c, const struct module_param *p,
		  const struct value **ret, struct err *err)
{
	const struct value *v;
	struct slice text = slice_from(p->fallback);
	/* A plain word needs no YAML parser: the type decides what it is. */
	bool plain = p->type != MODULE_LIST && p->type != MODULE_DICT && p->type != MODULE_RAW &&
		     (text.len == 0 || !strchr("'\"", text.ptr[0]));
	if (plain) {
		v = value_str_borrowed(c->arena, text);
	} else {
		int r = yaml_parse(c->arena, "", text, &v, err);
		if (r < 0)
			return err_wrap(err, r, "default of '%s' of module %s", p->name,
					c->module->name);
	}
	return args_coerce_value(c, p, v, ret, err);
}
