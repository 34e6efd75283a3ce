#include "rollout/base/shellwords.h"
#include "rollout/base/vec.h"

/* Like shlex.split: POSIX mode, white space splits, no comments. */
struct scanner {
	struct slice text;
	size_t pos;
	struct strbuf word;
	bool in_word; /* '' is a word too */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Inside "…" a backslash quotes only " and \, as in shlex. */
static int scan_quoted(struct scanner *s, char quote, struct err *err)
{
	size_t start = s->pos++;
	while (s->pos < s->text.len) {
		char c = s->text.ptr[s->pos++];
		if (c == quote)
			return 0;
		if (c == '\\' && quote == '"' && s->pos < s->text.len &&
		    (s->text.ptr[s->pos] == '"' || s->text.ptr[s->pos] == '\\'))
			c = s->text.ptr[s->pos++];
		strbuf_putc(&s->word, c);
	}
	return err_set(err, ERR_SYNTAX, "no closing %c for the one at character %zu", quote,
		       start + 1);
}

static int scan_char(struct scanner *s, struct err *err)
{
	char c = s->text.ptr[s->pos];
	s->in_word = true;
	if (c == '\'' || c == '"')
		return scan_quoted(s, c, err);
	if (c == '\\') {
		if (++s->pos == s->text.len)
			return err_set(err, ERR_SYNTAX, "nothing after the last backslash");
		c = s->text.ptr[s->pos];
	}
	strbuf_putc(&s->word, c);
	s->pos++;
	return 0;
}

int shellwords_split(struct arena *a, struct slice text, char ***ret_words, size_t *ret_count,
		     struct err *err)
{
	struct scanner s = {.text = text};
	VEC(char *) words = {0};
	int r = 0;
	while (r == 0 && s.pos <= text.len) {
		bool at_end = s.pos == text.len;
		if (!at_end && !is_blank(text.ptr[s.pos])) {
			r = scan_char(&s, err);
			continue;
		}
		if (s.in_word)
			vec_push(&words, (char *)arena_slice(a, strbuf_slice(&s.word)).ptr);
		s.in_word = false;
		strbuf_truncate(&s.word, 0);
		s.pos++;
	}
	if (r == 0) {
		*ret_count = words.len;
		vec_push(&words, NULL);
		*ret_words = arena_copy(a, words.at, words.len * sizeof(*words.at));
	}
	strbuf_release(&s.word);
	vec_release(&words);
	return r;
}

static bool is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_@%+=:,./-", c));
}

void shellwords_quote(struct strbuf *out, struct slice word)
{
	size_t safe = 0;
	while (safe < word.len && is_safe(word.ptr[safe]))
		safe++;
	if (safe == word.len && word.len > 0) {
		strbuf_slice_append(out, word);
		return;
	}
	strbuf_putc(out, '\'');
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] == '\'')
			strbuf_puts(out, "'\"'\"'");
		else
			strbuf_putc(out, word.ptr[i]);
	}
	strbuf_putc(out, '\'');
}
