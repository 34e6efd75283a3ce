/* Who the agent is, its environment, and the time. */
#include "../call.h"
#include "facts.h"
#include "rollout/base/clock.h"

#include <time.h>
#include <unistd.h>

extern char **environ;

static void collect_env(struct facts *f)
{
	struct value *env = value_dict_new(f->a);
	for (char **e = environ; e && *e; e++) {
		const char *eq = strchr(*e, '=');
		if (eq)
			value_dict_set(f->a, env,
				       value_str(f->a, (struct slice){*e, (size_t)(eq - *e)}),
				       value_cstr(f->a, eq + 1));
	}
	facts_put(f, "env", env);
}

static const char *const env_names[] = {"env", NULL};
const struct collector facts_env = {"min", env_names, collect_env};

static void collect_user(struct facts *f)
{
	struct host_user u = {0};
	struct host *host = f->call->host;
	if (host->ops->user_by_id(host, f->a, getuid(), &u, NULL) == 0 && u.exists) {
		facts_put_str(f, "user_id", u.name);
		facts_put_int(f, "user_gid", (int64_t)u.gid);
		facts_put_str(f, "user_gecos", u.gecos);
		facts_put_str(f, "user_dir", u.home);
		facts_put_str(f, "user_shell", u.shell);
	}
	facts_put_int(f, "user_uid", (int64_t)getuid());
	facts_put_int(f, "real_user_id", (int64_t)getuid());
	facts_put_int(f, "effective_user_id", (int64_t)geteuid());
	facts_put_int(f, "real_group_id", (int64_t)getgid());
	facts_put_int(f, "effective_group_id", (int64_t)getegid());
}

static const char *const user_names[] = {"user_*", "real_*_id", "effective_*_id", NULL};
const struct collector facts_user = {"min", user_names, collect_user};

static void put_formatted(struct facts *f, struct value *d, const char *key, const struct tm *tm,
			  const char *format)
{
	char text[64];
	size_t n = strftime(text, sizeof(text), format, tm);
	value_dict_put(f->a, d, key, value_str(f->a, (struct slice){text, n}));
}

static void collect_date_time(struct facts *f)
{
	static const struct {
		const char *key, *format;
	} local[] = {
		{"year", "%Y"},	      {"month", "%m"},
		{"weekday", "%A"},    {"weekday_number", "%w"},
		{"weeknumber", "%W"}, {"day", "%d"},
		{"hour", "%H"},	      {"minute", "%M"},
		{"second", "%S"},     {"date", "%Y-%m-%d"},
		{"time", "%H:%M:%S"}, {"iso8601_basic_short", "%Y%m%dT%H%M%S"},
		{"tz", "%Z"},	      {"tz_offset", "%z"},
	};
	struct value *d = value_dict_new(f->a);
	struct tm tm, utc;
	int64_t now_us = clock_realtime_us();
	time_t now = (time_t)(now_us / 1000000);
	int micro = (int)(now_us % 1000000);
	char text[64];
	tzset();
	localtime_r(&now, &tm);
	gmtime_r(&now, &utc);
	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		put_formatted(f, d, local[i].key, &tm, local[i].format);
	put_formatted(f, d, "iso8601", &utc, "%Y-%m-%dT%H:%M:%SZ");
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	value_dict_put(f->a, d, "iso8601_micro", value_fmt(f->a, "%s.%06dZ", text, micro));
	strftime(text, sizeof(text), "%Y%m%dT%H%M%S", &tm);
	value_dict_put(f->a, d, "iso8601_basic", value_fmt(f->a, "%s%06d", text, micro));
	value_dict_put(f->a, d, "epoch", value_fmt(f->a, "%lld", (long long)now));
	value_dict_put(f->a, d, "epoch_int", value_fmt(f->a, "%lld", (long long)now));
	value_dict_put(f->a, d, "tz_dst", value_cstr(f->a, tzname[1]));
	facts_put(f, "date_time", d);
}

static const char *const date_time_names[] = {"date_time", NULL};
const struct collector facts_date_time = {"min", date_time_names, collect_date_time};
