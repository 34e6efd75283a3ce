#include "lvol_size.h"

#include <ctype.h>
#include <stdlib.h>

#define SIZE_LIMIT 1e18
#define SECTOR 512.0

static double factor_of(char unit)
{
	static const char powers[] = "kmgtpe";
	const char *at = strchr(powers, tolower((unsigned char)unit));
	double f = 1;
	if (tolower((unsigned char)unit) == 's')
		return SECTOR;
	for (long i = 0; at && *at && i <= at - powers; i++)
		f *= 1024;
	return f;
}

static int bad(const char *text, struct err *err)
{
	return err_set(err, ERR_INVALID, "Bad size specification of '%s'", text);
}

static int parse_percent(const char *text, const char *sign, struct lvol_size *ret, struct err *err)
{
	static const char *const wholes[] = {"VG", "PVS", "FREE"};
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || end != sign)
		return bad(text, err);
	if (n > 100)
		return err_set(err, ERR_INVALID, "Size percentage cannot be larger than 100%%");
	if (strcmp(sign + 1, "ORIGIN") == 0)
		return err_set(err, ERR_UNSUPPORTED, "Snapshot Volumes are not supported");
	ret->percent = (unsigned)n;
	for (size_t i = 0; i < ARRAY_LEN(wholes); i++)
		if (strcmp(sign + 1, wholes[i]) == 0)
			ret->whole = wholes[i];
	return ret->whole ? 0
			  : err_set(err, ERR_INVALID,
				    "Specify extents as a percentage of VG|PVS|FREE");
}

/* 10, 1.5g; no exponents, no signs. */
static int parse_number(struct arena *a, const char *text, struct lvol_size *ret, struct err *err)
{
	size_t n = strspn(text, "0123456789.");
	const char *unit = text + n;
	char *end;
	ret->unit = 'm';
	if (unit[0] && strchr("bskmgtpeBSKMGTPE", unit[0]) && !unit[1])
		ret->unit = unit[0];
	else if (unit[0])
		return bad(text, err);
	ret->number = arena_strndup(a, text, n);
	double value = strtod(ret->number, &end);
	if (!isdigit((unsigned char)text[0]) || *end || value > SIZE_LIMIT)
		return bad(text, err);
	ret->bytes = value * factor_of(ret->unit);
	return ret->bytes < SIZE_LIMIT ? 0 : bad(text, err);
}

int lvol_size_parse(struct arena *a, const char *text, struct lvol_size *ret, struct err *err)
{
	*ret = (struct lvol_size){.unit = 'm'};
	if (text[0] == '+' || text[0] == '-')
		ret->sign = *text++;
	const char *percent = strchr(text, '%');
	return percent ? parse_percent(text, percent, ret, err) : parse_number(a, text, ret, err);
}

void lvol_size_add(struct program *p, const struct lvol_size *s, char option, bool with_sign)
{
	const char *sign = with_sign && s->sign ? (s->sign == '+' ? "+" : "-") : "";
	if (s->whole) {
		program_add(p, "-l");
		program_add_fmt(p, "%s%u%%%s", sign, s->percent, s->whole);
	} else {
		program_add_fmt(p, "-%c", option);
		program_add_fmt(p, "%s%s%c", sign, s->number, s->unit);
	}
}

double lvol_size_show(const struct lvol_size *s, uint64_t bytes)
{
	double n = (double)bytes / factor_of(s->unit);
	return n < 1e12 ? (double)(uint64_t)(n * 100 + 0.5) / 100 : n;
}
