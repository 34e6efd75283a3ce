#include "rollout/value/secret.h"

#include "rollout/base/strmap.h"
#include "rollout/base/vec.h"

#define HIDE_MAX_DEPTH 256u

static struct strmap known;
static VEC(struct slice) longest_first;

static void insert(struct slice text)
{
	size_t i = longest_first.len;
	vec_push(&longest_first, text);
	for (; i > 0 && longest_first.at[i - 1].len < text.len; i--)
		longest_first.at[i] = longest_first.at[i - 1];
	longest_first.at[i] = text;
}

static void remember(struct slice text, size_t min)
{
	text = slice_trim(text);
	if (text.len < min || known.len >= SECRET_MAX_TEXTS || strmap_has(&known, text))
		return;
	strmap_set(&known, text, &known);
	insert(known.entries[known.len - 1].key);
}

void secret_remember(struct slice text)
{
	struct slice rest = text, line;
	remember(text, SECRET_MIN_BYTES);
	if (!memchr(text.ptr, '\n', text.len))
		return;
	while (slice_split(&rest, '\n', &line))
		remember(line, (size_t)2 * SECRET_MIN_BYTES);
}

static bool is_template(struct slice s)
{
	return memmem(s.ptr, s.len, "{{", 2) || memmem(s.ptr, s.len, "{%", 2);
}

/* "present", "root", "local": what files of variables and tasks are full of. */
static bool is_word(struct slice s)
{
	size_t n = 0;
	while (n < s.len && ((s.ptr[n] >= 'a' && s.ptr[n] <= 'z') || strchr("_-", s.ptr[n])))
		n++;
	return n == s.len && n <= SECRET_MAX_WORD;
}

static void remember_number(const struct value *n)
{
	CLEANUP(strbuf_wipe) struct strbuf digits = {0};
	value_print(&digits, n);
	remember(strbuf_slice(&digits), SECRET_MIN_DIGITS);
}

void secret_remember_tree(const struct value *tree)
{
	if (tree->type == VALUE_STRING && !is_template(tree->str) && !is_word(tree->str))
		secret_remember(tree->str);
	if (tree->type == VALUE_INT)
		remember_number(tree);
	for (size_t i = 0; tree->type == VALUE_LIST && i < tree->list.len; i++)
		secret_remember_tree(tree->list.at[i]);
	for (size_t i = 0; tree->type == VALUE_DICT && i < tree->dict.len; i++)
		secret_remember_tree(tree->dict.at[i].value);
}

/* What a longer text leaves is searched for the shorter ones. */
static bool hide_from(struct strbuf *out, struct slice text, size_t from)
{
	struct slice s = {0};
	const char *hit = NULL;
	for (; from < longest_first.len && !hit; from++) {
		s = longest_first.at[from];
		hit = text.len < s.len ? NULL : memmem(text.ptr, text.len, s.ptr, s.len);
	}
	if (!hit)
		return false;
	for (; hit; hit = memmem(text.ptr, text.len, s.ptr, s.len)) {
		struct slice before = {text.ptr, (size_t)(hit - text.ptr)};
		if (!hide_from(out, before, from))
			strbuf_slice_append(out, before);
		strbuf_puts(out, SECRET_STAND_IN);
		text = (struct slice){hit + s.len, text.len - before.len - s.len};
	}
	if (!hide_from(out, text, from))
		strbuf_slice_append(out, text);
	return true;
}

bool secret_hide(struct strbuf *out, struct slice text)
{
	return text.len >= SECRET_MIN_BYTES && longest_first.len > 0 && hide_from(out, text, 0);
}

static const struct value *hide_string(struct arena *a, const struct value *v)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	if (!secret_hide(&text, v->str))
		return v;
	struct value *out = value_str(a, strbuf_slice(&text));
	out->at = v->at;
	out->flags = v->flags;
	return out;
}

static const struct value *hide(struct arena *a, const struct value *v, unsigned depth);

static const struct value *hide_list(struct arena *a, const struct value *v, unsigned depth)
{
	struct value *out = NULL;
	for (size_t i = 0; i < v->list.len; i++) {
		const struct value *item = hide(a, v->list.at[i], depth);
		if (item == v->list.at[i] && !out)
			continue;
		if (!out) {
			out = value_list_new(a);
			out->at = v->at;
			out->flags = v->flags;
			for (size_t k = 0; k < i; k++)
				value_list_push(a, out, v->list.at[k]);
		}
		value_list_push(a, out, item);
	}
	return out ? out : v;
}

static const struct value *hide_dict(struct arena *a, const struct value *v, unsigned depth)
{
	struct value *out = NULL;
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value_pair *p = &v->dict.at[i];
		const struct value *key = p->key->type == VALUE_STRING ? hide_string(a, p->key)
								       : p->key,
				   *item = hide(a, p->value, depth);
		if (key == p->key && item == p->value && !out)
			continue;
		if (!out) {
			out = value_dict_new(a);
			out->at = v->at;
			out->flags = v->flags;
			for (size_t k = 0; k < i; k++)
				value_dict_set(a, out, v->dict.at[k].key, v->dict.at[k].value);
		}
		value_dict_set(a, out, key, item);
	}
	return out ? out : v;
}

static const struct value *hide(struct arena *a, const struct value *v, unsigned depth)
{
	if ((v->flags & VALUE_SECRET) || depth > HIDE_MAX_DEPTH)
		return value_cstr(a, SECRET_STAND_IN);
	if (v->type == VALUE_STRING)
		return hide_string(a, v);
	if (v->type == VALUE_LIST)
		return hide_list(a, v, depth + 1);
	return v->type == VALUE_DICT ? hide_dict(a, v, depth + 1) : v;
}

const struct value *secret_hide_tree(struct arena *a, const struct value *tree)
{
	return hide(a, tree, 0);
}

void secret_forget(void)
{
	for (size_t i = 0; i < longest_first.len; i++)
		explicit_bzero((char *)longest_first.at[i].ptr, longest_first.at[i].len);
	vec_release(&longest_first);
	strmap_release(&known);
}
