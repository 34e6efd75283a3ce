/* Filters that lay text out: indent, wrap, cut, comment. */
#include "../filter.h"

static int give(struct call *c, const struct strbuf *b, const struct value **ret)
{
	*ret = str_buf(c->ev, b);
	return 0;
}

/* A number of blanks, or the text itself. */
static int indent_text(struct call *c, struct strbuf *b, struct err *err)
{
	int64_t width;
	if (c->arg[0] && is_str(c->arg[0])) {
		strbuf_slice_append(b, c->arg[0]->str);
		return 0;
	}
	int r = call_int(c, 0, 4, &width, err);
	if (r == 0 && width > 10000)
		return err_set(err, ERR_LIMIT, "an indent above 10000");
	for (int64_t i = 0; r == 0 && i < width; i++)
		strbuf_putc(b, ' ');
	return r;
}

FN(f_indent)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, by = {0}, text = {0};
	struct slice s;
	bool first, blank;
	int r;
	if ((r = in_string(c, &s, err)) < 0 || (r = indent_text(c, &by, err)) < 0 ||
	    (r = call_bool(c, 1, false, &first, err)) < 0 ||
	    (r = call_bool(c, 2, false, &blank, err)) < 0)
		return r;
	strbuf_slice_append(&text, s);
	strbuf_putc(&text, '\n');
	const struct value *lines = text_splitlines(c->ev, strbuf_slice(&text), false);
	for (size_t i = 0; i < lines->list.len; i++) {
		struct slice line = lines->list.at[i]->str;
		if (i)
			strbuf_putc(&b, '\n');
		if (i ? blank || line.len > 0 : first)
			strbuf_slice_append(&b, strbuf_slice(&by));
		strbuf_slice_append(&b, line);
		if ((r = limit_text(b.len, err)) < 0)
			return r;
	}
	return give(c, &b, ret);
}

FN(f_truncate)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s, end;
	int64_t length, leeway;
	bool killwords;
	size_t n;
	int r;
	if (is_list(c->in) || is_dict(c->in)) {
		/* What is short enough stays as it is, whatever it is. */
		*ret = c->in;
		if ((r = eval_length(c->ev, c->in, &n, err)) < 0 ||
		    (r = call_int(c, 0, 255, &length, err)) < 0)
			return r;
		return (int64_t)n <= length ? 0 : type_error(err, "a string is needed", c->in);
	}
	if ((r = in_string(c, &s, err)) < 0 || (r = call_int(c, 0, 255, &length, err)) < 0 ||
	    (r = call_bool(c, 1, false, &killwords, err)) < 0 ||
	    (r = call_text(c, 2, "...", &end, err)) < 0 ||
	    (r = call_int(c, 3, 5, &leeway, err)) < 0)
		return r;
	int64_t keep = length - (int64_t)chars_length(end);
	if (keep < 0 || leeway < 0)
		return err_set(err, ERR_INVALID,
			       "the length is shorter than the end mark, or the leeway negative");
	if ((int64_t)chars_length(s) <= length || (int64_t)chars_length(s) <= length + leeway) {
		*ret = str_new(c->ev, s);
		return 0;
	}
	s.len = chars_offset(s, (size_t)keep);
	const char *space = killwords ? NULL : memrchr(s.ptr, ' ', s.len);
	if (space)
		s.len = (size_t)(space - s.ptr);
	strbuf_slice_append(&b, s);
	strbuf_slice_append(&b, end);
	return give(c, &b, ret);
}

struct wrap {
	struct strbuf *out;
	struct slice newline;
	size_t width;
	bool break_long, break_hyphens;
};

/* Python's textwrap: the next chunk is white space, or a word up to a space or behind a hyphen. */
static size_t chunk_end(const struct wrap *w, struct slice s, size_t i)
{
	size_t start = i;
	bool space = s.ptr[i] == ' ' || s.ptr[i] == '\t';
	for (; i < s.len; i++) {
		bool blank = s.ptr[i] == ' ' || s.ptr[i] == '\t';
		if (blank != space)
			break;
		bool letter_before =
			i > start && ((s.ptr[i - 1] | 32) >= 'a' && (s.ptr[i - 1] | 32) <= 'z');
		bool letter_after =
			i + 1 < s.len && ((s.ptr[i + 1] | 32) >= 'a' && (s.ptr[i + 1] | 32) <= 'z');
		if (!space && w->break_hyphens && s.ptr[i] == '-' && letter_before && letter_after)
			return i + 1;
	}
	return i;
}

static void end_line(const struct wrap *w, struct strbuf *line, bool *first)
{
	while (line->len > 0 &&
	       (line->ptr[line->len - 1] == ' ' || line->ptr[line->len - 1] == '\t'))
		strbuf_truncate(line, line->len - 1);
	if (line->len == 0)
		return;
	if (!*first)
		strbuf_slice_append(w->out, w->newline);
	*first = false;
	strbuf_slice_append(w->out, strbuf_slice(line));
	strbuf_truncate(line, 0);
}

static void wrap_paragraph(const struct wrap *w, struct slice s)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	bool first = true;
	for (size_t i = 0; i < s.len;) {
		size_t end = chunk_end(w, s, i);
		struct slice chunk = {s.ptr + i, end - i};
		bool space = chunk.ptr[0] == ' ' || chunk.ptr[0] == '\t';
		size_t len = chars_length(chunk), used = chars_length(strbuf_slice(&line));
		if (space && used == 0 && !first) {
			i = end;
		} else if (used + len <= w->width) {
			strbuf_slice_append(&line, chunk);
			i = end;
		} else if (space) {
			end_line(w, &line, &first);
			i = end;
		} else if (len > w->width && w->break_long) {
			size_t room = w->width > used ? w->width - used : (used ? 0 : 1);
			size_t cut = chars_offset(chunk, room);
			strbuf_append(&line, chunk.ptr, cut);
			i += cut;
			end_line(w, &line, &first);
		} else {
			if (used == 0) {
				strbuf_slice_append(&line, chunk);
				i = end;
			}
			end_line(w, &line, &first);
		}
	}
	end_line(w, &line, &first);
}

FN(f_wordwrap)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct wrap w = {.out = &b};
	struct slice s;
	int64_t width;
	int r;
	if ((r = in_string(c, &s, err)) < 0 || (r = call_int(c, 0, 79, &width, err)) < 0 ||
	    (r = call_bool(c, 1, true, &w.break_long, err)) < 0 ||
	    (r = call_text(c, 2, "\n", &w.newline, err)) < 0 ||
	    (r = call_bool(c, 3, true, &w.break_hyphens, err)) < 0)
		return r;
	if (width <= 0)
		return err_set(err, ERR_INVALID, "the width must be above 0");
	w.width = (size_t)width;
	const struct value *lines = text_splitlines(c->ev, s, false);
	for (size_t i = 0; i < lines->list.len; i++) {
		if (i)
			strbuf_slice_append(&b, w.newline);
		wrap_paragraph(&w, lines->list.at[i]->str);
		if ((r = limit_text(b.len, err)) < 0)
			return r;
	}
	return give(c, &b, ret);
}

struct comment_style {
	const char *name, *beginning, *decoration, *end;
};
static const struct comment_style styles[] = {
	{"plain", "", "# ", ""},	{"erlang", "", "% ", ""},      {"c", "", "// ", ""},
	{"cblock", "/*", " * ", " */"}, {"xml", "<!--", " - ", "-->"},
};

static struct slice strip_right(struct slice s)
{
	return text_strip(s, NULL, false, true);
}

struct comment {
	struct slice newline, beginning, prefix, decoration, postfix, end;
	int64_t prefix_count, postfix_count;
};

static int comment_options(struct call *c, struct comment *k, struct err *err)
{
	const struct comment_style *style = &styles[0];
	struct slice name;
	CLEANUP(strbuf_release) struct strbuf fix = {0};
	int r = call_text(c, 0, "plain", &name, err);
	for (size_t i = 0; i < ARRAY_LEN(styles); i++)
		if (slice_is(name, styles[i].name))
			style = &styles[i];
	if (r == 0 && !slice_is(name, style->name))
		return err_set(err, ERR_INVALID, "there is no comment style '%.*s'",
			       SLICE_ARG(name));
	if (r < 0 || (r = call_text(c, 1, style->decoration, &k->decoration, err)) < 0)
		return r;
	struct slice stripped = strip_right(k->decoration);
	strbuf_slice_append(&fix, stripped);
	const char *def = arena_strndup(c->ev->arena, fix.ptr ? fix.ptr : "", fix.len);
	if ((r = call_text(c, 2, "\n", &k->newline, err)) < 0 ||
	    (r = call_text(c, 3, style->beginning, &k->beginning, err)) < 0 ||
	    (r = call_text(c, 4, def, &k->prefix, err)) < 0 ||
	    (r = call_int(c, 5, 1, &k->prefix_count, err)) < 0 ||
	    (r = call_text(c, 6, def, &k->postfix, err)) < 0 ||
	    (r = call_int(c, 7, 1, &k->postfix_count, err)) < 0)
		return r;
	const struct value *end = template_arg(c->args, "end");
	k->end = slice_from(style->end);
	if (k->prefix_count > 1000 || k->postfix_count > 1000)
		return err_set(err, ERR_LIMIT, "more than 1000 lines of prefix or postfix");
	return end ? text_of(c->ev, end, &k->end, err) : 0;
}

/* Each line with its decoration; blanks at the end of empty ones go. */
static int comment_lines(const struct comment *k, struct slice s, struct strbuf *out,
			 struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf raw = {0}, bare = {0}, from = {0};
	strbuf_slice_append(&from, k->newline);
	strbuf_slice_append(&from, k->decoration);
	strbuf_slice_append(&raw, k->decoration);
	int r = text_replace(&raw, s, k->newline, strbuf_slice(&from), -1, err);
	if (r < 0)
		return r;
	strbuf_truncate(&from, 0);
	strbuf_slice_append(&from, k->decoration);
	strbuf_slice_append(&from, k->newline);
	strbuf_slice_append(&bare, strip_right(k->decoration));
	strbuf_slice_append(&bare, k->newline);
	return text_replace(out, strbuf_slice(&raw), strbuf_slice(&from), strbuf_slice(&bare), -1,
			    err);
}

FN(f_comment)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct comment k;
	struct slice s;
	int r;
	if ((r = in_string(c, &s, err)) < 0 || (r = comment_options(c, &k, err)) < 0)
		return r;
	if (k.beginning.len) {
		strbuf_slice_append(&b, k.beginning);
		strbuf_slice_append(&b, k.newline);
	}
	for (int64_t i = 0; i < k.prefix_count && k.prefix.len; i++) {
		if (!slice_eq(k.prefix, k.newline))
			strbuf_slice_append(&b, k.prefix);
		strbuf_slice_append(&b, k.newline);
	}
	if ((r = comment_lines(&k, s, &b, err)) < 0)
		return r;
	for (int64_t i = 0; i < k.postfix_count; i++) {
		strbuf_slice_append(&b, k.newline);
		strbuf_slice_append(&b, k.postfix);
	}
	if (k.end.len) {
		strbuf_slice_append(&b, k.newline);
		strbuf_slice_append(&b, k.end);
	}
	return give(c, &b, ret);
}

/* Dicts in the order of their keys, all the way down. */
static const struct value *sorted(struct call *c, const struct value *v, unsigned depth)
{
	if ((!is_list(v) && !is_dict(v)) || depth > VALUE_MAX_DEPTH)
		return v;
	struct value *out = is_list(v) ? list_new(c->ev) : dict_new(c->ev);
	out->flags |= v->flags & VALUE_TUPLE;
	for (size_t i = 0; is_list(v) && i < v->list.len; i++)
		list_push(c->ev, out, sorted(c, v->list.at[i], depth + 1));
	if (is_list(v))
		return out;
	size_t n = v->dict.len;
	const struct value **values = ARENA_ARRAY(c->ev->arena, const struct value *, n + 1);
	const struct value **keys = ARENA_ARRAY(c->ev->arena, const struct value *, n + 1);
	for (size_t i = 0; i < n; i++)
		values[i] = keys[i] = v->dict.at[i].key;
	if (sort_items(c->ev, values, keys, n, false, NULL) < 0)
		return v;
	for (size_t i = 0; i < n; i++)
		value_dict_set(c->ev->arena, out, values[i],
			       sorted(c, value_find(v, values[i]), depth + 1));
	return out;
}

FN(f_pprint)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	int r = use_deep(c->ev, c->in, err);
	if (r == 0)
		r = print_repr(c->ev, &b, sorted(c, c->in, 0), err);
	return r < 0 ? r : give(c, &b, ret);
}

const struct function filters_text[] = {
	{"indent", "width,first,blank", 0, 0, f_indent},
	{"truncate", "length,killwords,end,leeway", 0, 0, f_truncate},
	{"wordwrap", "width,break_long_words,wrapstring,break_on_hyphens", 0, 0, f_wordwrap},
	{"comment", "style,decoration,newline,beginning,prefix,prefix_count,postfix,postfix_count",
	 0, FN_KWARGS, f_comment},
	{"pprint", "", 0, 0, f_pprint},
	{0},
};
