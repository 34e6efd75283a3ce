/* Requests of the lookups of community.hashi_vault. */
#include "hashi.h"

#include "rollout/http/http.h"
#include "rollout/value/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ANSWER_MAX (8u << 20)
#define HEADERS_MAX 5u
#define TIMEOUT_MAX_S 3600

const char *hashi_quoted(struct call *c, const char *text, const char *more)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	size_t len = strlen(text);
	while (len && text[len - 1] == '/')
		len--;
	while (len && *text == '/') {
		text++;
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char b = (unsigned char)text[i];
		if (b < 0x80 && (isalnum(b) || strchr("/-._~", b) || strchr(more, b)))
			strbuf_putc(&out, (char)b);
		else
			strbuf_printf(&out, "%%%02X", b);
	}
	return arena_slice(c->ev->arena, strbuf_slice(&out)).ptr;
}

static int receive(void *ctx, struct slice piece, int64_t total, struct err *err)
{
	(void)total;
	(void)err;
	strbuf_slice_append(ctx, piece);
	return 0;
}

static int put_timeout(const struct hashi_session *s, struct http_request *q, struct err *err)
{
	const char *text = NULL;
	char *end;
	int r = hashi_option(s, "timeout", &text, err);
	if (r < 0)
		return r;
	q->timeout_s = strtol(text, &end, 10);
	if (*end || q->timeout_s < 1 || q->timeout_s > TIMEOUT_MAX_S)
		return err_set(err, ERR_INVALID, "timeout is 1 to %d seconds", TIMEOUT_MAX_S);
	return 0;
}

/* A URL, or a mapping from scheme to URL as Python prints it: then by keyword alone. */
static int put_proxy(const struct hashi_session *s, struct http_request *q, struct err *err)
{
	const struct value *given = template_arg(s->c->args, "proxies");
	const char *scheme = strncasecmp(s->url, "https:", 6) == 0 ? "https" : "http";
	struct slice text;
	if (!given || !is_dict(given))
		return hashi_option(s, "proxies", &q->proxy, err);
	given = value_get(given, scheme);
	if (!given)
		return 0;
	int r = text_of(s->c->ev, given, &text, err);
	if (r == 0)
		q->proxy = arena_slice(s->c->ev->arena, text).ptr;
	return r;
}

static int put_tls(const struct hashi_session *s, struct http_request *q, struct err *err)
{
	const char *ca = NULL, *verifies = NULL, *skips = getenv("VAULT_SKIP_VERIFY");
	struct arena *a = s->c->ev->arena;
	bool verify = true, skip = false;
	struct stat st;
	int r = hashi_option(s, "ca_cert", &ca, err);
	if (r == 0)
		r = hashi_option(s, "validate_certs", &verifies, err);
	if (r < 0)
		return r;
	if (verifies && !value_to_bool(value_cstr(a, verifies), &verify))
		return err_set(err, ERR_INVALID, "validate_certs is no boolean");
	if (!verifies && skips && value_to_bool(value_cstr(a, skips), &skip))
		verify = !skip;
	q->flags |= verify ? 0 : HTTP_INSECURE;
	bool is_folder = ca && stat(ca, &st) == 0 && S_ISDIR(st.st_mode);
	q->ca_file = is_folder ? NULL : ca;
	q->ca_dir = is_folder ? ca : NULL;
	return 0;
}

static int put_headers(const struct hashi_session *s, struct http_request *q, const char **lines,
		       struct err *err)
{
	struct arena *a = s->c->ev->arena;
	const char *space = NULL;
	size_t n = 0;
	int r = hashi_option(s, "namespace", &space, err);
	if (r < 0)
		return r;
	lines[n++] = "X-Vault-Request: true";
	if (s->token && s->token[0])
		lines[n++] = arena_printf(a, "X-Vault-Token: %s", s->token);
	if (space && space[0])
		lines[n++] = arena_printf(a, "X-Vault-Namespace: %s", space);
	if (q->body)
		lines[n++] = "Content-Type: application/json";
	lines[n] = NULL;
	q->headers = lines;
	return 0;
}

static const char *errors_of(struct call *c, const struct value *json, long status)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const struct value *errors = value_get(json, "errors");
	bool is_list = errors && errors->type == VALUE_LIST && errors->list.len;
	for (size_t i = 0; is_list && i < errors->list.len && out.len < 600; i++) {
		strbuf_puts(&out, i ? ", " : "");
		value_print(&out, errors->list.at[i]);
	}
	if (!is_list)
		strbuf_printf(&out, "status %ld", status);
	return arena_slice(c->ev->arena, strbuf_slice(&out)).ptr;
}

/* `what` has the method or the body. */
static int ask(struct hashi_session *s, const struct http_request *what, const char *path,
	       struct hashi_reply *ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf body = {0};
	const char *lines[HEADERS_MAX];
	struct arena *a = s->c->ev->arena;
	struct http_request q = *what;
	*ret = (struct hashi_reply){0};
	q.url = arena_printf(a, "%s/v1/%s", s->url, path);
	q.take = receive;
	q.ctx = &body;
	q.max_bytes = ANSWER_MAX;
	q.ret_status = &ret->status;
	q.flags = HTTP_ANY_STATUS | HTTP_KEEP_TLS | HTTP_NO_FTP;
	int r = put_timeout(s, &q, err);
	if (r == 0)
		r = put_proxy(s, &q, err);
	if (r == 0)
		r = put_tls(s, &q, err);
	if (r == 0)
		r = put_headers(s, &q, lines, err);
	if (r == 0 && (r = http_get(&q, NULL, err)) < 0)
		return err_wrap(err, r, "Vault");
	if (r < 0)
		return r;
	if (body.len == 0 || json_parse(a, "the answer", strbuf_slice(&body), &ret->json, NULL) < 0)
		ret->json = NULL;
	if (ret->status >= 400)
		ret->said = arena_printf(a, "%s, on %s", errors_of(s->c, ret->json, ret->status),
					 q.url);
	return 0;
}

int hashi_session_get(struct hashi_session *s, const char *method, const char *path,
		      struct hashi_reply *ret, struct err *err)
{
	const struct http_request q = {.method = strcmp(method, "GET") == 0 ? NULL : method};
	return ask(s, &q, path, ret, err);
}

int hashi_session_post(struct hashi_session *s, const char *path, const struct value *body,
		       struct hashi_reply *ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	json_emit(&text, body, JSON_PYTHON);
	const struct http_request q = {.body = text.ptr};
	return ask(s, &q, path, ret, err);
}
