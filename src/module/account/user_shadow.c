/* What /etc/shadow says beside the password: shadow(5), usermod(8), chage(1). */
#include "user_parts.h"

#include "../call.h"

#include <time.h>

#define EXPIRES_MAX_S 253402300800.0

enum shadow_field {
	SHADOW_PASSWORD = 1,
	SHADOW_MIN = 3,
	SHADOW_MAX,
	SHADOW_WARN,
	SHADOW_EXPIRES = 7
};

/* A field of the user's line; ptr NULL where the line cannot be seen. */
static struct slice shadow_field(struct module_call *call, const char *name, int field)
{
	struct slice text = call_read_trimmed(call, "/etc/shadow"), line, part = {NULL, 0};
	while (slice_split(&text, '\n', &line)) {
		struct slice rest = line;
		if (!slice_split(&rest, ':', &part) || !slice_is(part, name))
			continue;
		for (int i = 0; i < field; i++)
			if (!slice_split(&rest, ':', &part))
				return SLICE_LIT("");
		return part;
	}
	return (struct slice){NULL, 0};
}

static int change(struct module_call *call, const char *program, const char *option,
		  const char *value, const char *name, struct err *err)
{
	const char *const with[] = {program, option, value, name, NULL};
	const char *const without[] = {program, option, name, NULL};
	int r = call_change(call, value ? with : without, NULL, err);
	if (r == 0)
		result_changed(call);
	return r;
}

static int apply_lock(struct module_call *call, const char *name, struct err *err)
{
	struct slice hash = shadow_field(call, name, SHADOW_PASSWORD);
	bool want = arg_bool(call, "password_lock");
	if (!arg_has(call, "password_lock") || (hash.ptr && slice_starts_with(hash, "!") == want))
		return 0;
	/* A user without any password is "!" and cannot be unlocked. */
	if (!want && (slice_is(hash, "!") || slice_is(hash, "!!")))
		return 0;
	return change(call, "usermod", want ? "-L" : "-U", NULL, name, err);
}

static int apply_expires(struct module_call *call, const char *name, struct err *err)
{
	const struct value *v = value_get(call->args, "expires");
	char date[32] = "";
	const char *days = "";
	if (!v || v->type != VALUE_FLOAT)
		return 0;
	if (!(v->real < EXPIRES_MAX_S))
		return err_set(err, ERR_INVALID, "expires is beyond the year 9999");
	if (v->real >= 0) {
		time_t at = (time_t)v->real;
		struct tm tm;
		gmtime_r(&at, &tm);
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
		days = arena_printf(call->arena, "%lld", (long long)(v->real / 86400));
	}
	struct slice now = shadow_field(call, name, SHADOW_EXPIRES);
	if (now.ptr && slice_is(now, days))
		return 0;
	return change(call, "usermod", "-e", date, name, err);
}

static int apply_aging(struct module_call *call, const char *name, struct err *err)
{
	static const struct {
		const char *arg, *option;
		enum shadow_field field;
	} rows[] = {
		{"password_expire_max", "-M", SHADOW_MAX},
		{"password_expire_min", "-m", SHADOW_MIN},
		{"password_expire_warn", "-W", SHADOW_WARN},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!arg_has(call, rows[i].arg))
			continue;
		const char *want =
			arena_printf(call->arena, "%lld", (long long)arg_int(call, rows[i].arg, 0));
		struct slice now = shadow_field(call, name, (int)rows[i].field);
		if (now.ptr && slice_is(now, want))
			continue;
		int r = change(call, "chage", rows[i].option, want, name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int user_shadow(struct module_call *call, struct err *err)
{
	const char *name = arg_str(call, "name");
	int r = apply_lock(call, name, err);
	if (r == 0)
		r = apply_expires(call, name, err);
	return r < 0 ? r : apply_aging(call, name, err);
}
