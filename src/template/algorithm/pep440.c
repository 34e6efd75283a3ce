/* Versions of Python packages, ordered as packaging.version does. Source: PEP 440. */
#include "../filter/filter.h"
#include "version.h"

#include <ctype.h>

#define MAX_RELEASE 16

/* -1 before all, INT64_MAX behind all, where a part is not there. */
struct pep440 {
	int64_t epoch, release[MAX_RELEASE], pre_kind, pre, post, dev;
	size_t nrelease;
	struct slice local;
};

static bool take_number(struct slice *s, int64_t *ret)
{
	size_t n = 0;
	int64_t v = 0;
	for (; n < s->len && isdigit((unsigned char)s->ptr[n]) && n < 18; n++)
		v = v * 10 + (s->ptr[n] - '0');
	s->ptr += n;
	s->len -= n;
	*ret = v;
	return n > 0;
}

static bool take_word(struct slice *s, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i < n; i++)
		if (i >= s->len || tolower((unsigned char)s->ptr[i]) != word[i])
			return false;
	s->ptr += n;
	s->len -= n;
	return true;
}

static bool take_separator(struct slice *s)
{
	return take_word(s, ".") || take_word(s, "-") || take_word(s, "_");
}

/* "[.-_]word[.-_][N]"; the index of the word, -1 for none. */
static int take_part(struct slice *s, const char *const *words, int64_t *ret)
{
	struct slice rest = *s;
	take_separator(&rest);
	for (int i = 0; words[i]; i++) {
		if (!take_word(&rest, words[i]))
			continue;
		struct slice number = rest;
		take_separator(&number);
		if (take_number(&number, ret))
			rest = number;
		else
			*ret = 0;
		*s = rest;
		return i;
	}
	return -1;
}

static bool take_release(struct slice *s, struct pep440 *v)
{
	struct slice rest = *s;
	if (take_number(&rest, &v->epoch) && take_word(&rest, "!"))
		*s = rest;
	else
		v->epoch = 0;
	do {
		if (v->nrelease == MAX_RELEASE || !take_number(s, &v->release[v->nrelease++]))
			return false;
		rest = *s;
	} while (take_word(&rest, ".") && rest.len && isdigit((unsigned char)*rest.ptr) &&
		 (*s = rest, true));
	while (v->nrelease > 1 && v->release[v->nrelease - 1] == 0)
		v->nrelease--;
	return true;
}

static bool parse(struct slice s, struct pep440 *ret)
{
	static const char
		*const pres[] = {"alpha", "beta", "preview", "pre", "rc", "a", "b", "c", NULL},
		       *const posts[] = {"post", "rev", "r", NULL}, *const devs[] = {"dev", NULL};
	static const int kinds[] = {0, 1, 2, 2, 2, 0, 1, 2};
	struct pep440 v = {.post = -1, .dev = INT64_MAX};
	s = slice_trim(s);
	take_word(&s, "v");
	if (!take_release(&s, &v))
		return false;
	int pre = take_part(&s, pres, &v.pre);
	struct slice rest = s;
	if (take_part(&s, posts, &v.post) < 0) {
		v.post = -1;
		if (take_word(&rest, "-") && take_number(&rest, &v.post))
			s = rest;
	}
	bool is_dev = take_part(&s, devs, &v.dev) >= 0;
	if (!is_dev)
		v.dev = INT64_MAX;
	/* 1.0.dev1 is before 1.0a1, 1.0 behind its pre-releases. */
	v.pre_kind = pre >= 0 ? kinds[pre] : is_dev && v.post < 0 ? -1 : 3;
	if (take_word(&s, "+"))
		v.local = s;
	*ret = v;
	return v.local.len || s.len == 0;
}

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_local(struct slice a, struct slice b)
{
	struct slice x, y;
	int64_t m, n;
	for (;;) {
		bool more_a = a.len && slice_split(&a, '.', &x),
		     more_b = b.len && slice_split(&b, '.', &y);
		if (!more_a || !more_b)
			return more_a - more_b;
		bool num_x = text_to_int(x, 10, &m), num_y = text_to_int(y, 10, &n);
		int o = num_x && num_y	 ? order(m, n)
			: num_x != num_y ? (num_x ? 1 : -1)
					 : slice_cmp(x, y);
		if (o)
			return o;
	}
}

int pep440_compare(struct slice a, struct slice b, int *ret, struct err *err)
{
	struct pep440 x, y;
	bool ok = parse(a, &x);
	if (!ok || !parse(b, &y))
		return err_set(err, ERR_INVALID, "invalid version '%.*s'", SLICE_ARG(ok ? b : a));
	int o = order(x.epoch, y.epoch);
	for (size_t i = 0; !o && i < MAX_RELEASE; i++)
		o = order(i < x.nrelease ? x.release[i] : 0, i < y.nrelease ? y.release[i] : 0);
	o = o ? o : order(x.pre_kind, y.pre_kind);
	o = o ? o : order(x.pre, y.pre);
	o = o ? o : order(x.post, y.post);
	o = o ? o : order(x.dev, y.dev);
	*ret = o ? o : compare_local(x.local, y.local);
	return 0;
}
