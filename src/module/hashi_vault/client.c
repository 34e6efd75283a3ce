/* One request to Vault, tried again as `retries` says. */
#include "../call.h"
#include "../net/curl_body.h"
#include "hashi.h"
#include "rollout/value/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <time.h>

#define BACKOFF_MAX_S 120.0
#define SAID_MAX 600u
#define TIMEOUTS 4 /* of a whole answer, which comes piece by piece */

static void put_quoted(struct strbuf *out, const char *text, const char *safe)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c < 0x80 && (isalnum(c) || strchr(safe, c)))
			strbuf_putc(out, (char)c);
		else
			strbuf_printf(out, "%%%02X", c);
	}
}

static const char *without_slashes(struct module_call *call, const char *text)
{
	size_t len = strlen(text);
	while (len && text[len - 1] == '/')
		len--;
	size_t start = 0;
	while (start < len && text[start] == '/')
		start++;
	return arena_strndup(call->arena, text + start, len - start);
}

const char *hashi_path(struct module_call *call, const char *path)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	put_quoted(&out, without_slashes(call, path), "!$%&'()*+,/:;=?@[]~-._");
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

const char *hashi_path_join(struct module_call *call, const char *mount, const char *between,
			    const char *name)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	put_quoted(&out, without_slashes(call, mount), "/-._~");
	strbuf_puts(&out, between);
	put_quoted(&out, without_slashes(call, name), "/-._~");
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

static void put_header(struct curl *c, const char *name, const char *text)
{
	if (text && text[0])
		curl_option(c, "header",
			    arena_printf(c->program.call->arena, "%s: %s", name, text));
}

static void put_limits(struct curl *c, const struct hashi *v)
{
	struct arena *a = v->call->arena;
	const char *seconds = arena_printf(a, "%lld", (long long)v->timeout_s);
	curl_option(c, "connect-timeout", seconds);
	curl_option(c, "speed-limit", "1");
	curl_option(c, "speed-time", seconds);
	curl_option(c, "max-time", arena_printf(a, "%lld", (long long)v->timeout_s * TIMEOUTS));
	curl_option(c, "max-filesize", arena_printf(a, "%u", HASHI_ANSWER_MAX));
	curl_option(c, "max-redirs", "10");
	/* The token goes where Vault sends us, but not into the clear. */
	curl_option(c, "proto-redir",
		    strncasecmp(v->url, "https:", 6) == 0 ? "=https" : "=http,https");
}

static void put_options(struct curl *c, const struct hashi *v, const struct hashi_request *q)
{
	curl_option(c, "request", q->method);
	curl_flag(c, "location");
	put_limits(c, v);
	if (v->proxy) {
		curl_option(c, "proxy", v->proxy);
		curl_flag(c, "suppress-connect-headers");
	}
	if (!v->verifies)
		curl_flag(c, "insecure");
	else if (v->ca)
		curl_option(c, v->ca_is_folder ? "capath" : "cacert", v->ca);
	if (q->cert)
		curl_option(c, "cert", q->cert);
	if (q->key)
		curl_option(c, "key", q->key);
	put_header(c, "X-Vault-Request", "true");
	put_header(c, "X-Vault-Token", v->token);
	put_header(c, "X-Vault-Namespace", v->space);
	put_header(c, "X-Vault-Wrap-TTL", q->wrap_ttl);
}

static int put_body(struct curl *c, const struct hashi_request *q, const char **ret_path,
		    struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	if (!q->body)
		return 0;
	json_emit(&text, q->body, JSON_PYTHON);
	put_header(c, "Content-Type", "application/json");
	return curl_body(c, strbuf_slice(&text), ret_path, err);
}

static int ask_once(struct hashi *v, const struct hashi_request *q, const char *url,
		    struct curl_answer *ret, struct err *err)
{
	CLEANUP(curl_release) struct curl c;
	const char *body_path = NULL;
	curl_init(&c, v->call, url);
	put_options(&c, v, q);
	int r = put_body(&c, q, &body_path, err);
	if (r == 0)
		r = curl_run(&c, !q->changes, ret, err);
	curl_body_drop(&c, body_path);
	return r;
}

static bool is_again(const struct hashi *v, int64_t status)
{
	for (size_t i = 0; i < v->retry_on->list.len; i++)
		if (v->retry_on->list.at[i]->type == VALUE_INT &&
		    v->retry_on->list.at[i]->integer == status)
			return true;
	return status < 0;
}

/* As urllib3: the first time at once, then twice as long each time. */
static void wait_for_retry(const struct hashi *v, int64_t done)
{
	double s = done < 1 ? 0 : v->backoff_s * (double)(1ull << (done < 30 ? done : 30));
	s = s > BACKOFF_MAX_S ? BACKOFF_MAX_S : s;
	struct timespec ts = {.tv_sec = (time_t)s};
	ts.tv_nsec = (long)((s - (double)ts.tv_sec) * 1e9);
	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* A server may send the token back. */
static const char *without_token(struct hashi *v, const char *text)
{
	CLEANUP(strbuf_wipe) struct strbuf out = {0};
	size_t len = v->token ? strlen(v->token) : 0;
	const char *hit;
	for (; len && (hit = strstr(text, v->token)); text = hit + len) {
		strbuf_append(&out, text, (size_t)(hit - text));
		strbuf_puts(&out, "********");
	}
	strbuf_puts(&out, text);
	return arena_slice(v->call->arena, strbuf_slice(&out)).ptr;
}

static const char *errors_of(struct hashi *v, const struct hashi_answer *a)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const struct value *errors = value_get(a->json, "errors");
	bool is_list = errors && errors->type == VALUE_LIST && errors->list.len;
	for (size_t i = 0; is_list && i < errors->list.len && out.len < SAID_MAX; i++) {
		strbuf_puts(&out, i ? ", " : "");
		value_print(&out, errors->list.at[i]);
	}
	if (!is_list)
		strbuf_printf(&out, "status %lld", (long long)a->status);
	if (out.len > SAID_MAX)
		strbuf_truncate(&out, SAID_MAX);
	return without_token(v, out.ptr);
}

static void take(struct hashi *v, const struct hashi_request *q, const struct curl_answer *from,
		 struct hashi_answer *ret)
{
	struct module_call *call = v->call;
	*ret = (struct hashi_answer){.status = from->status, .body = from->body};
	if (from->body.len == 0 ||
	    json_parse(call->arena, "the answer", from->body, &ret->json, NULL) < 0)
		ret->json = NULL;
	if (hashi_is_good(ret))
		return;
	char *method = arena_strdup(call->arena, q->method);
	for (char *c = method; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	ret->said = arena_printf(call->arena, "%s, on %s %s/v1/%s", errors_of(v, ret), method,
				 v->url, q->path);
}

int hashi_ask(struct hashi *v, const struct hashi_request *q, struct hashi_answer *ret,
	      struct err *err)
{
	struct curl_answer answer;
	const char *url = arena_printf(v->call->arena, "%s/v1/%s", v->url, q->path);
	for (int64_t done = 0;; done++) {
		int r = ask_once(v, q, url, &answer, err);
		if (r < 0)
			return r;
		if (done >= v->retries || !is_again(v, answer.status))
			break;
		if (v->warns_of_retries)
			result_warn(v->call, "community.hashi_vault: %lld retries remaining.",
				    (long long)(v->retries - done - 1));
		wait_for_retry(v, done);
	}
	if (answer.status < 0)
		return hashi_refused(v, err, "Vault at %s does not answer: %s", v->url,
				     without_token(v, answer.what));
	take(v, q, &answer, ret);
	return 0;
}

int hashi_refused(struct hashi *v, struct err *err, const char *fmt, ...)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *why = v->call->check_mode ? host_assumes(v->call->host) : NULL;
	va_list ap;
	va_start(ap, fmt);
	strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (why)
		return err_set(err, ERR_UNKNOWN, "would ask Vault again: %s", why);
	return err_set(err, ERR_INVALID, "%s", text.ptr);
}

int hashi_failed(struct hashi *v, const struct hashi_answer *a, struct err *err)
{
	return hashi_refused(v, err, "%s", a->said);
}

int hashi_no_json(struct hashi *v, const struct hashi_answer *a, struct err *err)
{
	return hashi_refused(v, err, "Vault returned status code %lld and an unparsable body.",
			     (long long)a->status);
}

const struct value *hashi_output(struct hashi *v, const struct hashi_answer *a)
{
	if (a->json)
		return a->json;
	if (a->status == 204)
		return value_dict_new(v->call->arena);
	result_warn(v->call, "Vault returned status code %lld and an unparsable body.",
		    (long long)a->status);
	return value_str(v->call->arena, a->body);
}
