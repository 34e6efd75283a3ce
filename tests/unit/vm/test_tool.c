#include "tool.h"

#include "liveness.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int shell(const char *script, struct strbuf *out, struct err *err)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	const struct tool_call call = {.argv = argv};
	return vm_tool_run(&call, out, err);
}

static void output_and_input(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	CLEANUP(strbuf_release) struct strbuf big = {0};
	const char *const cat[] = {"cat", NULL}, *const pwd[] = {"pwd", NULL};
	struct tool_call call = {.argv = cat};
	struct err e = {0};
	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf_puts(&big, "0123456\n");
	strbuf_puts(&out, ">");
	call.input = strbuf_slice(&big);
	assert_int_equal(vm_tool_run(&call, &out, &e), 0);
	assert_int_equal(out.len, big.len + 1);
	assert_memory_equal(out.ptr + 1, big.ptr, big.len);
	call = (struct tool_call){.argv = pwd, .dir = scratch};
	strbuf_truncate(&out, 0);
	assert_int_equal(vm_tool_run(&call, &out, &e), 0);
	assert_memory_equal(out.ptr, scratch, strlen(scratch));
	/* input that is not read is no error */
	assert_int_equal(shell("exit 0", NULL, &e), 0);
}

static void failures(void **state)
{
	static const struct failure {
		const char *script, *message;
	} cases[] = {
		{"echo lost; echo broken >&2; exit 3", "exit status 3: broken"},
		{"exit 1", "'exit 1': exit status 1"},
		{"kill -9 $$", "killed by SIGKILL"},
		{"for i in $(seq 9999); do echo line $i; done >&2; exit 2", "line 9998\nline 9999"},
		{"yes", "it printed more than"},
		{": 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		 "bb"
		 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc'; exit 4",
		 "…: exit status 4"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		struct err e = {0};
		strbuf_puts(&out, "kept");
		int r = shell(cases[i].script, &out, &e);
		if (r >= 0 || !strstr(e.msg, cases[i].message))
			fail_msg("%s: %d %s", cases[i].script, r, e.msg);
		assert_string_equal(out.ptr, "kept");
		assert_int_equal(strncmp(e.msg, "sh -c ", 6), 0);
	}
}

/* Where standard output is not asked for it is what the program said. */
static void output_is_told_when_nobody_takes_it(void **state)
{
	struct err e = {0};
	(void)state;
	assert_int_equal(shell("echo why; exit 1", NULL, &e), ERR_SYS);
	assert_non_null(strstr(e.msg, ": why"));
	assert_int_equal(shell("head -c 5000000 /dev/zero", NULL, &e), 0);
}

/* A zombie is gone too: it waits for init. */
static bool is_gone(int pid)
{
	CLEANUP(strbuf_release) struct strbuf path = {0}, stat = {0};
	strbuf_printf(&path, "/proc/%d/stat", pid);
	return file_read(path.ptr, 4096, &stat, NULL) < 0 || strstr(text_of(&stat), ") Z ");
}

static void a_timeout_kills_the_group(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	CLEANUP(free_ptr) char *file = path_join(scratch, "pid");
	const char *const argv[] = {"sh", "-c", "echo at it >&2; sleep 600 & echo $! >pid; wait",
				    NULL};
	struct tool_call call = {.argv = argv, .dir = scratch, .timeout_ms = 300};
	(void)state;
	/* On a busy machine the shell may not come to its sleep in time. */
	for (; !out.len && call.timeout_ms < 60000; call.timeout_ms *= 3) {
		struct err e = {0}, absent = {0};
		int64_t begun_ms = clock_now_ms();
		assert_int_equal(vm_tool_run(&call, NULL, &e), ERR_TIMEOUT);
		assert_in_range(clock_now_ms() - begun_ms, call.timeout_ms,
				call.timeout_ms + PATIENCE_MS);
		assert_non_null(strstr(e.msg, "it had not ended after "));
		file_read(file, 100, &out, &absent);
		if (out.len)
			assert_non_null(strstr(e.msg, " s: at it"));
	}
	assert_true(out.len > 0);
	for (int i = 0; i < PATIENCE_MS / 10 && !is_gone(atoi(out.ptr)); i++)
		usleep(10000);
	assert_true(is_gone(atoi(out.ptr)));
}

static void a_background_child_does_not_hold_us_up(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct err e = {0};
	(void)state;
	int64_t begun_ms = clock_now_ms();
	assert_int_equal(shell("sleep 600 & echo done $!", &out, &e), 0);
	assert_in_range(clock_now_ms() - begun_ms, 0, PATIENCE_MS);
	assert_memory_equal(out.ptr, "done ", 5);
	kill(atoi(out.ptr + 5), SIGKILL);
}

static void programs_are_found(void **state)
{
	CLEANUP(free_ptr) char *sh = vm_tool_find("sh");
	CLEANUP(free_ptr) char *not_executable = path_join(scratch, "plain");
	const char *const none[] = {"no-such-program", NULL}, *const plain[] = {not_executable,
										NULL};
	struct tool_call call = {.argv = none};
	struct err e = {0};
	(void)state;
	assert_non_null(sh);
	assert_int_equal(*sh, '/');
	assert_null(vm_tool_find("no-such-program"));
	assert_null(vm_tool_find(scratch));
	assert_int_equal(vm_tool_run(&call, NULL, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "there is no program 'no-such-program'"));
	assert_int_equal(file_write_atomic(not_executable, "x", 1, 0700, &e), 0);
	call.argv = plain;
	assert_int_equal(vm_tool_run(&call, NULL, &e), ERR_SYS);
	assert_non_null(strstr(e.msg, "Exec format error"));
	call = (struct tool_call){.argv = (const char *const[]){"true", NULL}, .dir = "/no/such"};
	assert_int_equal(vm_tool_run(&call, NULL, &e), ERR_SYS);
	assert_non_null(strstr(e.msg, "enter /no/such: No such file"));
}

/* It holds the lock it was given, nothing else, and outlives us. */
static void a_daemon(void **state)
{
	CLEANUP(free_ptr) char *log = path_join(scratch, "log");
	CLEANUP(free_ptr) char *lock = path_join(scratch, "lock");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *const argv[] = {"sh", "-c", "pwd; ls /proc/self/fd | wc -w; exec sleep 600",
				    NULL};
	struct err e = {0};
	int fd, pid = -1;
	(void)state;
	int leaked = dup(STDERR_FILENO);
	assert_int_equal(vm_lock_try(lock, &fd, &e), 0);
	assert_int_equal(vm_tool_daemon(argv, scratch, log, fd, &pid, &e), 0);
	close(leaked);
	close(fd);
	assert_int_equal(getsid(pid), pid);
	for (int i = 0; i < PATIENCE_MS / 10 && text.len < strlen(scratch) + 3; i++) {
		usleep(10000);
		strbuf_truncate(&text, 0);
		assert_int_equal(file_read(log, 1000, &text, &e), 0);
	}
	assert_non_null(strstr(text_of(&text), scratch));
	assert_non_null(strstr(text_of(&text), "\n5\n")); /* 0 1 2, the lock, ls's own */
	assert_true(vm_lock_is_held(lock));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_false(vm_lock_is_held(lock));
}

static void a_daemon_that_cannot_start(void **state)
{
	CLEANUP(free_ptr) char *log = path_join(scratch, "log2");
	CLEANUP(free_ptr) char *broken = path_join(scratch, "broken");
	const char *const argv[] = {broken, NULL};
	struct err e = {0};
	int pid = -1;
	(void)state;
	assert_int_equal(file_write_atomic(broken, "#!/no/such/sh\n", 14, 0700, &e), 0);
	assert_int_equal(vm_tool_daemon(argv, scratch, log, -1, &pid, &e), ERR_SYS);
	assert_int_equal(pid, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_input),
		cmocka_unit_test(failures),
		cmocka_unit_test(output_is_told_when_nobody_takes_it),
		cmocka_unit_test(a_timeout_kills_the_group),
		cmocka_unit_test(a_background_child_does_not_hold_us_up),
		cmocka_unit_test(programs_are_found),
		cmocka_unit_test(a_daemon),
		cmocka_unit_test(a_daemon_that_cannot_start),
	};
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
