/*
 * uri: HTTP as the host sees it, through its curl (docs/modules.md says why).
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/uri_module.html
 */
#include "../call.h"
#include "../path_state.h"
#include "../whole_file.h"
#include "curl.h"
#include "rollout/module/attributes.h"
#include "uri_answer.h"
#include "uri_body.h"

#include <ctype.h>

#define CONFIG_BODY_MAX 32768u /* older curls take no longer line of configuration */

static const char *const formats[] = {"raw", "json", "form-urlencoded", NULL};
static const char *const redirects[] = {"all", "none", "safe", "urllib2", "yes", "no", NULL};
static const char *const username_aliases[] = {"user", NULL};
static const char *const password_aliases[] = {"password", NULL};
static const char *const force_aliases[] = {"thirsty", NULL};

#define SWITCH(name_, default_, doc_)                                                              \
	{                                                                                          \
		.name = name_, .type = MODULE_BOOL, .fallback = default_, .doc = doc_              \
	}

static const struct module_param params[] = {
	{.name = "url", .type = MODULE_STR, .required = true, .doc = "HTTP or HTTPS URL."},
	{.name = "method", .type = MODULE_STR, .fallback = "GET", .doc = "The HTTP method."},
	{.name = "body", .type = MODULE_RAW, .doc = "What is sent."},
	{.name = "body_format",
	 .type = MODULE_STR,
	 .fallback = "raw",
	 .choices = formats,
	 .doc = "How body is written, and its Content-Type."},
	{.name = "src",
	 .type = MODULE_PATH,
	 .doc = "A file on the host that is sent; needs remote_src."},
	SWITCH("remote_src", "false", "src is on the host."),
	{.name = "status_code",
	 .type = MODULE_LIST,
	 .element = MODULE_INT,
	 .fallback = "[200]",
	 .doc = "The status codes of success."},
	SWITCH("return_content", "false", "Gives the answer back as content."),
	{.name = "headers", .type = MODULE_DICT, .doc = "Further headers."},
	{.name = "url_username",
	 .type = MODULE_STR,
	 .aliases = username_aliases,
	 .doc = "Name for HTTP authentication."},
	{.name = "url_password",
	 .type = MODULE_STR,
	 .aliases = password_aliases,
	 .doc = "Password for HTTP authentication."},
	SWITCH("force_basic_auth", "false", "Sends name and password unasked."),
	{.name = "follow_redirects",
	 .type = MODULE_STR,
	 .fallback = "safe",
	 .choices = redirects,
	 .doc = "safe follows those of GET and HEAD."},
	{.name = "timeout",
	 .type = MODULE_INT,
	 .fallback = "30",
	 .doc = "For the connection, and without a byte, in seconds."},
	{.name = "dest", .type = MODULE_PATH, .doc = "Where the answer goes, a file or a folder."},
	{.name = "creates", .type = MODULE_PATH, .doc = "Where it exists, nothing is asked."},
	{.name = "removes",
	 .type = MODULE_PATH,
	 .doc = "Where it does not exist, nothing is asked."},
	SWITCH("validate_certs", "true", "Checks the server's certificate."),
	{.name = "ca_path", .type = MODULE_PATH, .doc = "CA certificates on the host, PEM."},
	{.name = "client_cert", .type = MODULE_PATH, .doc = "A certificate on the host, PEM."},
	{.name = "client_key", .type = MODULE_PATH, .doc = "Its key, on the host."},
	{.name = "unix_socket", .type = MODULE_PATH, .doc = "A socket instead of an address."},
	{.name = "http_agent",
	 .type = MODULE_STR,
	 .fallback = "ansible-httpget",
	 .doc = "The User-Agent header."},
	SWITCH("use_proxy", "true", "Goes through the proxy that the environment names."),
	SWITCH("use_netrc", "true", "Looks for names and passwords in ~/.netrc."),
	SWITCH("decompress", "true", "Asks for compressed answers, and unpacks them."),
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = force_aliases,
	 .doc = "Wants no answer from a cache."},
	SWITCH("unsafe_writes", "false", "Accepted; dest is replaced."),
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

static bool is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool follows(struct module_call *call, const char *method)
{
	const char *how = arg_str(call, "follow_redirects");
	if (strcmp(how, "all") == 0 || strcmp(how, "yes") == 0)
		return true;
	return strcmp(how, "none") != 0 && strcmp(how, "no") != 0 && is_safe(method);
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

static int put_headers(struct curl *c, const struct value *headers, struct err *err)
{
	for (size_t i = 0; headers && i < headers->dict.len; i++) {
		CLEANUP(strbuf_wipe) struct strbuf line = {0};
		value_print(&line, headers->dict.at[i].key);
		size_t name = line.len;
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
	if (!arg_bool(call, "use_proxy"))
		curl_option(c, "noproxy", "*");
	if (arg_bool(call, "decompress"))
		curl_flag(c, "compressed");
	if (arg_bool(call, "force"))
		curl_option(c, "header", "cache-control: no-cache");
}

/* What is too long for a line, or no text, goes by a file that root alone reads. */
static int put_large_body(struct curl *c, struct module_call *call, struct slice text,
			  const char **ret_path, struct err *err)
{
	struct program p;
	program_init(&p, call, "mktemp");
	program_add(&p, "/tmp/.rollout-uri-XXXXXXXXXX");
	int r = program_change(&p, err);
	if (r < 0)
		return r;
	struct host_write w = {.content = text, .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0600;
	*ret_path = program_line(&p);
	r = call->host->ops->write(call->host, *ret_path, &w, err);
	curl_option(c, "data-binary", arena_printf(call->arena, "@%s", *ret_path));
	return r;
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
	if (strcmp(method, "HEAD") == 0)
		curl_flag(c, "head");
	else
		curl_option(c, "request", method);
	if (src)
		curl_option(c, "data-binary", arena_printf(call->arena, "@%s", src));
	else if (body.given &&
		 (body.text.len > CONFIG_BODY_MAX || memchr(body.text.ptr, 0, body.text.len)))
		r = put_large_body(c, call, body.text, ret_path, err);
	else if (body.given)
		curl_option_slice(c, "data-raw", body.text);
	else if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)
		curl_option(c, "data-raw", "");
	return r;
}

static int ask(struct module_call *call, const char *method, struct curl_answer *ret,
	       struct err *err)
{
	CLEANUP(curl_release) struct curl c;
	const char *body_path = NULL;
	curl_init(&c, call, arg_str(call, "url"));
	put_options(&c, call);
	put_authentication(&c, call);
	if (follows(call, method))
		curl_flag(&c, "location");
	int r = put_headers(&c, value_get(call->args, "headers"), err);
	if (r == 0)
		r = put_body(&c, call, method, &body_path, err);
	if (r == 0)
		r = curl_run(&c, is_safe(method), ret, err);
	if (body_path && body_path[0])
		(void)call->host->ops->remove(call->host, body_path, false, NULL);
	return r;
}

/* A folder as dest takes the URL's last part as name. */
static int save(struct module_call *call, const struct curl_answer *a, struct err *err)
{
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	const char *dest = call_absolute_path(call, NULL, arg_str(call, "dest"));
	int r = call->host->ops->stat(call->host, call->arena, dest, true, &st, err);
	if (r == 0 && st.type == HOST_DIR) {
		const char *path = strstr(a->url, "://"), *slash;
		path = path ? path + 3 : a->url;
		const char *end = path + strcspn(path, "?#");
		slash = memrchr(path, '/', (size_t)(end - path));
		dest = slash && slash + 1 < end ? arena_printf(call->arena, "%s/%.*s", dest,
							       (int)(end - slash - 1), slash + 1)
						: arena_printf(call->arena, "%s/index.html", dest);
		r = call->host->ops->stat(call->host, call->arena, dest, true, &st, err);
	}
	if (r == 0)
		r = whole_file_put(call, dest, a->body, -1, NULL, err);
	if (r == 0)
		r = call->host->ops->stat(call->host, call->arena, dest, true, &st, err);
	if (r == 0)
		r = attributes_wanted(call, &st, &want, err);
	if (r == 0)
		r = attributes_apply(call, dest, &want, err);
	result_put_str(call, "path", dest);
	return r < 0 ? r : path_state_put(call, dest, err);
}

static bool is_wanted(struct module_call *call, int64_t status)
{
	const struct value *codes = value_get(call->args, "status_code");
	for (size_t i = 0; codes && i < codes->list.len; i++)
		if (codes->list.at[i]->type == VALUE_INT && codes->list.at[i]->integer == status)
			return true;
	return false;
}

static int judge(struct module_call *call, const struct curl_answer *a, struct err *err)
{
	const char *why = uri_answer_put(call, a, arg_bool(call, "return_content"));
	if (is_wanted(call, a->status))
		return arg_has(call, "dest") && a->status != 304 ? save(call, a, err) : 0;
	if (a->status < 0 && host_assumes(call->host))
		return err_set(err, ERR_UNKNOWN, "would ask %s again: %s", arg_str(call, "url"),
			       host_assumes(call->host));
	CLEANUP(strbuf_release) struct strbuf codes = {0};
	value_repr(&codes, value_get(call->args, "status_code"));
	return err_set(err, ERR_INVALID, "Status code was %lld and not %s: %s",
		       (long long)a->status, codes.ptr, why);
}

static void put_settled(struct module_call *call, const struct value *text)
{
	struct value *lines = value_list_new(call->arena);
	value_list_push(call->arena, lines, text);
	result_put(call, "stdout", text);
	result_put(call, "stdout_lines", lines);
}

/* creates and removes, as uri words them. */
static int is_settled(struct module_call *call, bool *ret, struct err *err)
{
	static const char *const names[] = {"creates", "removes"};
	for (int i = 0; i < 2; i++) {
		const char *path = arg_str(call, names[i]);
		bool there = false;
		if (!path)
			continue;
		int r = call_path_exists(call, call_absolute_path(call, NULL, path), &there, err);
		if (r < 0)
			return r;
		if (there != (i == 0))
			continue;
		*ret = true;
		put_settled(call, value_fmt(call->arena, "skipped, since '%s' %s", path,
					    there ? "exists" : "does not exist"));
		return 0;
	}
	return 0;
}

static const char *upper(struct module_call *call, const char *text)
{
	char *copy = arena_strdup(call->arena, text);
	for (char *c = copy; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return copy;
}

static int apply(struct module_call *call, struct err *err)
{
	struct curl_answer answer;
	const char *url = arg_str(call, "url"), *method = upper(call, arg_str(call, "method"));
	bool settled = false;
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return err_set(err, ERR_INVALID, "'%s' is no http:// or https:// URL", url);
	if (!method[0] || method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_")])
		return err_set(err, ERR_INVALID,
			       "Parameter 'method' needs to be a single word "
			       "in uppercase, like GET or POST.");
	if (arg_has(call, "src") && !arg_bool(call, "remote_src"))
		return err_set(err, ERR_UNSUPPORTED,
			       "src of the controller is not sent: copy it, and set remote_src");
	int r = is_settled(call, &settled, err);
	if (r < 0 || settled)
		return r;
	if (call->check_mode && !is_safe(method)) {
		result_changed(call);
		result_unknown(call, "would send %s %s", method, url);
		return 0;
	}
	r = ask(call, method, &answer, err);
	return r < 0 ? r : judge(call, &answer, err);
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

static const char *const excludes[] = {"body|src", NULL};

const struct module module_uri = {
	.name = "uri",
	.full_name = "ansible.builtin.uri",
	.doc = "Talks to an HTTP service from the host.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
