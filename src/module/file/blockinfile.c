#include "text_file.h"

#include "../call.h"
#include "../regex.h"
#include "rollout/module/attributes.h"

static const char *const block_aliases[] = {"content", NULL};

static const struct module_param params[] = {
	TEXT_FILE_PARAMS(text_path_aliases),
	MODULE_ATTRIBUTE_PARAMS,
	TEXT_PLACE_PARAMS("Whether the block shall be there."),
	{.name = "block",
	 .type = MODULE_STR,
	 .fallback = "''",
	 .aliases = block_aliases,
	 .doc = "The lines between the markers; none removes the block."},
	{.name = "marker",
	 .type = MODULE_STR,
	 .fallback = "'# {mark} ANSIBLE MANAGED BLOCK'",
	 .doc = "The marker line; {mark} becomes marker_begin and marker_end."},
	{.name = "marker_begin",
	 .type = MODULE_STR,
	 .fallback = "BEGIN",
	 .doc = "{mark} before the block."},
	{.name = "marker_end",
	 .type = MODULE_STR,
	 .fallback = "END",
	 .doc = "{mark} after the block."},
	{.name = "append_newline",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "An empty line follows the block."},
	{.name = "prepend_newline",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "An empty line precedes the block."},
	{0},
};
static const char *const exclusive[] = {"insertbefore|insertafter", NULL};

#define NOWHERE SIZE_MAX

/* The marker line with its newline. */
static struct slice marker_line(struct module_call *call, const char *which)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const char *marker = arg_str(call, "marker"), *word = arg_str(call, which);
	for (const char *at; (at = strstr(marker, "{mark}")); marker = at + strlen("{mark}")) {
		strbuf_append(&out, marker, (size_t)(at - marker));
		strbuf_puts(&out, word);
	}
	strbuf_puts(&out, marker);
	strbuf_putc(&out, '\n');
	return arena_slice(call->arena, strbuf_slice(&out));
}

/* The last lines that are the markers. The last line of a file may lack its
 * newline and is then none, as in Ansible. */
static void find_markers(const struct text_lines *l, struct slice begin, struct slice end,
			 size_t *ret_begin, size_t *ret_end)
{
	*ret_begin = *ret_end = NOWHERE;
	for (size_t i = 0; i < l->len; i++) {
		if (slice_eq(l->at[i], begin))
			*ret_begin = i;
		if (slice_eq(l->at[i], end))
			*ret_end = i;
	}
}

static void cut(struct text_lines *l, size_t from, size_t to)
{
	memmove(&l->at[from], &l->at[to + 1], (l->len - to - 1) * sizeof(*l->at));
	l->len -= to + 1 - from;
}

/* (?m) at its start: it may match several lines. */
static bool is_multiline(const char *pattern)
{
	if (strncmp(pattern, "(?", 2) != 0)
		return false;
	size_t n = strspn(pattern + 2, "aiLmsux");
	return pattern[2 + n] == ')' && memchr(pattern + 2, 'm', n);
}

/* In the text as a whole: the line after the one where the match ends, or that where
 * it begins. */
static int find_in_text(struct regex *re, const struct text_file *f, bool after, size_t *ret,
			struct err *err)
{
	struct slice all = strbuf_slice(&f->content), found;
	int r = regex_search(re, all, 0, err);
	if (r <= 0)
		return r;
	found = regex_group_text(re, 0);
	const char *end = found.ptr + (after ? found.len : 0);
	size_t line = 0;
	for (const char *p = all.ptr; p < end; p++)
		line += *p == '\n';
	if (line + after < *ret)
		*ret = line + after;
	return 0;
}

/* Where a block goes that is not there yet. */
static int find_place(struct module_call *call, const struct text_file *f,
		      const struct text_lines *l, size_t *ret, struct err *err)
{
	CLEANUP(regex_cleanup) struct regex *re = NULL;
	const char *after = arg_str(call, "insertafter"), *before = arg_str(call, "insertbefore");
	*ret = l->len;
	if (before && strcmp(before, "BOF") == 0) {
		*ret = 0;
		return 0;
	}
	if ((!after && !before) || (after && strcmp(after, "EOF") == 0))
		return 0;
	int r = regex_compile(after ? "insertafter" : "insertbefore",
			      slice_from(after ? after : before), 0, &re, err);
	if (r == 0 && is_multiline(after ? after : before))
		return find_in_text(re, f, after != NULL, ret, err);
	for (size_t i = 0; r >= 0 && i < l->len; i++) {
		r = regex_search(re, l->at[i], 0, err);
		if (r > 0)
			*ret = after ? i + 1 : i;
	}
	return r < 0 ? r : 0;
}

static struct slice block_text(struct module_call *call, struct slice begin, struct slice end)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice block = arg_slice(call, "block");
	strbuf_slice_append(&out, begin);
	strbuf_slice_append(&out, block);
	if (!slice_ends_with(block, "\n"))
		strbuf_putc(&out, '\n');
	strbuf_slice_append(&out, end);
	return arena_slice(call->arena, strbuf_slice(&out));
}

static void insert_block(struct module_call *call, struct text_lines *l, size_t at,
			 struct slice block)
{
	static const struct slice empty = {"\n", 1};
	if (at > 0)
		l->at[at - 1] = text_line_ended(call->arena, l->at[at - 1]);
	if (!block.len)
		return;
	if (arg_bool(call, "append_newline") && at < l->len && !slice_eq(l->at[at], empty))
		text_lines_insert(l, at, empty);
	text_lines_insert(l, at, block);
	if (arg_bool(call, "prepend_newline") && at > 0 && !slice_eq(l->at[at - 1], empty))
		text_lines_insert(l, at, empty);
}

static int edit(struct module_call *call, const struct text_file *f, struct text_lines *l,
		bool present, struct err *err)
{
	struct slice begin = marker_line(call, "marker_begin");
	struct slice end = marker_line(call, "marker_end");
	bool wanted = present && arg_slice(call, "block").len > 0;
	size_t b, e, at;
	find_markers(l, begin, end, &b, &e);
	if (b == NOWHERE || e == NOWHERE) {
		int r = find_place(call, f, l, &at, err);
		if (r < 0)
			return r;
	} else {
		at = b < e ? b : e;
		cut(l, at, b < e ? e : b);
	}
	insert_block(call, l, at, wanted ? block_text(call, begin, end) : (struct slice){0});
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(text_lines_release) struct text_lines lines = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	bool present = strcmp(arg_str(call, "state"), "present") == 0;
	bool stop = false;
	int r = text_file_open(call, !present || arg_bool(call, "create"), &f, &stop, err);
	if (r < 0 || stop)
		return r;
	if (!present && !f.exists) {
		result_put_str(call, "msg",
			       arena_printf(call->arena, "File %s not present", f.path));
		return 0;
	}
	text_lines_split(strbuf_slice(&f.content), &lines);
	r = edit(call, &f, &lines, present, err);
	for (size_t i = 0; i < lines.len; i++)
		strbuf_slice_append(&out, lines.at[i]);
	bool wanted = present && arg_slice(call, "block").len > 0;
	const char *msg = !f.exists ? "File created" : wanted ? "Block inserted" : "Block removed";
	return r < 0 ? r : text_file_save(call, &f, strbuf_slice(&out), msg, err);
}

const struct module module_blockinfile = {
	.name = "blockinfile",
	.full_name = "ansible.builtin.blockinfile",
	.doc = "Keeps a block of lines between two marker lines of a file.",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
