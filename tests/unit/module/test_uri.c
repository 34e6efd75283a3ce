/* uri with the real curl, against a small server on the loopback. */
#include "child.h"
#include "program_bed.h"
#include "test.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct server {
	pid_t pid;
	int port;
} server;

/* What was asked, whole: the head, and as much body as it says. */
static size_t read_request(int fd, char *buf, size_t size)
{
	size_t len = 0;
	for (;;) {
		ssize_t n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			return len;
		len += (size_t)n;
		buf[len] = '\0';
		const char *end = strstr(buf, "\r\n\r\n");
		const char *length = strcasestr(buf, "\r\nContent-Length: ");
		if (end &&
		    len >= (size_t)(end + 4 - buf) + (length ? strtoul(length + 18, NULL, 10) : 0))
			return len;
	}
}

static void answer(int fd, char *request)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const char *path = strchr(request, ' ') + 1;
	char hop[16], location[128];
	const char *head = "200 OK", *type = "text/plain", *more = "";
	char *body = strstr(request, "\r\n\r\n");
	body = body ? body + 4 : request;
	if (strncmp(path, "/json", 5) == 0) {
		type = "application/json";
		body = "{\"a\": [1, 2]}";
	} else if (strncmp(path, "/missing", 8) == 0) {
		head = "404 Not Found";
		body = "nothing";
	} else if (strncmp(path, "/moved", 6) == 0) {
		head = "302 Found";
		more = "Location: /json\r\nSet-Cookie: early=1\r\n";
		body = "moved";
	} else if (strncmp(path, "/round", 6) == 0 || strncmp(path, "/file", 5) == 0) {
		head = "302 Found";
		more = path[1] == 'r' ? "Location: /round\r\n" : "Location: file:///etc/passwd\r\n";
	} else if (strncmp(path, "/hop/", 5) == 0) {
		/* Of what was asked for, /hop/CODE/HOST, on to /echo there. */
		snprintf(hop, sizeof(hop), "%.3s Go", path + 5);
		snprintf(location, sizeof(location), "Location: http://%.*s:%d/echo\r\n",
			 (int)strcspn(path + 9, " "), path + 9, server.port);
		head = hop;
		more = location;
	} else if (strncmp(path, "/cookie", 7) == 0) {
		more = "Set-Cookie: k=v; Path=/\r\nSet-Cookie: l=w\r\nFailed: true\r\nX-A: 1\r\n";
	} else if (strncmp(path, "/login", 6) == 0) {
		bool knows = strcasestr(request, "Authorization: Basic dTpwIjs=");
		head = knows ? "200 OK" : "401 Unauthorized";
		more = knows ? "" : "WWW-Authenticate: Basic realm=\"x\"\r\n";
	} else if (strncmp(path, "/echo", 5) == 0) {
		body = request;
	}
	strbuf_printf(&out,
		      "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: "
		      "close\r\n\r\n%s",
		      head, type, strlen(body), more, body);
	ssize_t ignored = write(fd, out.ptr, out.len);
	(void)ignored;
}

static void serve(int listener)
{
	static char request[1 << 18];
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(0);
		if (read_request(fd, request, sizeof(request)) > 0)
			answer(fd, request);
		close(fd);
	}
}

static int setup(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	server.port = ntohs(at.sin_port);
	server.pid = child_fork();
	if (server.pid == 0)
		serve(fd);
	close(fd);
	return file_bed_setup(state);
}

static int teardown(void **state)
{
	kill(server.pid, SIGKILL);
	waitpid(server.pid, NULL, 0);
	return file_bed_teardown(state);
}

static const struct value *ask(struct file_bed *b, struct host *h, const char *path,
			       const char *more)
{
	const char *args = arena_printf(&b->arena, "{\"url\": \"http://127.0.0.1:%d%s\"%s}",
					server.port, path, more);
	return file_bed_run(b, h, "uri", args);
}

static const char *text(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

static bool is(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	return v && value_truthy(v);
}

static const struct {
	const char *path, *more, *fails, *content;
	int status;
	bool redirected;
} cases[] = {
	{"/", "", NULL, NULL, 200, false},
	{"/json", ", \"return_content\": true", NULL, "{\"a\": [1, 2]}", 200, false},
	{"/missing", "", "Status code was 404 and not [200]: HTTP Error 404: Not Found", NULL, 404,
	 false},
	{"/missing", ", \"status_code\": [200, 404], \"return_content\": true", NULL, "nothing",
	 404, false},
	{"/moved", ", \"return_content\": true", NULL, "{\"a\": [1, 2]}", 200, true},
	{"/moved", ", \"follow_redirects\": \"none\", \"status_code\": 302", NULL, NULL, 302,
	 false},
	{"/moved", ", \"method\": \"post\", \"status_code\": 302", NULL, NULL, 302, false},
	{"/", ", \"method\": \"POST\", \"body\": \"@x\\\"\\\\n\", \"return_content\": true", NULL,
	 NULL, 200, false},
	{"/",
	 ", \"method\": \"PUT\", \"body\": {\"a\": [true, null]}, \"body_format\": \"json\", "
	 "\"return_content\": true",
	 NULL, "{\"a\": [true, null]}", 200, false},
	{"/",
	 ", \"method\": \"POST\", \"body\": {\"a b\": \"c&d\", \"e\": [1, 2]}, \"body_format\": "
	 "\"form-urlencoded\", \"return_content\": true",
	 NULL, "a+b=c%26d&e=1&e=2", 200, false},
	{"/login", "", "Status code was 401", NULL, 401, false},
	{"/login", ", \"url_username\": \"u\", \"url_password\": \"p\\\";\"", NULL, NULL, 200,
	 false},
	{"/login", ", \"user\": \"u\", \"password\": \"p\\\";\", \"force_basic_auth\": true", NULL,
	 NULL, 200, false},
	{"/", ", \"headers\": {\"X\": \"a\\r\\nB: c\"}", "header 'X' holds a line end", NULL, 0,
	 false},
	{"/", ", \"method\": \"GET /\"", "single word", NULL, 0, false},
	{"/", ", \"method\": \"POST\", \"body\": [1], \"body_format\": \"form-multipart\"",
	 "body must be mapping, cannot be type list", NULL, 0, false},
	{"/",
	 ", \"method\": \"POST\", \"body\": {\"f\": {\"mime_type\": \"a/b\"}}, "
	 "\"body_format\": \"form-multipart\"",
	 "at least one of filename or content", NULL, 0, false},
	{"/",
	 ", \"method\": \"POST\", \"body\": {\"f\": {\"content\": \"\", \"mime_type\": "
	 "\"ab\"}}, \"body_format\": \"form-multipart\"",
	 "'ab' is no mime_type", NULL, 0, false},
	{"/",
	 ", \"method\": \"POST\", \"body\": {\"a\\nb\": 1}, \"body_format\": "
	 "\"form-multipart\"",
	 "line end", NULL, 0, false},
	{"/", ", \"ciphers\": [\"none\", \"such\"]", NULL, NULL, 200, false},
	{"/", ", \"src\": \"/x\"", "set remote_src", NULL, 0, false},
	{"/", ", \"method\": \"HEAD\"", NULL, NULL, 200, false},
};

static void test_answers(void **state)
{
	struct file_bed *b = *state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct value *r = ask(b, b->real, cases[i].path, cases[i].more);
		const struct value *status = value_get(r, "status");
		if (is(r, "failed") != (cases[i].fails != NULL) ||
		    (cases[i].fails && !strstr(text(r, "msg"), cases[i].fails)) ||
		    (cases[i].status && status->integer != cases[i].status) ||
		    (cases[i].content && strcmp(text(r, "content"), cases[i].content) != 0) ||
		    is(r, "redirected") != cases[i].redirected || is(r, "changed"))
			fail_msg("%s%s: status %d, said \"%s\", content \"%s\"", cases[i].path,
				 cases[i].more, status ? (int)status->integer : 0, text(r, "msg"),
				 text(r, "content"));
	}
}

static void test_details(void **state)
{
	struct file_bed *b = *state;
	const struct value *r = ask(b, b->real, "/json", "");
	assert_int_equal(value_get(value_get(r, "json"), "a")->list.len, 2);
	assert_string_equal(text(r, "content_type"), "application/json");
	r = ask(b, b->real, "/cookie", "");
	assert_string_equal(text(r, "cookies_string"), "k=v; l=w");
	assert_string_equal(text(r, "x_a"), "1");
	assert_false(is(r, "failed"));
	r = ask(b, b->real, "/echo", ", \"return_content\": true, \"headers\": {\"X-B\": \"q\"}");
	assert_non_null(strstr(text(r, "content"), "X-B: q\r\n"));
	assert_non_null(strstr(text(r, "content"), "User-Agent: ansible-httpget\r\n"));
	/* A body that is longer than a line of curl's configuration may be. */
	char *large = arena_alloc(&b->arena, 60001);
	memset(large, 'x', 60000);
	r = ask(b, b->real, "/",
		arena_printf(&b->arena,
			     ", \"method\": \"POST\", \"return_content\": true, \"body\": \"%s\"",
			     large));
	assert_int_equal(strlen(text(r, "content")), 60000);
	file_bed_shell(b, "! ls -d /tmp/.rollout-uri-* 2>/dev/null");
	/* Nobody listens there. */
	r = file_bed_run(b, b->real, "uri", "{\"url\": \"http://127.0.0.1:1/\", \"timeout\": 2}");
	assert_int_equal(value_get(r, "status")->integer, -1);
	assert_non_null(strstr(text(r, "msg"), "Request failed: "));
}

#define SENT                                                                                       \
	", \"return_content\": true, \"headers\": {\"X-Key\": \"k\", \"X-Other\": \"o\", "         \
	"\"Cookie\": \"c=d\"}, \"unredirected_headers\": [\"x-key\"]"

/* What a redirect takes along, and what not. */
static void test_unredirected(void **state)
{
	static const struct {
		const char *path, *more;
		const char *has[3], *lacks[3];
	} hops[] = {
		{"/echo", SENT, {"X-Key: k\r", "X-Other: o\r", "Cookie: c=d\r"}, {NULL}},
		{"/hop/302/127.0.0.1", SENT, {"X-Other: o\r", "Cookie: c=d\r"}, {"X-Key"}},
		{"/hop/302/localhost", SENT, {"X-Other: o\r"}, {"X-Key", "Cookie"}},
		{"/hop/302/localhost",
		 SENT ", \"url_username\": \"u\", \"force_basic_auth\": true",
		 {"X-Other: o\r"},
		 {"Authorization"}},
		{"/hop/302/127.0.0.1",
		 SENT ", \"url_username\": \"u\", \"force_basic_auth\": true",
		 {"Authorization: Basic"},
		 {"X-Key"}},
		{"/hop/303/127.0.0.1",
		 SENT ", \"method\": \"POST\", \"body\": \"text\", \"follow_redirects\": \"all\"",
		 {"GET /echo", "X-Other: o\r"},
		 {"text", "X-Key"}},
		{"/hop/307/127.0.0.1",
		 SENT ", \"method\": \"POST\", \"body\": \"text\", \"follow_redirects\": \"all\"",
		 {"POST /echo", "text"},
		 {"X-Key"}},
	};
	struct file_bed *b = *state;
	for (size_t i = 0; i < ARRAY_LEN(hops); i++) {
		const struct value *r = ask(b, b->real, hops[i].path, hops[i].more);
		const char *said = text(r, "content");
		bool fits = !is(r, "failed") && is(r, "redirected") == (i > 0);
		for (size_t j = 0; j < 3; j++)
			fits &= (!hops[i].has[j] || strstr(said, hops[i].has[j])) &&
				(!hops[i].lacks[j] || !strstr(said, hops[i].lacks[j]));
		if (!fits)
			fail_msg("%s%s: %s: %s", hops[i].path, hops[i].more, text(r, "msg"), said);
	}
	const struct value *r = ask(b, b->real, "/hop/302/127.0.0.1",
				    SENT ", \"follow_redirects\": \"none\", \"status_code\": 302");
	assert_false(is(r, "failed"));
	assert_false(is(r, "redirected"));
}

/* What was asked for in the end; an answer 30x that is not followed fails. Source:
 * ansible-core, module_utils/urls.py (HTTPRedirectHandler). */
static const struct {
	const char *how, *method;
	const char *then[5]; /* of 301, 302, 303, 307, 308; with + the body came too */
} redirects[] = {
	{"all", "GET", {"GET", "GET", "GET", "GET+", "GET+"}},
	{"all", "HEAD", {"HEAD", "HEAD", "HEAD", "HEAD", "HEAD"}},
	{"all", "POST", {"GET", "GET", "GET", "POST+", "POST+"}},
	{"yes", "PUT", {"PUT", "GET", "GET", "PUT+", "PUT+"}},
	{"all", "DELETE", {"DELETE", "GET", "GET", "DELETE+", "DELETE+"}},
	{"all", "PATCH", {"PATCH", "GET", "GET", "PATCH+", "PATCH+"}},
	{"safe", "GET", {"GET", "GET", "GET", "GET+", "GET+"}},
	{"safe", "POST", {NULL, NULL, NULL, NULL, NULL}},
	{"safe", "PUT", {NULL, NULL, NULL, NULL, NULL}},
	{"urllib2", "GET", {"GET", "GET", "GET", "GET", "GET"}},
	{"urllib2", "HEAD", {"HEAD", "HEAD", "HEAD", "HEAD", "HEAD"}}, /* of Python 3.13 */
	{"urllib2", "POST", {"GET", "GET", "GET", NULL, NULL}},
	{"urllib2", "PUT", {NULL, NULL, NULL, NULL, NULL}},
	{"none", "GET", {NULL, NULL, NULL, NULL, NULL}},
	{"no", "POST", {NULL, NULL, NULL, NULL, NULL}},
};

static void expect_redirect(struct file_bed *b, size_t i, const char *code, const char *then)
{
	const char *method = redirects[i].method;
	bool head = strcmp(method, "HEAD") == 0;
	const struct value *r =
		ask(b, b->real, arena_printf(&b->arena, "/hop/%s/127.0.0.1", code),
		    arena_printf(&b->arena,
				 ", \"method\": \"%s\", \"follow_redirects\": \"%s\", "
				 "\"return_content\": true%s",
				 method, redirects[i].how,
				 head ? "" : ", \"body\": \"a: text\", \"body_format\": \"json\""));
	const char *said = text(r, "content");
	bool failed = is(r, "failed"), redirected = is(r, "redirected");
	bool body = strstr(said, "a: text"), type = strcasestr(said, "Content-Type:");
	size_t n = then ? strcspn(then, "+") : 0;
	bool fits = failed == !then && redirected == !!then;
	if (then && head)
		fits &= !*said;
	else if (then)
		fits &= strncmp(said, then, n) == 0 && said[n] == ' ' && body == (then[n] == '+') &&
			type == body;
	if (!fits)
		fail_msg("%s %s %s: %s: %s", redirects[i].how, method, code, text(r, "msg"), said);
}

static void test_redirects(void **state)
{
	static const char *const codes[] = {"301", "302", "303", "307", "308"};
	struct file_bed *b = *state;
	for (size_t i = 0; i < ARRAY_LEN(redirects); i++)
		for (size_t k = 0; k < ARRAY_LEN(codes); k++)
			expect_redirect(b, i, codes[k], redirects[i].then[k]);
	const struct value *r = ask(b, b->real, "/round", ", \"return_content\": true");
	assert_non_null(strstr(text(r, "msg"), "Status code was 302 and not [200]"));
	r = ask(b, b->real, "/file", "");
	assert_non_null(strstr(text(r, "msg"), "Status code was 302 and not [200]"));
}

/* RFC 7578, with a boundary of each request's own. */
static void test_form(void **state)
{
	struct file_bed *b = *state;
	file_bed_shell(b, "printf 'a\\0b' >up.json");
	const struct value *r = ask(
		b, b->real, "/echo",
		arena_printf(&b->arena,
			     ", \"method\": \"POST\", \"return_content\": true, \"body_format\": "
			     "\"form-multipart\", \"remote_src\": true, \"body\": {\"n\": 1, "
			     "\"q\\\"\": {\"content\": \"x\", \"filename\": \"/d/e.txt\"}, \"f\": "
			     "{\"filename\": \"@/up.json\"}}"));
	const char *said = text(r, "content"), *at = strstr(said, "boundary=");
	assert_non_null(at);
	char boundary[33] = "";
	memcpy(boundary, at + 9, 32);
	const char *want = arena_printf(
		&b->arena,
		"\r\n\r\n--%s\r\nContent-Disposition: form-data; name=\"n\"\r\nContent-Type: "
		"text/plain\r\n\r\n1\r\n--%s\r\nContent-Disposition: form-data; name=\"q\\\"\"; "
		"filename=\"e.txt\"\r\nContent-Type: text/plain\r\n\r\nx\r\n--%s\r\n"
		"Content-Disposition: form-data; name=\"f\"; filename=\"up.json\"\r\n"
		"Content-Type: application/json\r\n\r\na",
		boundary, boundary, boundary);
	if (!strstr(said, want))
		fail_msg("%s", said);
	r = ask(b, b->real, "/echo",
		", \"method\": \"POST\", \"body_format\": \"form-multipart\", "
		"\"body\": {\"f\": {\"filename\": \"@/none\"}}");
	assert_non_null(strstr(text(r, "msg"), "/none"));
}

static void test_dest(void **state)
{
	struct file_bed *b = *state;
	const char *more = ", \"dest\": \"@/\", \"mode\": \"0600\"";
	assert_true(is(ask(b, b->real, "/json?x=1", more), "changed"));
	file_bed_shell(b, "grep -q 1 @/json && [ $(stat -c %a @/json) = 600 ]");
	assert_false(is(ask(b, b->real, "/json?x=1", more), "changed"));
	assert_false(is(ask(b, b->real, "/missing", ", \"creates\": \"@/js*\""), "failed"));
	assert_false(is(ask(b, b->real, "/missing", ", \"removes\": \"@/none\""), "failed"));
}

static int no_set_attr(struct host *h, const char *path, bool follow, const struct host_attr *attr,
		       struct err *err)
{
	(void)h, (void)follow, (void)attr;
	return err_set(err, ERR_INVALID, "%s gets its mode too late", path);
}

static void test_mode_with_content(void **state)
{
	struct file_bed *b = *state;
	const struct host_ops *good = b->real->ops;
	struct host_ops strict = *good;
	strict.set_attr = no_set_attr;
	b->real->ops = &strict;
	const struct value *r = ask(b, b->real, "/json", ", \"dest\": \"@/f\", \"mode\": \"0400\"");
	assert_string_equal(text(r, "msg"), "OK (13 bytes)");
	b->real->ops = good;
	file_bed_shell(b, "[ $(stat -c %a f) = 400 ]");
}

static void test_check_mode(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	const struct value *r = ask(b, o, "/json", ", \"dest\": \"@/new\"");
	assert_true(is(r, "changed"));
	assert_non_null(value_get(r, "json"));
	file_bed_shell(b, "[ ! -e @/new ]");
	r = ask(b, o, "/", ", \"method\": \"POST\", \"body\": \"x\"");
	assert_true(is(r, "_unknown"));
	/* What is not there yet may come. */
	r = file_bed_run(b, o, "uri", "{\"url\": \"http://127.0.0.1:1/\"}");
	assert_true(is(r, "failed"));
	host_overlay_assume(o, "a command would run");
	r = file_bed_run(b, o, "uri", "{\"url\": \"http://127.0.0.1:1/\"}");
	assert_true(is(r, "_unknown"));
	host_free(o);
}

static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

/* A server that wants a certificate of its client, too. */
static pid_t start_tls(struct file_bed *b, int port)
{
	file_bed_shell(b, "openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -addext "
			  "subjectAltName=IP:127.0.0.1 -keyout key -out cert -days 2 2>/dev/null");
	const char *cert = arena_printf(&b->arena, "%s/cert", b->root);
	const char *key = arena_printf(&b->arena, "%s/key", b->root);
	const char *at = arena_printf(&b->arena, "127.0.0.1:%d", port);
	pid_t pid = child_fork();
	if (pid == 0) {
		execlp("openssl", "openssl", "s_server", "-quiet", "-www", "-accept", at, "-cert",
		       cert, "-key", key, "-Verify", "1", "-CAfile", cert, "-verify_return_error",
		       (char *)NULL);
		_exit(127);
	}
	file_bed_shell(
		b, arena_printf(&b->arena,
				"n=0; while curl -sk https://127.0.0.1:%d/ >/dev/null; [ $? = 7 "
				"]; do n=$((n+1)); [ $n -lt 1200 ] || exit 1; sleep 0.1; "
				"done",
				port));
	return pid;
}

static void test_tls(void **state)
{
	static const struct {
		const char *more;
		int status;
	} tls[] = {
		{"", -1},
		{", \"ca_path\": \"@/cert\"", -1}, /* it wants to know who asks */
		{", \"client_cert\": \"@/cert\", \"client_key\": \"@/key\"", -1},
		{", \"ca_path\": \"@/cert\", \"client_cert\": \"@/cert\", \"client_key\": "
		 "\"@/key\"",
		 200},
		{", \"validate_certs\": false, \"client_cert\": \"@/cert\", \"client_key\": "
		 "\"@/key\"",
		 200},
	};
	struct file_bed *b = *state;
	int port = free_port();
	pid_t pid = start_tls(b, port);
	for (size_t i = 0; i < ARRAY_LEN(tls); i++) {
		const struct value *r = file_bed_run(
			b, b->real, "uri",
			arena_printf(&b->arena, "{\"url\": \"https://127.0.0.1:%d/\"%s}", port,
				     tls[i].more));
		if (value_get(r, "status")->integer != tls[i].status)
			fail_msg("%s: %s", tls[i].more, text(r, "msg"));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_no_curl(void **state)
{
	struct file_bed *b = *state;
	char *path = xstrdup(getenv("PATH"));
	setenv("PATH", "/nowhere", 1);
	const struct value *r = ask(b, b->real, "/", "");
	if (access("/usr/sbin/curl", X_OK) != 0)
		assert_string_equal(text(r, "msg"),
				    "curl is not on the host: install the package that has it");
	setenv("PATH", path, 1);
	free(path);
}

int main(void)
{
	if (system("command -v curl >/dev/null") != 0)
		return 77;
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_details, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unredirected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_form, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mode_with_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_check_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_curl, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
