/* One call of a module: its arguments, its result, running it. */
#include "call.h"

#include "args/args.h"
#include "rollout/diff/diff.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS_MAX (365 * 86400)

static const struct value *arg_value(const struct module_call *call, const char *name)
{
	const struct value *v = value_get(call->args, name);
	return v && v->type != VALUE_NULL ? v : NULL;
}

/* The text of a scalar, in the arena when it is not a string already. */
static struct slice text_of(const struct module_call *call, const struct value *v)
{
	if (v->type == VALUE_STRING)
		return v->str;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	value_print(&text, v);
	return arena_slice(call->arena, strbuf_slice(&text));
}

static bool is_path(const struct module_call *call, const char *name)
{
	const struct module_param *p = module_param_find(call->module, slice_from(name));
	return p &&
	       (p->type == MODULE_PATH || (p->type == MODULE_LIST && p->element == MODULE_PATH));
}

struct slice arg_slice(const struct module_call *call, const char *name)
{
	const struct value *v = arg_value(call, name);
	if (!v)
		return (struct slice){NULL, 0};
	struct slice text = text_of(call, v);
	return is_path(call, name) ? slice_from(call_expand_path(call, text.ptr)) : text;
}

const char *arg_str(const struct module_call *call, const char *name)
{
	return arg_slice(call, name).ptr;
}

bool arg_bool(const struct module_call *call, const char *name)
{
	const struct value *v = arg_value(call, name);
	bool b;
	return v && value_to_bool(v, &b) && b;
}

bool arg_has(const struct module_call *call, const char *name)
{
	return arg_value(call, name) != NULL;
}

int64_t arg_int(const struct module_call *call, const char *name, int64_t fallback)
{
	const struct value *v = arg_value(call, name);
	if (!v)
		return fallback;
	if (v->type == VALUE_FLOAT)
		return (int64_t)v->real;
	return v->type == VALUE_INT ? v->integer : fallback;
}

const char *const *arg_list(const struct module_call *call, const char *name, size_t *ret_len)
{
	const struct value *v = arg_value(call, name);
	if (ret_len)
		*ret_len = 0;
	if (!v)
		return NULL;
	bool path = is_path(call, name);
	size_t len = v->type == VALUE_LIST ? v->list.len : 1;
	const char **out = ARENA_ARRAY(call->arena, const char *, len + 1);
	for (size_t i = 0; i < len; i++) {
		out[i] = text_of(call, v->type == VALUE_LIST ? v->list.at[i] : v).ptr;
		if (path)
			out[i] = call_expand_path(call, out[i]);
	}
	if (ret_len)
		*ret_len = len;
	return out;
}

void result_changed(struct module_call *call)
{
	result_put_bool(call, "changed", true);
}

bool result_is_changed(const struct module_call *call)
{
	const struct value *v = value_get(call->result, "changed");
	return v && value_truthy(v);
}

void result_put(struct module_call *call, const char *key, const struct value *v)
{
	value_dict_put(call->arena, call->result, key, v);
}

void result_put_str(struct module_call *call, const char *key, const char *s)
{
	result_put(call, key, s ? value_cstr(call->arena, s) : value_null());
}

void result_put_int(struct module_call *call, const char *key, int64_t i)
{
	result_put(call, key, value_int(call->arena, i));
}

void result_put_bool(struct module_call *call, const char *key, bool b)
{
	result_put(call, key, value_bool(b));
}

static struct value *vformat(struct module_call *call, const char *fmt, va_list ap)
	PRINTF_LIKE(2, 0);
static struct value *vformat(struct module_call *call, const char *fmt, va_list ap)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	strbuf_vprintf(&text, fmt, ap);
	return value_str(call->arena, strbuf_slice(&text));
}

/* A list of the result, grown by one. Trees are immutable once shared, so the
 * list under construction is copied rather than reached into. */
static void append_to(struct module_call *call, const char *key, const struct value *item)
{
	const struct value *old = value_get(call->result, key);
	struct value *list = value_list_new(call->arena);
	for (size_t i = 0; old && old->type == VALUE_LIST && i < old->list.len; i++)
		value_list_push(call->arena, list, old->list.at[i]);
	value_list_push(call->arena, list, item);
	result_put(call, key, list);
}

void result_warn(struct module_call *call, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	append_to(call, "warnings", vformat(call, fmt, ap));
	va_end(ap);
}

void result_skip(struct module_call *call, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	result_put_bool(call, "skipped", true);
	result_put(call, "msg", vformat(call, fmt, ap));
	va_end(ap);
}

void result_unknown(struct module_call *call, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct value *what = vformat(call, fmt, ap);
	result_put_bool(call, "_unknown", true);
	result_put(call, "msg", what);
	va_end(ap);
}

void result_diff(struct module_call *call, const char *before_name, struct slice before,
		 const char *after_name, struct slice after)
{
	if (!call->diff_mode || call->no_log || slice_eq(before, after))
		return;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	diff_unified(&text, before_name, before, after_name, after);
	struct value *d = value_dict_new(call->arena);
	value_dict_put(call->arena, d, "before_header", value_cstr(call->arena, before_name));
	value_dict_put(call->arena, d, "after_header", value_cstr(call->arena, after_name));
	value_dict_put(call->arena, d, "unified", value_str(call->arena, strbuf_slice(&text)));
	append_to(call, "diff", d);
}

void call_fail(struct module_call *call, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	result_put_bool(call, "failed", true);
	result_put(call, "msg", vformat(call, fmt, ap));
	va_end(ap);
}

void module_run(struct module_call *call)
{
	struct err err = {0};
	char text[sizeof(err.msg) + 256];
	if (!call->result)
		call->result = value_dict_new(call->arena);
	int r = call->module->run
			? call->module->run(call, &err)
			: err_set(&err, ERR_UNSUPPORTED, "module %s is done by the controller",
				  call->module->name);
	if (r < 0)
		call_fail(call, "%s", err_format(&err, text, sizeof(text)));
	if (!value_get(call->result, "changed"))
		result_put_bool(call, "changed", false);
	if (!value_get(call->result, "failed"))
		result_put_bool(call, "failed", false);
}

const char *const *call_names(const struct module_call *call, const char *name, size_t *ret_len)
{
	size_t len;
	const char *const *names = arg_list(call, name, &len);
	const char **out = ARENA_ARRAY(call->arena, const char *, len + 1);
	for (size_t i = 0; i < len; i++) {
		struct slice trimmed = slice_trim(slice_from(names[i]));
		out[i] = arena_strndup(call->arena, trimmed.ptr, trimmed.len);
	}
	if (ret_len)
		*ret_len = len;
	return out;
}

int64_t call_arg_ms(const struct module_call *call, const char *name, int64_t fallback_s)
{
	int64_t s = arg_int(call, name, fallback_s);
	return (s < 0 ? 0 : s > SECONDS_MAX ? SECONDS_MAX : s) * 1000;
}
