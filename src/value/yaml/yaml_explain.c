#include "yaml_explain.h"

#include "rollout/base/utf8.h"

#define SHOWN_BYTES 60

struct srcloc yaml_place(const struct yaml_source *src, yaml_mark_t mark)
{
	return (struct srcloc){src->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

/* Lines count from 0, as libyaml's. */
static struct slice line_of(const struct yaml_source *src, size_t line)
{
	struct slice rest = src->text, part = {0};
	for (size_t i = 0; slice_split(&rest, '\n', &part); i++) {
		if (i == line)
			return part;
	}
	return SLICE_LIT("");
}

struct slice yaml_text_at(const struct yaml_source *src, yaml_mark_t mark)
{
	struct slice line = line_of(src, mark.line);
	for (size_t i = 0; i < mark.column && line.len > 0; i++)
		utf8_next(&line);
	return line;
}

static struct slice text_before(const struct yaml_source *src, yaml_mark_t mark)
{
	struct slice line = line_of(src, mark.line);
	return (struct slice){line.ptr, (size_t)(yaml_text_at(src, mark).ptr - line.ptr)};
}

static bool contains(struct slice s, const char *what)
{
	return s.len > 0 && memmem(s.ptr, s.len, what, strlen(what));
}

static size_t indent_of(struct slice line)
{
	size_t n = 0;
	while (n < line.len && line.ptr[n] == ' ')
		n++;
	return n;
}

/* The line before that is neither empty nor a comment; false at the top. */
static bool line_above(const struct yaml_source *src, size_t line, size_t *ret)
{
	while (line-- > 0) {
		struct slice text = slice_trim(line_of(src, line));
		if (text.len == 0 || text.ptr[0] == '#')
			continue;
		*ret = line;
		return true;
	}
	return false;
}

int yaml_explain_template(struct srcloc at, struct slice text, struct err *err)
{
	text = slice_trim(text);
	if (text.len > SHOWN_BYTES)
		return err_at(err, ERR_SYNTAX, at,
			      "a value that begins with {{ must be in quotes: \"{{ ... }}\"");
	const char *quote = contains(text, "\"") ? "'" : "\"";
	return err_at(err, ERR_SYNTAX, at,
		      "a value that begins with {{ must be in quotes: %s%.*s%s", quote,
		      SLICE_ARG(text), quote);
}

/* libyaml stops where its own reading fails; a template began before. */
static bool find_template(const struct yaml_source *src, yaml_mark_t mark, yaml_mark_t *ret)
{
	struct slice line = line_of(src, mark.line);
	const char *at = line.len ? memmem(line.ptr, line.len, "{{", 2) : NULL;
	if (!at)
		return false;
	struct slice before = slice_trim((struct slice){line.ptr, (size_t)(at - line.ptr)});
	if (before.len > 0 && !slice_ends_with(before, ":") && !slice_is(before, "-"))
		return false;
	*ret = mark;
	ret->column = utf8_count((struct slice){line.ptr, (size_t)(at - line.ptr)});
	return true;
}

static int explain_second_colon(const struct yaml_source *src, yaml_mark_t mark, struct err *err)
{
	struct srcloc at = yaml_place(src, mark);
	struct slice before = slice_trim(text_before(src, mark));
	size_t above = 0;
	while (slice_starts_with(before, "- "))
		before = slice_trim((struct slice){before.ptr + 2, before.len - 2});
	if (contains(before, ": "))
		return err_at(err, ERR_SYNTAX, at,
			      "': ' inside a value; put the whole value in quotes");
	if (!line_above(src, mark.line, &above))
		return err_at(err, ERR_SYNTAX, at, "a key cannot stand here");
	struct slice line = line_of(src, above);
	bool has_key = contains(line, ": ") || slice_ends_with(slice_trim(line), ":");
	if (!has_key && contains(line, ":"))
		return err_at(err, ERR_SYNTAX, at, "line %zu has no space after its ':'",
			      above + 1);
	if (!has_key)
		return err_at(err, ERR_SYNTAX, at, "line %zu has no ':' after its key", above + 1);
	if (indent_of(line_of(src, mark.line)) > indent_of(line))
		return err_at(err, ERR_SYNTAX, at,
			      "indented deeper than line %zu, whose key already has a value",
			      above + 1);
	return err_at(err, ERR_SYNTAX, at, "a key cannot stand here");
}

static int explain_start(const struct yaml_source *src, yaml_mark_t mark, struct err *err)
{
	struct srcloc at = yaml_place(src, mark);
	struct slice text = yaml_text_at(src, mark);
	if (text.len > 0 && text.ptr[0] == '\t')
		return err_at(err, ERR_SYNTAX, at,
			      "a tab in the indentation; YAML allows spaces only");
	return err_at(err, ERR_SYNTAX, at, "a value cannot begin with '%.*s'; put it in quotes",
		      text.len ? 1 : 0, text.ptr);
}

static int explain_key(const struct yaml_source *src, const yaml_parser_t *p, struct err *err)
{
	struct srcloc at = yaml_place(src, p->problem_mark);
	struct slice before = slice_trim(text_before(src, p->problem_mark));
	yaml_mark_t open = src->quoted_start, close = src->quoted_end;
	if (close.line == p->problem_mark.line && open.line < close.line)
		return err_at(err, ERR_SYNTAX, yaml_place(src, open),
			      "the quote that opens here closes only at line %zu column %zu, with "
			      "text after it: one of its line is missing, or must be escaped",
			      close.line + 1, close.column);
	if (slice_ends_with(before, "\"") || slice_ends_with(before, "'"))
		return err_at(err, ERR_SYNTAX, at,
			      "text after the closing quote; the quotes must be around the whole "
			      "value, and a ' inside of '...' is written ''");
	return err_at(err, ERR_SYNTAX, at,
		      "wrong indentation, or a key without ':'; the mapping around it begins at "
		      "line %zu column %zu",
		      p->context_mark.line + 1, p->context_mark.column + 1);
}

static int explain_unclosed(const struct yaml_source *src, const yaml_parser_t *p, struct err *err)
{
	struct slice open = yaml_text_at(src, p->context_mark);
	return err_at(err, ERR_SYNTAX, yaml_place(src, p->problem_mark),
		      "the '%.*s' of line %zu column %zu is not closed: expected ',' or '%s'",
		      open.len ? 1 : 0, open.ptr, p->context_mark.line + 1,
		      p->context_mark.column + 1, strstr(p->problem, "']'") ? "]" : "}");
}

static int explain_escape(const struct yaml_source *src, const yaml_parser_t *p, struct err *err)
{
	struct slice text = yaml_text_at(src, p->problem_mark);
	const char *at = text.len ? memchr(text.ptr, '\\', text.len) : NULL;
	char shown = at && at + 1 < text.ptr + text.len ? at[1] : '?';
	return err_at(err, ERR_SYNTAX, yaml_place(src, p->problem_mark),
		      "unknown escape '\\%c' in double quotes; write \\\\ or use single quotes",
		      shown >= ' ' && shown <= '~' ? shown : '?');
}

/* Bytes that are no text: libyaml tells an offset only. */
static int explain_reader(const struct yaml_source *src, const yaml_parser_t *p, struct err *err)
{
	struct srcloc at = {src->file, 1, 1};
	struct slice text = src->text;
	size_t offset = p->problem_offset < text.len ? p->problem_offset : text.len;
	const char *stop = text.ptr + offset;
	while (text.len > 0 && text.ptr < stop) {
		bool newline = text.ptr[0] == '\n';
		utf8_next(&text);
		at.line += newline;
		at.column = newline ? 1 : at.column + 1;
	}
	return err_at(err, ERR_SYNTAX, at, "not text: %s (value 0x%x)", p->problem,
		      (unsigned)p->problem_value);
}

static int explain_scanner(const struct yaml_source *src, const yaml_parser_t *p, struct err *err)
{
	struct srcloc at = yaml_place(src, p->problem_mark);
	struct srcloc began = yaml_place(src, p->context_mark);
	const char *what = p->problem;
	if (strstr(what, "tab character"))
		return err_at(err, ERR_SYNTAX, at,
			      "a tab in the indentation; YAML allows spaces only");
	if (strstr(what, "cannot start any token"))
		return explain_start(src, p->problem_mark, err);
	if (strstr(what, "mapping values are not allowed"))
		return explain_second_colon(src, p->problem_mark, err);
	if (strstr(what, "block sequence entries are not allowed"))
		return err_at(err, ERR_SYNTAX, at,
			      "a list item '- ' cannot begin here; put it on a line of its own");
	if (strstr(what, "could not find expected ':'"))
		return err_at(err, ERR_SYNTAX, began, "no ':' after this key");
	if (strstr(what, "unexpected end of stream") || strstr(what, "document indicator"))
		return err_at(err, ERR_SYNTAX, began, "the quote that opens here is never closed");
	if (strstr(what, "unexpected ':'"))
		return err_at(err, ERR_SYNTAX, at,
			      "a ':' at the end of a value in [...] or {...}; put it in quotes");
	if (strstr(what, "unknown escape"))
		return explain_escape(src, p, err);
	if (p->context && strstr(p->context, "alias"))
		return err_at(err, ERR_SYNTAX, began,
			      "a value that begins with '*' is an alias; put it in quotes");
	return err_at(err, ERR_SYNTAX, at, "%s%s%s", p->context ? p->context : "",
		      p->context ? ": " : "", what);
}

int yaml_explain(const struct yaml_source *src, const yaml_parser_t *p, struct err *err)
{
	yaml_mark_t template;
	if (p->error == YAML_MEMORY_ERROR)
		return err_at(err, ERR_LIMIT, (struct srcloc){src->file, 1, 1}, "out of memory");
	if (p->error == YAML_READER_ERROR)
		return explain_reader(src, p, err);
	if (find_template(src, p->problem_mark, &template))
		return yaml_explain_template(yaml_place(src, template), yaml_text_at(src, template),
					     err);
	if (strstr(p->problem, "did not find expected key"))
		return explain_key(src, p, err);
	if (strstr(p->problem, "did not find expected '-' indicator"))
		return err_at(err, ERR_SYNTAX, yaml_place(src, p->problem_mark),
			      "expected another '- ' here: the list begins at line %zu column %zu",
			      p->context_mark.line + 1, p->context_mark.column + 1);
	if (strstr(p->problem, "did not find expected ','"))
		return explain_unclosed(src, p, err);
	return explain_scanner(src, p, err);
}
