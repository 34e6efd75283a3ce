#include "fake_host.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_somewhere(int *ret_port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t size = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, size), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &size), 0);
	*ret_port = ntohs(in.sin_port);
	return fd;
}

static const struct value *run(struct trial *t, struct fake_host *f, bool check, const char *fmt,
			       int port)
{
	char args[256];
	(void)snprintf(args, sizeof(args), fmt, port);
	return trial_run(t, &f->host, "wait_for", args, check);
}

static void ports(void **state)
{
	struct fake_host *f = fake_host_new();
	CLEANUP(trial_release) struct trial t = {0};
	int port, fd = listen_somewhere(&port);
	(void)state;
	fake_file(f, "/etc/hosts", "127.0.0.1 localhost # x\n127.0.0.1\tweb1.example.com web1\n");
	assert_false(result_is(run(&t, f, false, "{port: %d}", port), "failed"));
	assert_false(result_is(run(&t, f, false, "{port: %d, host: WEB1}", port), "failed"));
	const struct value *r = run(&t, f, true, "{port: %d, state: stopped}", port);
	assert_true(result_is(r, "_unknown"));
	r = run(&t, f, false, "{port: %d, state: stopped, timeout: 0}", port);
	assert_true(result_is(r, "failed"));
	close(fd);
	assert_false(result_is(run(&t, f, false, "{port: %d, state: stopped}", port), "failed"));
	r = run(&t, f, false, "{port: %d, timeout: 0}", port);
	assert_true(result_is(r, "failed"));
	assert_non_null(strstr(result_text(r, "msg"), "Timeout when waiting for 127.0.0.1:"));
	r = run(&t, f, false, "{port: %d, timeout: 0, host: nowhere, msg: too bad}", port);
	assert_string_equal(result_text(r, "msg"), "too bad");
	host_free(&f->host);
}

/* Somebody from 10.0.0.7 is connected to 127.0.0.1:8080, in each of the tables. */
static void drained(void **state)
{
	struct fake_host *f = fake_host_new();
	CLEANUP(trial_release) struct trial t = {0};
	const struct value *r;
	(void)state;
	fake_file(f, "/proc/net/tcp",
		  "  sl  local_address rem_address   st tx_queue\n"
		  "   0: 0100007F:1F90 0700000A:C350 01 00000000\n"
		  "   1: 0100007F:1F91 0700000A:C350 06 00000000\n");
	fake_file(f, "/proc/net/tcp6",
		  "   0: 0000000000000000FFFF00000100007F:1F92 "
		  "0000000000000000FFFF00000700000A:C350 01 00000000\n");
	static const struct {
		const char *args;
		bool fails;
	} cases[] = {
		{"{state: drained, timeout: 0, port: 8080}", true},
		{"{state: drained, timeout: 0, port: 8080, host: 0.0.0.0}", true},
		{"{state: drained, timeout: 0, port: 8080, host: 127.0.0.2}", false},
		{"{state: drained, timeout: 0, port: 8080, exclude_hosts: 10.0.0.7}", false},
		{"{state: drained, timeout: 0, port: 8080, exclude_hosts: 10.0.0.8}", true},
		{"{state: drained, timeout: 0, port: 8081}", true},
		{"{state: drained, timeout: 0, port: 8081, active_connection_states: ESTABLISHED}",
		 false},
		{"{state: drained, timeout: 0, port: 8082}", true},
		{"{state: drained, timeout: 0, port: 8082, exclude_hosts: [10.0.0.7]}", false},
		{"{state: drained, timeout: 0, port: 8083}", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		r = trial_run(&t, &f->host, "wait_for", cases[i].args, false);
		if (result_is(r, "failed") != cases[i].fails)
			fail_msg("%s: %s", cases[i].args, result_text(r, "msg"));
	}
	host_free(&f->host);
}

static void *greet(void *listener)
{
	int fd = accept(*(int *)listener, NULL, NULL);
	ssize_t ignored = write(fd, "SSH-2.0-Open", 12);
	usleep(20000);
	ignored = write(fd, "SSH_9\r\n", 7);
	(void)ignored;
	close(fd);
	return NULL;
}

static void banner(void **state)
{
	struct fake_host *f = fake_host_new();
	CLEANUP(trial_release) struct trial t = {0};
	int port, fd = listen_somewhere(&port);
	pthread_t thread;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, greet, &fd), 0);
	const struct value *r =
		run(&t, f, false,
		    "{port: %d, search_regex: 'Open(?P<name>SSH)_(\\d)', timeout: 120}", port);
	pthread_join(thread, NULL);
	assert_false(result_is(r, "failed"));
	assert_int_equal(value_get(r, "match_groups")->list.len, 2);
	assert_string_equal(result_text(value_get(r, "match_groupdict"), "name"), "SSH");
	close(fd);
	host_free(&f->host);
}

static void paths(void **state)
{
	struct fake_host *f = fake_host_new();
	CLEANUP(trial_release) struct trial t = {0};
	(void)state;
	fake_file(f, "/run/x.log", "starting\nready on port 80\n");
	assert_false(result_is(run(&t, f, false, "{path: /run/x.log}", 0), "failed"));
	const struct value *r =
		run(&t, f, false, "{path: /run/x.log, search_regex: '^ready on port (\\d+)$'}", 0);
	assert_true(value_is_str(value_get(r, "match_groups")->list.at[0], "80"));
	r = run(&t, f, false, "{path: /run/x.log, search_regex: stopped, timeout: 0}", 0);
	assert_string_equal(result_text(r, "msg"),
			    "Timeout when waiting for search string stopped in /run/x.log");
	/* in a file that is larger than what is held at once */
	CLEANUP(strbuf_release) struct strbuf large = {0};
	for (int i = 0; i < 200000; i++)
		strbuf_printf(&large, "line %d\n", i);
	fake_file(f, "/run/large.log", large.ptr);
	r = run(&t, f, false, "{path: /run/large.log, search_regex: '^line (199999)$'}", 0);
	assert_true(value_is_str(value_get(r, "match_groups")->list.at[0], "199999"));
	r = run(&t, f, false, "{path: /run/y, timeout: 0}", 0);
	assert_string_equal(result_text(r, "msg"), "Timeout when waiting for file /run/y");
	assert_false(result_is(run(&t, f, false, "{path: /run/y, state: absent}", 0), "failed"));
	r = run(&t, f, true, "{path: /run/y, delay: 100}", 0);
	assert_string_equal(result_text(r, "msg"), "would wait for file /run/y");
	r = run(&t, f, false, "{path: /run/y, search_regex: '('}", 0);
	assert_true(result_is(r, "failed"));
	r = run(&t, f, false, "{state: absent}", 0);
	assert_true(result_is(r, "failed"));
	host_free(&f->host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(drained),
		cmocka_unit_test(banner),
		cmocka_unit_test(paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
