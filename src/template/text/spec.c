#include "spec.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

static bool is_align(char c)
{
	return c && strchr("<>=^", c);
}

static int read_number(struct slice *s, int64_t *ret, struct err *err)
{
	int64_t n = 0;
	while (s->len > 0 && isdigit((unsigned char)s->ptr[0])) {
		n = n * 10 + (s->ptr[0] - '0');
		if (n > SPEC_MAX)
			return err_set(err, ERR_LIMIT, "a width or precision above %d", SPEC_MAX);
		s->ptr++;
		s->len--;
	}
	*ret = n;
	return 0;
}

static bool take(struct slice *s, const char *set, char *ret)
{
	if (s->len == 0 || !s->ptr[0] || !strchr(set, s->ptr[0]))
		return false;
	*ret = s->ptr[0];
	s->ptr++;
	s->len--;
	return true;
}

int spec_parse(struct slice s, struct format_spec *ret, struct err *err)
{
	char c;
	int r;
	*ret = (struct format_spec){.fill = ' ', .width = -1, .precision = -1};
	size_t first = s.len ? chars_next(s, 0) : 0;
	if (first > 0 && first < s.len && is_align(s.ptr[first])) {
		ret->fill = chars_decode(s, 0);
		s = (struct slice){s.ptr + first, s.len - first};
	}
	take(&s, "<>=^", &ret->align);
	take(&s, "+- ", &ret->sign);
	ret->alternate = take(&s, "#", &c);
	ret->zero = take(&s, "0", &c);
	if (s.len > 0 && isdigit((unsigned char)s.ptr[0]) &&
	    (r = read_number(&s, &ret->width, err)) < 0)
		return r;
	take(&s, ",_", &ret->grouping);
	if (take(&s, ".", &c)) {
		if (s.len == 0 || !isdigit((unsigned char)s.ptr[0]))
			return err_set(err, ERR_INVALID, "a format's precision is missing");
		if ((r = read_number(&s, &ret->precision, err)) < 0)
			return r;
	}
	take(&s, "bcdeEfFgGnosxX%", &ret->type);
	if (s.len > 0)
		return err_set(err, ERR_INVALID, "invalid format specification at '%.*s'",
			       SLICE_ARG(s));
	return 0;
}

static void put_fill(struct strbuf *out, uint32_t fill, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		chars_put(out, fill);
}

void spec_pad(const struct format_spec *spec, struct slice prefix, struct slice body, bool numeric,
	      struct strbuf *out)
{
	int64_t len = (int64_t)(chars_length(prefix) + chars_length(body));
	int64_t room = spec->width > len ? spec->width - len : 0;
	char align = spec->align ? spec->align : spec->zero && numeric ? '=' : numeric ? '>' : '<';
	uint32_t fill = spec->zero && !spec->align ? '0' : spec->fill;
	int64_t left = align == '>' ? room : align == '^' ? room / 2 : 0;
	put_fill(out, fill, left);
	strbuf_slice_append(out, prefix);
	if (align == '=')
		put_fill(out, fill, room);
	strbuf_slice_append(out, body);
	if (align != '=')
		put_fill(out, fill, room - left);
}

static void group(struct strbuf *digits, char sep, unsigned every)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	size_t whole = 0;
	while (whole < digits->len && isxdigit((unsigned char)digits->ptr[whole]))
		whole++;
	for (size_t i = 0; i < digits->len; i++) {
		if (i > 0 && i < whole && (whole - i) % every == 0)
			strbuf_putc(&b, sep);
		strbuf_putc(&b, digits->ptr[i]);
	}
	struct strbuf t = *digits;
	*digits = b;
	b = t;
}

static void put_unsigned(struct strbuf *b, uint64_t u, unsigned base, bool upper)
{
	char buf[70];
	size_t n = sizeof(buf);
	do {
		buf[--n] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[u % base];
		u /= base;
	} while (u);
	strbuf_append(b, buf + n, sizeof(buf) - n);
}

static void put_sign(struct strbuf *prefix, bool negative, char sign)
{
	if (negative)
		strbuf_putc(prefix, '-');
	else if (sign == '+' || sign == ' ')
		strbuf_putc(prefix, sign);
}

static int format_int(const struct format_spec *spec, int64_t i, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf body = {0}, prefix = {0};
	unsigned base = 10;
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	char type = (char)tolower((unsigned char)spec->type);
	if (type == 'x' || type == 'o' || type == 'b')
		base = type == 'x' ? 16 : type == 'o' ? 8 : 2;
	put_sign(&prefix, i < 0, spec->sign);
	if (spec->alternate && base != 10)
		strbuf_printf(&prefix, "0%c", spec->type);
	put_unsigned(&body, u, base, spec->type == 'X');
	if (spec->grouping)
		group(&body, spec->grouping, base == 10 ? 3 : 4);
	spec_pad(spec, strbuf_slice(&prefix), strbuf_slice(&body), true, out);
	return 0;
}

static void put_float(struct strbuf *b, double d, char type, int precision, bool alternate)
{
	char fmt[16];
	snprintf(fmt, sizeof(fmt), "%%%s.*%c", alternate ? "#" : "", type);
	int n = snprintf(NULL, 0, fmt, precision, d);
	char *p = strbuf_reserve(b, (size_t)n + 1);
	snprintf(p, (size_t)n + 1, fmt, precision, d);
	strbuf_grew(b, (size_t)n);
}

static int format_real(const struct format_spec *spec, double d, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf body = {0}, prefix = {0};
	bool negative = signbit(d) && !isnan(d);
	double u = negative ? -d : d;
	int precision = spec->precision < 0 ? 6 : (int)spec->precision;
	put_sign(&prefix, negative, spec->sign);
	if (spec->type == '%') {
		put_float(&body, u * 100, 'f', precision, false);
		strbuf_putc(&body, '%');
	} else if (!spec->type && spec->precision < 0) {
		const struct value v = {.type = VALUE_FLOAT, .real = u};
		value_print(&body, &v);
	} else {
		char type = !spec->type || spec->type == 'n' ? 'g' : spec->type;
		if (tolower((unsigned char)type) == 'g' && precision == 0)
			precision = 1;
		put_float(&body, u, type, precision, spec->alternate);
	}
	if (spec->grouping)
		group(&body, spec->grouping, 3);
	spec_pad(spec, strbuf_slice(&prefix), strbuf_slice(&body), true, out);
	return 0;
}

static int format_text(const struct format_spec *spec, struct slice s, struct strbuf *out,
		       struct err *err)
{
	if (spec->type && spec->type != 's')
		return err_set(err, ERR_INVALID, "the format '%c' is not for text", spec->type);
	if (spec->align == '=')
		return err_set(err, ERR_INVALID, "'=' alignment is not for text");
	if (spec->precision >= 0)
		s.len = chars_offset(s, (size_t)spec->precision);
	spec_pad(spec, (struct slice){"", 0}, s, false, out);
	return 0;
}

int spec_format(struct eval *ev, const struct format_spec *spec, const struct value *v,
		struct strbuf *out, struct err *err)
{
	int r = eval_use(ev, v, err);
	if (r < 0)
		return r;
	bool plain_bool = v->type == VALUE_BOOL && !spec->type;
	bool real_type = spec->type && strchr("eEfFgG%", spec->type);
	if (v->type == VALUE_FLOAT || (is_number(v) && real_type)) {
		if (spec->type && !real_type && spec->type != 'n')
			return err_set(err, ERR_INVALID, "the format '%c' is not for a float",
				       spec->type);
		return format_real(spec, as_double(v), out);
	}
	if (is_number(v) && !plain_bool) {
		if (spec->type == 's')
			return err_set(err, ERR_INVALID, "the format 's' is not for an int");
		if (spec->type != 'c')
			return format_int(spec, as_int(v), out);
		CLEANUP(strbuf_release) struct strbuf ch = {0};
		chars_put(&ch, (uint32_t)(as_int(v) & 0x1fffff));
		spec_pad(spec, (struct slice){"", 0}, strbuf_slice(&ch), false, out);
		return 0;
	}
	struct slice s;
	if ((r = text_of(ev, v, &s, err)) < 0)
		return r;
	return format_text(spec, s, out, err);
}
