/* Downloads of the controller: where they lie when the environment has no HOME, and what
 * is said of one that is not what it should be. */
#include "child.h"
#include "player.h"
#include "test.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char home[300];

/* In place of the system's: the account of whoever runs this. */
struct passwd *getpwuid(uid_t uid)
{
	static struct passwd own;
	own.pw_uid = uid;
	own.pw_dir = home;
	return &own;
}

static void answer(void *ctx UNUSED, struct player_host *h, const struct wire_frame *frame)
{
	if (frame->type == WIRE_TASK)
		player_say(h, WIRE_RESULT, frame->id,
			   "{item: 0, last: true, result: {changed: false}}");
}

static void download(void)
{
	const struct player_script script = {.frame = answer};
	CLEANUP(strbuf_release) struct strbuf events = {0};
	assert_int_equal(player_run("- hosts: all\n  gather_facts: false\n  tasks:\n"
				    "  - get_url: {url: 'http://127.0.0.1:1/x', dest: /x}\n",
				    "a,", &script, &events),
			 RUN_EXIT_OK);
}

static void test_without_home(void **state UNUSED)
{
	static const char *const homes[] = {NULL, ""};
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		char path[400];
		struct stat st;
		snprintf(home, sizeof(home), "%s/account%zu", player_folder(), i);
		if (homes[i])
			setenv("HOME", homes[i], 1);
		else
			unsetenv("HOME");
		download();
		snprintf(path, sizeof(path), "%s/.cache/rollout/downloads", home);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
	}
}

_Noreturn static void serve(int listener)
{
	static const char page[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
				   "Content-Length: 2\r\n\r\nhi";
	char request[4096];
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0 || read(fd, request, sizeof(request)) < 0 ||
		    write(fd, page, strlen(page)) < 0)
			_exit(1);
		close(fd);
	}
}

static pid_t start_server(int *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	pid_t pid = child_fork();
	if (pid == 0)
		serve(fd);
	close(fd);
	return pid;
}

/* The password of a URL is not in what is said of the file. */
static void test_another_digest(void **state UNUSED)
{
	const struct player_script script = {.frame = answer};
	CLEANUP(strbuf_release) struct strbuf events = {0}, playbook = {0};
	int port;
	pid_t server = start_server(&port);
	setenv("HOME", player_folder(), 1);
	strbuf_printf(&playbook,
		      "- hosts: all\n  gather_facts: false\n  tasks:\n"
		      "  - get_url: {url: 'http://joe:geheim@127.0.0.1:%d/x', dest: /x,\n"
		      "              use_proxy: false,\n"
		      "              checksum: 'md5:00000000000000000000000000000000'}\n",
		      port);
	assert_int_equal(player_run(playbook.ptr, "a,", &script, &events), RUN_EXIT_FAILED);
	assert_non_null(strstr(events.ptr, "/x: its digest is md5:"));
	assert_null(strstr(events.ptr, "geheim"));
	kill(server, SIGKILL);
	assert_int_equal(waitpid(server, NULL, 0), server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_home),
		cmocka_unit_test(test_another_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
