#include "arguments.h"

#include "rollout/base/clock.h"

#define DAYS_MAX 36500
#define RENEW_BEFORE_DAYS_MAX 365 /* of the default, a third of the days */

int arguments_store(struct module_call *call, struct store *ret, struct err *err)
{
	const char *dir = arg_str(call, "dir");
	if (!dir || dir[0] != '/')
		return err_set(err, ERR_INVALID, "dir '%s' is not an absolute path",
			       dir ? dir : "");
	size_t len = strlen(dir);
	while (len > 1 && dir[len - 1] == '/')
		len--;
	*ret = (struct store){
		.host = call->host,
		.arena = call->arena,
		.dir = arena_strndup(call->arena, dir, len),
		.now_s = clock_realtime_us() / 1000000,
	};
	return 0;
}

const char *arguments_text(struct module_call *call, const char *argument)
{
	const char *text = arg_str(call, argument);
	return text && *text ? text : NULL;
}

int arguments_name(struct module_call *call, const char *argument, const char **ret,
		   struct err *err)
{
	const char *name = arg_str(call, argument);
	int r = store_name_check(argument, name ? name : "", err);
	if (r == 0)
		*ret = name;
	return r;
}

static int read_days(struct module_call *call, int64_t fallback, struct certificate_spec *spec,
		     struct err *err)
{
	int64_t days = arg_int(call, "days", fallback);
	if (days < 1 || days > DAYS_MAX)
		return err_set(err, ERR_INVALID, "days is %lld, not from 1 to %d", (long long)days,
			       DAYS_MAX);
	int64_t third = days / 3 < RENEW_BEFORE_DAYS_MAX ? days / 3 : RENEW_BEFORE_DAYS_MAX;
	int64_t before = arg_int(call, "renew_before_days", third);
	if (before < 0 || before >= days)
		return err_set(err, ERR_INVALID,
			       "renew_before_days (%lld) must be from 0 to less than days (%lld)",
			       (long long)before, (long long)days);
	spec->days = days;
	spec->renew_before_days = before;
	return 0;
}

static int read_subject(struct module_call *call, struct certificate_spec *spec, struct err *err)
{
	struct subject s = {
		.common_name = arg_str(call, "common_name"),
		.country = arg_str(call, "country"),
		.state = arg_str(call, "state"),
		.locality = arg_str(call, "locality"),
		.organizations = arg_list(call, "organization", NULL),
		.units = arg_list(call, "organizational_unit", NULL),
	};
	return subject_name(&s, &spec->subject, err);
}

int arguments_spec(struct module_call *call, const struct store *store, int64_t days_default,
		   struct certificate_spec *ret, struct err *err)
{
	struct certificate_spec spec = {
		.path_length = -1,
		.now_s = store->now_s,
		.force = arg_bool(call, "force"),
	};
	const char *type = arguments_text(call, "key_type");
	if (type && !key_type_by_name(type, &spec.key_type))
		return err_set(err, ERR_INVALID, "key_type '%s' is not known", type);
	int r = read_days(call, days_default, &spec, err);
	if (r == 0)
		r = read_subject(call, &spec, err);
	if (r == 0)
		*ret = spec;
	return r;
}
