#include "fake_vault.h"

#include "child.h"
#include "rollout/base/str.h"
#include "rollout/value/json.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PERMISSION_DENIED "{\"errors\": [\"permission denied\"]}"

/* What a request says. */
struct asked {
	int fd;
	const char *method, *path, *body, *head;
};

/* The secret secret/data/w, as it was written last. */
static char stored[4096];
static int flaky;

static size_t read_request(int fd, char *buf, size_t size)
{
	size_t len = 0;
	for (;;) {
		ssize_t n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			return 0;
		len += (size_t)n;
		buf[len] = '\0';
		const char *end = strstr(buf, "\r\n\r\n");
		const char *length = strcasestr(buf, "\r\nContent-Length: ");
		if (end &&
		    len >= (size_t)(end + 4 - buf) + (length ? strtoul(length + 18, NULL, 10) : 0))
			return len;
	}
}

static bool put_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static void give(const struct asked *q, const char *status, const char *body)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	strbuf_printf(&out,
		      "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		      "Connection: close\r\n\r\n%s",
		      status, strlen(body), body);
	(void)put_all(q->fd, out.ptr, out.len);
}

static bool is(const struct asked *q, const char *method, const char *path)
{
	return strcmp(q->method, method) == 0 && strcmp(q->path, path) == 0;
}

static bool has(const struct asked *q, const char *header)
{
	return strcasestr(q->head, header) != NULL;
}

static void give_token(const struct asked *q, bool good)
{
	if (good)
		give(q, "200 OK",
		     "{\"auth\": {\"client_token\": \"" FAKE_VAULT_LOGIN_TOKEN
		     "\", \"policies\": [\"default\"]}, \"data\": null}");
	else
		give(q, "400 Bad Request", "{\"errors\": [\"invalid username or password\"]}");
}

/* Nobody has a token yet. */
static bool answer_login(const struct asked *q)
{
	if (is(q, "POST", "/v1/auth/userpass/login/me%20too"))
		give_token(q, strcmp(q->body, "{\"password\": \"pass word\"}") == 0);
	else if (is(q, "POST", "/v1/auth/other/login/me"))
		give_token(q, strcmp(q->body, "{\"password\": \"pass word\"}") == 0);
	else if (is(q, "POST", "/v1/auth/approle/login"))
		give_token(q,
			   strcmp(q->body, "{\"role_id\": \"r\", \"secret_id\": \"sesame\"}") == 0);
	else if (is(q, "POST", "/v1/auth/jwt/login"))
		give_token(q, strcmp(q->body, "{\"role\": \"r\", \"jwt\": \"a.b.c\"}") == 0);
	else
		return false;
	return true;
}

static void give_echo(const struct asked *q)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	strbuf_puts(&out, "{\"data\": {\"method\": ");
	json_emit_string(&out, slice_from(q->method));
	strbuf_puts(&out, ", \"head\": ");
	json_emit_string(&out, slice_from(q->head));
	strbuf_puts(&out, ", \"body\": ");
	json_emit_string(&out, slice_from(q->body));
	strbuf_puts(&out, "}}");
	give(q, "200 OK", out.ptr);
}

static void give_huge(const struct asked *q, bool ends)
{
	static char zeros[65536];
	const char *head = ends ? "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"
				: "HTTP/1.1 200 OK\r\n\r\n{";
	memset(zeros, ' ', sizeof(zeros));
	for (bool more = put_all(q->fd, head, strlen(head)); more; usleep(1000))
		more = put_all(q->fd, zeros, sizeof(zeros));
}

static void give_deep(const struct asked *q)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (int i = 0; i < 100000; i++)
		strbuf_putc(&out, '[');
	give(q, "200 OK", out.ptr);
}

static bool answer_oddly(const struct asked *q)
{
	if (strcmp(q->path, "/v1/sealed") == 0)
		give(q, "503 Service Unavailable", "{\"errors\": [\"Vault is sealed\"]}");
	else if (strcmp(q->path, "/v1/broken") == 0)
		give(q, "500 Internal Server Error", "{\"errors\": [\"oh\", \"dear\"]}");
	else if (strcmp(q->path, "/v1/flaky") == 0)
		give(q, ++flaky % 3 ? "503 Service Unavailable" : "200 OK", "{\"data\": {}}");
	else if (strcmp(q->path, "/v1/page") == 0)
		give(q, "200 OK", "<html>");
	else if (strcmp(q->path, "/v1/nothing") == 0)
		give(q, "204 No Content", "");
	else if (strcmp(q->path, "/v1/tells") == 0)
		give(q, "418 Teapot", "{\"errors\": [\"you have " FAKE_VAULT_TOKEN ", you\"]}");
	else if (strcmp(q->path, "/v1/huge") == 0)
		give_huge(q, true);
	else if (strcmp(q->path, "/v1/endless") == 0)
		give_huge(q, false);
	else if (strcmp(q->path, "/v1/moved") == 0)
		give(q, "307 Temporary Redirect\r\nLocation: /v1/echo", "");
	else if (strcmp(q->path, "/v1/deep") == 0)
		give_deep(q);
	else if (strncmp(q->path, "/v1/echo", 8) == 0)
		give_echo(q);
	else
		return false;
	return true;
}

static void store(const struct asked *q)
{
	const char *data = strstr(q->body, "\"data\": ");
	if (strstr(q->body, "\"cas\": 7") || !data) {
		give(q, "400 Bad Request",
		     "{\"errors\": [\"check-and-set parameter did not match\"]}");
		return;
	}
	snprintf(stored, sizeof(stored), "%.*s", (int)(strlen(data) - 9), data + 8);
	give(q, "200 OK", "{\"data\": {\"version\": 1}}");
}

static void give_stored(const struct asked *q)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	strbuf_printf(&out, "{\"data\": {\"data\": %s, \"metadata\": {\"version\": 1}}}", stored);
	give(q, stored[0] ? "200 OK" : "404 Not Found", stored[0] ? out.ptr : "{\"errors\": []}");
}

static void answer_secret(const struct asked *q)
{
	if (is(q, "GET", "/v1/auth/token/lookup-self"))
		give(q, "200 OK",
		     "{\"data\": {\"ttl\": 60, \"meta\": {\"a\": \"b\"}}, \"auth\": null}");
	else if (is(q, "GET", "/v1/kv/app") || is(q, "GET", "/v1/kv/odd%3Fname"))
		give(q, "200 OK", "{\"data\": {\"key\": \"plain secret\"}, \"lease_duration\": 5}");
	else if (is(q, "GET", "/v1/kv/versioned"))
		give(q, "404 Not Found",
		     "{\"errors\": [\"Invalid path for a versioned K/V secrets engine. See\"]}");
	else if (is(q, "GET", "/v1/secret/data/app") || is(q, "GET", "/v1/deep/kv/data/app"))
		give(q, "200 OK",
		     "{\"data\": {\"data\": {\"key\": \"hidden secret\"}, \"metadata\": "
		     "{\"version\": 2}}, \"lease_id\": \"\"}");
	else if (is(q, "GET", "/v1/secret/data/app?version=1"))
		give(q, "200 OK",
		     "{\"data\": {\"data\": {\"key\": \"old secret\"}, \"metadata\": "
		     "{\"version\": 1}}}");
	else if (is(q, "POST", "/v1/secret/data/w"))
		store(q);
	else if (is(q, "GET", "/v1/secret/data/w"))
		give_stored(q);
	else if (is(q, "DELETE", "/v1/secret/data/w"))
		give(q, "204 No Content", "");
	else if (is(q, "POST", "/v1/secret/delete/w"))
		give(q, strcmp(q->body, "{\"versions\": [1, 3]}") ? "400 Bad" : "204 No Content",
		     "");
	else if (is(q, "LIST", "/v1/secret/metadata"))
		give(q, "200 OK", "{\"data\": {\"keys\": [\"app\", \"w\"]}}");
	else if (is(q, "PUT", "/v1/pki/issue/web") || is(q, "POST", "/v1/pki/issue/web"))
		give(q, "200 OK",
		     "{\"data\": {\"certificate\": \"-----BEGIN CERTIFICATE-----\", "
		     "\"private_key\": \"the key\"}}");
	else
		give(q, "404 Not Found", "{\"errors\": []}");
}

static void answer(int fd, char *request)
{
	char *end = strstr(request, "\r\n\r\n"), *rest = NULL;
	struct asked q = {.fd = fd, .body = end + 4};
	end[2] = '\0';
	char *copy = xstrdup(request);
	q.head = copy;
	q.method = strtok_r(request, " ", &rest);
	q.path = strtok_r(NULL, " ", &rest);
	if (!answer_login(&q)) {
		if (!has(&q, "X-Vault-Token: " FAKE_VAULT_TOKEN "\r\n") &&
		    !has(&q, "X-Vault-Token: " FAKE_VAULT_LOGIN_TOKEN "\r\n"))
			give(&q, "403 Forbidden", PERMISSION_DENIED);
		else if (!answer_oddly(&q))
			answer_secret(&q);
	}
	free(copy);
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

void fake_vault_start(struct fake_vault *v)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 16) == 0);
	assert(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	v->port = ntohs(at.sin_port);
	v->pid = child_fork();
	if (v->pid == 0)
		serve(fd);
	close(fd);
}

void fake_vault_stop(struct fake_vault *v)
{
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
}
