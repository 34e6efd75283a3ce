/* The lookup url: what a server answers, asked by the controller.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/url_lookup.html */
#include "../filter/filter.h"
#include "rollout/http/http.h"

#define TIMEOUT_MAX_S 3600
#define AGENT "ansible-httpget"

static int receive(void *ctx, struct slice piece, int64_t total, struct err *err)
{
	(void)total;
	(void)err;
	strbuf_slice_append(ctx, piece);
	return 0;
}

static int text_option(struct call *c, const char *name, const char **ret, struct err *err)
{
	const struct value *v = template_arg(c->args, name);
	struct slice s;
	if (!v || v->type == VALUE_NULL)
		return 0;
	int r = text_of(c->ev, v, &s, err);
	if (r == 0)
		*ret = arena_slice(c->ev->arena, s).ptr;
	return r;
}

static int bool_option(struct call *c, const char *name, bool *ret, struct err *err)
{
	const struct value *v = template_arg(c->args, name);
	return v ? eval_truth(c->ev, v, ret, err) : 0;
}

static int put_texts(struct call *c, struct http_request *q, struct err *err)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{"username", &q->user},	   {"password", &q->password},
		{"http_agent", &q->agent}, {"unix_socket", &q->unix_socket},
		{"ca_path", &q->ca_file},  {"ciphers", &q->ciphers},
	};
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts) && r == 0; i++)
		r = text_option(c, texts[i].name, texts[i].to, err);
	return r;
}

static int put_timeout(struct call *c, struct http_request *q, struct err *err)
{
	const struct value *v = template_arg(c->args, "timeout");
	int64_t seconds = HTTP_TIMEOUT_S;
	int r = v ? int_of(v, &seconds, err) : 0;
	if (r == 0 && (seconds < 1 || seconds > TIMEOUT_MAX_S))
		r = err_set(err, ERR_INVALID, "timeout is 1 to %d seconds", TIMEOUT_MAX_S);
	q->timeout_s = (long)seconds;
	return r;
}

static int put_headers(struct call *c, struct http_request *q, struct err *err)
{
	const struct value *headers = template_arg(c->args, "headers");
	if (headers && !is_dict(headers))
		return type_error(err, "headers must be a dict", headers);
	size_t len = headers ? headers->dict.len : 0;
	const char **lines = ARENA_ARRAY(c->ev->arena, const char *, len + 1);
	for (size_t i = 0; i < len; i++) {
		struct slice name, value;
		int r = text_of(c->ev, headers->dict.at[i].key, &name, err);
		if (r == 0)
			r = text_of(c->ev, headers->dict.at[i].value, &value, err);
		if (r < 0)
			return r;
		lines[i] =
			arena_printf(c->ev->arena, "%.*s: %.*s", SLICE_ARG(name), SLICE_ARG(value));
	}
	lines[len] = NULL;
	q->headers = lines;
	return 0;
}

static int put_flags(struct call *c, struct http_request *q, struct err *err)
{
	bool verify = true, proxy = true, basic = false;
	const char *redirects = "urllib2";
	int r;
	if ((r = bool_option(c, "validate_certs", &verify, err)) < 0 ||
	    (r = bool_option(c, "use_proxy", &proxy, err)) < 0 ||
	    (r = bool_option(c, "force_basic_auth", &basic, err)) < 0 ||
	    (r = text_option(c, "follow_redirects", &redirects, err)) < 0)
		return r;
	bool none = strcmp(redirects, "none") == 0 || strcmp(redirects, "no") == 0;
	q->flags = (verify ? 0 : HTTP_INSECURE) | (proxy ? 0 : HTTP_NO_PROXY) |
		   (basic ? HTTP_BASIC_UNASKED : 0) | (none ? HTTP_NO_REDIRECT : 0);
	return 0;
}

static int fetch(struct call *c, struct slice url, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf shown = {0};
	struct http_request q = {.url = arena_slice(c->ev->arena, url).ptr,
				 .take = receive,
				 .ctx = out,
				 .max_bytes = TEXT_MAX_BYTES,
				 .agent = AGENT};
	int r;
	if ((r = put_texts(c, &q, err)) < 0 || (r = put_timeout(c, &q, err)) < 0 ||
	    (r = put_flags(c, &q, err)) < 0 || (r = put_headers(c, &q, err)) < 0)
		return r;
	http_shown_url(&shown, q.url);
	r = http_get(&q, NULL, err);
	return r < 0 ? err_wrap(err, r, "url %s", shown.ptr) : 0;
}

FN(l_url)
{
	struct value *list = list_new(c->ev);
	bool split = true;
	int r = bool_option(c, "split_lines", &split, err);
	for (size_t i = 0; i < c->args->npositional && r == 0; i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		struct slice url;
		if ((r = text_of(c->ev, c->args->positional[i], &url, err)) < 0 ||
		    (r = fetch(c, url, &text, err)) < 0)
			return r;
		if (!split)
			list_push(c->ev, list, str_new(c->ev, strbuf_slice(&text)));
		const struct value *lines =
			split ? text_splitlines(c->ev, strbuf_slice(&text), false) : NULL;
		for (size_t k = 0; lines && k < lines->list.len; k++)
			list_push(c->ev, list, lines->list.at[k]);
	}
	*ret = list;
	return r;
}

const struct function lookups_url[] = {
	{"url", "", 0, FN_VARARGS | FN_KWARGS, l_url},
	{0},
};
