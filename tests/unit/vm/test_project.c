#include "project_bed.h"

#include "liveness.h"
#include "network/network.h"
#include "project/room.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"
#include "tool.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void opening_makes_nothing(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(arena_release) struct arena a = {0};
	struct err e = {0};
	struct stat st;
	bed_host(f, "a");
	bed_open(f);
	assert_int_equal(stat(f->project->dir, &st), -1);
	assert_null(bed_machine(f, "a")->address);
	assert_null(vm_machine_vars(bed_machine(f, "a"), &a));
	assert_null(vm_project_find(f->project, "b"));
	assert_int_equal(strlen(f->project->id), 8);
	struct vm_project *p = NULL;
	assert_int_equal(vm_project_open(f->topology, "/no/such", &p, &e), ERR_SYS);
	assert_null(p);
}

static void preparing_decides_all(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(strbuf_release) struct strbuf known = {0};
	CLEANUP(strbuf_release) struct strbuf ignore = {0};
	struct stat st;
	char wanted[32];
	bed_host(f, "a");
	bed_host(f, "b");
	bed_prepare(f);
	struct vm_project *p = f->project;
	const struct vm_machine *a = bed_machine(f, "a"), *b = bed_machine(f, "b");
	assert_int_equal(p->prefix, 24);
	assert_int_equal(a->number, 10);
	assert_int_equal(b->number, 11);
	snprintf(wanted, sizeof(wanted), "%.*s.10", (int)(strlen(p->subnet) - 2), p->subnet);
	assert_string_equal(a->address, wanted);
	snprintf(wanted, sizeof(wanted), "%.*s.1", (int)(strlen(p->subnet) - 2), p->subnet);
	assert_string_equal(p->gateway, wanted);
	assert_true(a->ssh_port && b->ssh_port && a->ssh_port != b->ssh_port);
	assert_int_equal(strncmp(a->host_key, "ssh-ed25519 AAAA", 16), 0);
	assert_string_not_equal(a->host_key, b->host_key);
	assert_int_equal(strlen(a->machine_id), 32);
	assert_string_not_equal(a->machine_id, b->machine_id);
	assert_int_equal(strncmp(a->mac_nat, "52:54:00:", 9), 0);
	assert_int_equal(strlen(a->mac_segment), 17);
	assert_string_not_equal(a->mac_nat, a->mac_segment);
	assert_string_not_equal(a->mac_nat, b->mac_nat);
	assert_int_equal(strncmp(p->public_key, "ssh-ed25519 AAAA", 16), 0);
	assert_int_equal(stat(p->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(p->key_file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	bed_read_state(f, "known_hosts", &known);
	snprintf(wanted, sizeof(wanted), "a,%s ssh-", a->address);
	assert_non_null(strstr(known.ptr, wanted));
	snprintf(wanted, sizeof(wanted), "[127.0.0.1]:%u ssh-", b->ssh_port);
	assert_non_null(strstr(known.ptr, wanted));
	bed_read_state(f, "../.gitignore", &ignore);
	assert_string_equal(ignore.ptr, "*\n");
}

/* Every file of the state with its inode and time: nothing is written anew. */
static void listing(const struct project_bed *f, struct strbuf *out)
{
	const char *const argv[] = {"find", f->inventory, "-printf", "%P %i %T@ %m\n", NULL};
	const struct tool_call call = {.argv = argv};
	assert_int_equal(vm_tool_run(&call, out, NULL), 0);
}

static void preparing_again_changes_nothing(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(strbuf_release) struct strbuf before = {0};
	CLEANUP(strbuf_release) struct strbuf after = {0};
	bed_host(f, "a");
	bed_host(f, "b")->ssh_port = 22955;
	bed_prepare(f);
	listing(f, &before);
	bed_open(f);
	assert_int_equal(bed_machine(f, "a")->number, 10);
	assert_int_equal(bed_machine(f, "b")->ssh_port, 22955);
	char *address = xstrdup(bed_machine(f, "a")->address);
	char *key = xstrdup(bed_machine(f, "a")->host_key);
	bed_prepare(f);
	listing(f, &after);
	assert_string_equal(before.ptr, after.ptr);
	assert_string_equal(bed_machine(f, "a")->address, address);
	assert_string_equal(bed_machine(f, "a")->host_key, key);
	free(address);
	free(key);
}

static void a_new_host_renumbers_nobody(void **state)
{
	struct project_bed *f = *state;
	bed_host(f, "a");
	bed_host(f, "c");
	bed_prepare(f);
	unsigned port = bed_machine(f, "c")->ssh_port;
	char mac[18];
	memcpy(mac, bed_machine(f, "c")->mac_nat, sizeof(mac));
	f->topology->specs.len = 1;
	bed_prepare(f); /* c is gone for a while */
	bed_host(f, "b");
	bed_host(f, "c");
	bed_open(f);
	assert_null(bed_machine(f, "b")->address);
	assert_non_null(bed_machine(f, "a")->address);
	bed_prepare(f);
	assert_int_equal(bed_machine(f, "a")->number, 10);
	assert_int_equal(bed_machine(f, "b")->number, 12);
	assert_int_equal(bed_machine(f, "c")->number, 11);
	assert_int_equal(bed_machine(f, "c")->ssh_port, port);
	assert_string_equal(bed_machine(f, "c")->mac_nat, mac);
}

static void as_many_as_fit(void **state)
{
	struct project_bed *f = *state;
	bool seen[256] = {false};
	bed_host(f, "gone");
	bed_prepare(f);
	f->topology->specs.len = 0;
	f->topology->driver = VM_DRIVER_NSPAWN;
	for (unsigned i = 0; i < VM_MAX; i++) {
		snprintf(f->names[i], sizeof(f->names[i]), "n%u", i);
		bed_host(f, f->names[i]);
	}
	bed_prepare(f); /* the number of the host that went is the last to go */
	assert_int_equal(bed_machine(f, "n0")->number, 11);
	assert_int_equal(bed_machine(f, "n199")->number, 10);
	for (unsigned i = 0; i < VM_MAX; i++) {
		unsigned n = bed_machine(f, f->names[i])->number;
		assert_in_range(n, 10, 209);
		assert_false(seen[n]);
		seen[n] = true;
	}
	assert_int_equal(bed_machine(f, "n0")->ssh_port, 0);
}

static void written_addresses(void **state)
{
	struct project_bed *f = *state;
	struct err e = {0};
	f->topology->subnet = "10.77.0.0/16";
	bed_host(f, "a")->address = "10.77.0.10";
	bed_host(f, "b");
	bed_host(f, "c")->address = "10.77.5.10";
	bed_prepare(f);
	assert_string_equal(bed_machine(f, "a")->address, "10.77.0.10");
	assert_string_equal(bed_machine(f, "b")->address, "10.77.0.11");
	assert_string_equal(bed_machine(f, "c")->address, "10.77.5.10");
	assert_int_equal(bed_machine(f, "a")->number, 10);
	assert_int_not_equal(bed_machine(f, "c")->number, bed_machine(f, "b")->number);
	assert_int_equal(f->project->prefix, 16);
	/* b's address is given to another: b moves, as long as it is not there */
	struct vm_spec *d = bed_host(f, "d");
	d->address = "10.77.0.11";
	d->places.address = (struct srcloc){"hosts.yml", 9, 9};
	bed_make_machine(f, "b");
	bed_open(f);
	assert_int_equal(vm_project_prepare(f->project, &e), ERR_EXISTS);
	assert_int_equal(e.at.line, 9);
	assert_non_null(strstr(e.msg, "address 10.77.0.11 is what b got"));
	rmdir(bed_machine(f, "b")->dir);
	bed_prepare(f);
	assert_string_equal(bed_machine(f, "d")->address, "10.77.0.11");
	assert_string_not_equal(bed_machine(f, "b")->address, "10.77.0.11");
}

static void the_subnet_stays(void **state)
{
	struct project_bed *f = *state;
	struct err e = {0};
	bed_host(f, "a");
	f->topology->subnet = "10.76.1.0/24";
	bed_prepare(f);
	f->topology->subnet = NULL; /* what was decided is kept */
	bed_prepare(f);
	assert_string_equal(f->project->subnet, "10.76.1.0");
	f->topology->subnet = "10.76.2.0/24";
	bed_prepare(f);
	assert_string_equal(bed_machine(f, "a")->address, "10.76.2.10");
	bed_make_machine(f, "a");
	f->topology->subnet = "10.76.3.0/24";
	f->topology->network_at = (struct srcloc){"hosts.yml", 4, 5};
	bed_open(f);
	assert_int_equal(vm_project_prepare(f->project, &e), ERR_INVALID);
	assert_int_equal(e.at.line, 4);
	assert_non_null(strstr(e.msg, "made for {mode: user, subnet: 10.76.2.0/24}, not"));
	f->topology->subnet = NULL;
	f->topology->mode = VM_NETWORK_BRIDGE;
	bed_open(f);
	assert_int_equal(vm_project_prepare(f->project, &e), ERR_INVALID);
	assert_non_null(strstr(e.msg, "not {mode: bridge, subnet: 10.76.2.0/24}"));
}

/* A /24 around an address of this host; false: it has none. */
static bool own_subnet(char ret[16])
{
	struct ifaddrs *list = NULL;
	bool found = false;
	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		    (i->ifa_flags & IFF_LOOPBACK))
			continue;
		uint32_t address = ntohl(
			((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr.s_addr);
		vm_address_format(address & ~255u, ret);
		found = true;
	}
	freeifaddrs(list);
	return found;
}

/* A subnet that this host has come to use is left, unless machines are in it. */
static void a_subnet_in_use(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(free_ptr) char *file = NULL;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err e = {0};
	char subnet[16], wanted[16];
	if (!own_subnet(subnet))
		skip();
	bed_host(f, "a");
	bed_prepare(f);
	file = vm_project_path(f->project, "project.json");
	strbuf_printf(&text,
		      "{\"version\": 1, \"mode\": \"user\", \"subnet\": \"%s/24\", "
		      "\"addresses\": {\"a\": 17, \"x\": 999, \"y\": \"1\"}, \"ports\": [], "
		      "\"more\": 1}",
		      subnet);
	assert_int_equal(file_write_atomic(file, text.ptr, text.len, 0600, &e), 0);
	bed_make_machine(f, "a");
	bed_prepare(f);
	snprintf(wanted, sizeof(wanted), "%.*s17", (int)strlen(subnet) - 1, subnet);
	assert_string_equal(bed_machine(f, "a")->address, wanted);
	rmdir(bed_machine(f, "a")->dir);
	bed_prepare(f);
	assert_int_equal(bed_machine(f, "a")->number, 17);
	assert_string_not_equal(f->project->subnet, subnet);
}

static int listen_on(unsigned port)
{
	const struct sockaddr_in a = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void ports_stay_while_they_can(void **state)
{
	struct project_bed *f = *state;
	struct err e = {0};
	CLEANUP(fd_close) int lock = -1;
	bed_host(f, "a");
	bed_prepare(f);
	unsigned port = bed_machine(f, "a")->ssh_port;
	CLEANUP(fd_close) int listener = listen_on(port);
	assert_true(listener >= 0);
	CLEANUP(free_ptr) char *lock_file = vm_machine_path(bed_machine(f, "a"), "running.lock");
	bed_make_machine(f, "a");
	assert_int_equal(vm_lock_try(lock_file, &lock, &e), 0);
	bed_prepare(f); /* it runs: it is who listens */
	assert_int_equal(bed_machine(f, "a")->ssh_port, port);
	struct vm_spec *b = bed_host(f, "b");
	b->ssh_port = port;
	bed_open(f);
	assert_int_equal(vm_project_prepare(f->project, &e), ERR_EXISTS);
	assert_non_null(strstr(e.msg, "is in use by a, which runs"));
	f->topology->specs.len = 1;
	fd_close(&lock);
	bed_prepare(f); /* it does not run: somebody else listens */
	assert_int_not_equal(bed_machine(f, "a")->ssh_port, port);
	f->topology->mode = VM_NETWORK_BRIDGE;
	remove(lock_file);
	rmdir(bed_machine(f, "a")->dir);
	bed_prepare(f);
	assert_int_equal(bed_machine(f, "a")->ssh_port, 0);
}

static void damaged_states(void **state)
{
	static const struct damage {
		const char *text, *message;
		int code;
	} cases[] = {
		{"", "project.json", ERR_SYNTAX},
		{"[1]", "is damaged", ERR_INVALID},
		{"{\"version\": \"1\"}", "is damaged", ERR_INVALID},
		{"{\"version\": 2}", "another version of rollout", ERR_UNSUPPORTED},
	};
	struct project_bed *f = *state;
	bed_host(f, "a");
	bed_prepare(f);
	CLEANUP(free_ptr) char *file = vm_project_path(f->project, "project.json");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct damage *c = &cases[i];
		struct vm_project *p = NULL;
		struct err e = {0};
		char text[2000];
		assert_int_equal(file_write_atomic(file, c->text, strlen(c->text), 0600, &e), 0);
		int r = vm_project_open(f->topology, f->inventory, &p, &e);
		if (r != c->code || !strstr(err_format(&e, text, sizeof(text)), c->message))
			fail_msg("%s: %d %s", c->text, r, e.msg);
		assert_null(p);
	}
}

/* Somebody was killed: a key's halves, a temporary key. */
static void keys_are_whole(void **state)
{
	struct project_bed *f = *state;
	struct err e = {0};
	bed_host(f, "a");
	bed_prepare(f);
	char *old = xstrdup(bed_machine(f, "a")->host_key);
	CLEANUP(free_ptr) char *key = path_join(bed_machine(f, "a")->identity_dir, "host_key");
	CLEANUP(free_ptr)
	char *public = path_join(bed_machine(f, "a")->identity_dir, "host_key.pub");
	CLEANUP(free_ptr)
	char *fresh = path_join(bed_machine(f, "a")->identity_dir, "host_key.new");
	unlink(public);
	bed_prepare(f);
	assert_string_equal(bed_machine(f, "a")->host_key, old);
	unlink(key);
	assert_int_equal(file_write_atomic(fresh, "half", 4, 0600, &e), 0);
	bed_open(f);
	assert_null(bed_machine(f, "a")->address);
	bed_prepare(f);
	assert_string_not_equal(bed_machine(f, "a")->host_key, old);
	assert_int_equal(access(fresh, F_OK), -1);
	free(old);
}

static void one_prepares_at_a_time(void **state)
{
	struct project_bed *f = *state;
	pid_t children[4];
	for (unsigned i = 0; i < 10; i++) {
		snprintf(f->names[i], sizeof(f->names[i]), "n%u", i);
		bed_host(f, f->names[i]);
	}
	bed_open(f);
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(vm_project_prepare(f->project, NULL) < 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		int status = -1;
		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	bed_open(f);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(bed_machine(f, f->names[i])->number, 10 + i);
}

static void room(void **state)
{
	static const size_t all[] = {0, 1, 2};
	struct project_bed *f = *state;
	struct err e = {0};
	CLEANUP(fd_close) int lock = -1;
	bed_host(f, "etcd-1");
	bed_host(f, "etcd-2");
	bed_host(f, "web")->memory_bytes = 3ll << 29;
	bed_prepare(f);
	struct vm_room r = {(11ll << 30) / 2, 3ll << 29};
	assert_int_equal(vm_room_check(f->project, all, 3, &r, &e), 0);
	r.memory_bytes--;
	assert_int_equal(vm_room_check(f->project, all, 3, &r, &e), ERR_LIMIT);
	assert_non_null(strstr(e.msg, "3 VMs need 5.5 GiB of memory (etcd-1 2.0, etcd-2 2.0, web "
				      "1.5), 5.5 GiB are available"));
	assert_int_equal(vm_room_check(f->project, all + 1, 2, &r, &e), 0);
	CLEANUP(free_ptr) char *lock_file = vm_machine_path(bed_machine(f, "web"), "running.lock");
	bed_make_machine(f, "web");
	assert_int_equal(vm_lock_try(lock_file, &lock, &e), 0);
	assert_int_equal(vm_room_check(f->project, all, 3, &r, &e), 0);
	r.disk_bytes = (1ll << 30) - 1; /* two are new */
	assert_int_equal(vm_room_check(f->project, all, 3, &r, &e), ERR_LIMIT);
	assert_non_null(strstr(e.msg, "2 new VMs need at least 1.0 GiB of disk"));
	assert_non_null(strstr(e.msg, "up to 20.0 GiB"));
	r = (struct vm_room){-1, -1};
	assert_int_equal(vm_room_check(f->project, all, 3, &r, &e), 0);
	f->topology->driver = VM_DRIVER_NSPAWN;
	r.memory_bytes = 1;
	assert_int_equal(vm_room_check(f->project, all, 3, &r, &e), 0);
	f->topology->driver = VM_DRIVER_QEMU;
	f->specs[0].memory_bytes = 1ll << 50; /* more than any host has */
	assert_int_equal(vm_project_check_room(f->project, all, 3, &e), ERR_LIMIT);
	f->specs[0].memory_bytes = 1;
	f->specs[1].memory_bytes = 1;
	assert_int_equal(vm_project_check_room(f->project, all, 0, &e), 0);
}

static void records(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *record = NULL;
	struct err e = {0};
	bed_host(f, "a");
	bed_prepare(f);
	const struct vm_machine *m = bed_machine(f, "a");
	assert_int_equal(vm_machine_record_read(m, &a, &record, &e), 0);
	assert_null(record);
	bed_make_machine(f, "a");
	struct value *d = value_dict_new(&a);
	value_dict_put(&a, d, "driver", value_cstr(&a, "qemu"));
	assert_int_equal(vm_machine_record_write(m, d, &e), 0);
	assert_int_equal(vm_machine_record_read(m, &a, &record, &e), 0);
	assert_true(value_equal(record, d));
	CLEANUP(free_ptr) char *file = vm_machine_path(m, "machine.json");
	assert_int_equal(file_write_atomic(file, "[]", 2, 0600, &e), 0);
	assert_int_equal(vm_machine_record_read(m, &a, &record, &e), ERR_INVALID);
}

static void forgetting(void **state)
{
	struct project_bed *f = *state;
	struct err e = {0};
	bed_host(f, "a");
	bed_prepare(f);
	struct vm_machine *m = bed_machine(f, "a");
	assert_int_equal(vm_project_forget(f->project, m, &e), 0);
	CLEANUP(free_ptr) char *below = vm_machine_path(m, "x/y");
	CLEANUP(free_ptr) char *outside = path_join(f->folder, "outside");
	CLEANUP(free_ptr) char *link = vm_machine_path(m, "x/link");
	assert_int_equal(dir_create_all(below, 0700, &e), 0);
	assert_int_equal(dir_create_all(outside, 0700, &e), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(vm_project_forget(f->project, m, &e), 0);
	assert_int_equal(access(m->dir, F_OK), -1);
	assert_int_equal(access(outside, F_OK), 0);
	assert_int_equal(access(m->identity_dir, F_OK), 0);
	char *key = xstrdup(m->host_key);
	bed_prepare(f);
	assert_string_equal(bed_machine(f, "a")->host_key, key);
	free(key);
}

static void sockets_in_deep_folders(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	struct err e = {0};
	strbuf_puts(&dir, f->folder);
	for (int i = 0; i < 2; i++) {
		struct sockaddr_un address;
		CLEANUP(fd_close) int dir_fd = -1;
		CLEANUP(fd_close) int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CLEANUP(fd_close) int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(vm_socket_address(dir.ptr, "s", &address, &dir_fd, &e), 0);
		const struct sockaddr *at = (const struct sockaddr *)&address;
		assert_int_equal(bind(server, at, sizeof(address)), 0);
		assert_int_equal(listen(server, 1), 0);
		assert_int_equal(connect(client, at, sizeof(address)), 0);
		for (int k = 0; k < 20; k++)
			strbuf_puts(&dir, "/folder");
		assert_int_equal(dir_create_all(dir.ptr, 0700, &e), 0);
	}
	struct sockaddr_un address;
	int fd = -7;
	char name[200];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vm_socket_address(dir.ptr, name, &address, &fd, &e), ERR_LIMIT);
	assert_int_equal(vm_socket_address("/no/such", "s", &address, &fd, &e), ERR_SYS);
	assert_int_equal(fd, -7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_TEST(opening_makes_nothing),
		BED_TEST(preparing_decides_all),
		BED_TEST(preparing_again_changes_nothing),
		BED_TEST(a_new_host_renumbers_nobody),
		BED_TEST(as_many_as_fit),
		BED_TEST(written_addresses),
		BED_TEST(the_subnet_stays),
		BED_TEST(a_subnet_in_use),
		BED_TEST(ports_stay_while_they_can),
		BED_TEST(damaged_states),
		BED_TEST(keys_are_whole),
		BED_TEST(one_prepares_at_a_time),
		BED_TEST(room),
		BED_TEST(records),
		BED_TEST(forgetting),
		BED_TEST(sockets_in_deep_folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
