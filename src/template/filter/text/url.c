/* URLs, and HTML links. Source: Python's urllib.parse. */
#include "../filter.h"

#include <ctype.h>

static void quote(struct strbuf *b, struct slice s, const char *safe, bool plus)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.ptr[i];
		if (isalnum(ch) || (ch && strchr("_.-~", ch)) || (ch && strchr(safe, ch)))
			strbuf_putc(b, (char)ch);
		else if (ch == ' ' && plus)
			strbuf_putc(b, '+');
		else
			strbuf_printf(b, "%%%02X", ch);
	}
}

static int put_pair(struct call *c, struct strbuf *b, const struct value *k, const struct value *v,
		    struct err *err)
{
	struct slice ks, vs;
	int r;
	if ((r = text_of(c->ev, k, &ks, err)) < 0 || (r = text_of(c->ev, v, &vs, err)) < 0)
		return r;
	if (b->len)
		strbuf_putc(b, '&');
	quote(b, ks, "", true);
	strbuf_putc(b, '=');
	quote(b, vs, "", true);
	return 0;
}

FN(f_urlencode)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = 0;
	if (is_dict(c->in)) {
		for (size_t i = 0; i < c->in->dict.len && r == 0; i++)
			r = put_pair(c, &b, c->in->dict.at[i].key, c->in->dict.at[i].value, err);
	} else if (is_list(c->in)) {
		for (size_t i = 0; i < c->in->list.len && r == 0; i++) {
			const struct value *pair = c->in->list.at[i];
			if (!is_list(pair) || pair->list.len != 2)
				return type_error(err, "pairs of a name and a value are needed",
						  pair);
			r = put_pair(c, &b, pair->list.at[0], pair->list.at[1], err);
		}
	} else if ((r = in_text(c, &s, err)) == 0) {
		quote(&b, s, "/", false);
	}
	if (r == 0)
		*ret = str_buf(c->ev, &b);
	return r;
}

FN(f_urldecode)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s;
	int r = in_text(c, &s, err);
	for (size_t i = 0; r == 0 && i < s.len; i++) {
		if (s.ptr[i] == '%' && i + 2 < s.len && isxdigit((unsigned char)s.ptr[i + 1]) &&
		    isxdigit((unsigned char)s.ptr[i + 2])) {
			unsigned v = 0;
			for (size_t k = 1; k <= 2; k++) {
				int ch = tolower((unsigned char)s.ptr[i + k]);
				v = v * 16 + (unsigned)(isdigit(ch) ? ch - '0' : ch - 'a' + 10);
			}
			strbuf_putc(&b, (char)v);
			i += 2;
		} else {
			strbuf_putc(&b, s.ptr[i] == '+' ? ' ' : s.ptr[i]);
		}
	}
	if (r == 0)
		*ret = str_buf(c->ev, &b);
	return r;
}

struct url {
	struct slice scheme, netloc, path, query, fragment, username, password, hostname, port;
	bool has_user, has_password, has_host, has_port;
};

static bool is_scheme(struct slice s)
{
	if (s.len == 0 || !isalpha((unsigned char)s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.ptr[i]) && !(s.ptr[i] && strchr("+-.", s.ptr[i])))
			return false;
	return true;
}

/* Cuts *s at the first of `sep`; the part behind it into *tail. */
static bool cut(struct slice *s, char sep, struct slice *tail)
{
	const char *p = memchr(s->ptr, sep, s->len);
	if (!p)
		return false;
	*tail = (struct slice){p + 1, s->len - (size_t)(p - s->ptr) - 1};
	s->len = (size_t)(p - s->ptr);
	return true;
}

static void split_netloc(struct url *u)
{
	struct slice host = u->netloc;
	const char *at = memrchr(host.ptr, '@', host.len);
	if (at) {
		u->username = (struct slice){host.ptr, (size_t)(at - host.ptr)};
		u->has_user = true;
		u->has_password = cut(&u->username, ':', &u->password);
		host = (struct slice){at + 1, host.len - u->username.len -
						      (u->has_password ? u->password.len + 1 : 0) -
						      1};
	}
	if (host.len > 0 && host.ptr[0] == '[') {
		struct slice inside = {host.ptr + 1, host.len - 1}, tail = {0};
		if (cut(&inside, ']', &tail) && tail.len > 1 && tail.ptr[0] == ':') {
			u->port = (struct slice){tail.ptr + 1, tail.len - 1};
			u->has_port = true;
		}
		host = inside;
	} else {
		u->has_port = cut(&host, ':', &u->port) && u->port.len > 0;
	}
	u->hostname = host;
	u->has_host = host.len > 0;
}

static void url_split(struct url *u, struct slice s)
{
	struct slice head = s, rest;
	*u = (struct url){.path = s};
	if (cut(&head, ':', &rest) && is_scheme(head)) {
		u->scheme = head;
		u->path = rest;
	}
	cut(&u->path, '#', &u->fragment);
	cut(&u->path, '?', &u->query);
	if (!slice_starts_with(u->path, "//"))
		return;
	u->netloc = (struct slice){u->path.ptr + 2, u->path.len - 2};
	const char *slash = memchr(u->netloc.ptr, '/', u->netloc.len);
	size_t n = slash ? (size_t)(slash - u->netloc.ptr) : u->netloc.len;
	u->path = (struct slice){u->netloc.ptr + n, u->netloc.len - n};
	u->netloc.len = n;
	split_netloc(u);
}

static const struct value *text_or_null(struct call *c, bool has, struct slice s)
{
	return has ? str_new(c->ev, s) : value_null();
}

static struct slice lowered(struct call *c, struct slice s)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	chars_lower(&b, s);
	return arena_slice(c->ev->arena, strbuf_slice(&b));
}

FN(f_urlsplit)
{
	struct url u;
	struct slice s, query;
	int64_t port = 0;
	int r;
	if ((r = in_string(c, &s, err)) < 0 || (r = call_text(c, 0, "", &query, err)) < 0)
		return r;
	url_split(&u, s);
	if (u.has_port && (!text_to_int(u.port, 10, &port) || port < 0 || port > 65535))
		return err_set(err, ERR_INVALID, "the port is not a number");
	struct value *d = dict_new(c->ev);
	struct arena *a = c->ev->arena;
	value_dict_put(a, d, "fragment", str_new(c->ev, u.fragment));
	value_dict_put(a, d, "hostname", text_or_null(c, u.has_host, lowered(c, u.hostname)));
	value_dict_put(a, d, "netloc", str_new(c->ev, u.netloc));
	value_dict_put(a, d, "password", text_or_null(c, u.has_password, u.password));
	value_dict_put(a, d, "path", str_new(c->ev, u.path));
	value_dict_put(a, d, "port", u.has_port ? int_new(c->ev, port) : value_null());
	value_dict_put(a, d, "query", str_new(c->ev, u.query));
	value_dict_put(a, d, "scheme", str_new(c->ev, lowered(c, u.scheme)));
	value_dict_put(a, d, "username", text_or_null(c, u.has_user, u.username));
	*ret = d;
	if (query.len == 0)
		return 0;
	*ret = value_get_slice(d, query);
	if (!*ret)
		return err_set(err, ERR_INVALID, "there is no part '%.*s'", SLICE_ARG(query));
	return 0;
}

const struct function filters_url[] = {
	{"urlencode", "", 0, 0, f_urlencode},
	{"urldecode", "", 0, 0, f_urldecode},
	{"urlsplit", "query", 0, 0, f_urlsplit},
	{0},
};
