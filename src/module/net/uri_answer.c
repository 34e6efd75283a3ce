#include "uri_answer.h"

#include "rollout/value/json.h"

#include <ctype.h>

/* "Content-Type" to "content_type" */
static const char *key_of(struct module_call *call, struct slice name)
{
	char *key = arena_strndup(call->arena, name.ptr, name.len);
	for (char *c = key; *c; c++)
		*c = *c == '-' ? '_' : (char)tolower((unsigned char)*c);
	return key;
}

static void take_cookie(struct module_call *call, struct slice text, struct value *cookies)
{
	struct slice pair, name;
	if (!slice_split(&text, ';', &pair) || !slice_split(&pair, '=', &name) || !pair.ptr)
		return;
	value_dict_put(call->arena, cookies, arena_slice(call->arena, slice_trim(name)).ptr,
		       value_str(call->arena, slice_trim(pair)));
}

struct fields {
	struct value *headers, *cookies;
};

static void take_header(struct module_call *call, struct slice line, struct fields *f)
{
	struct slice name;
	if (!slice_split(&line, ':', &name) || !line.ptr)
		return;
	struct slice text = slice_trim(line);
	const char *key = key_of(call, name);
	const struct value *old = value_get(f->headers, key);
	if (strcmp(key, "set_cookie") == 0)
		take_cookie(call, text, f->cookies);
	value_dict_put(call->arena, f->headers, key,
		       old ? value_fmt(call->arena, "%s, %.*s", old->str.ptr, SLICE_ARG(text))
			   : value_str(call->arena, text));
}

/* A server must not say how the task ended. */
static bool is_reserved(struct module_call *call, struct slice key)
{
	static const char *const names[] = {"changed", "failed",  "skipped", "warnings",
					    "diff",    "json",	  "content", "exception",
					    "path",    "results", "rc",	     "deprecations"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(key, names[i]))
			return true;
	return key.len == 0 || key.ptr[0] == '_' || slice_starts_with(key, "ansible") ||
	       value_get_slice(call->result, key);
}

static void put_headers(struct module_call *call, const struct value *headers)
{
	for (size_t i = 0; i < headers->dict.len; i++) {
		struct slice key = headers->dict.at[i].key->str;
		if (!is_reserved(call, key))
			result_put(call, key.ptr, headers->dict.at[i].value);
	}
}

static void put_cookies(struct module_call *call, const struct value *cookies)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	for (size_t i = 0; i < cookies->dict.len; i++)
		strbuf_printf(&text, "%s%s=%s", i ? "; " : "", cookies->dict.at[i].key->str.ptr,
			      cookies->dict.at[i].value->str.ptr);
	result_put(call, "cookies", cookies);
	result_put(call, "cookies_string", value_str(call->arena, strbuf_slice(&text)));
}

static void put_json(struct module_call *call, struct slice body)
{
	const struct value *type = value_get(call->result, "content_type"), *json;
	if (!type || type->type != VALUE_STRING ||
	    (!strcasestr(type->str.ptr, "json") && !strcasestr(type->str.ptr, "javascript")))
		return;
	if (json_parse(call->arena, "the answer", body, &json, NULL) == 0)
		result_put(call, "json", json);
}

/* "Not Found" of "HTTP/1.1 404 Not Found"; HTTP/2 has no words. */
static const char *reason(struct module_call *call, struct slice status_line)
{
	struct slice word = {"", 0};
	(void)slice_split(&status_line, ' ', &word);
	(void)slice_split(&status_line, ' ', &word);
	struct slice rest = status_line.ptr ? slice_trim(status_line) : (struct slice){"", 0};
	return arena_slice(call->arena, rest).ptr;
}

static const char *good_message(struct module_call *call, const struct value *headers)
{
	const struct value *length = value_get(headers, "content_length");
	return arena_printf(call->arena, "OK (%s bytes)", length ? length->str.ptr : "unknown");
}

const char *uri_answer_put(struct module_call *call, const struct curl_answer *a, bool content)
{
	struct slice rest = a->headers, line = {"", 0};
	struct fields f = {value_dict_new(call->arena), value_dict_new(call->arena)};
	const char *msg = NULL;
	(void)slice_split(&rest, '\n', &line);
	const char *words = reason(call, line);
	result_put_str(call, "url", a->status < 0 ? arg_str(call, "url") : a->url);
	result_put_int(call, "status", a->status);
	result_put_int(call, "elapsed", a->elapsed_s);
	result_put_bool(call, "redirected",
			a->redirected && strcmp(a->url, arg_str(call, "url")) != 0);
	if (a->status < 0)
		msg = arena_printf(call->arena, "Request failed: %s", a->what);
	else if (a->status >= 300 && a->status != 304)
		msg = arena_printf(call->arena, "HTTP Error %lld: %s", (long long)a->status, words);
	while (slice_split(&rest, '\n', &line))
		take_header(call, line, &f);
	msg = msg ? msg : good_message(call, f.headers);
	result_put_str(call, "msg", msg);
	/* Ansible has the text of what it takes for an error here. */
	if (a->status >= 300 && a->status != 304)
		result_put(call, "body", value_str(call->arena, a->body));
	put_headers(call, f.headers);
	put_cookies(call, f.cookies);
	put_json(call, a->body);
	if (content)
		result_put(call, "content", value_str(call->arena, a->body));
	return msg;
}
