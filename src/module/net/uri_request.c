#include "uri_request.h"

#include "curl_body.h"
#include "uri_body.h"

#define REDIRECTS_MAX 10u /* as urllib */

/* What a redirect made of the request. */
struct hop {
	const char *method, *url;
	bool redirected;
	bool foreign; /* to another server */
	bool bare;    /* without what was sent */
};

bool uri_is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool keeps_body(int64_t status)
{
	return status == 307 || status == 308;
}

/* Source: ansible-core, module_utils/urls.py (HTTPRedirectHandler); urllib.request. */
static bool follows(const char *how, const char *method, int64_t status)
{
	if (!keeps_body(status) && (status < 301 || status > 303))
		return false;
	if (strcmp(how, "none") == 0 || strcmp(how, "no") == 0)
		return false;
	if (strcmp(how, "all") == 0 || strcmp(how, "yes") == 0 || uri_is_safe(method))
		return true;
	return strcmp(how, "urllib2") == 0 && strcmp(method, "POST") == 0 && !keeps_body(status);
}

/* As browsers, not as the standards. */
static const char *next_method(const char *how, const char *method, int64_t status)
{
	bool get = status == 302 || status == 303 || (status == 301 && strcmp(method, "POST") == 0);
	if (strcmp(how, "urllib2") == 0)
		get = true;
	return get && strcmp(method, "HEAD") != 0 ? "GET" : method;
}

static bool has_header(const struct value *headers, const char *name)
{
	for (size_t i = 0; headers && i < headers->dict.len; i++) {
		const struct value *k = headers->dict.at[i].key;
		if (k->type == VALUE_STRING && strcasecmp(k->str.ptr, name) == 0)
			return true;
	}
	return false;
}

static bool is_one_of(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcasecmp(*names, name) == 0)
			return true;
	return false;
}

/* Those that a redirect does not take along. */
static bool stays(struct module_call *call, const struct hop *hop, const char *name)
{
	static const char *const of_body[] = {"content-length", "content-type", "transfer-encoding",
					      NULL};
	static const char *const of_server[] = {"authorization", "cookie", NULL};
	return (hop->redirected && is_one_of(arg_list(call, "unredirected_headers", NULL), name)) ||
	       (hop->bare && is_one_of(of_body, name)) ||
	       (hop->foreign && is_one_of(of_server, name));
}

static int put_headers(struct curl *c, struct module_call *call, const struct hop *hop,
		       struct err *err)
{
	const struct value *headers = value_get(call->args, "headers");
	for (size_t i = 0; headers && i < headers->dict.len; i++) {
		CLEANUP(strbuf_wipe) struct strbuf line = {0};
		value_print(&line, headers->dict.at[i].key);
		size_t name = line.len;
		if (stays(call, hop, line.ptr))
			continue;
		strbuf_puts(&line, ": ");
		value_print(&line, headers->dict.at[i].value);
		if (strpbrk(line.ptr, "\r\n") || strlen(line.ptr) != line.len)
			return err_set(err, ERR_INVALID, "header '%.*s' holds a line end",
				       (int)name, line.ptr);
		/* Without text curl wants a ; or takes the header away. */
		if (line.len == name + 2) {
			strbuf_truncate(&line, name);
			strbuf_putc(&line, ';');
		}
		curl_option(c, "header", line.ptr);
	}
	return 0;
}

static void put_authentication(struct curl *c, struct module_call *call)
{
	const char *name = arg_str(call, "url_username"), *password = arg_str(call, "url_password");
	if (name) {
		curl_option(c, "user",
			    arena_printf(call->arena, "%s:%s", name, password ? password : ""));
		curl_flag(c, arg_bool(call, "force_basic_auth") ? "basic" : "anyauth");
	}
	if (arg_bool(call, "use_netrc"))
		curl_flag(c, "netrc-optional");
}

static const char *joined(struct module_call *call, const char *name, const char *between)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	size_t count;
	const char *const *items = arg_list(call, name, &count);
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&out, "%s%s", i ? between : "", items[i]);
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

static void put_options(struct curl *c, struct module_call *call)
{
	static const struct {
		const char *argument, *option;
	} options[] = {
		{"ca_path", "cacert"},		{"client_cert", "cert"},      {"client_key", "key"},
		{"unix_socket", "unix-socket"}, {"http_agent", "user-agent"},
	};
	const char *timeout =
		arena_printf(call->arena, "%lld", (long long)arg_int(call, "timeout", 30));
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (arg_has(call, options[i].argument))
			curl_option(c, options[i].option, arg_str(call, options[i].argument));
	curl_option(c, "connect-timeout", timeout);
	curl_option(c, "speed-limit", "1");
	curl_option(c, "speed-time", timeout);
	if (!arg_bool(call, "validate_certs"))
		curl_flag(c, "insecure");
	if (arg_has(call, "ciphers"))
		curl_option(c, "ciphers", joined(call, "ciphers", ":"));
	if (!arg_bool(call, "use_proxy"))
		curl_option(c, "noproxy", "*");
	if (arg_bool(call, "decompress"))
		curl_flag(c, "compressed");
	if (arg_bool(call, "force"))
		curl_option(c, "header", "cache-control: no-cache");
}

static void put_method(struct curl *c, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		curl_flag(c, "head");
	else
		curl_option(c, "request", method);
}

static int put_body(struct curl *c, struct module_call *call, const char *method,
		    const char **ret_path, struct err *err)
{
	struct uri_body body;
	const char *src = arg_str(call, "src");
	int r = uri_body_make(call, &body, err);
	if (r < 0)
		return r;
	if (body.content_type && !has_header(value_get(call->args, "headers"), "content-type"))
		curl_option(c, "header",
			    arena_printf(call->arena, "Content-Type: %s", body.content_type));
	put_method(c, method);
	if (src)
		curl_option(c, "data-binary", arena_printf(call->arena, "@%s", src));
	else if (body.given)
		r = curl_body(c, body.text, ret_path, err);
	else if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)
		curl_option(c, "data-raw", "");
	return r;
}

static int ask(struct module_call *call, const struct hop *hop, struct curl_answer *ret,
	       struct err *err)
{
	CLEANUP(curl_release) struct curl c;
	const char *body_path = NULL;
	curl_init(&c, call, hop->url);
	put_options(&c, call);
	if (!hop->foreign)
		put_authentication(&c, call);
	int r = put_headers(&c, call, hop, err);
	if (r == 0 && hop->bare)
		put_method(&c, hop->method);
	else if (r == 0)
		r = put_body(&c, call, hop->method, &body_path, err);
	if (r == 0)
		r = curl_run(&c, uri_is_safe(hop->method), ret, err);
	curl_body_drop(&c, body_path);
	return r;
}

/* "https://host:port" */
static struct slice server_of(const char *url)
{
	const char *at = strstr(url, "://");
	at = at ? at + 3 : url;
	return (struct slice){url, (size_t)(at - url) + strcspn(at, "/?#")};
}

static bool is_web(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* Redirects by ourselves: curl would keep the method, and take all headers along. */
int uri_request(struct module_call *call, const char *method, struct curl_answer *ret,
		struct err *err)
{
	const char *url = arg_str(call, "url"), *how = arg_str(call, "follow_redirects");
	struct hop hop = {.method = method, .url = url};
	int64_t elapsed_s = 0;
	int r = ask(call, &hop, ret, err);
	for (unsigned i = 0; r == 0 && i < REDIRECTS_MAX && is_web(ret->redirect) &&
			     follows(how, hop.method, ret->status);
	     i++) {
		elapsed_s += ret->elapsed_s;
		hop.method = next_method(how, hop.method, ret->status);
		hop.url = ret->redirect;
		hop.redirected = true;
		hop.foreign = !slice_eq(server_of(url), server_of(hop.url));
		hop.bare |= !keeps_body(ret->status) || strcmp(how, "urllib2") == 0;
		r = ask(call, &hop, ret, err);
	}
	if (r < 0)
		return r;
	ret->redirected = hop.redirected;
	ret->elapsed_s += elapsed_s;
	return 0;
}
