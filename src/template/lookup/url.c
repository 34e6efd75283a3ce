/* The lookup url: what a server answers, asked by the controller.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/url_lookup.html */
#include "../filter/filter.h"

#include <curl/curl.h>

#define TIMEOUT_S 10 /* to connect, and without a byte */
#define REDIRECTS_MAX 10L
#define AGENT "ansible-httpget"

static size_t receive(char *data, size_t size, size_t n, void *ctx)
{
	struct strbuf *text = ctx;
	if (text->len + size * n > TEXT_MAX_BYTES)
		return 0;
	strbuf_append(text, data, size * n);
	return size * n;
}

static int text_option(struct call *c, CURL *curl, const char *name, CURLoption option,
		       struct err *err)
{
	const struct value *v = template_arg(c->args, name);
	struct slice s;
	if (!v || v->type == VALUE_NULL)
		return 0;
	int r = text_of(c->ev, v, &s, err);
	if (r == 0)
		curl_easy_setopt(curl, option, arena_slice(c->ev->arena, s).ptr);
	return r;
}

static int bool_option(struct call *c, const char *name, bool *ret, struct err *err)
{
	const struct value *v = template_arg(c->args, name);
	return v ? eval_truth(c->ev, v, ret, err) : 0;
}

static int put_texts(struct call *c, CURL *curl, struct err *err)
{
	static const struct {
		const char *name;
		CURLoption option;
	} texts[] = {
		{"username", CURLOPT_USERNAME},	   {"password", CURLOPT_PASSWORD},
		{"http_agent", CURLOPT_USERAGENT}, {"unix_socket", CURLOPT_UNIX_SOCKET_PATH},
		{"ca_path", CURLOPT_CAINFO},	   {"ciphers", CURLOPT_SSL_CIPHER_LIST},
	};
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts) && r == 0; i++)
		r = text_option(c, curl, texts[i].name, texts[i].option, err);
	return r;
}

static int put_timeout(struct call *c, CURL *curl, struct err *err)
{
	const struct value *v = template_arg(c->args, "timeout");
	int64_t seconds = TIMEOUT_S;
	int r = v ? int_of(v, &seconds, err) : 0;
	if (r == 0 && (seconds < 1 || seconds > 3600))
		r = err_set(err, ERR_INVALID, "timeout is 1 to 3600 seconds");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)seconds);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)seconds);
	return r;
}

static int put_headers(struct call *c, CURL *curl, struct curl_slist **ret, struct err *err)
{
	const struct value *headers = template_arg(c->args, "headers");
	int r = 0;
	if (headers && !is_dict(headers))
		return type_error(err, "headers must be a dict", headers);
	for (size_t i = 0; headers && i < headers->dict.len && r == 0; i++) {
		struct slice name, value;
		if ((r = text_of(c->ev, headers->dict.at[i].key, &name, err)) < 0 ||
		    (r = text_of(c->ev, headers->dict.at[i].value, &value, err)) < 0)
			return r;
		char *line =
			arena_printf(c->ev->arena, "%.*s: %.*s", SLICE_ARG(name), SLICE_ARG(value));
		if (strpbrk(line, "\r\n"))
			return err_set(err, ERR_INVALID, "header '%.*s' holds a line end",
				       SLICE_ARG(name));
		*ret = curl_slist_append(*ret, line);
	}
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *ret);
	return r;
}

static int put_switches(struct call *c, CURL *curl, struct err *err)
{
	bool verify = true, proxy = true, basic = false;
	int r;
	if ((r = bool_option(c, "validate_certs", &verify, err)) < 0 ||
	    (r = bool_option(c, "use_proxy", &proxy, err)) < 0 ||
	    (r = bool_option(c, "force_basic_auth", &basic, err)) < 0)
		return r;
	if (!verify) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (!proxy)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (!basic)
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_ANY);
	return 0;
}

static int put_redirects(struct call *c, CURL *curl, struct err *err)
{
	const struct value *v = template_arg(c->args, "follow_redirects");
	struct slice how = SLICE_LIT("urllib2");
	int r = v ? text_of(c->ev, v, &how, err) : 0;
	bool none = slice_is(how, "none") || slice_is(how, "no");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, none ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	return r;
}

static int get(struct call *c, CURL *curl, struct slice url, struct strbuf *out, struct err *err)
{
	char detail[CURL_ERROR_SIZE] = "";
	curl_easy_setopt(curl, CURLOPT_URL, arena_slice(c->ev->arena, url).ptr);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,ftp,file");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https,ftp");
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	CURLcode code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		return 0;
	if (code == CURLE_WRITE_ERROR)
		return limit_text(TEXT_MAX_BYTES + 1, err);
	return err_set(err, ERR_UNREACHABLE, "url %.*s: %s", SLICE_ARG(url),
		       detail[0] ? detail : curl_easy_strerror(code));
}

static int fetch(struct call *c, struct slice url, struct strbuf *out, struct err *err)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = NULL;
	int r;
	if (!curl)
		return err_set(err, ERR_LIMIT, "url %.*s: no memory", SLICE_ARG(url));
	curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	if ((r = put_texts(c, curl, err)) == 0 && (r = put_timeout(c, curl, err)) == 0 &&
	    (r = put_switches(c, curl, err)) == 0 && (r = put_redirects(c, curl, err)) == 0 &&
	    (r = put_headers(c, curl, &headers, err)) == 0)
		r = get(c, curl, url, out, err);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return r;
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
