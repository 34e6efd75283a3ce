/*
 * uri: HTTP as the host sees it, through its curl (docs/modules.md says why).
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/uri_module.html
 */
#include "../call.h"
#include "../path/path_state.h"
#include "../path/whole_file.h"
#include "rollout/module/attributes.h"
#include "uri_answer.h"
#include "uri_request.h"
#include "url_params.h"

#include <ctype.h>

static const char *const formats[] = {"raw", "json", "form-urlencoded", "form-multipart", NULL};
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
	URL_PARAMS(username_aliases, password_aliases),
	{.name = "follow_redirects",
	 .type = MODULE_STR,
	 .fallback = "safe",
	 .choices = redirects,
	 .doc = "safe follows those of GET and HEAD, urllib2 also a POST's that become a GET."},
	{.name = "unredirected_headers",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Names of headers that no redirect takes along."},
	{.name = "timeout",
	 .type = MODULE_INT,
	 .fallback = "30",
	 .doc = "For the connection, and without a byte, in seconds."},
	{.name = "dest", .type = MODULE_PATH, .doc = "Where the answer goes, a file or a folder."},
	{.name = "creates", .type = MODULE_PATH, .doc = "Where it exists, nothing is asked."},
	{.name = "removes",
	 .type = MODULE_PATH,
	 .doc = "Where it does not exist, nothing is asked."},
	{.name = "ca_path", .type = MODULE_PATH, .doc = "CA certificates on the host, PEM."},
	{.name = "client_cert", .type = MODULE_PATH, .doc = "A certificate on the host, PEM."},
	{.name = "client_key", .type = MODULE_PATH, .doc = "Its key, on the host."},
	{.name = "unix_socket", .type = MODULE_PATH, .doc = "A socket instead of an address."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = force_aliases,
	 .doc = "Wants no answer from a cache."},
	SWITCH("unsafe_writes", "false", "Accepted; dest is replaced."),
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

/* A folder as dest takes the URL's last part as name. */
static int save(struct module_call *call, const struct curl_answer *a, struct err *err)
{
	struct host_stat st = {0};
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
		r = whole_file_settle(call, dest, a->body, -1, false, err);
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
	if (call->check_mode && !uri_is_safe(method)) {
		result_changed(call);
		result_unknown(call, "would send %s %s", method, url);
		return 0;
	}
	r = uri_request(call, method, &answer, err);
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
	.flags = MODULE_PREPARE | MODULE_ASYNC,
	.kind = MODULE_KIND_URI,
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
