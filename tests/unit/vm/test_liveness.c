#include "liveness.h"

#include "child.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/rollout-liveness-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/lock", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void a_lock_has_one_holder(void **state)
{
	CLEANUP(fd_close) int fd = -1;
	struct err e = {0};
	int other = -7;
	(void)state;
	assert_false(vm_lock_is_held(path));
	assert_int_equal(vm_lock_try(path, &fd, &e), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(vm_lock_is_held(path));
	assert_int_equal(vm_lock_try(path, &other, &e), ERR_EXISTS);
	assert_int_equal(other, -7);
	assert_non_null(strstr(e.msg, path));
	fd_close(&fd);
	assert_false(vm_lock_is_held(path));
	assert_int_equal(vm_lock_try(path, &fd, &e), 0);
}

static void waiting_ends(void **state)
{
	CLEANUP(fd_close) int fd = -1;
	struct err e = {0};
	int other = -7;
	(void)state;
	assert_int_equal(vm_lock_wait(path, 0, &fd, &e), 0);
	int64_t begun_ms = clock_now_ms();
	assert_int_equal(vm_lock_wait(path, 120, &other, &e), ERR_TIMEOUT);
	assert_int_equal(vm_lock_wait_free(path, 120, &e), ERR_TIMEOUT);
	assert_in_range(clock_now_ms() - begun_ms, 200, PATIENCE_MS);
	assert_non_null(strstr(e.msg, "0.1 s"));
}

/* The child holds it; its death alone lets it go. */
static pid_t hold_in_child(void)
{
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t pid = child_fork();
	if (pid == 0) {
		int fd;
		if (vm_lock_try(path, &fd, NULL) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	char c;
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void death_lets_go(void **state)
{
	CLEANUP(fd_close) int fd = -1;
	struct err e = {0};
	(void)state;
	pid_t pid = hold_in_child();
	assert_true(vm_lock_is_held(path));
	pid_t killer = child_fork();
	if (killer == 0) {
		usleep(150000);
		_exit(kill(pid, SIGKILL));
	}
	assert_int_equal(vm_lock_wait_free(path, PATIENCE_MS, &e), 0);
	waitpid(killer, NULL, 0);
	waitpid(pid, NULL, 0);
	pid = hold_in_child();
	kill(pid, SIGKILL);
	assert_int_equal(vm_lock_wait(path, PATIENCE_MS, &fd, &e), 0);
	waitpid(pid, NULL, 0);
}

static void wait_name(pid_t pid, const char *name)
{
	char comm[64];
	snprintf(comm, sizeof(comm), "/proc/%d/comm", (int)pid);
	for (int i = 0; i < PATIENCE_MS; i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		if (file_read(comm, 100, &text, NULL) == 0 &&
		    slice_eq(slice_trim(strbuf_slice(&text)), slice_from(name)))
			return;
		usleep(1000);
	}
	fail_msg("no %s", name);
}

/* What running.lock is for: QEMU inherits the descriptor. */
static void a_program_inherits_it(void **state)
{
	CLEANUP(fd_close) int fd = -1;
	struct err e = {0};
	(void)state;
	assert_int_equal(vm_lock_try(path, &fd, &e), 0);
	pid_t pid = child_fork();
	if (pid == 0) {
		vm_lock_keep(fd);
		execlp("sleep", "sleep", "600", (char *)NULL);
		_exit(127);
	}
	fd_close(&fd);
	wait_name(pid, "sleep");
	assert_true(vm_lock_is_held(path));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_false(vm_lock_is_held(path));
}

static void a_removed_file_is_no_lock(void **state)
{
	CLEANUP(fd_close) int old = -1;
	CLEANUP(fd_close) int fd = -1;
	struct err e = {0};
	(void)state;
	assert_int_equal(vm_lock_try(path, &old, &e), 0);
	unlink(path);
	assert_false(vm_lock_is_held(path));
	assert_int_equal(vm_lock_try(path, &fd, &e), 0);
	assert_int_equal(vm_lock_try("/nonexistent/lock", &fd, &e), ERR_SYS);
}

static void some_may_share_it(void **state)
{
	struct err e = {0};
	int one = -1, two = -1, alone = -1;
	(void)state;
	assert_int_equal(vm_lock_share(path, &one, &e), 0);
	assert_int_equal(vm_lock_share(path, &two, &e), 0);
	assert_true(fcntl(two, F_GETFD) & FD_CLOEXEC);
	fd_close(&one);
	assert_true(vm_lock_is_held(path));
	assert_int_equal(vm_lock_try(path, &alone, &e), ERR_EXISTS);
	fd_close(&two);
	assert_false(vm_lock_is_held(path));
	assert_int_equal(vm_lock_try(path, &alone, &e), 0);
	fd_close(&alone);
	assert_int_equal(vm_lock_share("/nonexistent/lock", &one, &e), ERR_SYS);
}

/* Asking takes nothing that somebody might want. */
static void asking_disturbs_nobody(void **state)
{
	struct err e = {0};
	(void)state;
	pid_t pid = child_fork();
	if (pid == 0)
		for (;;)
			vm_lock_is_held(path);
	for (int i = 0; i < 2000; i++) {
		CLEANUP(fd_close) int fd = -1;
		assert_int_equal(vm_lock_try(path, &fd, &e), 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_has_one_holder),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(death_lets_go),
		cmocka_unit_test(a_program_inherits_it),
		cmocka_unit_test(a_removed_file_is_no_lock),
		cmocka_unit_test(some_may_share_it),
		cmocka_unit_test(asking_disturbs_nobody),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
