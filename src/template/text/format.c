/* "%s and %05.2f" % values. Source: Python's "printf-style String Formatting". */
#include "../value/bigint.h"
#include "spec.h"

#include <ctype.h>
#include <math.h>

struct values {
	const struct value *args;
	size_t next;
	bool mapped;
};

static int next_arg(struct values *src, const struct value **ret, struct err *err)
{
	const struct value *a = src->args;
	bool many = is_list(a) && (a->flags & VALUE_TUPLE);
	if (many ? src->next >= a->list.len : src->next >= 1)
		return err_set(err, ERR_INVALID, "not enough values for the format");
	*ret = many ? a->list.at[src->next] : a;
	src->next++;
	return 0;
}

static int mapped_arg(struct values *src, struct slice name, const struct value **ret,
		      struct err *err)
{
	src->mapped = true;
	if (!is_dict(src->args))
		return err_set(err, ERR_INVALID, "the format needs a mapping");
	*ret = value_get_slice(src->args, name);
	if (!*ret)
		return err_set(err, ERR_INVALID, "the format names '%.*s', which is not given",
			       SLICE_ARG(name));
	return 0;
}

/* A width or precision: digits or '*'. */
static int read_size(struct slice fmt, size_t *i, struct values *src, int64_t *ret, struct err *err)
{
	const struct value *v;
	*ret = 0;
	if (*i < fmt.len && fmt.ptr[*i] == '*') {
		(*i)++;
		int r = next_arg(src, &v, err);
		if (r < 0)
			return r;
		if (v->type != VALUE_INT)
			return type_error(err, "'*' needs a whole number", v);
		*ret = v->integer;
	}
	for (; *i < fmt.len && isdigit((unsigned char)fmt.ptr[*i]) && *ret <= SPEC_MAX; (*i)++)
		*ret = *ret * 10 + (fmt.ptr[*i] - '0');
	if (*ret > SPEC_MAX || *ret < -SPEC_MAX)
		return err_set(err, ERR_LIMIT, "a width or precision above %d", SPEC_MAX);
	return 0;
}

static int convert_text(struct eval *ev, const struct format_spec *spec, const struct value *v,
			struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	int r = spec->type == 's' ? print_str(ev, &b, v, err) : print_repr(ev, &b, v, err);
	if (r < 0)
		return r;
	struct slice s = strbuf_slice(&b);
	if (spec->precision >= 0)
		s.len = chars_offset(s, (size_t)spec->precision);
	struct format_spec pad = *spec;
	pad.zero = false;
	pad.align = spec->align == '<' ? '<' : '>';
	spec_pad(&pad, (struct slice){"", 0}, s, false, out);
	return 0;
}

/* %.5d: at least so many digits. */
static int convert_digits(struct eval *ev, struct format_spec *spec, const struct value *v,
			  struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct format_spec digits = {.fill = ' ',
				     .width = spec->precision,
				     .precision = -1,
				     .type = spec->type,
				     .zero = true,
				     .sign = spec->sign,
				     .alternate = spec->alternate};
	if (as_int(v) < 0 || spec->sign)
		digits.width++;
	int r = spec_format(ev, &digits, v, &b, err);
	spec->zero = false;
	spec->align = spec->align ? spec->align : '>';
	if (r == 0)
		spec_pad(spec, (struct slice){"", 0}, strbuf_slice(&b), false, out);
	return r;
}

static int convert(struct eval *ev, struct format_spec *spec, const struct value *v,
		   struct strbuf *out, struct err *err)
{
	int r = eval_use(ev, v, err);
	if (r < 0)
		return r;
	if (spec->type == 's' || spec->type == 'r' || spec->type == 'a')
		return convert_text(ev, spec, v, out, err);
	if (spec->type == 'c') {
		if (is_str(v) && chars_length(v->str) == 1)
			return convert_text(ev,
					    &(struct format_spec){.fill = ' ',
								  .width = spec->width,
								  .precision = -1,
								  .type = 's',
								  .align = spec->align},
					    v, out, err);
		if (v->type != VALUE_INT || v->integer < 0 || v->integer > 0x10ffff)
			return type_error(err, "%c needs a number or one character", v);
		return spec_format(ev, spec, v, out, err);
	}
	if (is_bigint(v) && strchr("diu", spec->type)) {
		spec->type = 's';
		return convert_text(ev, spec, v, out, err);
	}
	if (!is_number(v))
		return type_error(err, "the format needs a number", v);
	if (strchr("eEfFgG", spec->type))
		return spec_format(ev, spec, v, out, err);
	bool whole_only = spec->type == 'x' || spec->type == 'X' || spec->type == 'o';
	if (whole_only && v->type == VALUE_FLOAT)
		return type_error(err, "%x and %o need a whole number", v);
	if (v->type == VALUE_FLOAT && !isfinite(v->real))
		return type_error(err, "not a finite number", v);
	if (!whole_only)
		spec->type = 'd';
	if (v->type == VALUE_FLOAT && (r = bigint_of_double(ev, v->real, &v, err)) < 0)
		return r;
	if (is_bigint(v))
		return convert(ev, spec, v, out, err);
	v = int_new(ev, as_int(v));
	return spec->precision >= 0 ? convert_digits(ev, spec, v, out, err)
				    : spec_format(ev, spec, v, out, err);
}

static void read_flags(struct slice fmt, size_t *i, struct format_spec *spec)
{
	for (; *i < fmt.len && fmt.ptr[*i] && strchr("#0- +", fmt.ptr[*i]); (*i)++) {
		switch (fmt.ptr[*i]) {
		case '#':
			spec->alternate = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '-':
			spec->align = '<';
			break;
		default:
			if (spec->sign != '+')
				spec->sign = fmt.ptr[*i];
		}
	}
}

/* After the '%'. */
static int one(struct eval *ev, struct slice fmt, size_t *i, struct values *src, struct strbuf *out,
	       struct err *err)
{
	struct format_spec spec = {.fill = ' ', .width = -1, .precision = -1};
	const struct value *v = NULL;
	int r = 0;
	if (*i < fmt.len && fmt.ptr[*i] == '(') {
		const char *close = memchr(fmt.ptr + *i, ')', fmt.len - *i);
		if (!close)
			return err_set(err, ERR_INVALID, "the format has a '(' without ')'");
		struct slice name = {fmt.ptr + *i + 1, (size_t)(close - fmt.ptr) - *i - 1};
		*i = (size_t)(close - fmt.ptr) + 1;
		r = mapped_arg(src, name, &v, err);
	}
	read_flags(fmt, i, &spec);
	if (r == 0)
		r = read_size(fmt, i, src, &spec.width, err);
	if (r == 0 && spec.width < 0) {
		spec.align = '<';
		spec.width = -spec.width;
	}
	if (r == 0 && *i < fmt.len && fmt.ptr[*i] == '.') {
		(*i)++;
		r = read_size(fmt, i, src, &spec.precision, err);
		spec.precision = spec.precision < 0 ? 0 : spec.precision;
	}
	if (r < 0)
		return r;
	while (*i < fmt.len && strchr("hlL", fmt.ptr[*i]) && fmt.ptr[*i])
		(*i)++;
	if (*i >= fmt.len)
		return err_set(err, ERR_INVALID, "the format ends after '%%'");
	spec.type = fmt.ptr[(*i)++];
	if (spec.type == '%') {
		strbuf_putc(out, '%');
		return 0;
	}
	if (!spec.type || !strchr("diouxXeEfFgGcrsa", spec.type))
		return err_set(err, ERR_INVALID, "'%%%c' is not a format", spec.type);
	if (!v && (r = next_arg(src, &v, err)) < 0)
		return r;
	if (spec.align == '<')
		spec.zero = false;
	return convert(ev, &spec, v, out, err);
}

int format_percent(struct eval *ev, struct slice fmt, const struct value *args, struct strbuf *out,
		   struct err *err)
{
	struct values src = {.args = args};
	int r = 0;
	for (size_t i = 0; i < fmt.len && r == 0;) {
		const char *hit = memchr(fmt.ptr + i, '%', fmt.len - i);
		size_t upto = hit ? (size_t)(hit - fmt.ptr) : fmt.len;
		strbuf_append(out, fmt.ptr + i, upto - i);
		i = upto + (hit ? 1 : 0);
		if (hit)
			r = one(ev, fmt, &i, &src, out, err);
		if (r == 0)
			r = limit_text(out->len, err);
	}
	if (r < 0)
		return r;
	bool many = is_list(args) && (args->flags & VALUE_TUPLE);
	if (!src.mapped && !is_dict(args) && src.next < (many ? args->list.len : 1) &&
	    !(is_list(args) && !many && src.next == 0))
		return err_set(err, ERR_INVALID, "not all values were used by the format");
	return 0;
}
