/* An option of a section: what ini_file finds, changes, adds and removes. */
#include "ini_section.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice skip(struct slice s, size_t n)
{
	return (struct slice){s.ptr + n, s.len - n};
}

static struct slice skip_blanks(struct slice s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = skip(s, 1);
	return s;
}

struct slice ini_line(const struct ini_edit *e, const char *value)
{
	const char *equals = arg_bool(e->call, "no_extra_spaces") ? "=" : " = ";
	return slice_from(arena_printf(e->call->arena, "%s%s%s\n", e->option, value ? equals : "",
				       value ? value : ""));
}

bool ini_match(const struct ini_edit *e, struct slice line, bool inactive, struct slice *ret_value,
	       bool *ret_comment)
{
	if (line.len && line.ptr[line.len - 1] == '\n')
		line.len--;
	line = skip_blanks(line);
	*ret_comment = inactive && line.len && strchr("#;", line.ptr[0]);
	if (*ret_comment)
		line = skip_blanks(skip(line, 1));
	if (!slice_starts_with(line, e->option))
		return false;
	line = skip_blanks(skip(line, strlen(e->option)));
	if (line.len && line.ptr[0] != '=')
		return false;
	*ret_value = line.len ? skip_blanks(skip(line, 1)) : line;
	return true;
}

static bool matches(const struct ini_edit *e, size_t i, struct slice *ret_value)
{
	bool comment;
	return ini_match(e, e->section.at[i], arg_bool(e->call, "modify_inactive_option"),
			 ret_value, &comment);
}

/* With ignore_spaces a line of the same value stays as it is. */
static bool is_other(const struct ini_edit *e, struct slice old, struct slice new)
{
	struct slice was, is;
	bool comment, ignored;
	if (arg_bool(e->call, "ignore_spaces") && ini_match(e, old, true, &was, &comment) &&
	    !comment && ini_match(e, new, true, &is, &ignored))
		return !slice_eq(was, is);
	return !slice_eq(old, new);
}

static void put_line(struct ini_edit *e, size_t i, const char *value)
{
	struct slice line = ini_line(e, value);
	if (is_other(e, e->section.at[i], line)) {
		e->section.at[i] = line;
		e->changed = true;
		e->msg = "option changed";
	}
	e->done.at[i] = true;
}

static bool take_value(struct ini_edit *e, struct slice value, const char **ret)
{
	for (size_t i = 0; i < e->values.len; i++)
		if (slice_is(value, e->values.at[i])) {
			*ret = e->values.at[i];
			vec_remove(&e->values, i);
			return true;
		}
	return false;
}

/* Lines that have one of the values already. */
static void keep_equal(struct ini_edit *e)
{
	bool alone = arg_bool(e->call, "allow_no_value");
	struct slice value;
	const char *taken;
	for (size_t i = 0; i < e->section.len; i++) {
		if (!matches(e, i, &value))
			continue;
		if (e->values.len && take_value(e, value, &taken)) {
			bool bare = alone && !*taken;
			e->bare |= bare;
			put_line(e, i, bare ? NULL : taken);
		} else if (!e->values.len && alone) {
			put_line(e, i, NULL);
			e->bare = true;
			return;
		}
	}
}

static void remove_line(struct ini_edit *e, size_t i)
{
	vec_remove(&e->section, i);
	vec_remove(&e->done, i);
	e->changed = true;
	e->msg = "option changed";
}

/* The other lines of the option take the values that are left; the rest go. */
static void replace_others(struct ini_edit *e)
{
	struct slice value;
	bool comment;
	for (size_t i = 0; i < e->section.len && e->values.len; i++) {
		if (e->done.at[i] || !matches(e, i, &value))
			continue;
		put_line(e, i, e->values.at[0]);
		vec_remove(&e->values, 0);
	}
	for (size_t i = e->section.len; i-- > 0;)
		if (!e->done.at[i] && ini_match(e, e->section.at[i], false, &value, &comment))
			remove_line(e, i);
}

static bool is_comment_or_empty(struct slice line)
{
	line = skip_blanks(text_line_bare(line));
	return line.len == 0 || strchr("#;", line.ptr[0]);
}

static void insert_line(struct ini_edit *e, size_t at, const char *value)
{
	text_lines_insert(&e->section, at, ini_line(e, value));
	vec_push(&e->done, true);
	e->changed = true;
	e->msg = "option added";
}

/* What is left goes behind the section's last line that is no comment. */
static void add_missing(struct ini_edit *e)
{
	bool alone = arg_bool(e->call, "allow_no_value");
	size_t at = e->section.len;
	while (at > 0 && is_comment_or_empty(e->section.at[at - 1]))
		at--;
	if (at == 0 && e->name)
		return;
	if (e->values.len == 0 && alone && !e->bare)
		insert_line(e, at, NULL);
	for (size_t i = e->values.len; i-- > 0;)
		insert_line(e, at, e->values.at[i]);
}

void ini_set_option(struct ini_edit *e)
{
	for (size_t i = 0; i < e->section.len; i++)
		vec_push(&e->done, false);
	keep_equal(e);
	if (arg_bool(e->call, "exclusive") && !arg_bool(e->call, "allow_no_value"))
		replace_others(e);
	add_missing(e);
}

static bool is_wanted(const struct ini_edit *e, struct slice value)
{
	for (size_t i = 0; i < e->values.len; i++)
		if (slice_is(value, e->values.at[i]))
			return true;
	return false;
}

void ini_remove_option(struct ini_edit *e)
{
	bool all = arg_bool(e->call, "exclusive"), comment;
	struct slice value;
	for (size_t i = 0; i < e->section.len; i++)
		vec_push(&e->done, false);
	for (size_t i = e->section.len; i-- > 0;)
		if (ini_match(e, e->section.at[i], false, &value, &comment) &&
		    (all || is_wanted(e, value)))
			remove_line(e, i);
}
