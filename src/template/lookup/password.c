/* The lookups password and inventory_hostnames. */
#include "../filter/filter.h"

#include "rollout/base/file.h"

#include <fnmatch.h>
#include <sys/random.h>
#include <unistd.h>

#define PASSWORD_MAX_LENGTH 4096
#define PASSWORD_MAX_FILE 65536

struct password {
	struct slice path;
	const struct value *chars, *encrypt, *seed, *ident;
	int64_t length;
};

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define PUNCTUATION "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
#define WHITESPACE " \t\n\r\v\f"

/* Python's string.digits and so on; else the characters themselves. */
static void add_class(struct strbuf *out, struct slice name)
{
	static const struct {
		const char *name, *chars;
	} classes[] = {
		{"ascii_letters", LOWER UPPER},
		{"ascii_lowercase", LOWER},
		{"ascii_uppercase", UPPER},
		{"digits", DIGITS},
		{"hexdigits", DIGITS "abcdefABCDEF"},
		{"octdigits", "01234567"},
		{"punctuation", PUNCTUATION},
		{"printable", DIGITS LOWER UPPER PUNCTUATION WHITESPACE},
		{"whitespace", WHITESPACE},
	};
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (slice_is(name, classes[i].name))
			name = slice_from(classes[i].chars);
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] != '"' && name.ptr[i] != '\'')
			strbuf_putc(out, name.ptr[i]);
}

/* "a,b" or a list; ",," is a comma among the characters. */
static int add_classes(struct call *c, const struct value *v, struct strbuf *out, struct err *err)
{
	if (is_list(v)) {
		int r = 0;
		for (size_t i = 0; i < v->list.len && r == 0; i++) {
			struct slice s;
			if ((r = text_of(c->ev, v->list.at[i], &s, err)) == 0)
				add_class(out, s);
		}
		return r;
	}
	struct slice s, part;
	int r = text_of(c->ev, v, &s, err);
	if (r < 0)
		return r;
	if (memmem(s.ptr, s.len, ",,", 2))
		strbuf_putc(out, ',');
	while (s.len && slice_split(&s, ',', &part))
		add_class(out, part);
	return 0;
}

static int set_option(struct call *c, struct password *p, struct slice name, const struct value *v,
		      struct err *err)
{
	if (slice_is(name, "chars"))
		p->chars = v;
	else if (slice_is(name, "encrypt"))
		p->encrypt = v->type == VALUE_NULL ? NULL : v;
	else if (slice_is(name, "seed"))
		p->seed = v->type == VALUE_NULL ? NULL : v;
	else if (slice_is(name, "ident"))
		p->ident = v->type == VALUE_NULL ? NULL : v;
	else if (!slice_is(name, "length"))
		return err_set(err, ERR_INVALID, "password: there is no option '%.*s'",
			       SLICE_ARG(name));
	else {
		struct slice s;
		int r = text_of(c->ev, v, &s, err);
		if (r < 0)
			return r;
		if (!text_to_int(s, 10, &p->length))
			return type_error(err, "password: length is a number", v);
	}
	return 0;
}

/* "path length=12 chars=digits" */
static int parse_term(struct call *c, struct slice s, struct password *p, struct err *err)
{
	struct slice part, name;
	p->path = (struct slice){0};
	while (s.len && slice_split(&s, ' ', &part)) {
		if (!p->path.ptr) {
			p->path = part;
			continue;
		}
		struct slice value = part;
		if (part.len == 0)
			continue;
		if (!memchr(part.ptr, '=', part.len))
			return err_set(err, ERR_INVALID,
				       "password: expected name=value, got '%.*s'",
				       SLICE_ARG(part));
		slice_split(&value, '=', &name);
		int r = set_option(c, p, name, str_new(c->ev, value), err);
		if (r < 0)
			return r;
	}
	if (p->length < 1 || p->length > PASSWORD_MAX_LENGTH)
		return err_set(err, ERR_INVALID, "password: a length from 1 to %d is needed",
			       PASSWORD_MAX_LENGTH);
	return p->path.len ? 0 : err_set(err, ERR_INVALID, "password: a path is needed");
}

static int random_text(struct call *c, const struct password *p, struct strbuf *out,
		       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf chars = {0};
	struct mersenne m;
	int r = p->chars ? add_classes(c, p->chars, &chars, err) : 0;
	if (!p->chars)
		strbuf_puts(&chars, LOWER UPPER DIGITS ".,:-_");
	if (r < 0)
		return r;
	if (chars.len == 0 || chars.len > 4096)
		return err_set(err, ERR_INVALID,
			       "password: there are no characters to choose from");
	if (p->seed)
		mersenne_seed(&m, c->ev, p->seed);
	while ((int64_t)out->len < p->length) {
		uint32_t n;
		if (p->seed) {
			strbuf_putc(out, chars.ptr[mersenne_below(&m, chars.len)]);
			continue;
		}
		if (getrandom(&n, sizeof(n), 0) != sizeof(n))
			return err_sys(err, "random bytes for a password");
		if (n < UINT32_MAX - UINT32_MAX % chars.len)
			strbuf_putc(out, chars.ptr[n % chars.len]);
	}
	return 0;
}

static const char *full_path(struct call *c, struct slice path)
{
	if (path.ptr[0] == '/')
		return arena_strndup(c->ev->arena, path.ptr, path.len);
	return arena_printf(c->ev->arena, "%s/%.*s", source_base_dir(c->ev), SLICE_ARG(path));
}

/* "password salt=… ident=…": cuts what is behind `word` off. */
static struct slice cut(struct slice *s, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = s->len; i-- > 0;) {
		if (s->len - i < n || memcmp(s->ptr + i, word, n) != 0)
			continue;
		struct slice rest = {s->ptr + i + n, s->len - i - n};
		s->len = i;
		return rest;
	}
	return (struct slice){0};
}

static int encrypted(struct call *c, const struct password *p, struct slice text, struct slice salt,
		     const struct value **ret, struct err *err)
{
	const struct value *positional[] = {p->encrypt,
					    salt.len ? str_new(c->ev, salt) : value_null()};
	const struct template_args args = {.positional = positional, .npositional = 2};
	return call_named(c->ev, 'f', SLICE_LIT("password_hash"), str_new(c->ev, text), &args, ret,
			  err);
}

/* The salt of "$6$rounds=…$salt$hash". */
static struct slice salt_of(struct slice hash)
{
	struct slice part, last = {0}, rest = hash;
	for (size_t i = 0; rest.len && slice_split(&rest, '$', &part); i++)
		if (rest.len)
			last = part;
	return last;
}

static int keep(const char *path, struct slice text, struct slice salt, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf b = {0};
	struct slice dir = path_dirname(path);
	CLEANUP(free_ptr) char *folder = xstrndup(dir.ptr, dir.len);
	int r = dir_create_all(folder, 0700, err);
	if (r < 0)
		return r;
	strbuf_slice_append(&b, text);
	if (salt.len)
		strbuf_printf(&b, " salt=%.*s", SLICE_ARG(salt));
	strbuf_putc(&b, '\n');
	return file_write_atomic(path, b.ptr, b.len, 0600, err);
}

static int password_of(struct call *c, const struct password *p, const struct value **ret,
		       struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf b = {0};
	const char *path = full_path(c, p->path);
	bool volatile_one = !strcmp(path, "/dev/null"),
	     known = !volatile_one && !access(path, F_OK);
	struct slice text, salt;
	int r = known ? file_read(path, PASSWORD_MAX_FILE, &b, err) : random_text(c, p, &b, err);
	if (r < 0)
		return r;
	text = known ? text_strip(strbuf_slice(&b), NULL, false, true) : strbuf_slice(&b);
	cut(&text, " ident=");
	salt = cut(&text, " salt=");
	*ret = str_new(c->ev, text);
	bool salted = salt.len;
	if (p->encrypt) {
		if ((r = encrypted(c, p, text, salt, ret, err)) < 0)
			return r;
		salt = salt.len ? salt : salt_of((*ret)->str);
	}
	bool changed = !known || (p->encrypt && !salted);
	return changed && !volatile_one ? keep(path, text, salt, err) : 0;
}

FN(l_password)
{
	struct value *out = list_new(c->ev);
	*ret = out;
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct password p = {.length = 20};
		const struct value *v;
		struct slice s;
		int r = 0;
		for (size_t k = 0; k < c->args->nkeywords && r == 0; k++)
			r = set_option(c, &p, c->args->names[k], c->args->keywords[k], err);
		if (r < 0 || (r = text_of(c->ev, c->args->positional[i], &s, err)) < 0 ||
		    (r = parse_term(c, s, &p, err)) < 0 || (r = password_of(c, &p, &v, err)) < 0)
			return r;
		list_push(c->ev, out, v);
	}
	c->ev->taint |= VALUE_SECRET;
	return 0;
}

static bool has_text(const struct value *list, struct slice s)
{
	for (size_t i = 0; i < list->list.len; i++)
		if (is_str(list->list.at[i]) && slice_eq(list->list.at[i]->str, s))
			return true;
	return false;
}

/* The hosts that one part of a pattern means: a group's, a host, or by wildcard. */
static struct value *hosts_of(struct call *c, const struct value_dict *groups, struct slice part)
{
	struct value *out = list_new(c->ev);
	const char *pattern = arena_strndup(c->ev->arena, part.ptr, part.len);
	for (size_t g = 0; g < groups->len; g++) {
		const struct value *name = groups->at[g].key, *hosts = groups->at[g].value;
		bool whole = is_str(name) && !fnmatch(pattern, name->str.ptr, 0);
		for (size_t h = 0; is_list(hosts) && h < hosts->list.len; h++) {
			const struct value *host = hosts->list.at[h];
			if (is_str(host) && !has_text(out, host->str) &&
			    (whole || !fnmatch(pattern, host->str.ptr, 0)))
				list_push(c->ev, out, host);
		}
	}
	return out;
}

/* "a:b", "a:!b", "a:&b" */
FN(l_inventory_hostnames)
{
	struct value *out = list_new(c->ev);
	const struct value *groups, *dict;
	int r;
	if ((r = eval_resolve_text(c->ev, SLICE_LIT("groups"), c->offset, &groups, err)) < 0 ||
	    (r = eval_use(c->ev, groups, err)) < 0 || (r = as_dict(c->ev, groups, &dict, err)) < 0)
		return r;
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct slice s, part;
		if ((r = text_of(c->ev, c->args->positional[i], &s, err)) < 0)
			return r;
		while (s.len && slice_split(&s, memchr(s.ptr, ',', s.len) ? ',' : ':', &part)) {
			char sign = part.len && strchr("!&", part.ptr[0]) ? part.ptr[0] : 0;
			part = slice_trim(sign ? (struct slice){part.ptr + 1, part.len - 1} : part);
			const struct value *hosts = hosts_of(c, &dict->dict, part);
			struct value *next = list_new(c->ev);
			for (size_t h = 0; h < out->list.len; h++)
				if (!sign || has_text(hosts, out->list.at[h]->str) == (sign == '&'))
					list_push(c->ev, next, out->list.at[h]);
			for (size_t h = 0; !sign && h < hosts->list.len; h++)
				if (!has_text(next, hosts->list.at[h]->str))
					list_push(c->ev, next, hosts->list.at[h]);
			out = next;
		}
	}
	*ret = out;
	return 0;
}

const struct function lookups_password[] = {
	{"password", "", 0, FN_VARARGS | FN_KWARGS, l_password},
	{"inventory_hostnames", "", 0, FN_VARARGS, l_inventory_hostnames},
	{0},
};
