/*
 * ini_file (community.general): one option of one section.
 * https://docs.ansible.com/ansible/latest/collections/community/general/ini_file_module.html
 */
#include "ini_section.h"

#include "../call.h"
#include "../path/path_state.h"

#include "rollout/module/attributes.h"

static const char *const path_aliases[] = {"dest", NULL};
static const char *const states[] = {"absent", "present", NULL};

static const struct module_param params[] = {
	TEXT_FILE_PARAMS(path_aliases),
	MODULE_ATTRIBUTE_PARAMS,
	{.name = "section",
	 .type = MODULE_STR,
	 .doc = "Without it the option is before the first section."},
	{.name = "option", .type = MODULE_STR, .doc = "Without it the section itself is meant."},
	{.name = "value", .type = MODULE_STR, .doc = "The option's value."},
	{.name = "values",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Several lines of the option, one for each."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "absent removes the option, or without one the section."},
	{.name = "exclusive",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Other lines of the option go."},
	{.name = "no_extra_spaces",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "No blanks around the equals sign."},
	{.name = "ignore_spaces",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Other blanks alone are no change."},
	{.name = "allow_no_value",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "An option may stand without a value."},
	{.name = "modify_inactive_option",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "A line that is commented out is used."},
	{.name = "create",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Makes the file when it is not there."},
	{.name = "follow",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Edits a link's target instead of replacing the link."},
	{0},
};
static const char *const exclusive[] = {"value|values", NULL};

static void edit_release(struct ini_edit *e)
{
	text_lines_release(&e->before);
	text_lines_release(&e->section);
	text_lines_release(&e->after);
	vec_release(&e->values);
	vec_release(&e->done);
}

/* "[ name ]" at the start of the line */
static bool is_header_of(struct slice line, const char *name)
{
	const char *close;
	if (!line.len || line.ptr[0] != '[')
		return false;
	struct slice rest = {line.ptr + 1, line.len - 1}, want = slice_trim(slice_from(name));
	while (rest.len && strchr(" \t", rest.ptr[0]))
		rest = (struct slice){rest.ptr + 1, rest.len - 1};
	if (rest.len < want.len || memcmp(rest.ptr, want.ptr, want.len) != 0)
		return false;
	rest = (struct slice){rest.ptr + want.len, rest.len - want.len};
	close = rest.len ? memchr(rest.ptr, ']', rest.len) : NULL;
	return close && slice_trim((struct slice){rest.ptr, (size_t)(close - rest.ptr)}).len == 0;
}

/* The lines into before, section, after. Without a name the section is what
 * stands before the first header. */
static void split(struct ini_edit *e, const struct text_lines *lines)
{
	e->found = !e->name;
	bool inside = e->found, over = false;
	for (size_t i = 0; i < lines->len; i++) {
		struct slice line = lines->at[i];
		if (inside && line.ptr[0] == '[')
			over = true;
		if (!inside && !over && is_header_of(line, e->name))
			inside = e->found = true;
		if (over)
			vec_push(&e->after, line);
		else if (inside)
			vec_push(&e->section, line);
		else
			vec_push(&e->before, line);
	}
}

static void take_values(struct ini_edit *e)
{
	size_t n = 0;
	bool many = arg_has(e->call, "values");
	const char *const *given = arg_list(e->call, many ? "values" : "value", &n);
	for (size_t i = 0; i < n; i++) {
		bool known = false;
		for (size_t j = 0; j < e->values.len; j++)
			known |= strcmp(e->values.at[j], given[i]) == 0;
		if (!known)
			vec_push(&e->values, given[i]);
	}
}

/* The section is not there: it goes to the end of the file. */
static void append_section(struct ini_edit *e)
{
	vec_push(&e->after, slice_from(arena_printf(e->call->arena, "[%s]\n", e->name)));
	e->msg = e->option ? "section and option added" : "only section added";
	e->changed = true;
	for (size_t i = 0; e->option && i < e->values.len; i++)
		vec_push(&e->after, ini_line(e, e->values.at[i]));
	if (e->option && !e->values.len)
		vec_push(&e->after, ini_line(e, NULL));
}

static void edit(struct ini_edit *e)
{
	bool present = strcmp(arg_str(e->call, "state"), "present") == 0;
	if (present && e->found && e->option) {
		ini_set_option(e);
	} else if (present && !e->found) {
		append_section(e);
	} else if (!present && e->option) {
		ini_remove_option(e);
	} else if (!present && e->section.len) {
		e->section.len = 0;
		e->changed = true;
		e->msg = "section removed";
	}
}

static void join(const struct ini_edit *e, struct strbuf *out)
{
	const struct text_lines *parts[] = {&e->before, &e->section, &e->after};
	for (size_t p = 0; p < ARRAY_LEN(parts); p++)
		for (size_t i = 0; i < parts[p]->len; i++)
			strbuf_slice_append(out, parts[p]->at[i]);
}

/* The file's lines; an empty file is an empty line, and the last line ends. */
static void read_lines(struct ini_edit *e, struct text_file *f, struct text_lines *lines)
{
	struct slice text = strbuf_slice(&f->content);
	if (slice_starts_with(text, "\xef\xbb\xbf"))
		text = (struct slice){text.ptr + 3, text.len - 3};
	if (text.len == 0)
		text = SLICE_LIT("\n");
	if (text.ptr[text.len - 1] != '\n') {
		text = text_line_ended(e->call->arena, text);
		e->changed = true;
	}
	text_lines_split(text, lines);
}

static int run_edit(struct ini_edit *e, struct text_file *f, struct err *err)
{
	CLEANUP(text_lines_release) struct text_lines lines = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	read_lines(e, f, &lines);
	split(e, &lines);
	take_values(e);
	edit(e);
	join(e, &text);
	/* Not even made when there is nothing to write. */
	if (!e->changed && !f->exists)
		return 0;
	return text_file_save(e->call, f,
			      e->changed ? strbuf_slice(&text) : strbuf_slice(&f->content), e->msg,
			      err);
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(edit_release) struct ini_edit e = {.call = call, .msg = "OK"};
	bool stop = false, present = strcmp(arg_str(call, "state"), "present") == 0;
	e.name = arg_str(call, "section");
	e.name = e.name && *e.name ? e.name : NULL;
	e.option = arg_str(call, "option");
	if (present && !arg_bool(call, "allow_no_value") && !arg_has(call, "value") &&
	    !arg_has(call, "values"))
		return err_set(err, ERR_INVALID,
			       "Parameter 'value(s)' must be defined if state=present and "
			       "allow_no_value=False.");
	int r = call_check_line("section", arg_slice(call, "section"), err);
	if (r == 0)
		r = call_check_line("option", arg_slice(call, "option"), err);
	if (r == 0)
		r = text_file_open(call, arg_bool(call, "create"), &f, &stop, err);
	if (r < 0 || stop)
		return r;
	if (!arg_bool(call, "follow"))
		f.real = f.path;
	r = run_edit(&e, &f, err);
	result_put_str(call, "msg", e.msg);
	result_put_str(call, "path", f.path);
	return r < 0 ? r : path_state_put(call, f.path, err);
}

const struct module module_ini_file = {
	.name = "ini_file",
	.full_name = "community.general.ini_file",
	.doc = "Sets or removes an option in an INI file.",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
