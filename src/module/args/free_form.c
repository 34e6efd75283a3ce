/*
 * "k=v k2='v 2' rest": Ansible's way of writing arguments in one line
 * (ansible.parsing.splitter). Words are split at blanks, but neither inside
 * quotes nor inside {{ }}, {% %} and {# #}; the blanks and line ends of what is
 * not k=v are kept as they were written.
 */
#include "args.h"

#include "rollout/base/vec.h"

struct splitter {
	VEC(struct strbuf) words; /* the blanks that follow a word belong to it */
	char quote;		  /* the open one, or '\0' */
	int depth[3];
};

static const char *const block_open[] = {"{{", "{%", "{#"};
static const char *const block_close[] = {"}}", "%}", "#}"};

static void splitter_release(struct splitter *s)
{
	for (size_t i = 0; i < s->words.len; i++)
		strbuf_release(&s->words.at[i]);
	vec_release(&s->words);
}

static bool in_block(const struct splitter *s)
{
	return s->depth[0] || s->depth[1] || s->depth[2];
}

static void word_start(struct splitter *s, struct slice text)
{
	struct strbuf w = {0};
	strbuf_slice_append(&w, text);
	vec_push(&s->words, w);
}

static struct strbuf *word_last(struct splitter *s)
{
	if (s->words.len == 0)
		word_start(s, (struct slice){"", 0});
	return &s->words.at[s->words.len - 1];
}

/* The quote that is open after the token. A backslash hides the quote after it. */
static char quote_after(struct slice token, char quote)
{
	for (size_t i = 0; i < token.len; i++) {
		char c = token.ptr[i];
		if ((c != '"' && c != '\'') || (i > 0 && token.ptr[i - 1] == '\\'))
			continue;
		if (!quote)
			quote = c;
		else if (quote == c)
			quote = '\0';
	}
	return quote;
}

static int count_of(struct slice text, const char *pair)
{
	int n = 0;
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.ptr[i] == pair[0] && text.ptr[i + 1] == pair[1]) {
			n++;
			i++;
		}
	return n;
}

/* Whether any depth changed. */
static bool count_blocks(struct splitter *s, struct slice token)
{
	bool changed = false;
	for (size_t k = 0; k < ARRAY_LEN(block_open); k++) {
		int before = s->depth[k];
		int now = before + count_of(token, block_open[k]) - count_of(token, block_close[k]);
		s->depth[k] = now < 0 ? 0 : now;
		changed |= s->depth[k] != before;
	}
	return changed;
}

/* One piece between two blanks; `index` in its line, of `count`. */
static void take_token(struct splitter *s, struct slice token, size_t index)
{
	bool was_quoted = s->quote != '\0', was_in_block = in_block(s), appended = true;
	s->quote = quote_after(token, s->quote);
	bool quoted = s->quote != '\0';
	if (quoted && !was_quoted && !was_in_block) {
		word_start(s, token);
	} else if (was_in_block || quoted || was_quoted) {
		/* Line ends are put back by take_line; between tokens it was a blank. */
		if (index > 0)
			strbuf_putc(word_last(s), ' ');
		strbuf_slice_append(word_last(s), token);
	} else {
		appended = false;
	}
	if (count_blocks(s, token) && !appended) {
		word_start(s, token);
		appended = true;
	}
	if (!appended && token.len)
		word_start(s, token);
}

static void take_line(struct splitter *s, struct slice line, bool is_last)
{
	bool continued = false;
	size_t index = 0;
	for (size_t start = 0; start <= line.len; index++) {
		const char *blank = memchr(line.ptr + start, ' ', line.len - start);
		size_t end = blank ? (size_t)(blank - line.ptr) : line.len;
		struct slice token = {line.ptr + start, end - start};
		start = end + 1;
		if (token.len == 0 && index > 0)
			strbuf_putc(word_last(s), ' ');
		else if (slice_is(token, "\\") && !s->quote)
			continued = true;
		else
			take_token(s, token, index);
	}
	if (!is_last && !continued)
		strbuf_putc(word_last(s), '\n');
}

static int split(struct splitter *s, struct slice text, struct srcloc at, struct err *err)
{
	size_t start = 0;
	while (start <= text.len) {
		const char *nl =
			start < text.len ? memchr(text.ptr + start, '\n', text.len - start) : NULL;
		size_t end = nl ? (size_t)(nl - text.ptr) : text.len;
		take_line(s, (struct slice){text.ptr + start, end - start}, !nl);
		start = end + 1;
	}
	if (s->quote)
		return err_at(err, ERR_SYNTAX, at, "no closing %c in the arguments", s->quote);
	for (size_t k = 0; k < ARRAY_LEN(block_open); k++)
		if (s->depth[k])
			return err_at(err, ERR_SYNTAX, at, "no closing %s in the arguments",
				      block_close[k]);
	return 0;
}

/* Python's escapes inside a value: \n, \t, \xNN, … */
static void decode_escapes(struct strbuf *out, struct slice in)
{
	static const char names[] = "\\'\"abfnrtv", bytes[] = "\\'\"\a\b\f\n\r\t\v";
	for (size_t i = 0; i < in.len; i++) {
		const char *p = in.ptr[i] == '\\' && i + 1 < in.len && in.ptr[i + 1]
					? strchr(names, in.ptr[i + 1])
					: NULL;
		if (p) {
			strbuf_putc(out, bytes[p - names]);
			i++;
		} else {
			strbuf_putc(out, in.ptr[i]);
		}
	}
}

/* The "=" that ends a key; one after a backslash is text. */
static bool find_equals(struct slice word, size_t *ret)
{
	for (size_t i = 1; i < word.len; i++)
		if (word.ptr[i] == '=' && word.ptr[i - 1] != '\\') {
			*ret = i;
			return true;
		}
	return false;
}

static struct slice unquote(struct slice s)
{
	if (s.len > 1 && s.ptr[0] == s.ptr[s.len - 1] && (s.ptr[0] == '"' || s.ptr[0] == '\'') &&
	    s.ptr[s.len - 2] != '\\')
		return (struct slice){s.ptr + 1, s.len - 2};
	return s;
}

static void append_raw(struct strbuf *raw, struct slice word)
{
	if (raw->len && raw->ptr[raw->len - 1] != '\n')
		strbuf_putc(raw, ' ');
	strbuf_slice_append(raw, word);
}

/* A word without a key: "\=" in it stands for "=". */
static void append_unescaped(struct strbuf *raw, struct slice word)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] != '\\' || i + 1 == word.len || word.ptr[i + 1] != '=')
			strbuf_putc(&text, word.ptr[i]);
	append_raw(raw, strbuf_slice(&text));
}

static void take_word(const struct module *m, struct arena *a, struct slice word, struct srcloc at,
		      struct value *dict, struct strbuf *raw)
{
	size_t eq;
	if (!memchr(word.ptr, '=', word.len)) {
		append_raw(raw, word);
		return;
	}
	CLEANUP(strbuf_release) struct strbuf decoded = {0};
	decode_escapes(&decoded, word);
	struct slice text = strbuf_slice(&decoded);
	if (!find_equals(text, &eq)) {
		append_unescaped(raw, text);
		return;
	}
	struct slice key = slice_trim((struct slice){text.ptr, eq});
	struct slice value = slice_trim((struct slice){text.ptr + eq + 1, text.len - eq - 1});
	if ((m->flags & MODULE_FREE_FORM) && !module_param_find(m, key)) {
		append_raw(raw, word);
		return;
	}
	struct value *k = value_str(a, key), *v = value_str(a, unquote(value));
	k->at = v->at = at;
	value_dict_set(a, dict, k, v);
}

int module_parse_free_form(const struct module *m, struct arena *a, struct slice text,
			   struct srcloc at, const struct value **ret, struct err *err)
{
	CLEANUP(splitter_release) struct splitter s = {0};
	CLEANUP(strbuf_release) struct strbuf raw = {0};
	int r = split(&s, text, at, err);
	if (r < 0)
		return r;
	struct value *dict = value_dict_new(a);
	dict->at = at;
	for (size_t i = 0; i < s.words.len; i++)
		take_word(m, a, strbuf_slice(&s.words.at[i]), at, dict, &raw);
	struct slice rest = strbuf_slice(&raw);
	if (rest.len && !(m->flags & MODULE_FREE_FORM) && slice_trim(rest).len)
		return err_at(err, ERR_INVALID, at,
			      "module %s takes key=value arguments, not '%.*s'", m->name,
			      SLICE_ARG(slice_trim(rest)));
	if (rest.len && (m->flags & MODULE_FREE_FORM)) {
		struct value *v = value_str(a, rest);
		v->at = at;
		value_dict_put(a, dict, "_raw_params", v);
	}
	*ret = dict;
	return 0;
}
