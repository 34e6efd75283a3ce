/* Against a server of our own, a child process that answers by the path asked for. */
#include "child.h"
#include "rollout/http/http.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BODY "the body\n"

static int port;
static pid_t server;

/* ---- the server ---- */

static const struct {
	const char *path, *answer; /* %d: its own port */
} pages[] = {
	{"GET /body ", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n" BODY},
	{"GET /endless ", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" BODY BODY BODY BODY},
	{"GET /large ",
	 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99999\r\n\r\n" BODY},
	{"GET /missing ",
	 "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
	{"GET /broken ", "HTTP/1.1 503 Later\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
	{"GET /cut ", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\n" BODY},
	{"GET /moved ",
	 "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /body\r\nContent-Length: 0\r\n\r\n"},
	{"GET /loop ",
	 "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"},
	{"GET /to-file ", "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: "
			  "file:///etc/passwd\r\nContent-Length: "
			  "0\r\n\r\n"},
	{"GET /moved-on ", "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: "
			   "/headers\r\nContent-Length: 6\r\n\r\nmoved\n"},
	{"GET http://nowhere.invalid/body ",
	 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\nproxied\n"},
};

static void answer(int fd)
{
	char request[4096] = "";
	size_t len = 0;
	ssize_t n;
	while (len + 1 < sizeof(request) && !strstr(request, "\r\n\r\n") &&
	       request[0] != '\x16' && /* a TLS client's greeting */
	       (n = read(fd, request + len, sizeof(request) - 1 - len)) > 0) {
		len += (size_t)n;
		request[len] = '\0';
	}
	if (strncmp(request, "GET /silent ", 12) == 0)
		while (read(fd, request, sizeof(request)) > 0)
			;
	if (strncmp(request, "GET /agent ", 11) == 0) {
		const char *at = strstr(request, "User-Agent: me\r\n");
		dprintf(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\n%s",
			at ? "yes\n" : "no.\n");
	}
	if (strncmp(request, "GET /headers ", 13) == 0)
		dprintf(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s%s%s",
			strstr(request, "\r\nX-Token: t\r\n") ? "token " : "",
			strstr(request, "\r\nX-Other: o\r\n") ? "other " : "",
			strstr(request, "\r\nAuthorization: ") ? "login" : "");
	if (strncmp(request, "GET /away ", 10) == 0)
		dprintf(fd,
			"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: "
			"0\r\nLocation: http://localhost:%d/headers\r\n\r\n",
			port);
	if (strncmp(request, "GET /packed ", 12) == 0) {
		static const char packed[] =
			"\170\001\053\311\110\005\000\002\224\001\102"; /* zlib's of "the" */
		dprintf(fd,
			"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: "
			"deflate\r\nContent-Length: %zu\r\n\r\n",
			sizeof(packed) - 1);
		n = write(fd, packed, sizeof(packed) - 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (strncmp(request, pages[i].path, strlen(pages[i].path)) == 0)
			dprintf(fd, "%s", pages[i].answer);
	close(fd);
}

_Noreturn static void serve(int listener)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fork() == 0) {
			answer(fd);
			_exit(0);
		}
		close(fd);
	}
}

static int start(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)state;
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return -1;
	port = ntohs(at.sin_port);
	server = child_fork();
	if (server == 0)
		serve(fd);
	close(fd);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	kill(server, SIGKILL);
	return waitpid(server, NULL, 0) == server ? 0 : -1;
}

/* ---- the requests ---- */

static int keep(void *ctx, struct slice piece, int64_t total, struct err *err)
{
	(void)total;
	(void)err;
	strbuf_slice_append(ctx, piece);
	return 0;
}

static int refuse(void *ctx, struct slice piece, int64_t total, struct err *err)
{
	(void)ctx;
	(void)piece;
	assert_int_equal(total, 9);
	return err_set(err, ERR_SYS, "write it: No space left on device");
}

static const struct request_case {
	const char *url; /* @ is the server */
	struct http_request q;
	int result;
	enum http_outcome outcome;
	const char *said; /* the body, or a part of the message */
} cases[] = {
	{"http://@/body", {0}, 0, HTTP_DONE, BODY},
	{"http://@/moved", {0}, 0, HTTP_DONE, BODY},
	{"http://@/moved", {.flags = HTTP_NO_REDIRECT}, 0, HTTP_DONE, ""},
	{"http://@/body", {.max_bytes = 9}, 0, HTTP_DONE, BODY},
	{"http://@/agent", {.agent = "me"}, 0, HTTP_DONE, "yes\n"},
	{"http://@/body", {.max_bytes = 8}, ERR_LIMIT, HTTP_FAILED, "@: "},
	{"http://@/endless", {.max_bytes = 8}, ERR_LIMIT, HTTP_FAILED, "larger than 8 bytes"},
	{"http://@/missing",
	 {0},
	 ERR_NOT_FOUND,
	 HTTP_FAILED,
	 "@: The requested URL returned error: 404"},
	{"http://@/broken",
	 {0},
	 ERR_UNREACHABLE,
	 HTTP_BROKEN,
	 "@: The requested URL returned error: 503"},
	{"http://@/cut", {0}, ERR_UNREACHABLE, HTTP_BROKEN, "@: "},
	{"http://@/nothing", {0}, ERR_UNREACHABLE, HTTP_BROKEN, "@: Empty reply from server"},
	{"http://@/loop", {0}, ERR_UNREACHABLE, HTTP_FAILED, "@: Maximum (10) redirects followed"},
	{"http://@/to-file", {0}, ERR_UNREACHABLE, HTTP_FAILED, "file"},
	{"http://@/silent", {.timeout_s = 1}, ERR_UNREACHABLE, HTTP_BROKEN, "@: "},
	{"http://@/body",
	 {.take = refuse},
	 ERR_SYS,
	 HTTP_FAILED,
	 "write it: No space left on device"},
	{"http://@/body",
	 {.headers = (const char *const[]){"A: b\r\nC: d", NULL}},
	 ERR_INVALID,
	 HTTP_FAILED,
	 "header 'A' holds a line end"},
	{"http://@/headers",
	 {.first_headers = (const char *const[]){"X-Token: t", NULL},
	  .headers = (const char *const[]){"X-Other: o", NULL}},
	 0,
	 HTTP_DONE,
	 "token other "},
	{"http://@/moved-on",
	 {.first_headers = (const char *const[]){"X-Token: t", NULL},
	  .headers = (const char *const[]){"X-Other: o", NULL},
	  .user = "me",
	  .password = "pw",
	  .flags = HTTP_BASIC_UNASKED},
	 0,
	 HTTP_DONE,
	 "other login"},
	{"http://@/away",
	 {.first_headers = (const char *const[]){"X-Token: t", NULL},
	  .headers = (const char *const[]){"X-Other: o", "authorization: x", NULL},
	  .user = "me",
	  .password = "pw",
	  .flags = HTTP_BASIC_UNASKED},
	 0,
	 HTTP_DONE,
	 "other "},
	{"http://@/loop",
	 {.first_headers = (const char *const[]){"X-Token: t", NULL}},
	 ERR_UNREACHABLE,
	 HTTP_FAILED,
	 "@: "},
	{"http://@/to-file",
	 {.first_headers = (const char *const[]){"X-Token: t", NULL}},
	 ERR_UNREACHABLE,
	 HTTP_FAILED,
	 "file"},
	{"http://@/body",
	 {.first_headers = (const char *const[]){"A: b\r\nC: d", NULL}},
	 ERR_INVALID,
	 HTTP_FAILED,
	 "header 'A' holds a line end"},
	{"http://@/packed", {.flags = HTTP_DECOMPRESS}, 0, HTTP_DONE, "the"},
	{"https://@/body", {.client_cert = "/no/such/file"}, ERR_UNREACHABLE, HTTP_FAILED, ""},
	{"https://@/body", {0}, ERR_UNREACHABLE, HTTP_FAILED, "@: "},
	{"http://127.0.0.1:1/",
	 {0},
	 ERR_UNREACHABLE,
	 HTTP_FAILED,
	 "127.0.0.1:1: Failed to connect"},
	{"http://nowhere.invalid/",
	 {0},
	 ERR_UNREACHABLE,
	 HTTP_FAILED,
	 "nowhere.invalid:80: Could not resolve host"},
	{"gopher://@/", {0}, ERR_UNREACHABLE, HTTP_FAILED, "gopher"},
	{"ftp://@/", {.flags = HTTP_NO_FTP}, ERR_UNREACHABLE, HTTP_FAILED, "ftp"},
	{"file:///no/such/file",
	 {0},
	 ERR_NOT_FOUND,
	 HTTP_FAILED,
	 "Couldn't open file /no/such/file"},
};

static const char *with_port(const char *text, struct strbuf *out)
{
	strbuf_truncate(out, 0);
	for (; *text; text++) {
		if (*text == '@')
			strbuf_printf(out, "127.0.0.1:%d", port);
		else
			strbuf_putc(out, *text);
	}
	return strbuf_slice(out).len ? out->ptr : "";
}

static void run_case(const struct request_case *c)
{
	CLEANUP(strbuf_release) struct strbuf url = {0}, body = {0}, want = {0};
	struct http_request q = c->q;
	enum http_outcome outcome;
	struct err err = {0};
	q.url = with_port(c->url, &url);
	q.take = q.take ? q.take : keep;
	q.ctx = &body;
	int r = http_get(&q, &outcome, &err);
	const char *said = with_port(c->said, &want);
	if (r != c->result || outcome != c->outcome)
		fail_msg("%s: %d, %d: %s", q.url, r, (int)outcome, err.msg);
	if (r == 0)
		assert_string_equal(body.len ? body.ptr : "", said);
	else if (!strstr(err.msg, said))
		fail_msg("%s: '%s' does not have '%s'", q.url, err.msg, said);
}

static void requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		run_case(&cases[i]);
}

/* What is asked of the proxy that the environment names. */
static void proxies(void **state)
{
	static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
	static const struct request_case through = {
		"http://nowhere.invalid/body", {0}, 0, HTTP_DONE, "proxied\n"};
	static const struct request_case beside = {"http://nowhere.invalid/body",
						   {.flags = HTTP_NO_PROXY},
						   ERR_UNREACHABLE,
						   HTTP_FAILED,
						   "Could not resolve host"};
	static const struct request_case excepted = {"http://nowhere.invalid/body",
						     {0},
						     ERR_UNREACHABLE,
						     HTTP_FAILED,
						     "Could not resolve host"};
	CLEANUP(strbuf_release) struct strbuf url = {0};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		setenv(names[i], with_port("http://@", &url), 1);
		run_case(&through);
		run_case(&beside);
		setenv("no_proxy", "nowhere.invalid", 1);
		run_case(&excepted);
		unsetenv("no_proxy");
		unsetenv(names[i]);
	}
	setenv("HTTP_PROXY", with_port("http://@", &url), 1);
	setenv("REQUEST_METHOD", "GET", 1);
	run_case(&excepted);
	unsetenv("REQUEST_METHOD");
	unsetenv("HTTP_PROXY");
}

static void passwords_are_not_shown(void **state)
{
	static const char *const urls[][2] = {
		{"https://example.org/a?b=c", "https://example.org/a?b=c"},
		{"https://me:secret@example.org:1/a", "https://example.org:1/a"},
		{"ftp://me@example.org/a@b", "ftp://example.org/a@b"},
		{"no url at all", "no url at all"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		CLEANUP(strbuf_release) struct strbuf shown = {0};
		http_shown_url(&shown, urls[i][0]);
		assert_string_equal(shown.ptr, urls[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(proxies),
		cmocka_unit_test(passwords_are_not_shown),
	};
	static const char *const proxy_names[] = {"http_proxy", "https_proxy", "all_proxy",
						  "no_proxy",	"HTTP_PROXY",  "HTTPS_PROXY",
						  "ALL_PROXY",	"NO_PROXY",    "REQUEST_METHOD"};
	for (size_t i = 0; i < ARRAY_LEN(proxy_names); i++)
		unsetenv(proxy_names[i]);
	return cmocka_run_group_tests(tests, start, stop);
}
