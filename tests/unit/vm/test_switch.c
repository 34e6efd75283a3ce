/* The switch as the real process, with sockets of the test in the place of QEMU's. */
#include "liveness.h"
#include "network/mactable.h"
#include "network/network.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MACHINES 4
#define ARRIVES_MS PATIENCE_MS
#define SILENCE_MS 150
#define CALL 250

struct machine {
	int fd, lock; /* segment.sock, running.lock */
};
static struct vm_project project;
static struct machine machines[MACHINES];
static char home[] = "/tmp/rollout-switch-XXXXXX";
static char start_dir[1000];

static void nap(int ms)
{
	poll(NULL, 0, ms);
}

/* In the machine's folder, as QEMU: relative names. */
static void plug_in(int i)
{
	const struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "segment.sock"};
	char dir[1100];
	snprintf(dir, sizeof(dir), "%s/machines/m%d", project.dir, i);
	assert_int_equal(dir_create_all(dir, 0700, NULL), 0);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(vm_lock_try("running.lock", &machines[i].lock, NULL), 0);
	machines[i].fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unlink("segment.sock");
	assert_int_equal(bind(machines[i].fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(chdir(start_dir), 0);
}

static void unplug(int i)
{
	fd_close(&machines[i].fd);
	fd_close(&machines[i].lock);
}

/* As QEMU: sendto() with a relative name; what cannot be sent is lost. */
static bool put(int i, const void *frame, size_t len)
{
	const struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "uplink.sock"};
	char dir[1100];
	snprintf(dir, sizeof(dir), "%s/machines/m%d", project.dir, i);
	assert_int_equal(chdir(dir), 0);
	ssize_t n = sendto(machines[i].fd, frame, len, 0, (const struct sockaddr *)&a, sizeof(a));
	assert_int_equal(chdir(start_dir), 0);
	return n == (ssize_t)len;
}

static void make_frame(unsigned char frame[60], int to, int from, unsigned char tag)
{
	memset(frame, 0, 60);
	memset(frame, 0xff, 6);
	if (to >= 0)
		memcpy(frame, (unsigned char[]){2, 0, 0, 0, 0, (unsigned char)to}, 6);
	memcpy(frame + 6, (unsigned char[]){2, 0, 0, 0, 0, (unsigned char)from}, 6);
	frame[14] = tag;
}

/* -1: to all. */
static bool say(int i, int to, int from, unsigned char tag)
{
	unsigned char frame[60];
	make_frame(frame, to, from, tag);
	return put(i, frame, sizeof(frame));
}

static ssize_t receive_any(int i, void *frame, size_t size, int wait_ms)
{
	struct pollfd p = {machines[i].fd, POLLIN, 0};
	return poll(&p, 1, wait_ms) == 1 ? recv(machines[i].fd, frame, size, 0) : -1;
}

/* Of wait_connected; some come late. */
static bool is_call(const unsigned char *frame, ssize_t len)
{
	return len == 60 && frame[14] == CALL;
}

static ssize_t receive(int i, unsigned char *frame, size_t size, int wait_ms)
{
	ssize_t len;
	do
		len = receive_any(i, frame, size, wait_ms);
	while (is_call(frame, len));
	return len;
}

/* The tag of the next frame; -1: none came. */
static int hear(int i, int wait_ms)
{
	unsigned char frame[2000];
	ssize_t len = receive(i, frame, sizeof(frame), wait_ms);
	assert_true(len < 0 || len > 14);
	return len < 0 ? -1 : frame[14];
}

static bool hears_call(int i)
{
	unsigned char frame[2000];
	ssize_t len;
	while ((len = receive_any(i, frame, sizeof(frame), SILENCE_MS)) >= 0)
		if (is_call(frame, len))
			return true;
	return false;
}

static void hear_out(void)
{
	for (int i = 0; i < MACHINES; i++)
		while (machines[i].fd >= 0 && hear(i, 20) >= 0)
			;
}

/* Until a frame of machine a comes to b. */
static void wait_connected(int a, int b)
{
	const int64_t end_ms = clock_now_ms() + ARRIVES_MS;
	while (clock_now_ms() < end_ms) {
		say(a, -1, 100 + a, CALL);
		if (hears_call(b)) {
			hear_out();
			return;
		}
	}
	fail_msg("no frame came from machine %d to %d", a, b);
}

static int switch_pid(void)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(free_ptr) char *path = path_join(project.dir, "switch.pid");
	assert_int_equal(file_read(path, 24, &text, NULL), 0);
	return atoi(text.ptr);
}

static int set_up(void **state)
{
	(void)state;
	struct err err = {0};
	/* longer than a sockaddr_un has room for */
	static char dir[1000];
	snprintf(dir, sizeof(dir), "%s/%0100d/%0100d", home, 1, 2);
	assert_int_equal(dir_create_all(dir, 0700, NULL), 0);
	project.dir = dir;
	for (int i = 0; i < MACHINES; i++)
		machines[i] = (struct machine){-1, -1};
	for (int i = 0; i < 3; i++)
		plug_in(i);
	if (vm_switch_ensure(&project, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(vm_switch_is_running(&project));
	wait_connected(0, 1);
	wait_connected(1, 2);
	wait_connected(2, 0);
	return 0;
}

static int tear_down(void **state)
{
	char command[200];
	(void)state;
	for (int i = 0; i < MACHINES; i++)
		unplug(i);
	vm_switch_stop(&project);
	assert_false(vm_switch_is_running(&project));
	snprintf(command, sizeof(command), "rm -rf %s/0*", home);
	return system(command);
}

static void stations_are_learned(void **state)
{
	(void)state;
	assert_true(say(0, 2, 1, 10)); /* unknown: to all but the sender */
	assert_int_equal(hear(1, ARRIVES_MS), 10);
	assert_int_equal(hear(2, ARRIVES_MS), 10);
	assert_int_equal(hear(0, SILENCE_MS), -1);
	assert_true(say(1, 1, 2, 11)); /* known by now */
	assert_int_equal(hear(0, ARRIVES_MS), 11);
	assert_int_equal(hear(2, SILENCE_MS), -1);
	assert_true(say(0, 2, 1, 12));
	assert_int_equal(hear(1, ARRIVES_MS), 12);
	assert_int_equal(hear(2, SILENCE_MS), -1);
	assert_true(say(0, 1, 3, 13)); /* two stations of one port */
	assert_int_equal(hear(1, SILENCE_MS), -1);
	assert_int_equal(hear(0, SILENCE_MS), -1);
}

static void broadcast_and_multicast_go_to_all(void **state)
{
	static const unsigned char groups[][6] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
						  {1, 0, 0x5e, 0, 0, 18}, /* VRRP */
						  {0x33, 0x33, 0, 0, 0, 1}};
	(void)state;
	for (unsigned char i = 0; i < ARRAY_LEN(groups); i++) {
		unsigned char frame[60];
		make_frame(frame, -1, 1, 20 + i);
		memcpy(frame, groups[i], 6);
		assert_true(put(0, frame, sizeof(frame)));
		assert_int_equal(hear(1, ARRIVES_MS), 20 + i);
		assert_int_equal(hear(2, ARRIVES_MS), 20 + i);
		assert_int_equal(hear(0, 20), -1);
	}
}

/* keepalived's failover: the virtual address speaks from elsewhere. */
static void a_station_that_moves_is_followed(void **state)
{
	(void)state;
	for (unsigned char round = 0; round < 10; round++) {
		int at = round % 2;
		say(at, -1, 77, 30 + round);
		assert_int_equal(hear(2, ARRIVES_MS), 30 + round);
		assert_int_equal(hear(!at, ARRIVES_MS), 30 + round);
		say(2, 77, 5, 60 + round);
		assert_int_equal(hear(at, ARRIVES_MS), 60 + round);
		assert_int_equal(hear(!at, 30), -1);
	}
}

static void frames_of_all_sizes(void **state)
{
	static unsigned char big[65537], got[70000];
	(void)state;
	make_frame(big, 2, 1, 40);
	assert_true(put(1, "x", 1)); /* not a frame */
	assert_true(put(0, big, 13));
	assert_true(put(0, big, sizeof(big)));
	assert_true(put(0, big, 14));
	assert_int_equal(receive(1, got, sizeof(got), ARRIVES_MS), 14);
	assert_true(put(0, big, 65536));
	assert_int_equal(receive(1, got, sizeof(got), ARRIVES_MS), 65536);
	assert_memory_equal(got, big, 65536);
}

static void a_machine_may_come_later_and_go(void **state)
{
	(void)state;
	plug_in(3);
	wait_connected(0, 3);
	wait_connected(3, 2);
	unplug(3);
	for (unsigned char i = 0; i < 20; i++) { /* the others do not notice */
		assert_true(say(0, -1, 1, i));
		assert_int_equal(hear(1, ARRIVES_MS), i);
		assert_int_equal(hear(2, ARRIVES_MS), i);
	}
	plug_in(3); /* the same folder, another socket */
	wait_connected(0, 3);
	wait_connected(3, 0);
}

static void a_folder_made_anew_is_served(void **state)
{
	char command[1200];
	(void)state;
	unplug(2);
	snprintf(command, sizeof(command), "rm -rf %s/machines/m2", project.dir);
	assert_int_equal(system(command), 0);
	plug_in(2);
	wait_connected(0, 2);
	wait_connected(2, 1);
}

static void a_killed_switch_is_replaced(void **state)
{
	struct err err = {0};
	(void)state;
	int pid = switch_pid();
	kill(pid, SIGKILL);
	while (vm_switch_is_running(&project))
		nap(10);
	assert_false(say(0, -1, 1, 1));
	assert_int_equal(vm_switch_ensure(&project, &err), 0);
	assert_int_not_equal(switch_pid(), pid);
	for (int i = 0; i < 3; i++) /* the machines keep their sockets */
		wait_connected(i, (i + 1) % 3);
	pid = switch_pid();
	assert_int_equal(vm_switch_ensure(&project, &err), 0);
	assert_int_equal(switch_pid(), pid);
}

/* A machine that does not read must cost the others nothing, and finds what was sent
 * to it meanwhile, as far as its queue goes. */
static void a_slow_machine_holds_up_nobody(void **state)
{
	int n = 0;
	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(say(0, -1, 1, (unsigned char)(i % 200)));
		assert_int_equal(hear(1, ARRIVES_MS), i % 200);
	}
	for (; n < 256; n++)
		assert_int_equal(hear(2, ARRIVES_MS), n % 200); /* in order, the first ones */
	assert_true(say(0, -1, 1, 222));
	for (int tag; (tag = hear(2, ARRIVES_MS)) != 222; n++)
		assert_int_equal(tag, n % 200);
	assert_in_range(n, 256, 300);
}

static void a_burst_arrives_whole(void **state)
{
	(void)state;
	say(1, -1, 2, 1);
	hear_out();
	for (int i = 0; i < 200; i++) /* as QEMU, which waits while it cannot send */
		assert_true(say(0, 2, 1, (unsigned char)i));
	for (int i = 0; i < 200; i++)
		assert_int_equal(hear(1, ARRIVES_MS), i);
}

static int64_t cpu_ms_of(int pid)
{
	char path[64], text[1000] = "";
	unsigned long user, system_time;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_int_equal(sscanf(strrchr(text, ')') + 2,
				"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
				&system_time),
			 2);
	return (int64_t)(user + system_time) * 1000 / sysconf(_SC_CLK_TCK);
}

static void it_ends_when_no_machine_runs(void **state)
{
	(void)state;
	int pid = switch_pid();
	int64_t before = cpu_ms_of(pid), began_ms = clock_now_ms();
	for (int i = 0; i < MACHINES; i++)
		unplug(i);
	assert_int_equal(vm_switch_ensure(&project, NULL), 0); /* it stays for a while */
	nap(6000);
	bool runs = vm_switch_is_running(&project);
	if (clock_now_ms() - began_ms < 15000) { /* else the test itself was held up */
		assert_true(runs);
		assert_true(cpu_ms_of(pid) - before <= 100);
	}
	while (vm_switch_is_running(&project) && clock_now_ms() < began_ms + PATIENCE_MS)
		nap(100);
	assert_false(vm_switch_is_running(&project));
	assert_int_equal(vm_switch_ensure(&project, NULL), 0);
}

/* Many workers at once: one switch, and none is left without. */
static void many_may_ask_for_it_at_once(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		vm_switch_stop(&project);
		for (int i = 0; i < 12; i++)
			if (fork() == 0)
				_exit(vm_switch_ensure(&project, NULL) == 0 ? 0 : 1);
		for (int i = 0; i < 12; i++) {
			int status;
			assert_true(wait(&status) > 0);
			assert_int_equal(status, 0);
		}
		assert_true(vm_switch_is_running(&project));
	}
	wait_connected(0, 1);
}

static void it_keeps_nothing_of_the_caller(void **state)
{
	char path[64], command[1200];
	(void)state;
	vm_switch_stop(&project);
	int ends[2]; /* not O_CLOEXEC: a careless one */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(vm_switch_ensure(&project, NULL), 0);
	close(ends[1]);
	struct pollfd p = {ends[0], POLLIN, 0};
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1); /* the end of the file */
	close(ends[0]);
	snprintf(path, sizeof(path), "/proc/%d/fd", switch_pid());
	snprintf(command, sizeof(command), "test $(ls -l %s | grep -c /dev/null) = 3", path);
	assert_int_equal(system(command), 0);
	assert_int_equal(getsid(switch_pid()) == getsid(0), 0);
}

static void it_says_why_it_cannot_start(void **state)
{
	struct vm_project nowhere = {.dir = "/nonexistent/project"};
	struct err err = {0};
	(void)state;
	assert_int_equal(vm_switch_ensure(&nowhere, &err), ERR_SYS);
	assert_non_null(strstr(err.msg, "/nonexistent/project"));
	assert_false(vm_switch_is_running(&nowhere));
	vm_switch_stop(&nowhere);
}

static void the_table_ages_and_is_bounded(void **state)
{
	struct mac_table *t = xcalloc(1, sizeof(*t));
	unsigned char mac[6] = {2};
	size_t port = 0, known = 0;
	(void)state;
	mac_table_learn(t, mac, 7, 1000);
	assert_true(mac_table_find(t, mac, 1000 + MAC_AGE_MS, &port));
	assert_int_equal(port, 7);
	assert_false(mac_table_find(t, mac, 1001 + MAC_AGE_MS, &port));
	mac_table_forget_port(t, 7);
	assert_false(mac_table_find(t, mac, 1000, &port));
	mac[0] = 3; /* no station */
	mac_table_learn(t, mac, 7, 1000);
	assert_false(mac_table_find(t, mac, 1000, &port));
	mac[0] = 2;
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(mac + 2, &i, 4);
		mac_table_learn(t, mac, i % 200, i);
		assert_true(mac_table_find(t, mac, i, &port)); /* the newest one always */
		assert_int_equal(port, i % 200);
	}
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(mac + 2, &i, 4);
		known += mac_table_find(t, mac, 20000, &port);
	}
	assert_in_range(known, 3000, MAC_BUCKETS * MAC_WAYS);
	free(t);
}

int main(void)
{
#define WITH_SWITCH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_ages_and_is_bounded),
		cmocka_unit_test(it_says_why_it_cannot_start),
		WITH_SWITCH(stations_are_learned),
		WITH_SWITCH(broadcast_and_multicast_go_to_all),
		WITH_SWITCH(a_station_that_moves_is_followed),
		WITH_SWITCH(frames_of_all_sizes),
		WITH_SWITCH(a_machine_may_come_later_and_go),
		WITH_SWITCH(a_folder_made_anew_is_served),
		WITH_SWITCH(a_killed_switch_is_replaced),
		WITH_SWITCH(a_slow_machine_holds_up_nobody),
		WITH_SWITCH(a_burst_arrives_whole),
		WITH_SWITCH(many_may_ask_for_it_at_once),
		WITH_SWITCH(it_keeps_nothing_of_the_caller),
		WITH_SWITCH(it_ends_when_no_machine_runs),
	};
	if (!getcwd(start_dir, sizeof(start_dir)) || !mkdtemp(home))
		return 1;
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(home);
	return r;
}
