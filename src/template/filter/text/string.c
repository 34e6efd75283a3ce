/* Filters of text, but for layout (text.c) and patterns (regex.c). */
#include "../filter.h"

#include "rollout/base/shellwords.h"

#include <ctype.h>

static int give(struct call *c, const struct strbuf *b, const struct value **ret)
{
	*ret = str_buf(c->ev, b);
	return 0;
}

/* A filter that is a function of the input's text. */
static int through(struct call *c, void (*fn)(struct strbuf *, struct slice),
		   const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = in_text(c, &s, err);
	if (r < 0)
		return r;
	fn(&b, s);
	return give(c, &b, ret);
}

FN(f_upper)
{
	return through(c, chars_upper, ret, err);
}
FN(f_lower)
{
	return through(c, chars_lower, ret, err);
}
FN(f_capitalize)
{
	return through(c, text_capitalize, ret, err);
}

static bool ends_word(uint32_t ch)
{
	return chars_is_space(ch) || (ch < 0x80 && ch && strchr("-({[<", (int)ch));
}

/* Jinja's: words begin after white space and -({[< alone. */
static void title(struct strbuf *b, struct slice s)
{
	bool begin = true;
	for (size_t i = 0; i < s.len; i = chars_next(s, i)) {
		uint32_t ch = chars_decode(s, i);
		chars_put(b, begin ? chars_to_upper(ch) : chars_to_lower(ch));
		begin = ends_word(ch);
	}
}
FN(f_title)
{
	return through(c, title, ret, err);
}

void escape_html(struct strbuf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.ptr[i]) {
		case '&':
			strbuf_puts(b, "&amp;");
			break;
		case '<':
			strbuf_puts(b, "&lt;");
			break;
		case '>':
			strbuf_puts(b, "&gt;");
			break;
		case '"':
			strbuf_puts(b, "&#34;");
			break;
		case '\'':
			strbuf_puts(b, "&#39;");
			break;
		default:
			strbuf_putc(b, s.ptr[i]);
		}
	}
}
static const struct value *as_html(struct call *c, const struct value *v)
{
	struct value *html = arena_copy(c->ev->arena, v, sizeof(*v));
	html->flags |= VALUE_HTML;
	return html;
}
FN(f_forceescape)
{
	const struct value *v;
	int r = through(c, escape_html, &v, err);
	if (r == 0)
		*ret = as_html(c, v);
	return r;
}
/* What is escaped stays as it is. */
FN(f_escape)
{
	if (!(c->in->flags & VALUE_HTML))
		return f_forceescape(c, ret, err);
	*ret = c->in;
	return 0;
}

FN(f_string)
{
	struct slice s;
	int r = in_text(c, &s, err);
	if (r == 0)
		*ret = is_str(c->in) ? c->in : str_new(c->ev, s);
	return r;
}

FN(f_safe)
{
	int r = f_string(c, ret, err);
	if (r == 0)
		*ret = as_html(c, *ret);
	return r;
}

FN(f_trim)
{
	struct slice s, set = {0};
	bool white = !c->arg[0] || c->arg[0]->type == VALUE_NULL;
	int r = in_text(c, &s, err);
	if (r == 0 && !white)
		r = call_text(c, 0, "", &set, err);
	if (r == 0)
		*ret = str_new(c->ev, text_strip(s, white ? NULL : &set, true, true));
	return r;
}

FN(f_replace)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s, from, to;
	int64_t count;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "", &from, err)) < 0 ||
	    (r = call_text(c, 1, "", &to, err)) < 0 || (r = call_int(c, 2, -1, &count, err)) < 0 ||
	    (r = text_replace(&b, s, from, to, count, err)) < 0)
		return r;
	return give(c, &b, ret);
}

/* '%s' | format(a, b) or format(name=a). */
FN(f_format)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	struct value *args = c->args->nkeywords ? dict_new(c->ev) : tuple_new(c->ev);
	if (c->args->nkeywords && c->args->npositional)
		return err_set(err, ERR_INVALID, "positional and keyword arguments together");
	for (size_t i = 0; i < c->args->npositional; i++)
		list_push(c->ev, args, c->args->positional[i]);
	for (size_t i = 0; i < c->args->nkeywords; i++)
		value_dict_set(c->ev->arena, args, str_new(c->ev, c->args->names[i]),
			       c->args->keywords[i]);
	int r = in_text(c, &s, err);
	if (r < 0 || (r = format_percent(c->ev, s, args, &b, err)) < 0)
		return r;
	return give(c, &b, ret);
}

FN(f_center)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int64_t width;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_int(c, 0, 80, &width, err)) < 0)
		return r;
	if (width > TEXT_MAX_BYTES)
		return limit_text(SIZE_MAX, err);
	int64_t len = (int64_t)chars_length(s), total = width > len ? width - len : 0;
	int64_t left = total / 2 + (total & width & 1);
	for (int64_t i = 0; i < left; i++)
		strbuf_putc(&b, ' ');
	strbuf_slice_append(&b, s);
	for (int64_t i = left; i < total; i++)
		strbuf_putc(&b, ' ');
	return give(c, &b, ret);
}

/* Tags and comments go, white space is collapsed, the five entities are read. */
static void strip_tags(struct strbuf *b, struct slice s)
{
	static const char *const entities[] = {"&amp;", "&",  "&lt;",  "<", "&gt;",   ">",
					       "&#34;", "\"", "&#39;", "'", "&quot;", "\""};
	bool space = false;
	for (size_t i = 0; i < s.len; i++) {
		const char *end = NULL;
		if (s.len - i >= 4 && !memcmp(s.ptr + i, "<!--", 4))
			end = memmem(s.ptr + i, s.len - i, "-->", 3);
		if (end) {
			i = (size_t)(end - s.ptr) + 2;
			continue;
		}
		if (s.ptr[i] == '<' && (end = memchr(s.ptr + i, '>', s.len - i))) {
			i = (size_t)(end - s.ptr);
			continue;
		}
		if (isspace((unsigned char)s.ptr[i])) {
			space = b->len > 0;
			continue;
		}
		if (space)
			strbuf_putc(b, ' ');
		space = false;
		const char *put = NULL;
		for (size_t k = 0; k < ARRAY_LEN(entities) && !put; k += 2) {
			size_t n = strlen(entities[k]);
			if (s.len - i >= n && !memcmp(s.ptr + i, entities[k], n)) {
				put = entities[k + 1];
				i += n - 1;
			}
		}
		if (put)
			strbuf_puts(b, put);
		else
			strbuf_putc(b, s.ptr[i]);
	}
}
FN(f_striptags)
{
	return through(c, strip_tags, ret, err);
}

FN(f_wordcount)
{
	struct slice s;
	int64_t n = 0;
	bool inside = false;
	int r = in_text(c, &s, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s.len; i = chars_next(s, i)) {
		uint32_t ch = chars_decode(s, i);
		bool word = chars_is_alpha(ch) || (ch >= '0' && ch <= '9') || ch == '_';
		n += word && !inside;
		inside = word;
	}
	*ret = int_new(c->ev, n);
	return 0;
}

FN(f_quote)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s = {"", 0};
	int r = c->in->type == VALUE_NULL ? 0 : in_text(c, &s, err);
	if (r < 0)
		return r;
	shellwords_quote(&b, s);
	return give(c, &b, ret);
}

FN(f_split)
{
	struct slice s;
	int r = in_string(c, &s, err);
	return r < 0 ? r : text_split(c, s, false, ret, err);
}

FN(f_reverse)
{
	if (!is_str(c->in)) {
		const struct value_list *list;
		int r = in_list(c, &list, err);
		if (r < 0)
			return r;
		struct value *out = list_new(c->ev);
		for (size_t i = list->len; i > 0; i--)
			list_push(c->ev, out, list->at[i - 1]);
		*ret = out;
		return 0;
	}
	const struct value *by = int_new(c->ev, -1);
	return get_slice(c->ev, c->in, (const struct value *const[3]){NULL, NULL, by}, ret, err);
}

const struct function filters_string[] = {
	{"upper", "", 0, 0, f_upper},
	{"lower", "", 0, 0, f_lower},
	{"capitalize", "", 0, 0, f_capitalize},
	{"title", "", 0, 0, f_title},
	{"escape", "", 0, 0, f_escape},
	{"e", "", 0, 0, f_escape},
	{"forceescape", "", 0, 0, f_forceescape},
	{"safe", "", 0, 0, f_safe},
	{"string", "", 0, FN_TEXT, f_string},
	{"trim", "chars", 0, 0, f_trim},
	{"replace", "old,new,count", 2, 0, f_replace},
	{"format", "", 0, FN_VARARGS | FN_KWARGS, f_format},
	{"center", "width", 0, 0, f_center},
	{"striptags", "", 0, 0, f_striptags},
	{"wordcount", "", 0, 0, f_wordcount},
	{"quote", "", 0, 0, f_quote},
	{"split", "sep,maxsplit", 0, 0, f_split},
	{"reverse", "", 0, 0, f_reverse},
	{0},
};
