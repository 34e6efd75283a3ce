/*
 * cron: a job or a variable of a crontab.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/cron_module.html
 */
#include "crontab.h"

#include "../call.h"
#include "rollout/base/file.h"

#include <ctype.h>

static const char *const job_aliases[] = {"value", NULL};
static const char *const day_aliases[] = {"dom", NULL};
static const char *const weekday_aliases[] = {"dow", NULL};

static const char *const specials[] = {"reboot", "yearly", "annually", "monthly",
				       "weekly", "daily",  "hourly",   NULL};

#define CRON_FIELD(name_, doc_, ...)                                                               \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .fallback = "'*'", .doc = doc_, __VA_ARGS__     \
	}

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Names the job in a comment above it; with env the variable."},
	{.name = "user", .type = MODULE_STR, .doc = "Whose crontab, or as whom the job runs."},
	{.name = "job", .type = MODULE_STR, .aliases = job_aliases, .doc = "What cron runs."},
	CRONTAB_PARAMS,
	CRON_FIELD("minute", "0-59, *, */2 …"),
	CRON_FIELD("hour", "0-23, *, */2 …"),
	CRON_FIELD("day", "1-31, *, */2 …", .aliases = day_aliases),
	CRON_FIELD("month", "1-12, *, */2 …"),
	CRON_FIELD("weekday", "0-6 from Sunday, *, …", .aliases = weekday_aliases),
	{.name = "special_time",
	 .type = MODULE_STR,
	 .choices = specials,
	 .doc = "@reboot, @daily … in place of the five."},
	{.name = "disabled",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The job is there, commented out."},
	{.name = "env",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "It is a variable; job is its value."},
	{.name = "insertafter", .type = MODULE_STR, .doc = "With env: after that variable."},
	{.name = "insertbefore", .type = MODULE_STR, .doc = "With env: before that variable."},
	{0},
};
static const char *const exclusive[] = {"insertafter|insertbefore", NULL};

static const char *const time_fields[] = {"minute", "hour", "day", "month", "weekday"};

static struct slice trim_line_ends(struct slice s)
{
	while (s.len && strchr("\r\n", s.ptr[0]))
		s = (struct slice){s.ptr + 1, s.len - 1};
	return text_line_bare(s);
}

static bool is_present(const struct module_call *call)
{
	return strcmp(arg_str(call, "state"), "present") == 0;
}

static int check_present(const struct module_call *call, struct err *err)
{
	if (arg_has(call, "cron_file") && !arg_has(call, "user"))
		return err_set(err, ERR_INVALID,
			       "To use cron_file=... parameter you must specify user=... as well");
	if (!arg_has(call, "job"))
		return err_set(err, ERR_INVALID,
			       "You must specify 'job' to install a new cron job or variable");
	if ((arg_has(call, "insertafter") || arg_has(call, "insertbefore")) &&
	    !arg_bool(call, "env"))
		return err_set(
			err, ERR_INVALID,
			"Insertafter and insertbefore parameters are valid only with env=yes");
	return 0;
}

/* They become one line, and the name another. */
static int check_lines(struct module_call *call, struct err *err)
{
	int r = call_check_line("name", arg_slice(call, "name"), err);
	if (r == 0)
		r = call_check_line("user", arg_slice(call, "user"), err);
	if (r == 0)
		r = call_check_line("job", trim_line_ends(arg_slice(call, "job")), err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(time_fields); i++)
		r = call_check_line(time_fields[i], arg_slice(call, time_fields[i]), err);
	return r;
}

static int check_arguments(struct module_call *call, struct err *err)
{
	const char *file = arg_str(call, "cron_file");
	if (file && strcmp(file, "/etc/crontab") == 0)
		return err_set(err, ERR_INVALID,
			       "Will not manage /etc/crontab via cron_file, see documentation.");
	for (size_t i = 0; arg_has(call, "special_time") && i < ARRAY_LEN(time_fields); i++)
		if (strcmp(arg_str(call, time_fields[i]), "*") != 0)
			return err_set(err, ERR_INVALID,
				       "You must specify time and date fields or special time.");
	if (arg_bool(call, "env") && strchr(arg_str(call, "name"), ' '))
		return err_set(err, ERR_INVALID, "Invalid name for environment variable");
	int r = check_lines(call, err);
	return r == 0 && is_present(call) ? check_present(call, err) : r;
}

/* cron ignores files of other names. */
static void warn_of_name(struct module_call *call)
{
	struct slice name = path_basename(arg_str(call, "cron_file"));
	for (size_t i = 0; i < name.len; i++) {
		if (isalnum((unsigned char)name.ptr[i]) || strchr("_-", name.ptr[i]))
			continue;
		result_warn(call,
			    "Filename portion of cron_file (\"%.*s\") should consist solely of "
			    "upper- and lower-case letters, digits, underscores, and hyphens",
			    SLICE_ARG(name));
		return;
	}
}

static struct slice job_line(const struct crontab *c)
{
	struct module_call *call = c->call;
	CLEANUP(strbuf_release) struct strbuf line = {0};
	if (arg_bool(call, "disabled"))
		strbuf_putc(&line, '#');
	if (arg_has(call, "special_time"))
		strbuf_printf(&line, "@%s ", arg_str(call, "special_time"));
	for (size_t i = 0; !arg_has(call, "special_time") && i < ARRAY_LEN(time_fields); i++)
		strbuf_printf(&line, "%s ", arg_str(call, time_fields[i]));
	if (c->path)
		strbuf_printf(&line, "%s ", c->user);
	strbuf_slice_append(&line, trim_line_ends(arg_slice(call, "job")));
	return arena_slice(call->arena, strbuf_slice(&line));
}

/* The line of the comment that names the job. */
static size_t find_comment(const struct crontab *c)
{
	const char *mark = arena_printf(c->call->arena, CRON_MARK "%s", arg_str(c->call, "name"));
	for (size_t i = 0; i + 1 < c->lines.len; i++)
		if (slice_is(c->lines.at[i], mark))
			return i;
	return SIZE_MAX;
}

/* The same job without a name of ours gets one. */
static bool adopt(struct crontab *c, struct slice comment, struct slice job)
{
	for (size_t i = 0; i < c->lines.len; i++) {
		if (!slice_eq(c->lines.at[i], job))
			continue;
		bool marked = i > 0 && slice_starts_with(c->lines.at[i - 1], CRON_MARK);
		if (!marked)
			text_lines_insert(&c->lines, i, comment);
		else if (slice_is(c->lines.at[i - 1], CRON_MARK "None"))
			c->lines.at[i - 1] = comment;
		else
			continue;
		return true;
	}
	return false;
}

static void set_job(struct crontab *c)
{
	struct slice job = job_line(c),
		     comment = slice_from(arena_printf(c->call->arena, CRON_MARK "%s",
						       arg_str(c->call, "name")));
	size_t at = find_comment(c);
	if (at != SIZE_MAX) {
		c->lines.at[at + 1] = job;
	} else if (!adopt(c, comment, job)) {
		vec_push(&c->lines, comment);
		vec_push(&c->lines, job);
	}
}

static void remove_job(struct crontab *c)
{
	for (size_t at = find_comment(c); c->lines.at && at != SIZE_MAX; at = find_comment(c)) {
		vec_remove(&c->lines, at + 1);
		vec_remove(&c->lines, at);
	}
}

static int edit(struct crontab *c, struct err *err)
{
	bool present = is_present(c->call);
	if (arg_bool(c->call, "env")) {
		const char *job = arg_str(c->call, "job");
		job = arena_printf(c->call->arena, "\"%s\"", job ? job : "");
		return crontab_set_env(c, arg_str(c->call, "name"), present ? job : NULL, err);
	}
	if (present)
		set_job(c);
	else
		remove_job(c);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(crontab_release) struct crontab c = {0};
	int r = check_arguments(call, err);
	if (r == 0)
		r = crontab_open(call, &c, err);
	if (r < 0)
		return r;
	if (c.path)
		warn_of_name(call);
	r = edit(&c, err);
	if (r == 0)
		r = crontab_save(&c, !is_present(call) && !arg_bool(call, "env"), err);
	if (r < 0)
		return r;
	crontab_put_names(&c);
	if (c.path)
		result_put_str(call, "cron_file", arg_str(call, "cron_file"));
	return 0;
}

const struct module module_cron = {
	.name = "cron",
	.full_name = "ansible.builtin.cron",
	.doc = "Manages jobs and variables of crontabs.",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
