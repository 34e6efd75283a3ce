#pragma once
/*
 * One GET (or an API's request) over HTTP(S) or FTP, or a file:// of this machine, with libcurl: the
 * one place that sets it up. TLS is verified against the system's CAs. Proxies
 * are those of the environment (http_proxy, https_proxy, all_proxy, no_proxy, in
 * capitals too). Redirects are followed, never to a file. Blocks; any thread.
 *
 *     struct http_request q = {.url = url, .take = take, .ctx = ctx};
 *     r = http_get(&q, &answer, err);
 *
 * Errors name host, port and cause, or the file.
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#define HTTP_TIMEOUT_S 10 /* to connect, and of a server that sends nothing */
#define HTTP_REDIRECTS_MAX 10
#define HTTP_WHOLE_MAX_S 86400 /* of all of it */

enum http_flags {
	HTTP_INSECURE = 1,	/* the server's certificate is not verified */
	HTTP_NO_PROXY = 2,	/* whatever the environment says */
	HTTP_NO_REDIRECT = 4,	/* a redirect is the answer */
	HTTP_BASIC_UNASKED = 8, /* name and password are sent at once */
	HTTP_NO_FTP = 16,
	HTTP_DECOMPRESS = 32,  /* a body that is sent compressed, unasked, is unpacked */
	HTTP_NETRC = 64,       /* names and passwords of ~/.netrc, where there are no others */
	HTTP_ANY_STATUS = 128, /* an error's body is a body; see ret_status */
	HTTP_KEEP_TLS = 256,   /* no redirect from https to the clear */
};

struct http_request {
	const char *url;
	/* The body, piece by piece; negative ends it, with *err. `total` is -1 when
	 * it is not known, and counts from `resume_at`. */
	int (*take)(void *ctx, struct slice piece, int64_t total, struct err *err);
	void *ctx;
	uint64_t max_bytes; /* more is ERR_LIMIT; 0: no limit */
	int64_t resume_at;  /* bytes that are here */
	unsigned flags;
	long timeout_s;	 /* 0: HTTP_TIMEOUT_S */
	long slow_bytes; /* a second; less of it is nothing. 0: 1 */
	long slow_s;	 /* of that; 0: timeout_s */
	/* NULL: none, or what is usual */
	const char *user, *password, *agent, *ca_file, *ciphers, *unix_socket;
	const char *client_cert, *client_key; /* PEM files; without a key it is in the other */
	const char *const *headers;	      /* "Name: value"; NULL-terminated */
	const char *const *first_headers;     /* the same, and no redirect gets them */
	const char *proxy;		      /* instead of the environment's */
	const char *ca_dir;
	const char *method, *body; /* of an API's request; NULL: GET, none */
	long *ret_status;	   /* the answer's; 0: there was none. May be NULL */
};

enum http_outcome {
	HTTP_DONE,
	HTTP_BROKEN,   /* worth another attempt, from where it stopped */
	HTTP_NO_RANGE, /* the server does not go on from resume_at */
	HTTP_FAILED,
};

/* ERR_UNREACHABLE no server, it breaks off or refuses; ERR_NOT_FOUND it has no
 * such file; ERR_LIMIT larger than max_bytes; ERR_INVALID a header with a line end; and
 * what `take` returned. *ret (may be NULL) is set in any case. */
int http_get(const struct http_request *q, enum http_outcome *ret, struct err *err);

/* The URL without name and password in it, for messages: appended. */
void http_shown_url(struct strbuf *out, const char *url);
