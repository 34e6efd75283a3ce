/* Numbers, booleans and sizes. */
#include "../value/bigint.h"
#include "filter.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

FN(f_int)
{
	int64_t base, i;
	double d;
	int r = call_int(c, 1, 10, &base, err);
	if (r < 0)
		return r;
	*ret = c->arg[0] ? c->arg[0] : int_new(c->ev, 0);
	if (is_bigint(c->in)) {
		*ret = c->in;
		return 0;
	}
	if (is_number(c->in)) {
		if (c->in->type == VALUE_FLOAT && !isfinite(c->in->real))
			return isnan(c->in->real) ? 0
						  : err_set(err, ERR_INVALID, "infinity is no int");
		if (c->in->type == VALUE_FLOAT)
			return bigint_of_double(c->ev, c->in->real, ret, err);
		*ret = int_new(c->ev, as_int(c->in));
		return 0;
	}
	if (!is_str(c->in))
		return 0;
	if (text_overflows_int(c->in->str, (int)base))
		return bigint_parse(c->ev, c->in->str, (int)base, ret, err);
	if (text_to_int(c->in->str, (int)base, &i)) {
		*ret = int_new(c->ev, i);
	} else if (text_to_float(c->in->str, &d) && isfinite(d)) {
		return bigint_of_double(c->ev, d, ret, err);
	}
	return 0;
}

FN(f_float)
{
	double d;
	*ret = c->arg[0] ? c->arg[0] : float_new(c->ev, 0.0);
	if (is_number(c->in))
		*ret = float_new(c->ev, as_double(c->in));
	else if (is_str(c->in) && text_to_float(c->in->str, &d))
		*ret = float_new(c->ev, d);
	return 0;
}

FN(f_abs)
{
	const struct value zero = {.type = VALUE_INT};
	int o = 1;
	if (is_bigint(c->in) || (c->in->type == VALUE_INT && c->in->integer == INT64_MIN)) {
		*ret = c->in;
		return bigint_order(c->in, &zero, &o) && o > 0
			       ? 0
			       : bigint_op(c->ev, OP_SUB, &zero, c->in, ret, err);
	}
	if (!is_number(c->in))
		return type_error(err, "a number is needed", c->in);
	if (c->in->type == VALUE_FLOAT)
		*ret = float_new(c->ev, fabs(c->in->real));
	else
		*ret = int_new(c->ev, as_int(c->in) < 0 ? -as_int(c->in) : as_int(c->in));
	return 0;
}

/* Python's round(): to even, correctly rounded as its decimal text is. */
static double round_to(double d, int64_t precision)
{
	char buf[400];
	if (precision > 20 || precision < -20 || !isfinite(d))
		return precision < -20 ? 0.0 : d;
	if (precision <= 0) {
		double scale = pow(10, (double)-precision);
		return nearbyint(d / scale) * scale;
	}
	snprintf(buf, sizeof(buf), "%.*f", (int)precision, d);
	return strtod(buf, NULL);
}

FN(f_round)
{
	int64_t precision;
	struct slice method;
	int r;
	if (!is_number(c->in))
		return type_error(err, "a number is needed", c->in);
	if ((r = call_int(c, 0, 0, &precision, err)) < 0 ||
	    (r = call_text(c, 1, "common", &method, err)) < 0)
		return r;
	double d = as_double(c->in), scale = pow(10, (double)precision);
	if (slice_is(method, "common")) {
		if (c->in->type != VALUE_FLOAT) {
			*ret = precision >= 0 ? int_new(c->ev, as_int(c->in))
					      : int_new(c->ev, (int64_t)round_to(d, precision));
			return 0;
		}
		*ret = float_new(c->ev, round_to(d, precision));
	} else if (slice_is(method, "ceil")) {
		*ret = float_new(c->ev, ceil(d * scale) / scale);
	} else if (slice_is(method, "floor")) {
		*ret = float_new(c->ev, floor(d * scale) / scale);
	} else {
		return err_set(err, ERR_INVALID, "the method is common, ceil or floor");
	}
	return 0;
}

/* Ansible's: yes, on, 1 and true are true, all else is false. */
FN(f_bool)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	bool is = false;
	if (c->in->type == VALUE_NULL || c->in->type == VALUE_BOOL) {
		*ret = c->in;
		return 0;
	}
	if (is_str(c->in)) {
		chars_lower(&b, c->in->str);
		struct slice s = strbuf_slice(&b);
		is = slice_is(s, "yes") || slice_is(s, "on") || slice_is(s, "1") ||
		     slice_is(s, "true");
	} else if (is_number(c->in)) {
		is = as_double(c->in) == 1;
	}
	*ret = value_bool(is);
	return 0;
}

FN(f_filesizeformat)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
	static const char *const binary_units[] = {"KiB", "MiB", "GiB", "TiB",
						   "PiB", "EiB", "ZiB", "YiB"};
	double bytes;
	bool binary;
	int r = call_bool(c, 0, false, &binary, err);
	if (r < 0)
		return r;
	if (is_number(c->in))
		bytes = as_double(c->in);
	else if (!is_str(c->in) || !text_to_float(c->in->str, &bytes))
		return type_error(err, "a number is needed", c->in);
	double base = binary ? 1024 : 1000, unit = base;
	if (bytes == 1 || bytes < base) {
		*ret = bytes == 1 ? str_lit(c->ev, "1 Byte")
				  : value_fmt(c->ev->arena, "%.0f Bytes", trunc(bytes));
		return 0;
	}
	size_t i = 0;
	for (unit *= base; i + 1 < ARRAY_LEN(units) && bytes >= unit; i++)
		unit *= base;
	*ret = value_fmt(c->ev->arena, "%.1f %s", base * bytes / unit,
			 binary ? binary_units[i] : units[i]);
	return 0;
}

static const char ranges[] = "YZEPTGMK";

FN(f_human_readable)
{
	bool bits;
	struct slice unit;
	double size, limit = pow(1024, 8);
	int r;
	if ((r = call_bool(c, 0, false, &bits, err)) < 0 ||
	    (r = call_text(c, 1, "", &unit, err)) < 0)
		return r;
	if (!is_number(c->in))
		return type_error(err, "a number is needed", c->in);
	size = as_double(c->in);
	size_t i = 0;
	bool any = unit.len > 0 && c->arg[1]->type != VALUE_NULL;
	for (; ranges[i]; i++, limit /= 1024)
		if (any ? toupper((unsigned char)unit.ptr[0]) == ranges[i] : size >= limit)
			break;
	if (!ranges[i])
		limit = 1;
	char prefix[2] = {ranges[i], 0};
	const char *word = bits ? (limit != 1 ? "b" : "bits") : (limit != 1 ? "B" : "Bytes");
	*ret = value_fmt(c->ev->arena, "%.2f %s%s", size / limit, prefix, word);
	return 0;
}

/* Its second letter, or the word: "MB", "megabytes", "Kb", "kilobits". */
static bool is_unit_of(struct slice unit, bool bits)
{
	const char *word = bits ? "bit" : "byte";
	if (unit.len < 2 || unit.ptr[1] == (bits ? 'b' : 'B'))
		return true;
	for (size_t i = 0; i + strlen(word) <= unit.len; i++)
		if (strncasecmp(unit.ptr + i, word, strlen(word)) == 0)
			return true;
	return false;
}

/* "10M", "2 GB", "512": number, then a unit; what follows it is passed over. */
static bool human_parts(struct slice s, double *ret_number, struct slice *ret_unit)
{
	size_t i = 0;
	while (i < s.len && isspace((unsigned char)s.ptr[i]))
		i++;
	size_t from = i;
	for (bool point = false; i < s.len; i++) {
		if (!isdigit((unsigned char)s.ptr[i]) && (point || s.ptr[i] != '.'))
			break;
		point |= s.ptr[i] == '.';
	}
	if (!text_to_float((struct slice){s.ptr + from, i - from}, ret_number))
		return false;
	while (i < s.len && isspace((unsigned char)s.ptr[i]))
		i++;
	from = i;
	while (i < s.len && isalpha((unsigned char)s.ptr[i]))
		i++;
	*ret_unit = (struct slice){s.ptr + from, i - from};
	return true;
}

FN(f_human_to_bytes)
{
	struct slice s, unit, fallback;
	double number;
	bool bits;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "", &fallback, err)) < 0 ||
	    (r = call_bool(c, 1, false, &bits, err)) < 0)
		return r;
	if (!human_parts(s, &number, &unit))
		return err_set(err, ERR_INVALID, "'%.*s' is not a size", SLICE_ARG(s));
	if (unit.len == 0 && c->arg[0] && c->arg[0]->type != VALUE_NULL)
		unit = fallback;
	double limit = 1;
	if (unit.len > 0) {
		int letter = toupper((unsigned char)unit.ptr[0]);
		const char *p = letter ? strchr(ranges, letter) : NULL;
		if (!p && letter != 'B')
			return err_set(err, ERR_INVALID, "'%.*s' is not a unit of size",
				       SLICE_ARG(unit));
		if (!is_unit_of(unit, bits))
			return err_set(err, ERR_INVALID, "'%.*s' is not a unit of %s",
				       SLICE_ARG(unit), bits ? "bits" : "bytes");
		limit = p ? pow(1024, (double)(8 - (p - ranges))) : 1;
	}
	double total = nearbyint(number * limit);
	if (total >= 9.2e18)
		return err_set(err, ERR_LIMIT, "the size does not fit into 64 bits");
	*ret = int_new(c->ev, (int64_t)total);
	return 0;
}

static int number_arg(struct call *c, unsigned i, double fallback, double *ret, struct err *err)
{
	*ret = fallback;
	if (!is_number(c->in))
		return type_error(err, "a number is needed", c->in);
	if (c->arg[i] && !is_number(c->arg[i]))
		return type_error(err, "a number is needed", c->arg[i]);
	if (c->arg[i])
		*ret = as_double(c->arg[i]);
	return 0;
}
FN(f_log)
{
	double base, x;
	int r = number_arg(c, 0, 0, &base, err);
	if (r < 0)
		return r;
	x = as_double(c->in);
	if (x <= 0 || (c->arg[0] && base <= 0))
		return err_set(err, ERR_INVALID, "only of numbers above 0");
	*ret = float_new(c->ev, !c->arg[0] ? log(x) : base == 10 ? log10(x) : log(x) / log(base));
	return 0;
}
FN(f_pow)
{
	double y;
	int r = number_arg(c, 0, 0, &y, err);
	if (r == 0)
		*ret = float_new(c->ev, pow(as_double(c->in), y));
	return r;
}
FN(f_root)
{
	double base;
	int r = number_arg(c, 0, 2, &base, err);
	if (r < 0)
		return r;
	if (as_double(c->in) < 0 || base == 0)
		return err_set(err, ERR_INVALID, "only of numbers from 0 on");
	*ret = float_new(c->ev,
			 base == 2 ? sqrt(as_double(c->in)) : pow(as_double(c->in), 1.0 / base));
	return 0;
}

const struct function filters_number[] = {
	{"int", "default,base", 0, 0, f_int},
	{"float", "default", 0, 0, f_float},
	{"abs", "", 0, 0, f_abs},
	{"round", "precision,method", 0, 0, f_round},
	{"bool", "", 0, 0, f_bool},
	{"filesizeformat", "binary", 0, 0, f_filesizeformat},
	{"human_readable", "isbits,unit", 0, 0, f_human_readable},
	{"human_to_bytes", "default_unit,isbits", 0, 0, f_human_to_bytes},
	{"log", "base", 0, 0, f_log},
	{"pow", "y", 1, 0, f_pow},
	{"root", "base", 0, 0, f_root},
	{0},
};
