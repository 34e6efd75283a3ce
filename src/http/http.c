#include "rollout/http/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#define SLOW_BYTES 1

/* One request under way. */
struct get {
	const struct http_request *q;
	CURL *curl;
	struct curl_slist *headers;
	uint64_t received;
	int64_t total;
	bool begun;
	int taken;	    /* what ended it on our side, or 0 */
	unsigned redirects; /* that were gone by us, for first_headers */
	struct err err;
	char detail[CURL_ERROR_SIZE];
};

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- receiving ---- */

static int take(struct get *g, struct slice piece)
{
	const struct http_request *q = g->q;
	curl_off_t length = -1;
	g->received += piece.len;
	if (q->max_bytes && (uint64_t)q->resume_at + g->received > q->max_bytes)
		return err_set(&g->err, ERR_LIMIT, "it is larger than %llu bytes",
			       (unsigned long long)q->max_bytes);
	if (!g->begun) {
		curl_easy_getinfo(g->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
		g->total = length > 0 ? length + q->resume_at : -1;
		g->begun = true;
	}
	return q->take(q->ctx, piece, g->total, &g->err);
}

/* Of a redirect that we go ourselves: its body is nobody's. */
static bool is_redirect(const struct get *g)
{
	long status = 0;
	if (!g->q->first_headers || g->q->flags & HTTP_NO_REDIRECT)
		return false;
	curl_easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 300 && status < 400 && status != 304;
}

static size_t receive(char *data, size_t size, size_t n, void *ctx)
{
	struct get *g = ctx;
	if (is_redirect(g))
		return size * n;
	g->taken = take(g, (struct slice){data, size * n});
	return g->taken < 0 ? CURL_WRITEFUNC_ERROR : size * n;
}

/* ---- what is asked ---- */

static void set_text(CURL *c, CURLoption option, const char *text)
{
	if (text)
		curl_easy_setopt(c, option, text);
}

static void set_limits(struct get *g)
{
	const struct http_request *q = g->q;
	CURL *c = g->curl;
	long timeout_s = q->timeout_s > 0 ? q->timeout_s : HTTP_TIMEOUT_S;
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, timeout_s);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, q->slow_bytes ? q->slow_bytes : SLOW_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, q->slow_s ? q->slow_s : timeout_s);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)HTTP_WHOLE_MAX_S);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION,
			 q->flags & HTTP_NO_REDIRECT || q->first_headers ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
			 q->flags & HTTP_NO_FTP ? "http,https,file" : "http,https,ftp,file");
	bool keeps_tls = q->flags & HTTP_KEEP_TLS && strncasecmp(q->url, "https:", 6) == 0;
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
			 keeps_tls		  ? "https"
			 : q->flags & HTTP_NO_FTP ? "http,https"
						  : "http,https,ftp");
	if (q->max_bytes)
		curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)q->max_bytes);
}

/* As Python's urllib: HTTP_PROXY too, but not in a CGI program, where it is a
 * header of somebody else's. libcurl takes the other names itself. */
static void set_proxy(struct get *g)
{
	const char *capitals = getenv("HTTP_PROXY");
	bool plain = strncasecmp(g->q->url, "http:", 5) == 0;
	if (g->q->proxy)
		curl_easy_setopt(g->curl, CURLOPT_PROXY, g->q->proxy);
	else if (g->q->flags & HTTP_NO_PROXY)
		curl_easy_setopt(g->curl, CURLOPT_NOPROXY, "*");
	else if (plain && capitals && *capitals && !getenv("http_proxy") &&
		 !getenv("REQUEST_METHOD"))
		curl_easy_setopt(g->curl, CURLOPT_PROXY, capitals);
}

static int check_headers(const struct http_request *q, struct err *err)
{
	const char *const *const all[] = {q->headers, q->first_headers};
	for (size_t k = 0; k < ARRAY_LEN(all); k++)
		for (size_t i = 0; all[k] && all[k][i]; i++)
			if (strpbrk(all[k][i], "\r\n"))
				return err_set(err, ERR_INVALID, "header '%.*s' holds a line end",
					       (int)strcspn(all[k][i], ":"), all[k][i]);
	return 0;
}

static bool is_credential(const char *header)
{
	return strncasecmp(header, "Authorization:", 14) == 0 ||
	       strncasecmp(header, "Cookie:", 7) == 0;
}

static void add_headers(struct get *g, const char *const *headers, bool elsewhere)
{
	for (size_t i = 0; headers && headers[i]; i++)
		if (!elsewhere || !is_credential(headers[i]))
			g->headers = curl_slist_append(g->headers, headers[i]);
}

static void set_identity(struct get *g)
{
	const struct http_request *q = g->q;
	CURL *c = g->curl;
	set_text(c, CURLOPT_USERNAME, q->user);
	set_text(c, CURLOPT_PASSWORD, q->password);
	if (!(q->flags & HTTP_BASIC_UNASKED))
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_ANY);
	set_text(c, CURLOPT_CAINFO, q->ca_file);
	set_text(c, CURLOPT_CAPATH, q->ca_dir);
	set_text(c, CURLOPT_SSL_CIPHER_LIST, q->ciphers);
	set_text(c, CURLOPT_UNIX_SOCKET_PATH, q->unix_socket);
	curl_easy_setopt(c, CURLOPT_USERAGENT, q->agent ? q->agent : "rollout");
	if (q->flags & HTTP_INSECURE) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	set_text(c, CURLOPT_SSLCERT, q->client_cert);
	set_text(c, CURLOPT_SSLKEY, q->client_key);
	if (q->flags & HTTP_NETRC)
		curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	if (q->flags & HTTP_DECOMPRESS) /* as Python's urllib: not asked for */
		curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "identity");
	add_headers(g, q->headers, false);
	add_headers(g, q->first_headers, false);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, g->headers);
}

static void set_all(struct get *g)
{
	CURL *c = g->curl;
	curl_easy_setopt(c, CURLOPT_URL, g->q->url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, g->q->flags & HTTP_ANY_STATUS ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, g->detail);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, g);
	curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)g->q->resume_at);
	set_text(c, CURLOPT_POSTFIELDS, g->q->body);
	set_text(c, CURLOPT_CUSTOMREQUEST, g->q->method);
	set_limits(g);
	set_proxy(g);
	set_identity(g);
}

/* ---- what became of it ---- */

static enum http_outcome judge(CURLcode code, long status, bool connected)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_DONE;
	case CURLE_RANGE_ERROR:
	case CURLE_BAD_DOWNLOAD_RESUME:
		return HTTP_NO_RANGE;
	case CURLE_HTTP_RETURNED_ERROR:
		return status == 416 ? HTTP_NO_RANGE : status >= 500 ? HTTP_BROKEN : HTTP_FAILED;
	case CURLE_OPERATION_TIMEDOUT:
		return connected ? HTTP_BROKEN : HTTP_FAILED;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return HTTP_BROKEN;
	default:
		return HTTP_FAILED;
	}
}

static enum err_code code_of(CURLcode code, long status)
{
	if (code == CURLE_FILE_COULDNT_READ_FILE || status == 404 || status == 410)
		return ERR_NOT_FOUND;
	return ERR_UNREACHABLE;
}

/* "example.org:443: " of the server that was asked last; nothing of a file. */
static void put_server(const struct get *g, struct strbuf *out)
{
	char *last = NULL, *host = NULL, *port = NULL;
	CURLU *u = curl_url();
	curl_easy_getinfo(g->curl, CURLINFO_EFFECTIVE_URL, &last);
	if (u && last && curl_url_set(u, CURLUPART_URL, last, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
		strbuf_printf(out, "%s:%s: ", host, port);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
}

static int failed(const struct get *g, CURLcode code, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf server = {0};
	long status = 0;
	if (g->taken < 0) {
		if (err)
			*err = g->err;
		return g->taken;
	}
	curl_easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, &status);
	put_server(g, &server);
	if (code == CURLE_FILESIZE_EXCEEDED) /* its texts differ between versions */
		return err_set(err, ERR_LIMIT, "%sit is larger than %llu bytes",
			       server.len ? server.ptr : "", (unsigned long long)g->q->max_bytes);
	return err_set(err, code_of(code, status), "%s%s", server.len ? server.ptr : "",
		       g->detail[0] ? g->detail : curl_easy_strerror(code));
}

/* Scheme, host and port. */
static bool same_server(const char *a, const char *b)
{
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	CURLU *u = curl_url(), *w = curl_url();
	bool same = u && w && curl_url_set(u, CURLUPART_URL, a, 0) == CURLUE_OK &&
		    curl_url_set(w, CURLUPART_URL, b, 0) == CURLUE_OK;
	for (size_t i = 0; same && i < ARRAY_LEN(parts); i++) {
		char *x = NULL, *y = NULL;
		same = curl_url_get(u, parts[i], &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		       curl_url_get(w, parts[i], &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		       strcasecmp(x, y) == 0;
		curl_free(x);
		curl_free(y);
	}
	curl_url_cleanup(u);
	curl_url_cleanup(w);
	return same;
}

/* The first headers are not for who is asked now; as libcurl does itself, another
 * server gets no name and password. */
static CURLcode redirected(struct get *g, const char *url)
{
	char *next = strdup(url); /* the handle's own, which the next request drops */
	if (!next)
		return CURLE_OUT_OF_MEMORY;
	bool elsewhere = !same_server(g->q->url, next);
	curl_slist_free_all(g->headers);
	g->headers = NULL;
	add_headers(g, g->q->headers, elsewhere);
	if (elsewhere) {
		curl_easy_setopt(g->curl, CURLOPT_USERNAME, NULL);
		curl_easy_setopt(g->curl, CURLOPT_PASSWORD, NULL);
	}
	curl_easy_setopt(g->curl, CURLOPT_HTTPHEADER, g->headers);
	curl_easy_setopt(g->curl, CURLOPT_URL, next);
	curl_easy_setopt(g->curl, CURLOPT_PROTOCOLS_STR,
			 g->q->flags & HTTP_NO_FTP ? "http,https" : "http,https,ftp");
	free(next);
	return curl_easy_perform(g->curl);
}

static CURLcode perform(struct get *g)
{
	char *url = NULL;
	CURLcode code = curl_easy_perform(g->curl);
	for (; code == CURLE_OK && is_redirect(g); code = redirected(g, url)) {
		curl_easy_getinfo(g->curl, CURLINFO_REDIRECT_URL, &url);
		if (!url)
			return CURLE_OK;
		if (g->redirects++ == HTTP_REDIRECTS_MAX)
			return CURLE_TOO_MANY_REDIRECTS;
	}
	return code;
}

int http_get(const struct http_request *q, enum http_outcome *ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct get g = {.q = q};
	curl_off_t connected = 0; /* microseconds; 0: it never was */
	long status = 0;
	int r = check_headers(q, err);
	if (ret)
		*ret = HTTP_FAILED;
	if (r < 0)
		return r;
	pthread_once(&once, init_curl);
	g.curl = curl_easy_init();
	if (!g.curl)
		return err_set(err, ERR_LIMIT, "libcurl has no memory");
	set_all(&g);
	CURLcode code = perform(&g);
	curl_easy_getinfo(g.curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(g.curl, CURLINFO_CONNECT_TIME_T, &connected);
	if (q->ret_status)
		*q->ret_status = status;
	r = code == CURLE_OK ? 0 : failed(&g, code, err);
	if (ret)
		*ret = g.taken < 0 ? HTTP_FAILED : judge(code, status, connected > 0);
	curl_slist_free_all(g.headers);
	curl_easy_cleanup(g.curl);
	return r;
}

void http_shown_url(struct strbuf *out, const char *url)
{
	char *bare = NULL;
	CURLU *u = curl_url();
	bool done = u && strchr(url, '@') &&
		    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
		    curl_url_set(u, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
		    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_URL, &bare, 0) == CURLUE_OK;
	strbuf_puts(out, done ? bare : strchr(url, '@') ? "a URL that cannot be read" : url);
	curl_free(bare);
	curl_url_cleanup(u);
}
