/* urlize: links of what looks like an address. Source: jinja2.utils.urlize. */
#include "../filter.h"

#include <ctype.h>

static const char link_pattern[] =
	"^((https?://|www\\.)(([\\w%-]+\\.)+)?([a-z]{2,63}|xn--[\\w%]{2,59})"
	"|([\\w%-]{2,63}\\.)+(com|net|int|edu|gov|org|info|mil)"
	"|(https?://"
	")((([\\d]{1,3})(\\.[\\d]{1,3}){3})|(\\[([\\da-f]{0,4}:){2}([\\da-f]{0,4}:?){1,6}])))"
	"(?::[\\d]{1,5})?(?:[/?#]\\S*)?$";
static const char mail_pattern[] = "^\\S+@\\w[\\w.-]*\\.\\w+$";
static const char scheme_pattern[] = "^([\\w.+-]{2,}:(/){0,2})$";

struct urlize {
	struct call *c;
	const struct regex *link, *mail;
	struct slice rel, target; /* attributes, escaped; each may be empty */
	int64_t limit;		  /* characters of a link that are shown; negative: all */
	const struct value_list *schemes;
	struct strbuf out;
};

static bool matches(const struct regex *re, struct slice s)
{
	struct regex_match groups[REGEX_MAX_GROUPS];
	unsigned n;
	return regex_exec(re, s, 0, true, groups, &n, NULL) > 0;
}

static size_t count(struct slice s, const char *mark)
{
	size_t n = 0, len = strlen(mark);
	for (size_t i = 0; i + len <= s.len;) {
		bool is = memcmp(s.ptr + i, mark, len) == 0;
		n += is;
		i += is ? len : 1;
	}
	return n;
}

/* A word's parts, which lie behind each other. */
struct word {
	struct slice head, middle, tail;
};

static void trim_head(struct word *w)
{
	size_t n = 0;
	struct slice s = w->middle;
	for (;;) {
		struct slice rest = {s.ptr + n, s.len - n};
		if (rest.len && (*rest.ptr == '(' || *rest.ptr == '<'))
			n++;
		else if (slice_starts_with(rest, "&lt;"))
			n += 4;
		else
			break;
	}
	w->head = (struct slice){s.ptr, n};
	w->middle = (struct slice){s.ptr + n, s.len - n};
}

static void trim_tail(struct word *w)
{
	struct slice *s = &w->middle;
	const char *end = s->ptr + s->len;
	for (;;) {
		if (s->len && strchr(")>.,", s->ptr[s->len - 1]) && s->ptr[s->len - 1])
			s->len--;
		else if (slice_ends_with(*s, "&gt;"))
			s->len -= 4;
		else
			break;
	}
	w->tail = (struct slice){s->ptr + s->len, (size_t)(end - s->ptr) - s->len};
}

/* Brackets that open within the address close within it. */
static void balance(struct word *w, const char *open, const char *close)
{
	size_t opened = count(w->middle, open), closed = count(w->tail, close);
	if (opened <= count(w->middle, close))
		return;
	for (size_t i = opened < closed ? opened : closed; i > 0; i--) {
		const char *at = memmem(w->tail.ptr, w->tail.len, close, strlen(close));
		size_t n = (size_t)(at - w->tail.ptr) + strlen(close);
		w->middle.len += n;
		w->tail.ptr += n;
		w->tail.len -= n;
	}
}

static void put_link(struct urlize *u, const char *scheme, struct slice href, bool attributes,
		     struct slice shown)
{
	struct strbuf *b = &u->out;
	bool cut = u->limit >= 0 && (size_t)u->limit < chars_length(shown);
	strbuf_printf(b, "<a href=\"%s", scheme);
	strbuf_slice_append(b, href);
	strbuf_putc(b, '"');
	if (attributes) {
		strbuf_slice_append(b, u->rel);
		strbuf_slice_append(b, u->target);
	}
	strbuf_putc(b, '>');
	if (cut)
		shown.len = chars_offset(shown, (size_t)u->limit);
	strbuf_slice_append(b, shown);
	strbuf_puts(b, cut ? "...</a>" : "</a>");
}

static bool has_scheme(const struct urlize *u, struct slice s)
{
	for (size_t i = 0; u->schemes && i < u->schemes->len; i++) {
		struct slice scheme = u->schemes->at[i]->str;
		if (s.len != scheme.len && s.len >= scheme.len &&
		    memcmp(s.ptr, scheme.ptr, scheme.len) == 0)
			return true;
	}
	return false;
}

/* The address of a mail is shown whole. */
static void put_mail(struct urlize *u, struct slice s)
{
	int64_t limit = u->limit;
	u->limit = -1;
	put_link(u, "mailto:", s, false, s);
	u->limit = limit;
}

static void put_middle(struct urlize *u, struct slice s)
{
	struct slice address = {s.ptr + 7, s.len - 7};
	if (matches(u->link, s))
		put_link(u,
			 slice_starts_with(s, "https://") || slice_starts_with(s, "http://")
				 ? ""
				 : "https://",
			 s, true, s);
	else if (slice_starts_with(s, "mailto:") && matches(u->mail, address))
		put_mail(u, address);
	else if (count(s, "@") && !slice_starts_with(s, "www.") && !count(s, ":") &&
		 matches(u->mail, s))
		put_mail(u, s);
	else if (has_scheme(u, s))
		put_link(u, "", s, true, s);
	else
		strbuf_slice_append(&u->out, s);
}

static void put_word(struct urlize *u, struct slice s)
{
	struct word w = {.middle = s};
	trim_head(&w);
	trim_tail(&w);
	balance(&w, "(", ")");
	balance(&w, "<", ">");
	balance(&w, "&lt;", "&gt;");
	strbuf_slice_append(&u->out, w.head);
	put_middle(u, w.middle);
	strbuf_slice_append(&u->out, w.tail);
}

static int put_words(struct urlize *u, struct slice s, struct err *err)
{
	size_t i = 0, from;
	int r = 0;
	while (i < s.len && r == 0) {
		for (from = i; i < s.len && chars_is_space(chars_decode(s, i));)
			i = chars_next(s, i);
		strbuf_append(&u->out, s.ptr + from, i - from);
		for (from = i; i < s.len && !chars_is_space(chars_decode(s, i));)
			i = chars_next(s, i);
		put_word(u, (struct slice){s.ptr + from, i - from});
		if ((r = limit_text(u->out.len, err)) == 0)
			r = eval_step(u->c->ev, i - from + 1, err);
	}
	return r;
}

/* ' name="value"', escaped; "" where there is no value. */
static int attribute(struct call *c, const char *name, struct slice value, struct slice *ret,
		     struct err *err)
{
	const struct value *escaped, *v = str_new(c->ev, value);
	const struct template_args none = {0};
	*ret = SLICE_LIT("");
	if (value.len == 0)
		return 0;
	int r = call_named(c->ev, 'f', SLICE_LIT("escape"), v, &none, &escaped, err);
	if (r == 0)
		*ret = value_fmt(c->ev->arena, " %s=\"%s\"", name, escaped->str.ptr)->str;
	return r;
}

static int compare_words(const struct value *a, const struct value *b)
{
	return slice_cmp(a->str, b->str);
}

/* "noopener", "nofollow" where it is asked for, and what is given: sorted, each once. */
static int rel_of(struct call *c, struct slice *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice given, part;
	bool nofollow;
	int r;
	if ((r = call_bool(c, 1, false, &nofollow, err)) < 0)
		return r;
	bool none = !c->arg[3] || c->arg[3]->type == VALUE_NULL;
	if (!none && (r = call_text(c, 3, "", &given, err)) < 0)
		return r;
	struct value *words = list_new(c->ev);
	list_push(c->ev, words, str_lit(c->ev, "noopener"));
	if (nofollow)
		list_push(c->ev, words, str_lit(c->ev, "nofollow"));
	while (!none && slice_split(&given, ' ', &part))
		if (part.len)
			list_push(c->ev, words, str_new(c->ev, part));
	const struct value **at = words->list.at;
	for (size_t i = 1; i < words->list.len; i++)
		for (size_t k = i; k > 0 && compare_words(at[k - 1], at[k]) > 0; k--) {
			const struct value *t = at[k];
			at[k] = at[k - 1];
			at[k - 1] = t;
		}
	for (size_t i = 0; i < words->list.len; i++) {
		if (i && compare_words(at[i - 1], at[i]) == 0)
			continue;
		if (b.len)
			strbuf_putc(&b, ' ');
		strbuf_slice_append(&b, at[i]->str);
	}
	return attribute(c, "rel", strbuf_slice(&b), ret, err);
}

static int schemes_of(struct call *c, const struct value_list **ret, struct err *err)
{
	const struct regex *re;
	int r;
	*ret = NULL;
	if (!c->arg[4] || c->arg[4]->type == VALUE_NULL)
		return 0;
	if ((r = eval_iterate(c->ev, c->arg[4], ret, err)) < 0 ||
	    (r = regex_get(c->ev, slice_from(scheme_pattern), 0, &re, err)) < 0)
		return r;
	for (size_t i = 0; i < (*ret)->len; i++)
		if (!is_str((*ret)->at[i]) || !matches(re, (*ret)->at[i]->str))
			return err_set(err, ERR_INVALID, "a scheme is written as 'tel:'");
	return 0;
}

FN(f_urlize)
{
	struct urlize u = {.c = c, .limit = -1};
	const struct value *text;
	const struct template_args none = {0};
	struct slice target = {0};
	bool has_limit = c->arg[0] && c->arg[0]->type != VALUE_NULL;
	int r;
	if ((has_limit && (r = call_int(c, 0, 0, &u.limit, err)) < 0) ||
	    (c->arg[2] && c->arg[2]->type != VALUE_NULL &&
	     (r = call_text(c, 2, "", &target, err)) < 0) ||
	    (r = rel_of(c, &u.rel, err)) < 0 ||
	    (r = attribute(c, "target", target, &u.target, err)) < 0 ||
	    (r = schemes_of(c, &u.schemes, err)) < 0 ||
	    (r = regex_get(c->ev, slice_from(link_pattern), REGEX_IGNORECASE, &u.link, err)) < 0 ||
	    (r = regex_get(c->ev, slice_from(mail_pattern), 0, &u.mail, err)) < 0 ||
	    (r = call_named(c->ev, 'f', SLICE_LIT("escape"), c->in, &none, &text, err)) < 0)
		return r;
	if (u.limit < -1)
		return err_set(err, ERR_INVALID, "the limit of a link's text is negative");
	r = put_words(&u, text->str, err);
	if (r == 0)
		*ret = str_buf(c->ev, &u.out);
	strbuf_release(&u.out);
	return r;
}

const struct function filters_urlize[] = {
	{"urlize", "trim_url_limit,nofollow,target,rel,extra_schemes", 0, 0, f_urlize},
	{0},
};
