#include "selector.h"

static bool has_label(const struct value *labels, struct slice name, struct slice *ret)
{
	const struct value *v = value_get_slice(labels, name);
	*ret = v && v->type == VALUE_STRING ? v->str : SLICE_LIT("");
	return v != NULL;
}

static bool is_listed(struct slice list, struct slice value)
{
	struct slice item;
	while (slice_split(&list, ',', &item))
		if (slice_eq(slice_trim(item), value))
			return true;
	return false;
}

/* "name in (a, b)" behind its name */
static int set_matches(const struct value *labels, struct slice name, struct slice rest, bool *ret,
		       struct err *err)
{
	struct slice word, value;
	(void)slice_word(&rest, &word);
	bool in = slice_starts_with(word, "in"), notin = slice_starts_with(word, "notin");
	const char *open = memchr(word.ptr, '(', (size_t)(rest.ptr + rest.len - word.ptr));
	struct slice list =
		open ? (struct slice){open + 1, (size_t)(rest.ptr + rest.len - open - 1)}
		     : SLICE_LIT("");
	list = slice_trim(list);
	if (!(in || notin) || !open || !slice_ends_with(list, ")"))
		return err_set(err, ERR_INVALID, "'%.*s' is no label selector", SLICE_ARG(name));
	list.len--;
	bool has = has_label(labels, name, &value);
	*ret = in ? has && is_listed(list, value) : !has || !is_listed(list, value);
	return 0;
}

static struct slice part(const char *from, const char *to)
{
	return slice_trim((struct slice){from, (size_t)(to - from)});
}

static int one_matches(struct slice s, const struct value *labels, bool *ret, struct err *err)
{
	struct slice value, rest = s, name;
	s = slice_trim(s);
	const char *end = s.ptr + s.len, *equals = memchr(s.ptr, '=', s.len);
	if (!s.len)
		return err_set(err, ERR_INVALID, "an empty label selector");
	if (memchr(s.ptr, '(', s.len)) {
		(void)slice_word(&rest, &name);
		return set_matches(labels, name, rest, ret, err);
	}
	if (!equals) {
		bool not = s.ptr[0] == '!';
		*ret = has_label(labels, part(s.ptr + not, end), &value) != not ;
		return 0;
	}
	bool not = equals > s.ptr && equals[-1] == '!';
	bool twice = equals + 1 < end && equals[1] == '=';
	bool has = has_label(labels, part(s.ptr, equals - not ), &value);
	bool same = has && slice_eq(value, part(equals + 1 + twice, end));
	*ret = same != not ;
	return 0;
}

/* Commas part selectors, but not within brackets. */
static struct slice next_selector(struct slice *rest)
{
	size_t i = 0;
	for (bool inside = false; i < rest->len && (inside || rest->ptr[i] != ','); i++)
		inside = rest->ptr[i] == '(' || (inside && rest->ptr[i] != ')');
	struct slice one = {rest->ptr, i};
	i += i < rest->len;
	*rest = (struct slice){rest->ptr + i, rest->len - i};
	return one;
}

int selector_matches(const char *const *selectors, const struct value *labels, struct err *err)
{
	bool all = true;
	for (; selectors && *selectors; selectors++) {
		struct slice rest = slice_from(*selectors);
		do {
			bool one = false;
			int r = one_matches(next_selector(&rest), labels, &one, err);
			if (r < 0)
				return r;
			all &= one;
		} while (rest.len);
	}
	return all;
}

const char *selector_text(struct arena *a, const char *const *selectors)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	for (size_t i = 0; selectors && selectors[i]; i++)
		strbuf_printf(&text, "%s%s", i ? "," : "", selectors[i]);
	return arena_slice(a, strbuf_slice(&text)).ptr;
}
