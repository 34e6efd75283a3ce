#include "certificate_time.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define SECONDS_MAX (INT64_C(10000) * 366 * DAY_S)

static int bad(const char *text, struct err *err)
{
	return err_set(err, ERR_INVALID, "'%s' is no time like +3650d, +52w or 20300101000000Z",
		       text);
}

static int relative(const char *text, int64_t *ret, struct err *err)
{
	static const char units[] = "wdhms";
	static const int64_t seconds[] = {7 * DAY_S, DAY_S, 3600, 60, 1};
	int64_t sum = 0;
	for (const char *p = text + 1; *p;) {
		int64_t n = 0;
		if (!isdigit((unsigned char)*p))
			return bad(text, err);
		for (; isdigit((unsigned char)*p) && n < SECONDS_MAX; p++)
			n = n * 10 + (*p - '0');
		const char *unit = *p ? strchr(units, *p) : NULL;
		if (!unit || n > SECONDS_MAX / seconds[unit - units])
			return bad(text, err);
		sum += n * seconds[unit - units];
		p++;
		if (sum > SECONDS_MAX)
			return bad(text, err);
	}
	*ret = sum;
	return 0;
}

int certificate_time(const char *text, int64_t now_s, int64_t *ret, struct err *err)
{
	int64_t seconds = 0;
	if (text[0] == '+' || text[0] == '-') {
		int r = relative(text, &seconds, err);
		if (r == 0)
			*ret = text[0] == '+' ? now_s + seconds : now_s - seconds;
		return r;
	}
	struct tm tm = {0};
	const char *end = strptime(text, "%Y%m%d%H%M%SZ", &tm);
	if (!end || *end)
		return bad(text, err);
	*ret = (int64_t)timegm(&tm);
	return 0;
}

int certificate_days(const char *text, int64_t now_s, int64_t *ret, struct err *err)
{
	int64_t at = 0;
	int r = text[0] == '-' ? bad(text, err) : certificate_time(text, now_s, &at, err);
	if (r < 0)
		return r;
	if (at <= now_s)
		return err_set(err, ERR_INVALID, "'%s' is not in the future", text);
	*ret = (at - now_s + DAY_S - 1) / DAY_S;
	return 0;
}
