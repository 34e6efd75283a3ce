#include "text_file.h"

#include "../call.h"
#include "../regex.h"
#include "rollout/module/attributes.h"

static const char *const regexp_aliases[] = {"regex", NULL};
static const char *const line_aliases[] = {"value", NULL};

static const struct module_param params[] = {
	TEXT_FILE_PARAMS(text_path_aliases),
	MODULE_ATTRIBUTE_PARAMS,
	TEXT_PLACE_PARAMS("Whether the line shall be there."),
	{.name = "regexp",
	 .type = MODULE_STR,
	 .aliases = regexp_aliases,
	 .doc = "The last line that matches is replaced; with state absent all that match go."},
	{.name = "search_string", .type = MODULE_STR, .doc = "As regexp, but the text itself."},
	{.name = "line",
	 .type = MODULE_STR,
	 .aliases = line_aliases,
	 .doc = "The line that shall be there."},
	{.name = "firstmatch",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The first match counts instead of the last."},
	{.name = "backrefs",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "line may hold \\1; without a match nothing is added."},
	{0},
};
static const char *const exclusive[] = {"insertbefore|insertafter", "regexp|search_string",
					"backrefs|search_string", NULL};

#define NOWHERE SIZE_MAX

struct edit {
	struct module_call *call;
	struct text_lines lines;
	struct slice line;
	struct regex *regexp, *insert; /* NULL: not given */
	struct slice search;	       /* ptr NULL: not given */
	const char *after, *before;
	size_t match;  /* the line that regexp or search_string found */
	size_t exact;  /* the line that is there already */
	size_t anchor; /* where a new line goes */
};

static void edit_release(struct edit *e)
{
	regex_free(e->regexp);
	regex_free(e->insert);
	text_lines_release(&e->lines);
}

static bool contains(struct slice text, struct slice part)
{
	return part.len == 0 || memmem(text.ptr, text.len, part.ptr, part.len);
}

/* 1: regexp or search_string is in the line. */
static int matches(struct edit *e, struct slice line, struct err *err)
{
	if (e->regexp)
		return regex_search(e->regexp, line, 0, err);
	return e->search.ptr && contains(line, e->search);
}

static int find_match(struct edit *e, struct err *err)
{
	bool first = arg_bool(e->call, "firstmatch");
	for (size_t i = 0; i < e->lines.len; i++) {
		int r = matches(e, e->lines.at[i], err);
		if (r < 0)
			return r;
		if (r && (!first || e->match == NOWHERE))
			e->match = i;
	}
	return 0;
}

static int find_place(struct edit *e, struct err *err)
{
	bool first = arg_bool(e->call, "firstmatch");
	for (size_t i = 0; i < e->lines.len; i++) {
		if (slice_eq(text_line_bare(e->lines.at[i]), e->line)) {
			e->exact = i;
			continue;
		}
		int r = e->insert ? regex_search(e->insert, e->lines.at[i], 0, err) : 0;
		if (r < 0)
			return r;
		if (!r)
			continue;
		e->anchor = e->after ? i + 1 : i;
		if (first)
			return 0;
	}
	return 0;
}

/* The new line with its newline, in the arena. */
static int new_line(struct edit *e, struct slice *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (arg_bool(e->call, "backrefs") && e->match != NOWHERE) {
		int r = regex_search(e->regexp, e->lines.at[e->match], 0, err);
		if (r >= 0)
			r = regex_expand(e->regexp, e->line, &text, err);
		if (r < 0)
			return r;
	} else {
		strbuf_slice_append(&text, e->line);
	}
	if (!text.len || text.ptr[text.len - 1] != '\n')
		strbuf_putc(&text, '\n');
	*ret = arena_slice(e->call->arena, strbuf_slice(&text));
	return 0;
}

static void end_last_line(struct edit *e)
{
	if (!e->lines.len)
		return;
	struct slice *last = &e->lines.at[e->lines.len - 1];
	char end = last->ptr[last->len - 1];
	if (end != '\n' && end != '\r')
		*last = text_line_ended(e->call->arena, *last);
}

/* At the anchor, when what is there already is not the line. */
static const char *insert_at_anchor(struct edit *e, struct slice line)
{
	bool at_end = e->anchor == e->lines.len;
	if (e->after &&
	    slice_eq(text_line_bare(e->lines.at[at_end ? e->anchor - 1 : e->anchor]), e->line))
		return "";
	if (at_end)
		end_last_line(e);
	text_lines_insert(&e->lines, e->anchor, line);
	return "line added";
}

static const char *add_line(struct edit *e, struct slice line)
{
	bool at_start = (e->before && strcmp(e->before, "BOF") == 0) ||
			(e->after && strcmp(e->after, "BOF") == 0);
	if (at_start) {
		text_lines_insert(&e->lines, 0, line);
		return "line added";
	}
	if (e->anchor != NOWHERE)
		return insert_at_anchor(e, line);
	end_last_line(e);
	text_lines_insert(&e->lines, e->lines.len, line);
	return "line added";
}

/* *ret_msg is "" when the lines are as they shall be. */
static int ensure_present(struct edit *e, const char **ret_msg, struct err *err)
{
	struct slice line = {0};
	*ret_msg = "";
	int r = find_match(e, err);
	if (r == 0 && e->match == NOWHERE)
		r = find_place(e, err);
	if (r == 0)
		r = new_line(e, &line, err);
	if (r < 0)
		return r;
	size_t found = e->match != NOWHERE ? e->match : e->exact;
	if (found != NOWHERE) {
		if (!slice_eq(e->lines.at[found], line)) {
			e->lines.at[found] = line;
			*ret_msg = "line replaced";
		}
		return 0;
	}
	/* Without a match the references of the line have nothing to refer to. */
	if (!arg_bool(e->call, "backrefs"))
		*ret_msg = add_line(e, line);
	return 0;
}

static int remove_matching(struct edit *e, size_t *ret_found, struct err *err)
{
	size_t kept = 0;
	bool by_line = !e->regexp && !e->search.ptr;
	for (size_t i = 0; i < e->lines.len; i++) {
		int r = by_line ? slice_eq(text_line_bare(e->lines.at[i]), e->line)
				: matches(e, e->lines.at[i], err);
		if (r < 0)
			return r;
		if (!r)
			e->lines.at[kept++] = e->lines.at[i];
	}
	*ret_found = e->lines.len - kept;
	e->lines.len = kept;
	return 0;
}

static int prepare(struct edit *e, struct err *err)
{
	struct module_call *call = e->call;
	e->line = arg_slice(call, "line");
	e->search = arg_slice(call, "search_string");
	e->after = arg_str(call, "insertafter");
	e->before = arg_str(call, "insertbefore");
	if (!e->after && !e->before)
		e->after = "EOF";
	const char *anchor = e->after ? e->after : e->before;
	const char *end = e->after ? "EOF" : "BOF";
	int r = 0;
	if (arg_has(call, "regexp"))
		r = regex_compile("regexp", arg_slice(call, "regexp"), 0, &e->regexp, err);
	if (r == 0 && strcmp(anchor, end) != 0 && strcmp(anchor, "BOF") != 0)
		r = regex_compile(e->after ? "insertafter" : "insertbefore", slice_from(anchor), 0,
				  &e->insert, err);
	return r;
}

static int check_params(struct module_call *call, bool present, struct err *err)
{
	if (present && arg_bool(call, "backrefs") && !arg_has(call, "regexp"))
		return err_set(err, ERR_INVALID, "regexp is required with backrefs=true");
	if (present && !arg_has(call, "line"))
		return err_set(err, ERR_INVALID, "line is required with state=present");
	if (!present && !arg_has(call, "line") && !arg_has(call, "regexp") &&
	    !arg_has(call, "search_string"))
		return err_set(err, ERR_INVALID,
			       "one of line, search_string, or regexp is required with "
			       "state=absent");
	if (arg_has(call, "regexp") && arg_slice(call, "regexp").len == 0)
		result_warn(call, "The regular expression is an empty string, which will match "
				  "every line in the file.");
	return 0;
}

static int edit_and_save(struct edit *e, const struct text_file *f, bool present, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const char *msg = "";
	size_t found = 0;
	int r = present ? ensure_present(e, &msg, err) : remove_matching(e, &found, err);
	if (r < 0)
		return r;
	if (!present) {
		result_put_int(e->call, "found", (int64_t)found);
		if (found)
			msg = arena_printf(e->call->arena, "%zu line(s) removed", found);
	}
	for (size_t i = 0; i < e->lines.len; i++)
		strbuf_slice_append(&out, e->lines.at[i]);
	result_put_str(e->call, "backup", "");
	if (!f->exists && out.len == 0) { /* backrefs without a match make no file */
		result_put_str(e->call, "msg", msg);
		return 0;
	}
	r = text_file_save(e->call, f, strbuf_slice(&out), msg, err);
	const struct value *backup = value_get(e->call->result, "backup_file");
	if (backup)
		result_put(e->call, "backup", backup);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(edit_release)
	struct edit e = {.call = call, .match = NOWHERE, .exact = NOWHERE, .anchor = NOWHERE};
	bool present = strcmp(arg_str(call, "state"), "present") == 0;
	bool stop = false;
	int r = check_params(call, present, err);
	if (r == 0)
		r = prepare(&e, err);
	if (r == 0)
		r = text_file_open(call, !present || arg_bool(call, "create"), &f, &stop, err);
	if (r < 0 || stop)
		return r;
	if (!present && !f.exists) {
		result_put_str(call, "msg", "file not present");
		return 0;
	}
	text_lines_split(strbuf_slice(&f.content), &e.lines);
	return edit_and_save(&e, &f, present, err);
}

const struct module module_lineinfile = {
	.name = "lineinfile",
	.full_name = "ansible.builtin.lineinfile",
	.doc = "Makes sure that a line is in a file, or is not.",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
