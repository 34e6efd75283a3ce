#include "network/network.h"

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *text;
	uint32_t network;
	unsigned prefix; /* 0: refused, with … */
	const char *why;
} subnets[] = {
	{"10.20.30.0/24", 0x0a141e00, 24, NULL},
	{"10.0.0.0/8", 0x0a000000, 8, NULL},
	{"192.168.64.0/18", 0xc0a84000, 18, NULL},
	{"10.20.30.7/24", 0, 0, "10.20.30.0/24"},
	{"10.20.30.0/25", 0, 0, "between /8 and /24"},
	{"8.0.0.0/7", 0, 0, "between /8 and /24"},
	{"10.20.30.0", 0, 0, "write it like"},
	{"10.20.30/24", 0, 0, "write it like"},
	{"10.20.30.0/24x", 0, 0, "write it like"},
	{"10.20.30.0/", 0, 0, "write it like"},
	{"10.20.30.0/-1", 0, 0, "write it like"},
	{"10.20.30.0/024", 0, 0, "write it like"},
	{"10.20.30.256/24", 0, 0, "write it like"},
	{"/24", 0, 0, "write it like"},
	{"", 0, 0, "write it like"},
	{"127.0.0.0/8", 0, 0, "not a network for machines"},
	{"224.0.0.0/8", 0, 0, "not a network for machines"},
	{"0.0.0.0/8", 0, 0, "not a network for machines"},
};

static void subnets_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(subnets); i++) {
		struct err err = {0};
		uint32_t network = 7;
		unsigned prefix = 7;
		int r = vm_subnet_parse(subnets[i].text, &network, &prefix, &err);
		if (subnets[i].prefix) {
			assert_int_equal(r, 0);
			assert_int_equal(network, subnets[i].network);
			assert_int_equal(prefix, subnets[i].prefix);
		} else {
			assert_int_equal(r, ERR_INVALID);
			assert_non_null(strstr(err.msg, subnets[i].why));
			assert_int_equal(network, 7);
			assert_int_equal(prefix, 7);
		}
	}
}

static void addresses_go_both_ways(void **state)
{
	static const char *const texts[] = {"0.0.0.0", "10.1.2.3", "255.255.255.255"};
	static const char *const bad[] = {"", "10.1.2", "10.1.2.3.4", "10.1.2.03", " 10.1.2.3"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint32_t a;
		char text[16];
		assert_true(vm_address_parse(texts[i], &a));
		vm_address_format(a, text);
		assert_string_equal(text, texts[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint32_t a;
		assert_false(vm_address_parse(bad[i], &a));
	}
}

static void a_chosen_subnet_is_free(void **state)
{
	char first[16], again[16], other[16], why[128];
	uint32_t network;
	(void)state;
	assert_int_equal(vm_subnet_choose(1234567, first, NULL), 0);
	assert_int_equal(vm_subnet_choose(1234567, again, NULL), 0);
	assert_int_equal(vm_subnet_choose(1234568, other, NULL), 0);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	assert_true(vm_address_parse(first, &network));
	assert_false(vm_subnet_collides(network, 24, NULL, why));
}

static void reserved_networks_are_not_chosen(void **state)
{
	(void)state;
	for (uint32_t hint = 0; hint < 44u << 8; hint += 37) {
		char text[16];
		uint32_t network;
		assert_int_equal(vm_subnet_choose(hint, text, NULL), 0);
		assert_true(vm_address_parse(text, &network));
		assert_int_equal(network & 255, 0);
		assert_true(network >= 0x0a140000 && network < 0x0a500000);
		assert_false((network & 0xfff00000) == 0x0a200000); /* Weave */
	}
}

/* ---- in a network namespace of the test's own ---- */

struct collision {
	uint32_t network;
	unsigned prefix;
	const char *own;
	const char *why; /* NULL: none */
};
static const struct collision collisions[] = {
	{0x0a141e00, 24, NULL, "d0 has 10.20.30.1/24"},
	{0x0a141e00, 24, "d0", NULL},
	{0x0a140000, 16, NULL, "d0 has 10.20.30.1/24"},
	{0x0a141f00, 24, NULL, NULL},
	{0x0a150500, 24, NULL, "there is a route to 10.21.0.0/16 by d0"},
	{0x0a160000, 16, NULL, NULL},
	{0x0b000000, 8, NULL, NULL},
};

static int check_collisions(void)
{
	for (size_t i = 0; i < ARRAY_LEN(collisions); i++) {
		const struct collision *c = &collisions[i];
		char why[128] = "";
		bool any = vm_subnet_collides(c->network, c->prefix, c->own, why);
		if (any != (c->why != NULL) || (any && strcmp(why, c->why) != 0)) {
			print_error("case %zu: %d '%s'\n", i, any, why);
			return 1;
		}
	}
	return 0;
}

static int check_choice(void)
{
	char text[16];
	struct err err = {0};
	if (vm_subnet_choose((10u << 8) + 30, text, &err) < 0 ||
	    strcmp(text, "10.30.30.0") != 0) /* nothing in the way */
		return 1;
	if (vm_subnet_choose(30, text, &err) < 0 || strcmp(text, "10.20.31.0") != 0)
		return 2;
	if (system("ip route add 10.0.0.0/8 dev d0") != 0)
		return 3;
	if (vm_subnet_choose(5, text, &err) < 0 || strcmp(text, "172.16.5.0") != 0)
		return 4;
	if (system("ip route add 172.16.0.0/12 dev d0") != 0)
		return 5;
	return vm_subnet_choose(5, text, &err) == ERR_NOT_FOUND ? 0 : 6;
}

static int in_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return 77;
	if (system("ip link add d0 type bridge && ip addr add 10.20.30.1/24 dev d0 && "
		   "ip link set d0 up && ip route add 10.21.0.0/16 dev d0 && "
		   "ip route add default via 10.20.30.2") != 0)
		return 77;
	int r = check_collisions();
	return r ? r : check_choice();
}

static void what_the_host_uses_is_avoided(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(in_namespace());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* not root, or no bridges */
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- ports ---- */

static int listen_on(unsigned *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void ports_are_free_ones(void **state)
{
	unsigned used, a = 0, b = 0, untouched = 7;
	struct err err = {0};
	(void)state;
	int fd = listen_on(&used);
	assert_int_equal(vm_port_choose(used, NULL, 0, &untouched, &err), ERR_EXISTS);
	assert_non_null(strstr(err.msg, "is in use"));
	assert_int_equal(untouched, 7);
	close(fd);
	assert_int_equal(vm_port_choose(used, NULL, 0, &a, &err), 0);
	assert_int_equal(a, used);
	assert_int_equal(vm_port_choose(used, &used, 1, &untouched, &err), ERR_EXISTS);
	assert_int_equal(vm_port_choose(0, NULL, 0, &a, &err), 0);
	assert_true(a >= 2200);
	assert_int_equal(vm_port_choose(0, &a, 1, &b, &err), 0);
	assert_true(b > a);
	assert_int_equal(vm_port_choose(65536, NULL, 0, &untouched, &err), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subnets_are_read),
		cmocka_unit_test(addresses_go_both_ways),
		cmocka_unit_test(a_chosen_subnet_is_free),
		cmocka_unit_test(reserved_networks_are_not_chosen),
		cmocka_unit_test(what_the_host_uses_is_avoided),
		cmocka_unit_test(ports_are_free_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
