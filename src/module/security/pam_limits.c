/*
 * pam_limits: lines of /etc/security/limits.conf, limits.conf(5).
 * https://docs.ansible.com/ansible/latest/collections/community/general/pam_limits_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "../path/path_state.h"

#include <stdlib.h>

#define FIELDS 4u
#define NICE_MIN (-20)
#define NICE_MAX 19

static const char *const types[] = {"hard", "soft", "-", NULL};
static const char *const items[] = {
	"core",	      "data",	  "fsize", "memlock",	"nofile",	"rss",	    "stack",
	"cpu",	      "nproc",	  "as",	   "maxlogins", "maxsyslogins", "priority", "locks",
	"sigpending", "msgqueue", "nice",  "rtprio",	"chroot",	NULL};
static const struct module_param params[] = {
	{.name = "domain",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "User, @group, wildcard or range of ids."},
	{.name = "limit_type",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = types,
	 .doc = "Which limit; - is both."},
	{.name = "limit_item",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = items,
	 .doc = "What is limited."},
	{.name = "value",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "A number, or unlimited, infinity, -1; of nice and priority -20 to 19."},
	{.name = "use_max",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "A larger value that is there stays."},
	{.name = "use_min",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "A smaller value that is there stays."},
	FILE_BACKUP_PARAM,
	{.name = "dest",
	 .type = MODULE_STR,
	 .fallback = "/etc/security/limits.conf",
	 .doc = "The file."},
	{.name = "comment", .type = MODULE_STR, .fallback = "''", .doc = "Follows the limit."},
	{0},
};
static const char *const exclusive[] = {"use_max|use_min", NULL};

struct limit {
	struct module_call *call;
	const char *domain, *type, *item, *value, *comment;
	const char *message; /* the line that is there in the end */
	bool found;
};

static bool is_endless(struct slice value)
{
	return slice_is(value, "unlimited") || slice_is(value, "infinity") || slice_is(value, "-1");
}

static bool is_niceness(const struct limit *l)
{
	return strcmp(l->item, "nice") == 0 || strcmp(l->item, "priority") == 0;
}

static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

static int check_value(const struct limit *l, struct slice value, const char *where,
		       struct err *err)
{
	if (!is_niceness(l)) {
		if (is_endless(value) || is_digits(value))
			return 0;
		return err_set(err, ERR_INVALID,
			       "%sValue of '%.*s' for item '%s' is invalid. It must be "
			       "'unlimited', 'infinity' or -1, or a number of 0 or larger",
			       where, SLICE_ARG(value), l->item);
	}
	struct slice number = value;
	if (number.len && strchr("+-", number.ptr[0]))
		number = (struct slice){value.ptr + 1, value.len - 1};
	const char *text = arena_slice(l->call->arena, value).ptr;
	if (is_digits(number) && number.len <= 3 && strtol(text, NULL, 10) >= NICE_MIN &&
	    strtol(text, NULL, 10) <= NICE_MAX)
		return 0;
	return err_set(err, ERR_INVALID,
		       "%sValue of '%.*s' for item '%s' is invalid. It must be a number in the "
		       "range -20 to 19",
		       where, SLICE_ARG(value), l->item);
}

/* Two numbers of any length, without a sign. */
static int compare_digits(struct slice a, struct slice b)
{
	for (; a.len > 1 && a.ptr[0] == '0'; a.len--)
		a.ptr++;
	for (; b.len > 1 && b.ptr[0] == '0'; b.len--)
		b.ptr++;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return slice_cmp(a, b);
}

static int compare(const struct limit *l, struct slice a, struct slice b)
{
	if (is_niceness(l)) {
		long x = strtol(arena_slice(l->call->arena, a).ptr, NULL, 10);
		long y = strtol(arena_slice(l->call->arena, b).ptr, NULL, 10);
		return (x > y) - (x < y);
	}
	if (is_endless(a) || is_endless(b))
		return is_endless(a) - is_endless(b);
	return compare_digits(a, b);
}

/* The value that the line shall have, which has `old` now. */
static int settle_value(const struct limit *l, struct slice old, struct slice *ret, struct err *err)
{
	bool max = arg_bool(l->call, "use_max"), min = arg_bool(l->call, "use_min");
	*ret = slice_from(l->value);
	if (!max && !min)
		return 0;
	int r = check_value(l, old, "the file has another kind of value: ", err);
	if (r < 0)
		return r;
	int order = compare(l, old, *ret);
	if ((max && order >= 0) || (min && order <= 0))
		*ret = old;
	return 0;
}

static const char *line_of(const struct limit *l, struct slice value, struct slice comment)
{
	return arena_printf(l->call->arena, "%s\t%s\t%s\t%.*s%s%.*s\n", l->domain, l->type, l->item,
			    SLICE_ARG(value), comment.len ? "\t#" : "", SLICE_ARG(comment));
}

/* Is the line about this limit? Then its value, and what follows a #. */
static bool is_about(const struct limit *l, struct slice line, struct slice *ret_value,
		     struct slice *ret_comment)
{
	struct slice field[FIELDS], rest, more;
	const char *hash = memchr(line.ptr, '#', line.len);
	*ret_comment = SLICE_LIT("");
	if (hash) {
		*ret_comment = (struct slice){hash + 1, line.len - (size_t)(hash - line.ptr) - 1};
		line.len = (size_t)(hash - line.ptr);
	}
	rest = line;
	for (size_t i = 0; i < FIELDS; i++)
		if (!slice_word(&rest, &field[i]))
			return false;
	*ret_value = field[3];
	return !slice_word(&rest, &more) && slice_is(field[0], l->domain) &&
	       slice_is(field[1], l->type) && slice_is(field[2], l->item);
}

static int edit_line(struct limit *l, struct slice line, struct strbuf *out, struct err *err)
{
	struct slice value, comment, wanted;
	struct slice bare = text_line_bare(line);
	if (!is_about(l, bare, &value, &comment)) {
		strbuf_slice_append(out, line);
		return 0;
	}
	l->found = true;
	int r = settle_value(l, value, &wanted, err);
	if (r < 0)
		return r;
	if (slice_eq(wanted, value)) {
		strbuf_slice_append(out, line);
		l->message = arena_slice(l->call->arena, line).ptr;
		return 0;
	}
	l->message = line_of(l, wanted, l->comment[0] ? slice_from(l->comment) : comment);
	strbuf_puts(out, l->message);
	return 0;
}

static int edit(struct limit *l, struct slice old, struct strbuf *out, struct err *err)
{
	CLEANUP(text_lines_release) struct text_lines lines = {0};
	int r = 0;
	text_lines_split(old, &lines);
	for (size_t i = 0; r == 0 && i < lines.len; i++)
		r = edit_line(l, lines.at[i], out, err);
	if (r < 0 || l->found)
		return r;
	if (out->len && out->ptr[out->len - 1] != '\n')
		strbuf_putc(out, '\n');
	l->message = line_of(l, slice_from(l->value), slice_from(l->comment));
	strbuf_puts(out, l->message);
	return 0;
}

static int check_args(const struct limit *l, struct err *err)
{
	int r = check_value(l, slice_from(l->value), "", err);
	if (r == 0)
		r = call_check_line("comment", slice_from(l->comment), err);
	if (r == 0)
		r = call_check_line("domain", slice_from(l->domain), err);
	if (r == 0 && (!l->domain[0] || strpbrk(l->domain, " \t#")))
		r = err_set(err, ERR_INVALID, "'%s' is not a domain of limits.conf", l->domain);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	bool stop = false;
	struct limit l = {.call = call,
			  .domain = arg_str(call, "domain"),
			  .type = arg_str(call, "limit_type"),
			  .item = arg_str(call, "limit_item"),
			  .value = arg_str(call, "value"),
			  .comment = arg_str(call, "comment")};
	const char *path = call_absolute_path(call, NULL, arg_str(call, "dest"));
	int r = check_args(&l, err);
	if (r == 0)
		r = text_file_open_at(call, path, true, &f, &stop, err);
	if (r == 0 && !stop && !f.exists)
		r = path_need_folder(call, path, err);
	if (r < 0 || stop)
		return r;
	r = edit(&l, strbuf_slice(&f.content), &text, err);
	if (r == 0)
		r = text_file_save(call, &f, strbuf_slice(&text), l.message, err);
	if (r == 0)
		result_put_str(call, "msg", l.message);
	return r;
}

const struct module module_pam_limits = {
	.name = "pam_limits",
	.full_name = "community.general.pam_limits",
	.doc = "Sets limits of users' sessions in limits.conf.",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
