/* Bridges, links and NAT in a network namespace of the test's own. Needs root. */
#include "liveness.h"
#include "network/network.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT 7777
#define OUTSIDE "rollout-test-outside"

static int home_ns = -1;
static char stopped[] = "/tmp/rollout-stopped-XXXXXX", running[] = "/tmp/rollout-running-XXXXXX";
static struct vm_topology with_nat = {.nat = true}, without_nat = {.nat = false};
static struct vm_project one = {.topology = &with_nat,
				.id = "a1b2c3d4",
				.subnet = "10.20.31.0",
				.gateway = "10.20.31.1",
				.prefix = 24};
static struct vm_project two = {.topology = &with_nat,
				.id = "a1b2c3ff",
				.subnet = "10.20.32.0",
				.gateway = "10.20.32.1",
				.prefix = 24};
static struct vm_machine a = {.project = &one,
			      .dir = stopped,
			      .address = "10.20.31.10",
			      .number = 10,
			      .mac_segment = "52:54:00:00:00:0a"};
static struct vm_machine b = {.project = &one,
			      .dir = stopped,
			      .address = "10.20.31.209",
			      .number = 209,
			      .mac_segment = "52:54:00:00:00:0b"};
static struct vm_machine c = {.project = &two,
			      .dir = stopped,
			      .address = "10.20.32.10",
			      .number = 10,
			      .mac_segment = "52:54:00:00:00:0c"};

static void shell(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void must(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%s", err->msg);
}

/* What a project may leave nothing of. Yours to free(). */
static char *host_state(void)
{
	struct strbuf out = {0};
	FILE *f =
		popen("ip -br addr | cut -c1-15,33- ; ip route; nft list ruleset; "
		      "ls /run/netns | grep rl-a1b2c3; cat /proc/sys/net/ipv4/ip_forward; "
		      "ls /run/rollout-vm.forwarding-$(stat -Lc %i /proc/self/ns/net) 2> /dev/null",
		      "r");
	assert_non_null(f);
	assert_int_equal(fd_read_all(fileno(f), 1 << 20, &out, NULL), 0);
	pclose(f);
	return strbuf_steal(&out);
}

/* ---- sockets in namespaces ---- */

static void enter(const char *netns)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	strbuf_printf(&path, "/run/netns/%s", netns);
	CLEANUP(fd_close) int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(setns(fd, CLONE_NEWNET), 0);
}

static int socket_in(const char *netns)
{
	enter(netns);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(setns(home_ns, CLONE_NEWNET), 0);
	assert_true(fd >= 0);
	return fd;
}

/* Does a connection from one namespace come to the other? *ret_seen: from which address. */
static bool reaches_within(const char *from, const char *to, const char *address, char ret_seen[16],
			   int limit_ms)
{
	CLEANUP(fd_close) int listener = socket_in(to);
	CLEANUP(fd_close) int client = socket_in(from);
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)}, there = here;
	struct sockaddr_in seen;
	socklen_t len = sizeof(seen);
	struct pollfd p = {listener, POLLIN, 0};
	int on = 1;
	inet_pton(AF_INET, address, &there.sin_addr);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(listener, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(listen(listener, 1), 0);
	if (connect(client, (struct sockaddr *)&there, sizeof(there)) < 0 && errno != EINPROGRESS)
		return false;
	if (poll(&p, 1, limit_ms) != 1)
		return false;
	CLEANUP(fd_close)
	int got = accept4(listener, (struct sockaddr *)&seen, &len, SOCK_CLOEXEC);
	vm_address_format(ntohl(seen.sin_addr.s_addr), ret_seen);
	return got >= 0;
}

static bool reaches(const char *from, const char *to, const char *address, char ret_seen[16])
{
	return reaches_within(from, to, address, ret_seen, PATIENCE_MS);
}

/* ---- the tests ---- */

static void machines_reach_each_other(void **state)
{
	char na[32], nb[32], seen[16];
	struct err err = {0};
	(void)state;
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_veth_ensure(&a, na, &err), &err);
	must(vm_veth_ensure(&b, nb, &err), &err);
	assert_string_equal(na, "rl-a1b2c3d4-10");
	assert_true(reaches(na, nb, b.address, seen));
	assert_string_equal(seen, a.address);
	/* once more changes nothing for one that runs */
	a.dir = running;
	CLEANUP(free_ptr) char *before = host_state();
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_veth_ensure(&a, na, &err), &err);
	CLEANUP(free_ptr) char *after = host_state();
	assert_string_equal(before, after);
	assert_true(reaches(nb, na, a.address, seen));
	a.dir = stopped;
	shell("ip -n rl-a1b2c3d4-10 link show host0 | grep -q 52:54:00:00:00:0a");
	shell("ip -n rl-a1b2c3d4-10 route | grep -q 'default via 10.20.31.1 dev host0'");
	shell("ip link show rl-a1b2c3d4 | grep -q 02:72:a1:b2:c3:d4");
	shell("! ip -n rl-a1b2c3d4-10 -6 addr show dev host0 | grep -q global");
}

static void a_start_finds_a_clean_namespace(void **state)
{
	char na[32], seen[16];
	struct err err = {0};
	(void)state;
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_veth_ensure(&a, na, &err), &err);
	shell("ip -n rl-a1b2c3d4-10 addr add 10.20.31.77/32 dev host0");
	a.dir = running;
	must(vm_veth_ensure(&a, na, &err), &err);
	a.dir = stopped;
	shell("ip -n rl-a1b2c3d4-10 addr show | grep -q 10.20.31.77");
	must(vm_veth_ensure(&a, na, &err), &err);
	shell("! ip -n rl-a1b2c3d4-10 addr show | grep -q 10.20.31.77");
	assert_true(reaches(na, OUTSIDE, "198.51.100.2", seen));
}

static void nat_reaches_the_outside(void **state)
{
	char na[32], seen[16];
	struct err err = {0};
	(void)state;
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_veth_ensure(&a, na, &err), &err);
	assert_true(reaches(na, OUTSIDE, "198.51.100.2", seen));
	assert_string_equal(seen, "198.51.100.1");
	shell("nft list table ip rollout_a1b2c3d4 | grep -q masquerade");
	shell("grep -q 1 /proc/sys/net/ipv4/ip_forward");
}

static void without_nat_it_does_not(void **state)
{
	char na[32], seen[16];
	struct err err = {0};
	(void)state;
	one.topology = &without_nat;
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_veth_ensure(&a, na, &err), &err);
	assert_false(reaches_within(na, OUTSIDE, "198.51.100.2", seen, 2500));
	shell("! nft list tables | grep -q rollout");
	shell("grep -q 0 /proc/sys/net/ipv4/ip_forward");
	one.topology = &with_nat;
	must(vm_bridge_ensure(&one, &err), &err);
	shell("nft list tables | grep -q rollout_a1b2c3d4");
	one.topology = &without_nat; /* the user changed his mind: the rules go */
	must(vm_bridge_ensure(&one, &err), &err);
	shell("! nft list tables | grep -q rollout");
	one.topology = &with_nat;
}

/* Docker's policy: what is forwarded is dropped. */
static void a_firewall_that_drops_is_opened(void **state)
{
	char na[32], nb[32], seen[16];
	struct err err = {0};
	(void)state;
	if (system("iptables -w 100 -S FORWARD > /dev/null 2>&1") != 0)
		skip();
	shell("iptables -w 100 -P FORWARD DROP");
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_bridge_ensure(&two, &err), &err);
	must(vm_veth_ensure(&a, na, &err), &err);
	must(vm_veth_ensure(&b, nb, &err), &err);
	assert_true(reaches(na, OUTSIDE, "198.51.100.2", seen));
	assert_true(reaches(na, nb, b.address, seen));
	must(vm_bridge_ensure(&one, &err), &err);
	shell("test $(iptables -S FORWARD | grep -c 'rl-a1b2c3d4 ') = 2");
	one.topology = &without_nat;
	must(vm_bridge_ensure(&one, &err), &err);
	one.topology = &with_nat;
	shell("test $(iptables -S FORWARD | grep -c 'rl-a1b2c3d4 ') = 1");
	assert_false(reaches_within(na, OUTSIDE, "198.51.100.2", seen, 2500));
	assert_true(reaches(na, nb, b.address, seen));
	vm_bridge_remove(&one);
	shell("! iptables -S FORWARD | grep -q 'rl-a1b2c3d4 '");
	shell("test $(iptables -S FORWARD | grep -c 'rl-a1b2c3ff ') = 2");
	vm_bridge_remove(&two);
	shell("iptables -w 100 -P FORWARD ACCEPT && test $(iptables -S FORWARD | wc -l) = 1 && "
	      "{ nft delete table ip filter 2> /dev/null || true; }");
}

/* Ids that differ only at their end. */
static void two_projects_leave_each_other_alone(void **state)
{
	char na[32], nc[32], seen[16];
	struct err err = {0};
	(void)state;
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_bridge_ensure(&two, &err), &err);
	must(vm_veth_ensure(&a, na, &err), &err);
	must(vm_veth_ensure(&c, nc, &err), &err);
	assert_true(reaches(na, OUTSIDE, "198.51.100.2", seen));
	assert_true(reaches(nc, OUTSIDE, "198.51.100.2", seen));
	vm_links_remove(&a);
	vm_bridge_remove(&one);
	assert_true(reaches(nc, OUTSIDE, "198.51.100.2", seen));
	shell("nft list tables | grep -q rollout_a1b2c3ff");
	shell("! nft list tables | grep -q rollout_a1b2c3d4");
}

static void forwarding_that_was_on_stays_on(void **state)
{
	struct err err = {0};
	(void)state;
	shell("echo 1 > /proc/sys/net/ipv4/ip_forward");
	must(vm_bridge_ensure(&one, &err), &err);
	vm_bridge_remove(&one);
	shell("grep -q 1 /proc/sys/net/ipv4/ip_forward");
	shell("echo 0 > /proc/sys/net/ipv4/ip_forward");
}

static void half_of_it_is_completed(void **state)
{
	char na[32], nb[32], seen[16];
	struct err err = {0};
	(void)state;
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_veth_ensure(&b, nb, &err), &err);
	shell("touch /run/netns/rl-a1b2c3d4-10"); /* as `ip netns add` leaves it when killed */
	must(vm_veth_ensure(&a, na, &err), &err);
	assert_true(reaches(na, nb, b.address, seen));
	a.dir = running;
	shell("ip link del rla1b2c3d4v10");
	must(vm_veth_ensure(&a, na, &err), &err);
	assert_true(reaches(na, nb, b.address, seen));
	shell("ip netns del rl-a1b2c3d4-10");
	must(vm_veth_ensure(&a, na, &err), &err);
	assert_true(reaches(na, nb, b.address, seen));
	a.dir = stopped;
	/* another subnet: its address is the only one */
	one.gateway = "10.20.31.2";
	must(vm_bridge_ensure(&one, &err), &err);
	shell("test $(ip -4 -o addr show dev rl-a1b2c3d4 | wc -l) = 1");
	one.gateway = "10.20.31.1";
}

static void taps_are_their_users(void **state)
{
	char tap[16];
	struct err err = {0};
	(void)state;
	if (access("/dev/net/tun", F_OK) < 0)
		skip();
	setenv("SUDO_UID", "1234", 1);
	must(vm_bridge_ensure(&one, &err), &err);
	must(vm_tap_ensure(&b, tap, &err), &err);
	must(vm_tap_ensure(&b, tap, &err), &err);
	assert_string_equal(tap, "rla1b2c3d4-209");
	shell("ip -d link show rla1b2c3d4-209 | grep -q 'tap .*persist on user 1234'");
	shell("ip link show rla1b2c3d4-209 | grep -q 'master rl-a1b2c3d4'");
	unsetenv("SUDO_UID");
}

static int bring_up(const struct vm_machine *m)
{
	char netns[32];
	struct err err = {0};
	if (vm_bridge_ensure(m->project, &err) < 0 || vm_veth_ensure(m, netns, &err) < 0) {
		print_error("%s\n", err.msg);
		return 1;
	}
	return 0;
}

static void eleven_come_up_at_once(void **state)
{
	struct vm_machine many[11];
	char addresses[11][16], seen[16];
	int64_t began_ms = clock_now_ms();
	(void)state;
	for (unsigned i = 0; i < 11; i++) {
		many[i] = a;
		many[i].number = 20 + i;
		vm_address_format(0x0a141f14 + i, addresses[i]);
		many[i].address = addresses[i];
		snprintf(many[i].mac_segment, 18, "52:54:00:00:01:%02x", i);
		if (fork() == 0)
			_exit(bring_up(&many[i]));
	}
	for (unsigned i = 0; i < 11; i++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	print_message("11 machines in %d ms\n", (int)(clock_now_ms() - began_ms));
	for (unsigned i = 1; i < 11; i++) {
		char netns[32];
		snprintf(netns, sizeof(netns), "rl-a1b2c3d4-%u", 20 + i);
		assert_true(reaches("rl-a1b2c3d4-20", netns, addresses[i], seen));
	}
	began_ms = clock_now_ms();
	for (unsigned i = 0; i < 11; i++)
		vm_links_remove(&many[i]);
	print_message("removed in %d ms\n", (int)(clock_now_ms() - began_ms));
}

static void who_is_not_root_is_told(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = {0};
		char name[32];
		bool right = setuid(65534) == 0 && vm_bridge_ensure(&one, &err) == ERR_SYS &&
			     strstr(err.msg, "need root") &&
			     vm_veth_ensure(&a, name, &err) == ERR_SYS &&
			     vm_tap_ensure(&a, name, &err) == ERR_SYS;
		vm_links_remove(&a);
		vm_bridge_remove(&one);
		_exit(right ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- before and after each ---- */

static int remember(void **state)
{
	*state = host_state();
	return 0;
}

/* Removed twice: nothing there is no trouble. */
static int remove_all(void **state)
{
	const struct vm_machine *const all[] = {&a, &b, &c};
	CLEANUP(free_ptr) char *before = *state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(all); i++)
		vm_links_remove(all[i / 2]);
	for (int i = 0; i < 2; i++) {
		vm_bridge_remove(&one);
		vm_bridge_remove(&two);
	}
	CLEANUP(free_ptr) char *after = host_state();
	assert_string_equal(before, after);
	return 0;
}

/* The folder of a machine that runs, and of one that does not. */
static int make_folders(void)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	int lock;
	if (!mkdtemp(stopped) || !mkdtemp(running))
		return -1;
	strbuf_printf(&path, "%s/running.lock", running);
	return vm_lock_try(path.ptr, &lock, NULL) < 0 ? -1 : lock;
}

static void remove_folders(int lock)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	strbuf_printf(&path, "%s/running.lock", running);
	close(lock);
	unlink(path.ptr);
	rmdir(running);
	rmdir(stopped);
}

/* A namespace in the host's place, with another outside of it. */
static bool make_bed(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return false;
	home_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return home_ns >= 0 &&
	       system("{ ip link set lo up && ip link add br0 type bridge && ip link del br0 && "
		      "nft list tables && { ip netns del " OUTSIDE " 2>&-; ip netns add " OUTSIDE
		      "; } && ip link add out0 type veth peer name in0 netns " OUTSIDE " && "
		      "ip addr add 198.51.100.1/24 dev out0 && ip link set out0 up && "
		      "ip -n " OUTSIDE " addr add 198.51.100.2/24 dev in0 && "
		      "ip -n " OUTSIDE " link set in0 up && "
		      "echo 0 > /proc/sys/net/ipv4/ip_forward; } > /dev/null 2>&1") == 0;
}

/* Names of namespaces and networks are the machine's: one run at a time. */
static void wait_for_others(void)
{
	int fd = open("/tmp/rollout-test-bridge.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
}

int main(void)
{
#define CLEAN(f) cmocka_unit_test_setup_teardown(f, remember, remove_all)
	const struct CMUnitTest tests[] = {
		CLEAN(machines_reach_each_other),
		CLEAN(a_start_finds_a_clean_namespace),
		CLEAN(nat_reaches_the_outside),
		CLEAN(without_nat_it_does_not),
		CLEAN(a_firewall_that_drops_is_opened),
		CLEAN(two_projects_leave_each_other_alone),
		CLEAN(forwarding_that_was_on_stays_on),
		CLEAN(half_of_it_is_completed),
		CLEAN(taps_are_their_users),
		CLEAN(eleven_come_up_at_once),
		CLEAN(who_is_not_root_is_told),
	};
	wait_for_others();
	if (!make_bed()) {
		printf("skipped: needs root, iproute2, nftables and a kernel with bridges\n");
		return 77;
	}
	int lock = make_folders();
	int r = lock < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
	remove_folders(lock);
	return system("ip netns del " OUTSIDE) == 0 ? r : 1;
}
