/* The client of QMP: its messages, and talks with a server that follows a script. */
#include "project.h"
#include "qemu/qmp.h"

#include "child.h"
#include "rollout/base/clock.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define NEGOTIATED "{\"return\": {}, \"id\": 0}\r\n"

/* ---- messages ---- */

static const struct message_case {
	const char *line;
	int code;
	enum vm_qmp_kind kind;
	int64_t id;
	const char *name, *text;
} messages[] = {
	{GREETING, 0, QMP_GREETING, -1, "", ""},
	{"{\"return\": {}, \"id\": 7}", 0, QMP_RETURN, 7, "", ""},
	{"{\"return\": []}", 0, QMP_RETURN, -1, "", ""},
	{"{\"return\": null, \"id\": \"x\"}", 0, QMP_RETURN, -1, "", ""},
	{"{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}", 0, QMP_EVENT, -1, "SHUTDOWN",
	 ""},
	{"{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}", 0, QMP_ERROR, 2,
	 "GenericError", "no"},
	{"{\"error\": {\"class\": \"GenericError\"}}", ERR_PROTOCOL, 0, 0, NULL, NULL},
	{"{\"error\": 3}", ERR_PROTOCOL, 0, 0, NULL, NULL},
	{"{\"event\": 1}", ERR_PROTOCOL, 0, 0, NULL, NULL},
	{"{}", ERR_PROTOCOL, 0, 0, NULL, NULL},
	{"[1]", ERR_PROTOCOL, 0, 0, NULL, NULL},
	{"\"QMP\"", ERR_PROTOCOL, 0, 0, NULL, NULL},
	{"{\"return\":", ERR_PROTOCOL, 0, 0, NULL, NULL},
	{"", ERR_PROTOCOL, 0, 0, NULL, NULL},
};

static void what_a_server_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		const struct message_case *c = &messages[i];
		struct arena a = {0};
		struct vm_qmp_message m;
		struct err e = {0};
		assert_int_equal(vm_qmp_parse(slice_from(c->line), &a, &m, &e), c->code);
		if (c->code == 0) {
			assert_int_equal(m.kind, c->kind);
			assert_int_equal(m.id, c->id);
			assert_true(slice_is(m.name, c->name));
			assert_true(slice_is(m.text, c->text));
		}
		arena_release(&a);
	}
}

/* ---- talks ---- */

/* Says one part after each line that it hears, the first one at once. */
struct script {
	const char *parts[8];
	bool stays; /* silent at the end, else it hangs up */
};

static void hear_line(int fd)
{
	char c = 0;
	while (c != '\n' && read(fd, &c, 1) == 1)
		;
}

static void serve(int listener, const struct script *s)
{
	int fd = accept(listener, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(s->parts) && s->parts[i]; i++) {
		if (i > 0)
			hear_line(fd);
		if (write(fd, s->parts[i], strlen(s->parts[i])) < 0)
			_exit(1);
	}
	if (s->stays)
		pause();
	hear_line(fd);
	_exit(0);
}

struct talk {
	struct project folder;
	pid_t server;
	struct vm_qmp *q;
	struct arena arena;
	struct err err;
};

static int talk_open(struct talk *t, const struct script *s, int64_t timeout_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	*t = (struct talk){0};
	project_open(&t->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/qmp.sock", t->folder.dir);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	t->server = child_fork();
	if (t->server == 0)
		serve(fd, s);
	close(fd);
	return vm_qmp_open(t->folder.dir, "qmp.sock", timeout_ms, &t->q, &t->err);
}

static void talk_close(struct talk *t)
{
	vm_qmp_close(t->q);
	kill(t->server, SIGKILL);
	waitpid(t->server, NULL, 0);
	arena_release(&t->arena);
	project_close(&t->folder);
}

static void an_answer(void **state)
{
	static const struct script s = {
		{GREETING, NEGOTIATED,
		 "{\"event\": \"STOP\"}\n{\"return\": {\"status\": \"paused\"}, \"id\": 1}\n"},
		true};
	struct talk t;
	const struct value *v = NULL;
	(void)state;
	assert_int_equal(talk_open(&t, &s, PATIENCE_MS), 0);
	assert_int_equal(vm_qmp_execute(t.q, "query-status", NULL, &t.arena, &v, &t.err), 0);
	assert_true(value_is_str(value_get(v, "status"), "paused"));
	talk_close(&t);
}

/* After a refusal the talk goes on; an event may come in pieces. */
static void refusals(void **state)
{
	static const struct script s = {
		{GREETING, NEGOTIATED,
		 "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"?\"}, \"id\": 1}\n",
		 "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no disk\"}, \"id\": 2}\n"},
		true};
	struct talk t;
	(void)state;
	assert_int_equal(talk_open(&t, &s, PATIENCE_MS), 0);
	assert_int_equal(vm_qmp_execute(t.q, "fly", NULL, &t.arena, NULL, &t.err), ERR_UNSUPPORTED);
	assert_string_equal(t.err.msg, "this QEMU has no command fly");
	assert_int_equal(vm_qmp_execute(t.q, "cont", NULL, &t.arena, NULL, &t.err), ERR_INVALID);
	assert_string_equal(t.err.msg, "QEMU refuses cont: no disk");
	talk_close(&t);
}

static const struct {
	struct script script;
	int code;
} bad_begins[] = {
	{{{"{\"return\": {}}\n"}, true}, ERR_PROTOCOL},
	{{{"hello\n"}, true}, ERR_PROTOCOL},
	{{{""}, true}, ERR_TIMEOUT},
	{{{GREETING, ""}, true}, ERR_TIMEOUT},
	{{{GREETING}, false}, ERR_UNREACHABLE},
	{{{GREETING, "{\"return\": {}, \"id\": 99}\n"}, true}, ERR_PROTOCOL},
};

static void bad_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_begins); i++) {
		struct talk t;
		const int64_t begin_ms = clock_now_ms();
		const bool silent = bad_begins[i].code == ERR_TIMEOUT;
		assert_int_equal(
			talk_open(&t, &bad_begins[i].script, silent ? 200 : 2 * PATIENCE_MS),
			bad_begins[i].code);
		assert_null(t.q);
		assert_in_range(clock_now_ms() - begin_ms, 0, PATIENCE_MS);
		talk_close(&t);
	}
}

static void quit_may_hang_up(void **state)
{
	static const struct script s = {{GREETING, NEGOTIATED}, false};
	struct talk t;
	(void)state;
	assert_int_equal(talk_open(&t, &s, PATIENCE_MS), 0);
	assert_int_equal(vm_qmp_execute(t.q, "quit", NULL, &t.arena, NULL, &t.err),
			 ERR_UNREACHABLE);
	talk_close(&t);
}

static void flood(int listener)
{
	static char bytes[65536];
	int fd = accept(listener, NULL, NULL);
	memset(bytes, ' ', sizeof(bytes));
	while (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		;
	_exit(0);
}

static void endless_messages(void **state)
{
	struct project p;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct vm_qmp *q = NULL;
	struct err e = {0};
	(void)state;
	project_open(&p);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/q", p.dir);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid_t server = child_fork();
	if (server == 0)
		flood(fd);
	close(fd);
	assert_int_equal(vm_qmp_open(p.dir, "q", 20000, &q, &e), ERR_LIMIT);
	waitpid(server, NULL, 0);
	assert_int_equal(vm_qmp_open(p.dir, "q", 200, &q, &e), ERR_UNREACHABLE);
	assert_int_equal(vm_qmp_open(p.dir, "none", 200, &q, &e), ERR_UNREACHABLE);
	project_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_server_says), cmocka_unit_test(an_answer),
		cmocka_unit_test(refusals),	      cmocka_unit_test(bad_servers),
		cmocka_unit_test(quit_may_hang_up),   cmocka_unit_test(endless_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
