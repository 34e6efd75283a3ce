/* '{} {name:>8}'.format(…). Source: Python's "Format String Syntax". */
#include "spec.h"

#include <ctype.h>
#include <stdlib.h>

struct state {
	struct eval *ev;
	const struct template_args *args;
	size_t next;
	unsigned depth;
};

static int expand(struct state *st, struct slice fmt, struct strbuf *out, struct err *err);

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
	return s.len > 0 && s.len < 9;
}

static int base_value(struct state *st, struct slice name, const struct value **ret,
		      struct err *err)
{
	const struct template_args *args = st->args;
	if (name.len == 0 || all_digits(name)) {
		size_t i = name.len == 0 ? st->next++ : (size_t)strtoul(name.ptr, NULL, 10);
		if (i >= args->npositional)
			return err_set(err, ERR_INVALID, "not enough values for the format");
		*ret = args->positional[i];
		return 0;
	}
	for (size_t i = 0; i < args->nkeywords; i++) {
		if (slice_eq(args->names[i], name)) {
			*ret = args->keywords[i];
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "the format names '%.*s', which is not given",
		       SLICE_ARG(name));
}

/* "name.attr[key]" */
static int field_value(struct state *st, struct slice field, const struct value **ret,
		       struct err *err)
{
	size_t i = 0;
	while (i < field.len && field.ptr[i] != '.' && field.ptr[i] != '[')
		i++;
	int r = base_value(st, (struct slice){field.ptr, i}, ret, err);
	while (r == 0 && i < field.len) {
		bool bracket = field.ptr[i++] == '[';
		size_t from = i;
		while (i < field.len &&
		       (bracket ? field.ptr[i] != ']' : field.ptr[i] != '.' && field.ptr[i] != '['))
			i++;
		struct slice key = {field.ptr + from, i - from};
		i += bracket;
		if (bracket && all_digits(key))
			r = get_item(st->ev, *ret, int_new(st->ev, strtol(key.ptr, NULL, 10)), NULL,
				     ret, err);
		else if (bracket)
			r = get_item(st->ev, *ret, str_new(st->ev, key), NULL, ret, err);
		else
			r = get_attr_named(st->ev, *ret, key, ret, err);
	}
	return r;
}

static int replace_field(struct state *st, struct slice body, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf spec_text = {0}, text = {0};
	struct slice field = body, spec = {"", 0};
	struct format_spec fs;
	const struct value *v;
	char conversion = 0;
	const char *colon = memchr(body.ptr, ':', body.len);
	if (colon) {
		field.len = (size_t)(colon - body.ptr);
		spec = (struct slice){colon + 1, body.len - field.len - 1};
	}
	if (field.len >= 2 && field.ptr[field.len - 2] == '!') {
		conversion = field.ptr[field.len - 1];
		field.len -= 2;
	}
	int r = field_value(st, field, &v, err);
	if (r < 0 || (r = expand(st, spec, &spec_text, err)) < 0 ||
	    (r = spec_parse(strbuf_slice(&spec_text), &fs, err)) < 0)
		return r;
	if (conversion == 'r' || conversion == 's') {
		r = conversion == 'r' ? print_repr(st->ev, &text, v, err)
				      : print_str(st->ev, &text, v, err);
		if (r < 0)
			return r;
		v = str_buf(st->ev, &text);
	} else if (conversion) {
		return err_set(err, ERR_INVALID, "'!%c' is not a conversion", conversion);
	}
	return spec_format(st->ev, &fs, v, out, err);
}

/* The end of "{…}" whose inside begins at i; fields nest in specifications. */
static size_t field_end(struct slice fmt, size_t i)
{
	unsigned nest = 0;
	for (; i < fmt.len; i++) {
		if (fmt.ptr[i] == '{')
			nest++;
		else if (fmt.ptr[i] == '}' && nest-- == 0)
			break;
	}
	return i;
}

static int expand(struct state *st, struct slice fmt, struct strbuf *out, struct err *err)
{
	int r = 0;
	if (st->depth++ > 2)
		return err_set(err, ERR_INVALID, "format fields nested too deeply");
	for (size_t i = 0; i < fmt.len && r == 0; i++) {
		char c = fmt.ptr[i];
		if ((c == '{' || c == '}') && i + 1 < fmt.len && fmt.ptr[i + 1] == c) {
			strbuf_putc(out, c);
			i++;
		} else if (c == '{') {
			size_t end = field_end(fmt, i + 1);
			if (end == fmt.len)
				return err_set(err, ERR_INVALID,
					       "the format has a '{' without '}'");
			r = replace_field(st, (struct slice){fmt.ptr + i + 1, end - i - 1}, out,
					  err);
			i = end;
		} else if (c == '}') {
			return err_set(err, ERR_INVALID, "the format has a '}' without '{'");
		} else {
			strbuf_putc(out, c);
		}
		if (r == 0)
			r = limit_text(out->len, err);
	}
	st->depth--;
	return r;
}

int format_braces(struct eval *ev, struct slice fmt, const struct template_args *args,
		  struct strbuf *out, struct err *err)
{
	struct state st = {ev, args, 0, 0};
	return expand(&st, fmt, out, err);
}
