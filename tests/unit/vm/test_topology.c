#include "rollout/base/file.h"
#include "rollout/value/yaml.h"
#include "rollout/vm/image.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

static struct arena arena;
static char folder[] = "/tmp/rollout-topology-XXXXXX";
static const char *file; /* in it: what relative paths are relative to */

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	file = srcfile_intern(arena_printf(&arena, "%s/hosts.yml", folder));
	return 0;
}

static int tear_down(void **state)
{
	CLEANUP(strbuf_release) struct strbuf command = {0};
	(void)state;
	strbuf_printf(&command, "rm -rf '%s'", folder);
	arena_release(&arena);
	return system(command.ptr);
}

static const struct value *parse(const char *yaml)
{
	const struct value *v;
	struct err e = {0};
	if (yaml_parse(&arena, file, slice_from(yaml), &v, &e) < 0)
		fail_msg("%s: %s", yaml, e.msg);
	return v;
}

static int add(struct vm_topology *t, const char *host, const char *vm, const char *network,
	       struct err *err)
{
	return vm_topology_add(t, host, NULL, parse(vm), network ? parse(network) : NULL, err);
}

static void defaults(void **state)
{
	struct vm_topology *t = vm_topology_new();
	struct err e = {0};
	struct utsname u;
	(void)state;
	uname(&u);
	assert_int_equal(add(t, "a", "{image: debian-12}", NULL, &e), 0);
	assert_int_equal(add(t, "b", "null", NULL, &e), 0);
	assert_int_equal(add(t, "c", "false", NULL, &e), 0);
	assert_int_equal(vm_topology_add(t, "d", NULL, NULL, NULL, &e), 0);
	assert_int_equal(t->specs.len, 1);
	const struct vm_spec *s = t->specs.at[0];
	assert_string_equal(s->name, "a");
	assert_string_equal(s->image.name, "debian-12");
	assert_null(s->image.digest);
	assert_string_equal(s->user, "rollout");
	assert_int_equal(s->arch, strcmp(u.machine, "aarch64") ? VM_ARCH_AMD64 : VM_ARCH_ARM64);
	assert_int_equal(s->accel, VM_ACCEL_AUTO);
	assert_int_equal(s->cpus, 1);
	assert_int_equal(s->memory_bytes, 1ll << 30);
	assert_int_equal(s->disk_bytes, 10ll << 30);
	assert_null(s->address);
	assert_null(s->packages[0]);
	assert_null(s->authorized_keys[0]);
	assert_int_equal(t->mode, VM_NETWORK_USER);
	assert_int_equal(t->driver, VM_DRIVER_QEMU);
	assert_true(t->nat);
	assert_null(t->subnet);
	assert_int_equal(vm_topology_check(t, &e), 0);
	vm_topology_free(t);
}

static void all_keys(void **state)
{
	static const char text[] =
		"image: {url: 'https://example.org/x.img', sha256: "
		"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef}\n"
		"arch: x86_64\n"
		"accel: tcg\n"
		"cpus: '4'\n"
		"memory: 1.5GiB\n"
		"disk: 40g\n"
		"disks: [10G, {size: 512 MB}]\n"
		"address: 10.20.30.44\n"
		"ssh_port: 2201\n"
		"user: admin\n"
		"authorized_keys: [ssh-ed25519 AAAA me]\n"
		"packages: [chrony, 'g++']\n"
		"files:\n"
		"- {path: /etc/a, content: 'x', owner: 'root:adm', mode: '0600'}\n"
		"- {path: /etc/b, src: b.txt}\n"
		"user_data: {timezone: Europe/Berlin}\n"
		"nesting: yes\n";
	CLEANUP(free_ptr) char *src = path_join(folder, "b.txt");
	struct vm_topology *t = vm_topology_new();
	struct err e = {0};
	(void)state;
	assert_int_equal(file_write_atomic(src, "from src", 8, 0600, &e), 0);
	assert_int_equal(vm_topology_add(t, "web-1", "ignored", parse(text),
					 parse("{mode: bridge, subnet: 10.20.30.0/24, nat: no}"),
					 &e),
			 0);
	const struct vm_spec *s = t->specs.at[0];
	assert_string_equal(s->image.name, "https://example.org/x.img");
	assert_string_equal(
		s->image.digest,
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_int_equal(s->arch, VM_ARCH_AMD64);
	assert_int_equal(s->accel, VM_ACCEL_TCG);
	assert_int_equal(s->cpus, 4);
	assert_int_equal(s->memory_bytes, 1536ll << 20);
	assert_int_equal(s->disk_bytes, 40ll << 30);
	assert_int_equal(s->ndisks, 2);
	assert_int_equal(s->disks[0], 10ll << 30);
	assert_int_equal(s->disks[1], 512ll << 20);
	assert_string_equal(s->address, "10.20.30.44");
	assert_int_equal(s->places.address.line, 8);
	assert_int_equal(s->ssh_port, 2201);
	assert_string_equal(s->user, "admin");
	assert_string_equal(s->authorized_keys[0], "ssh-ed25519 AAAA me");
	assert_string_equal(s->packages[1], "g++");
	assert_null(s->packages[2]);
	assert_int_equal(s->nfiles, 2);
	assert_string_equal(s->files[0].owner, "root:adm");
	assert_string_equal(s->files[0].mode, "0600");
	assert_string_equal(s->files[1].content.ptr, "from src");
	assert_string_equal(value_get(s->user_data, "timezone")->str.ptr, "Europe/Berlin");
	assert_true(s->nesting);
	assert_int_equal(t->mode, VM_NETWORK_BRIDGE);
	assert_string_equal(t->subnet, "10.20.30.0/24");
	assert_false(t->nat);
	assert_int_equal(vm_topology_check(t, &e), 0);
	vm_topology_free(t);
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void images(void **state)
{
	static const struct image {
		const char *yaml, *name; /* a leading '@': below the folder */
	} cases[] = {
		{"{image: debian-12}", "debian-12"},
		{"{image: {name: debian-12, sha256: '" HEX64 "'}}", "debian-12"},
		{"{image: disk.qcow2}", "@disk.qcow2"},
		{"{image: ./debian-12}", "@./debian-12"},
		{"{image: {path: plain}}", "@plain"},
		{"{image: /srv/tree}", "/srv/tree"},
		{"{image: {url: 'http://h/x', digest: 'sha256:" HEX64 "'}}", "http://h/x"},
		{"{image: {url: 'http://h/x', sha256: 'sha256:" HEX64 "'}}", "http://h/x"},
		{"{image: {url: 'http://h/x', sha512: '" HEX64 HEX64 "'}}", "http://h/x"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vm_topology *t = vm_topology_new();
		struct err e = {0};
		const char *want = cases[i].name;
		if (*want == '@')
			want = arena_printf(&arena, "%s/%s", folder, want + 1);
		if (add(t, "a", cases[i].yaml, NULL, &e) < 0)
			fail_msg("%s: %s", cases[i].yaml, e.msg);
		assert_string_equal(t->specs.at[0]->image.name, want);
		vm_topology_free(t);
	}
}

static void mistakes(void **state)
{
	static const struct mistake {
		const char *vm;
		unsigned line, column;
		const char *message;
	} cases[] = {
		{"[]", 1, 1, "host a: vm: expected a mapping, not list"},
		{"true", 1, 1, "vm: expected a mapping, not bool"},
		{"{cpus: 1}", 1, 1, "lacks an image"},
		{"{image: debian-12, memroy: 1G}", 1, 20,
		 "unknown key 'memroy'; did you mean 'memory'?"},
		{"{image: debian-12, 7: 1G}", 1, 20, "keys are strings, not int"},
		{"{image: debain-12}", 1, 9, "did you mean 'debian-12'?"},
		{"{image: 5}", 1, 9, "image: expected a string, not '5'"},
		{"{image: 'https://h/x'}", 1, 9, "sha256: …}"},
		{"{image: {url: 'http://h/x'}}", 1, 9, "image: a download is only used when"},
		{"{image: {url: 'ftp://h/x'}}", 1, 15, "image.url: expected a URL that begins"},
		{"{image: {url: 'https://'}}", 1, 15, "a URL with a host"},
		{"{image: {url: 'http://h/x y'}}", 1, 15, "a URL without blanks"},
		{"{image: {url: x}}", 1, 15, "image.url: expected a URL"},
		{"{image: {sha256: '" HEX64 "'}}", 1, 9, "image: lacks url, path or name"},
		{"{image: {name: debian-12, path: x}}", 1, 33, "one url, path or name"},
		{"{image: {name: debian-12, sha256: abc}}", 1, 35,
		 "image.sha256: expected 64 hexadecimal digits (a sha256 digest), not 'abc'"},
		{"{image: {name: debian-12, digest: 'md5:abc'}}", 1, 35, "sha512:<hex>"},
		{"{image: {nam: debian-12}}", 1, 10, "unknown key 'image.nam'"},
		{"{image: debian-12, arch: sparc}", 1, 26,
		 "expected amd64, arm64, x86_64 or aarch64, not 'sparc'"},
		{"{image: debian-12, accel: xen}", 1, 27, "auto, kvm, hvf or tcg"},
		{"{image: debian-12, cpus: 0}", 1, 26, "a number from 1 to 256, not '0'"},
		{"{image: debian-12, cpus: 257}", 1, 26, "not '257'"},
		{"{image: debian-12, cpus: 1.5}", 1, 26, "not '1.5'"},
		{"{image: debian-12, cpus: '1 '}", 1, 26, "a number from 1 to 256"},
		{"{image: debian-12, cpus: [1]}", 1, 26, "not a list"},
		{"{image: debian-12, memory: 512}", 1, 28,
		 "memory: 512 has no unit; write 512M or 512G"},
		{"{image: debian-12, memory: '512'}", 1, 28, "has no unit"},
		{"{image: debian-12, memory: 127M}", 1, 28,
		 "127M is not within 128 MiB and 8192 GiB"},
		{"{image: debian-12, memory: 999999999T}", 1, 28, "memory: expected a size"},
		{"{image: debian-12, memory: 9T}", 1, 28, "is not within"},
		{"{image: debian-12, memory: -1G}", 1, 28, "memory: expected a size such as"},
		{"{image: debian-12, memory: 1.G}", 1, 28, "expected a size"},
		{"{image: debian-12, memory: 1GG}", 1, 28, "expected a size"},
		{"{image: debian-12, memory: 1X}", 1, 28, "expected a size"},
		{"{image: debian-12, memory: G}", 1, 28, "expected a size"},
		{"{image: debian-12, disk: 500M}", 1, 26, "disk: 500M is not within 1 GiB"},
		{"{image: debian-12, disks: 5G}", 1, 27, "disks: expected a list"},
		{"{image: debian-12, disks: [5G, 1M]}", 1, 32, "disks[1]: 1M is not"},
		{"{image: debian-12, disks: [{}]}", 1, 28, "disks[0]: lacks its size"},
		{"{image: debian-12, disks: [1G,1G,1G,1G,1G,1G,1G,1G,1G]}", 1, 27, "more than 8"},
		{"{image: debian-12, address: 10.1.2}", 1, 29, "expected an IPv4 address"},
		{"{image: debian-12, address: 10}", 1, 29, "expected an IPv4 address, not '10'"},
		{"{image: debian-12, ssh_port: 65536}", 1, 30, "a number from 1 to 65535"},
		{"{image: debian-12, user: 'a b'}", 1, 26, "user: expected a login name"},
		{"{image: debian-12, authorized_keys: ssh-rsa}", 1, 37, "a list of strings"},
		{"{image: debian-12, authorized_keys: [\"a b\\nc\"]}", 1, 38, "on one line"},
		{"{image: debian-12, packages: [-y]}", 1, 31, "packages[0]: expected the name"},
		{"{image: debian-12, packages: [[]]}", 1, 31, "packages[0]: expected a string"},
		{"{image: debian-12, files: {}}", 1, 27, "a list of files"},
		{"{image: debian-12, files: [{path: /a}]}", 1, 28, "either content or src"},
		{"{image: debian-12, files: [{path: /a, content: a, src: b}]}", 1, 28, "either"},
		{"{image: debian-12, files: [{path: a, content: a}]}", 1, 35, "an absolute path"},
		{"{image: debian-12, files: [{path: /a, content: [a]}]}", 1, 48,
		 "files[0].content: expected a string, not a list"},
		{"{image: debian-12, files: [{path: /a, content: a, mode: 0644}]}", 1, 57,
		 "a quoted octal mode"},
		{"{image: debian-12, files: [{path: /a, content: a, mode: '0888'}]}", 1, 57,
		 "a quoted octal mode"},
		{"{image: debian-12, files: [{path: /a, src: missing}]}", 1, 44,
		 "missing: No such file"},
		{"{image: debian-12, files: [{path: /a, owner: 'a b', content: ''}]}", 1, 46,
		 "user or user:group"},
		{"{image: debian-12, user_data: '#cloud-config'}", 1, 31, "a mapping of cloud"},
		{"{image: debian-12, nesting: maybe}", 1, 29, "true or false, not 'maybe'"},
		{"{image: debian-12, driver: qemu}", 1, 20, "unknown key 'driver'"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct mistake *c = &cases[i];
		struct vm_topology *t = vm_topology_new();
		struct err e = {0};
		int r = add(t, "a", c->vm, NULL, &e);
		if (r >= 0 || !strstr(e.msg, c->message) || e.at.line != c->line ||
		    e.at.column != c->column || e.at.file != file || t->specs.len > 0)
			fail_msg("%s: %d %u:%u %s", c->vm, r, e.at.line, e.at.column, e.msg);
		assert_int_equal(strncmp(e.msg, "host a: ", 8), 0);
		assert_int_equal(add(t, "a", c->vm, NULL, NULL), r);
		vm_topology_free(t);
	}
}

static void secrets_are_not_shown(void **state)
{
	struct vm_topology *t = vm_topology_new();
	struct err e = {0};
	(void)state;
	const struct value *vm =
		value_copy(&arena, parse("{image: debian-12, cpus: hunter2}"), VALUE_SECRET);
	assert_int_equal(vm_topology_add(t, "a", NULL, vm, NULL, &e), ERR_INVALID);
	assert_null(strstr(e.msg, "hunter2"));
	vm_topology_free(t);
}

static void names(void **state)
{
	static const struct name {
		const char *host, *user, *message;
	} cases[] = {
		{"web-1", "root", NULL},
		{"A1", NULL, NULL},
		{"web_1", NULL, "a VM's host name"},
		{"-a", NULL, "a VM's host name"},
		{"a-", NULL, "a VM's host name"},
		{"a.b", NULL, "a VM's host name"},
		{"../x", NULL, "a VM's host name"},
		{"", NULL, "a VM's host name"},
		{"a123456789012345678901234567890123456789012345678901234567890123", NULL,
		 "at most 63"},
		{"a", "no body", "the user 'no body' is not a login name"},
		{"a", "", "the user '' is not"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vm_topology *t = vm_topology_new();
		struct err e = {0};
		int r = vm_topology_add(t, cases[i].host, cases[i].user,
					parse("{image: debian-12}"), NULL, &e);
		assert_int_equal(r, cases[i].message ? ERR_INVALID : 0);
		assert_true(!cases[i].message || strstr(e.msg, cases[i].message));
		vm_topology_free(t);
	}
}

static void networks(void **state)
{
	static const struct network {
		const char *first, *second, *message;
	} cases[] = {
		{NULL, "{mode: user, subnet: auto, nat: true}", NULL},
		{"{subnet: 10.9.8.0/24}", "{subnet: 10.9.8.0/24}", NULL},
		{"{subnet: 10.9.8.0/24}", NULL, "subnet: 10.9.8.0/24, nat: true} for a: set it"},
		{"{mode: bridge}", "{mode: user}",
		 "is {mode: user, subnet: auto, nat: true}, but "},
		{"{mode: nat}", NULL, "vm_network: mode: expected user or bridge"},
		{"{mod: user}", NULL, "vm_network: unknown key 'mod'"},
		{"{subnet: 10.9.8.0}", NULL, "vm_network: subnet: "},
		{"bridge", NULL, "vm_network: expected a mapping"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct network *c = &cases[i];
		struct vm_topology *t = vm_topology_new();
		struct err e = {0};
		int r = add(t, "a", "{image: debian-12}", c->first, &e);
		if (r == 0)
			r = add(t, "b", "{image: debian-12}", c->second, &e);
		if (c->message ? r == 0 || !strstr(e.msg, c->message) || !e.at.file : r < 0)
			fail_msg("%zu: %d %s", i, r, e.msg);
		vm_topology_free(t);
	}
}

static void the_whole(void **state)
{
	static const struct whole {
		const char *a, *b, *network;
		enum vm_driver_kind driver;
		int code;
		const char *message;
	} cases[] = {
		{"address: 10.9.8.2", "address: 10.9.8.3", "10.9.8.0/24", VM_DRIVER_QEMU, 0, ""},
		{"address: 10.9.8.2", "address: 10.9.8.2", "10.9.8.0/24", VM_DRIVER_QEMU,
		 ERR_EXISTS, "host b: vm: address 10.9.8.2 is also that of a"},
		{"address: 10.9.9.2", "cpus: 1", "10.9.8.0/24", VM_DRIVER_QEMU, ERR_INVALID,
		 "is not in 10.9.8.0/24"},
		{"address: 10.9.8.1", "cpus: 1", "10.9.8.0/24", VM_DRIVER_QEMU, ERR_INVALID,
		 "the gateway's"},
		{"address: 10.9.8.0", "cpus: 1", "10.9.8.0/24", VM_DRIVER_QEMU, ERR_INVALID,
		 "the network's"},
		{"address: 10.9.8.255", "cpus: 1", "10.9.8.0/24", VM_DRIVER_QEMU, ERR_INVALID,
		 "the broadcast"},
		{"address: 10.9.8.2", "cpus: 1", "auto", VM_DRIVER_QEMU, ERR_INVALID,
		 "needs a fixed network"},
		{"ssh_port: 2222", "ssh_port: 2222", "auto", VM_DRIVER_QEMU, ERR_EXISTS,
		 "ssh_port 2222 is also that of a"},
		{"cpus: 1", "disks: [1G]", "auto", VM_DRIVER_QEMU, 0, ""},
		{"cpus: 1", "disks: [1G]", "auto", VM_DRIVER_NSPAWN, ERR_UNSUPPORTED,
		 "host b: vm: disks: "},
		{"arch: arm64", "arch: amd64", "auto", VM_DRIVER_NSPAWN, ERR_INVALID,
		 "vm: arch: a systemd-nspawn machine"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct whole *c = &cases[i];
		struct vm_topology *t = vm_topology_new();
		struct err e = {0};
		const char *network = arena_printf(&arena, "{subnet: %s}", c->network);
		t->driver = c->driver;
		assert_int_equal(
			add(t, "a", arena_printf(&arena, "{image: ./x, %s}", c->a), network, &e),
			0);
		assert_int_equal(
			add(t, "b", arena_printf(&arena, "{image: ./x, %s}", c->b), network, &e),
			0);
		int r = vm_topology_check(t, &e);
		if (r != c->code || !strstr(e.msg, c->message) || (r < 0 && !e.at.file))
			fail_msg("%zu: %d %s", i, r, e.msg);
		vm_topology_free(t);
	}
}

static void as_many_as_addresses(void **state)
{
	struct vm_topology *t = vm_topology_new();
	const struct value *vm = parse("{image: debian-12}");
	struct err e = {0};
	char name[16];
	(void)state;
	for (unsigned i = 0; i <= VM_MAX; i++) {
		assert_int_equal(vm_topology_check(t, &e), 0);
		snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(vm_topology_add(t, name, NULL, vm, NULL, &e), 0);
	}
	assert_int_equal(vm_topology_check(t, &e), ERR_LIMIT);
	vm_topology_free(t);
	t = vm_topology_new();
	assert_int_equal(vm_topology_add(t, "Web", NULL, vm, NULL, &e), 0);
	assert_int_equal(vm_topology_add(t, "web", NULL, vm, NULL, &e), 0);
	assert_int_equal(vm_topology_check(t, &e), ERR_EXISTS);
	vm_topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_keys),
		cmocka_unit_test(images),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(names),
		cmocka_unit_test(networks),
		cmocka_unit_test(the_whole),
		cmocka_unit_test(as_many_as_addresses),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
