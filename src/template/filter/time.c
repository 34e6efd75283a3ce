/* Dates: strftime, to_datetime, and Python's datetime and timedelta objects. */
#include "../value/datetime.h"
#include "filter.h"

#include "rollout/base/clock.h"

#include <math.h>
#include <time.h>

#define US INT64_C(1000000)

struct instant {
	struct eval *ev;
	int64_t us;
};

static const struct value_object_ops datetime_ops;
static const struct value_object_ops delta_ops;

static const struct value *instant_new(struct eval *ev, const struct value_object_ops *ops,
				       int64_t us)
{
	struct instant *i = ARENA_NEW(ev->arena, struct instant);
	*i = (struct instant){ev, us};
	struct value *v = value_object(ev->arena, ops, i);
	v->flags |= VALUE_FRESH;
	return v;
}
const struct value *time_datetime(struct eval *ev, int64_t us)
{
	return instant_new(ev, &datetime_ops, us);
}
const struct value *time_delta(struct eval *ev, int64_t us)
{
	return instant_new(ev, &delta_ops, us);
}

static bool is_instant(const struct value *v, const struct value_object_ops *ops, int64_t *ret)
{
	if (v->type != VALUE_OBJECT || v->object.ops != ops)
		return false;
	*ret = ((const struct instant *)v->object.self)->us;
	return true;
}
bool time_is_datetime(const struct value *v, int64_t *ret_us)
{
	return is_instant(v, &datetime_ops, ret_us);
}

bool time_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	     const struct value **ret)
{
	int64_t x, y, z;
	bool ad = is_instant(a, &datetime_ops, &x), bd = is_instant(b, &datetime_ops, &y);
	bool at = !ad && is_instant(a, &delta_ops, &x), bt = !bd && is_instant(b, &delta_ops, &y);
	if (!(ad || at) || !(bd || bt) || (ad && bd && op == OP_ADD) || (at && bd && op == OP_SUB))
		return false;
	if (op == OP_ADD ? __builtin_add_overflow(x, y, &z) : __builtin_sub_overflow(x, y, &z))
		return false;
	*ret = (ad && bd) || (at && bt) ? time_delta(ev, z) : time_datetime(ev, z);
	return true;
}

bool time_order(const struct value *a, const struct value *b, int *ret)
{
	int64_t x, y;
	if (!(is_instant(a, &datetime_ops, &x) && is_instant(b, &datetime_ops, &y)) &&
	    !(is_instant(a, &delta_ops, &x) && is_instant(b, &delta_ops, &y)))
		return false;
	*ret = (x > y) - (x < y);
	return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static void split(int64_t us, struct tm *tm, unsigned *ret_us)
{
	time_t sec = (time_t)floor_div(us, US);
	*ret_us = (unsigned)(us - (int64_t)sec * US);
	if (!gmtime_r(&sec, tm))
		*tm = (struct tm){.tm_mday = 1};
}

int time_format(struct eval *ev, struct slice fmt, const struct tm *tm, unsigned us,
		const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf f = {0}, out = {0};
	if (fmt.len > 4096)
		return err_set(err, ERR_LIMIT, "a date format larger than 4096 bytes");
	for (size_t i = 0; i < fmt.len; i++) {
		bool pair = fmt.ptr[i] == '%' && i + 1 < fmt.len;
		if (pair && fmt.ptr[i + 1] == 'f')
			strbuf_printf(&f, "%06u", us);
		else
			strbuf_append(&f, fmt.ptr + i, pair ? 2 : 1);
		i += pair;
	}
	strbuf_putc(&f, ' '); /* so that an empty result is not taken for a failure */
	size_t size = f.len * 40 + 256;
	char *p = strbuf_reserve(&out, size);
	size_t n = strftime(p, size, f.ptr, tm);
	strbuf_grew(&out, n ? n - 1 : 0);
	*ret = str_buf(ev, &out);
	return 0;
}

static int dt_strftime(struct call *c, const struct value **ret, struct err *err)
{
	struct slice fmt;
	struct tm tm;
	unsigned us;
	int r = call_text(c, 0, "", &fmt, err);
	if (r < 0)
		return r;
	split(((const struct instant *)c->in->object.self)->us, &tm, &us);
	return time_format(c->ev, fmt, &tm, us, ret, err);
}

FN(dt_isoformat)
{
	struct strbuf b = {0};
	struct tm tm;
	unsigned us;
	split(((const struct instant *)c->in->object.self)->us, &tm, &us);
	strbuf_printf(&b, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		      tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (us)
		strbuf_printf(&b, ".%06u", us);
	*ret = str_buf(c->ev, &b);
	strbuf_release(&b);
	return 0;
}

FN(dt_timestamp)
{
	struct tm tm;
	unsigned us;
	split(((const struct instant *)c->in->object.self)->us, &tm, &us);
	tm.tm_isdst = -1;
	*ret = float_new(c->ev, (double)mktime(&tm) + us / 1e6);
	return 0;
}

FN(td_total_seconds)
{
	*ret = float_new(c->ev, (double)((const struct instant *)c->in->object.self)->us / 1e6);
	return 0;
}

static int weekday(struct call *c, int sunday, const struct value **ret)
{
	struct tm tm;
	unsigned us;
	split(((const struct instant *)c->in->object.self)->us, &tm, &us);
	*ret = int_new(c->ev, sunday == 7 ? (tm.tm_wday + 6) % 7 + 1 : (tm.tm_wday + 6) % 7);
	return 0;
}
FN(dt_weekday)
{
	return weekday(c, 6, ret);
}
FN(dt_isoweekday)
{
	return weekday(c, 7, ret);
}
/* As text: they have no methods of their own here. */
FN(dt_date)
{
	struct slice s;
	int r = text_of(c->ev, c->in, &s, err);
	if (r == 0)
		*ret = str_new(c->ev, (struct slice){s.ptr, 10});
	return r;
}
FN(dt_time)
{
	struct slice s;
	int r = text_of(c->ev, c->in, &s, err);
	if (r == 0)
		*ret = str_new(c->ev, (struct slice){s.ptr + 11, s.len - 11});
	return r;
}

static const struct function datetime_methods[] = {
	{"date", "", 0, 0, dt_date},
	{"time", "", 0, 0, dt_time},
	{"weekday", "", 0, 0, dt_weekday},
	{"isoweekday", "", 0, 0, dt_isoweekday},
	{"strftime", "format", 1, 0, dt_strftime},
	{"isoformat", "", 0, 0, dt_isoformat},
	{"timestamp", "", 0, 0, dt_timestamp},
	{0},
};
static const struct function delta_methods[] = {{"total_seconds", "", 0, 0, td_total_seconds}, {0}};

static const struct value *bound(struct instant *i, const struct value_object_ops *ops,
				 const struct function *f, const struct value *key)
{
	for (; f->name; f++)
		if (value_is_str(key, f->name))
			return method_bind(i->ev, f, instant_new(i->ev, ops, i->us));
	return NULL;
}

static int datetime_get(void *self, struct arena *a, const struct value *key,
			const struct value **ret, struct err *err)
{
	struct instant *i = self;
	struct tm tm;
	unsigned us;
	split(i->us, &tm, &us);
	const struct {
		const char *name;
		int64_t value;
	} parts[] = {{"year", tm.tm_year + 1900}, {"month", tm.tm_mon + 1}, {"day", tm.tm_mday},
		     {"hour", tm.tm_hour},	  {"minute", tm.tm_min},    {"second", tm.tm_sec},
		     {"microsecond", us}};
	(void)err;
	*ret = bound(i, &datetime_ops, datetime_methods, key);
	for (size_t k = 0; k < ARRAY_LEN(parts); k++)
		if (value_is_str(key, parts[k].name))
			*ret = value_int(a, parts[k].value);
	return 0;
}

static int delta_get(void *self, struct arena *a, const struct value *key, const struct value **ret,
		     struct err *err)
{
	struct instant *i = self;
	int64_t days = floor_div(i->us, 86400 * US), rest = i->us - days * 86400 * US;
	(void)err;
	*ret = bound(i, &delta_ops, delta_methods, key);
	if (value_is_str(key, "days"))
		*ret = value_int(a, days);
	else if (value_is_str(key, "seconds"))
		*ret = value_int(a, rest / US);
	else if (value_is_str(key, "microseconds"))
		*ret = value_int(a, rest % US);
	return 0;
}

static void datetime_print(void *self, struct strbuf *out)
{
	struct tm tm;
	unsigned us;
	split(((const struct instant *)self)->us, &tm, &us);
	strbuf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		      tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (us)
		strbuf_printf(out, ".%06u", us);
}

static void delta_print(void *self, struct strbuf *out)
{
	int64_t us = ((const struct instant *)self)->us, days = floor_div(us, 86400 * US);
	int64_t rest = us - days * 86400 * US, sec = rest / US;
	if (days)
		strbuf_printf(out, "%lld day%s, ", (long long)days,
			      days == 1 || days == -1 ? "" : "s");
	strbuf_printf(out, "%lld:%02lld:%02lld", (long long)(sec / 3600),
		      (long long)(sec / 60 % 60), (long long)(sec % 60));
	if (rest % US)
		strbuf_printf(out, ".%06lld", (long long)(rest % US));
}

static const struct value_object_ops datetime_ops = {
	.type_name = "datetime", .get = datetime_get, .print = datetime_print};
static const struct value_object_ops delta_ops = {
	.type_name = "timedelta", .get = delta_get, .print = delta_print};

FN(f_to_datetime)
{
	struct slice s, fmt;
	struct tm tm = {.tm_mday = 1, .tm_year = 0};
	int64_t us = 0;
	int r;
	if ((r = in_text(c, &s, err)) < 0 ||
	    (r = call_text(c, 0, "%Y-%m-%d %H:%M:%S", &fmt, err)) < 0)
		return r;
	char *text = arena_strndup(c->ev->arena, s.ptr, s.len),
	     *f = arena_strndup(c->ev->arena, fmt.ptr, fmt.len);
	/* %f: as the last thing but for literal text */
	char *micro = strstr(f, "%f");
	const char *after = micro ? micro + 2 : "";
	if (micro)
		*micro = 0;
	const char *end = strptime(text, f, &tm);
	if (end && micro) {
		int64_t scale = US / 10;
		for (; *end >= '0' && *end <= '9' && scale > 0; end++, scale /= 10)
			us += (*end - '0') * scale;
		end = strptime(end, after, &tm);
	}
	if (!end || *end)
		return err_set(err, ERR_INVALID, "'%.*s' does not have the format '%.*s'",
			       SLICE_ARG(s), SLICE_ARG(fmt));
	/* A day of the year alone: timegm() makes the date of it. */
	if (strstr(f, "%j") && !strstr(f, "%m") && !strstr(f, "%b") && !strstr(f, "%d"))
		tm.tm_mday = tm.tm_yday + 1, tm.tm_mon = 0;
	struct tm given = tm;
	time_t seconds = timegm(&tm);
	if (given.tm_mday != tm.tm_mday && given.tm_mday <= 31)
		return err_set(err, ERR_INVALID, "the month does not have that day");
	*ret = time_datetime(c->ev, (int64_t)seconds * US + us);
	return 0;
}

FN(f_strftime)
{
	struct slice fmt;
	struct tm tm;
	bool utc;
	double second = 0;
	int r;
	if ((r = in_text(c, &fmt, err)) < 0 || (r = call_bool(c, 1, false, &utc, err)) < 0)
		return r;
	const struct value *v = c->arg[0];
	time_t t = (time_t)(clock_realtime_us() / US);
	if (v && v->type != VALUE_NULL) {
		if (!is_number(v) && !(is_str(v) && text_to_float(v->str, &second)))
			return type_error(err, "not seconds since the epoch", v);
		second = is_number(v) ? as_double(v) : second;
		if (!(fabs(second) < 1e15))
			return err_set(err, ERR_INVALID, "not seconds since the epoch");
		t = (time_t)second;
	}
	if (utc ? !gmtime_r(&t, &tm) : !localtime_r(&t, &tm))
		return err_set(err, ERR_INVALID, "not a date");
	return time_format(c->ev, fmt, &tm, 0, ret, err);
}

const struct function filters_time[] = {
	{"to_datetime", "format", 0, 0, f_to_datetime},
	{"strftime", "second,utc", 0, 0, f_strftime},
	{0},
};
