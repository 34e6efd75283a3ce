#include "seed/parts.h"

#include "rollout/value/yaml.h"
#include "test.h"

static const struct vm_file files[] = {
	{.path = "/etc/motd", .content = {"hello\n", 6}},
	{.path = "/srv/blob", .owner = "ops:ops", .mode = "0600", .content = {"\0\xff", 2}},
};
static const char *const packages[] = {"chrony", "jq", NULL};
static const char *const further_keys[] = {"ssh-ed25519 BBBB further", NULL};

/* Two machines of one project; tests change what they are about. */
struct fixture {
	struct arena arena;
	struct vm_topology topology;
	struct vm_project project;
	struct vm_spec specs[2];
	struct vm_machine machines[2];
	struct vm_seed seed;
	struct err err;
};

static void fixture_init(struct fixture *f)
{
	static const char *const names[] = {"web1", "db.example.com"};
	static const char *const addresses[] = {"10.20.30.10", "10.20.30.11"};
	*f = (struct fixture){.project = {.topology = &f->topology,
					  .gateway = "10.20.30.1",
					  .prefix = 24,
					  .public_key = "ssh-ed25519 AAAA project"}};
	for (size_t i = 0; i < 2; i++) {
		struct vm_machine *m = &f->machines[i];
		f->specs[i] = (struct vm_spec){.name = names[i], .user = "rollout"};
		*m = (struct vm_machine){.project = &f->project,
					 .spec = &f->specs[i],
					 .address = addresses[i],
					 .mac_nat = "52:54:00:00:00:01",
					 .mac_segment = "52:54:00:00:00:02",
					 .machine_id = "0123456789abcdef0123456789abcdef",
					 .host_key = "ssh-ed25519 CCCC"};
		vec_push(&f->project.machines, m);
	}
}

static void fixture_release(struct fixture *f)
{
	vec_release(&f->project.machines);
	arena_release(&f->arena);
}

static int render(struct fixture *f, size_t machine)
{
	struct vm_seed_options o = {.machine = &f->machines[machine],
				    .host_key = SLICE_LIT("-----BEGIN KEY-----\nx\n"),
				    .instance_id = "i-1"};
	return vm_seed_render(&o, &f->arena, &f->seed, &f->err);
}

static const struct value *parse(struct fixture *f, struct slice text)
{
	const struct value *v = NULL;
	if (yaml_parse(&f->arena, "seed", text, &v, &f->err) < 0)
		fail_msg("%s in:\n%s", f->err.msg, text.ptr);
	return v;
}

static void a_plain_machine_gets_this_user_data(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	assert_int_equal(render(&f, 0), 0);
	assert_string_equal(
		f.seed.user_data.ptr,
		"#cloud-config\n"
		"hostname: web1\n"
		"preserve_hostname: false\n"
		"manage_etc_hosts: false\n"
		"bootcmd:\n"
		"- - sh\n"
		"  - -c\n"
		"  - '[ \"$(cat /etc/machine-id)\" = 0123456789abcdef0123456789abcdef ] || { "
		"umount /etc/machine-id 2>/dev/null; echo 0123456789abcdef0123456789abcdef "
		">/etc/machine-id && systemctl --no-block try-restart systemd-journald; }'\n"
		"ssh_keys:\n"
		"  ed25519_private: '-----BEGIN KEY-----\n\n"
		"    x\n\n"
		"    '\n"
		"  ed25519_public: ssh-ed25519 CCCC\n"
		"ssh_deletekeys: true\n"
		"no_ssh_fingerprints: true\n"
		"users:\n"
		"- name: rollout\n"
		"  ssh_authorized_keys:\n"
		"  - ssh-ed25519 AAAA project\n"
		"  lock_passwd: true\n"
		"  shell: /bin/bash\n"
		"  sudo: ALL=(ALL) NOPASSWD:ALL\n"
		"disable_root: true\n"
		"write_files:\n"
		"- path: /etc/hosts\n"
		"  owner: root:root\n"
		"  permissions: '0644'\n"
		"  content: '127.0.0.1 localhost\n\n"
		"    ::1 localhost ip6-localhost ip6-loopback\n\n"
		"    ff02::1 ip6-allnodes\n\n"
		"    ff02::2 ip6-allrouters\n\n"
		"    10.20.30.10 web1\n\n"
		"    10.20.30.11 db.example.com\n\n"
		"    '\n"
		"apt:\n"
		"  preserve_sources_list: true\n"
		"package_update: false\n"
		"package_upgrade: false\n"
		"locale: 'false'\n");
	assert_string_equal(f.seed.meta_data.ptr, "instance-id: i-1\nlocal-hostname: web1\n");
	fixture_release(&f);
}

static void user_mode_has_two_interfaces(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	assert_int_equal(render(&f, 0), 0);
	assert_string_equal(f.seed.network_config.ptr, "version: 2\n"
						       "ethernets:\n"
						       "  nat0:\n"
						       "    match:\n"
						       "      macaddress: '52:54:00:00:00:01'\n"
						       "    set-name: nat0\n"
						       "    dhcp4: false\n"
						       "    dhcp6: false\n"
						       "    accept-ra: false\n"
						       "    addresses:\n"
						       "    - 10.0.2.15/24\n"
						       "    routes:\n"
						       "    - to: 0.0.0.0/0\n"
						       "      via: 10.0.2.2\n"
						       "    nameservers:\n"
						       "      addresses:\n"
						       "      - 10.0.2.3\n"
						       "  cluster0:\n"
						       "    match:\n"
						       "      macaddress: '52:54:00:00:00:02'\n"
						       "    set-name: cluster0\n"
						       "    dhcp4: false\n"
						       "    dhcp6: false\n"
						       "    accept-ra: false\n"
						       "    addresses:\n"
						       "    - 10.20.30.10/24\n");
	fixture_release(&f);
}

static void a_bridge_has_one_interface_with_a_way_out(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.topology.mode = VM_NETWORK_BRIDGE;
	assert_int_equal(render(&f, 0), 0);
	const struct value *nics = value_get(parse(&f, f.seed.network_config), "ethernets");
	assert_int_equal(nics->dict.len, 1);
	const struct value *nic = value_get(nics, "cluster0");
	assert_true(value_is_str(value_get(nic, "addresses")->list.at[0], "10.20.30.10/24"));
	assert_true(
		value_is_str(value_get(value_get(nic, "routes")->list.at[0], "via"), "10.20.30.1"));
	assert_true(value_get(value_get(nic, "nameservers"), "addresses")->list.len > 0);
	fixture_release(&f);
}

static void the_user_may_be_root(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.specs[0].user = "root";
	f.specs[0].authorized_keys = further_keys;
	assert_int_equal(render(&f, 0), 0);
	const struct value *config = parse(&f, f.seed.user_data);
	const struct value *user = value_get(config, "users")->list.at[0];
	assert_false(value_truthy(value_get(config, "disable_root")));
	assert_null(value_get(user, "sudo"));
	assert_true(value_is_str(value_get(user, "name"), "root"));
	assert_int_equal(value_get(user, "ssh_authorized_keys")->list.len, 2);
	fixture_release(&f);
}

static void a_name_with_a_domain_is_split(void **state)
{
	struct fixture f;
	CLEANUP(strbuf_release) struct strbuf hosts = {0};
	(void)state;
	fixture_init(&f);
	assert_int_equal(render(&f, 1), 0);
	const struct value *config = parse(&f, f.seed.user_data);
	assert_true(value_is_str(value_get(config, "hostname"), "db"));
	assert_true(value_is_str(value_get(config, "fqdn"), "db.example.com"));
	vm_seed_hosts(&f.machines[1], &hosts);
	assert_non_null(strstr(hosts.ptr, "\n10.20.30.10 web1\n"));
	assert_non_null(strstr(hosts.ptr, "\n10.20.30.11 db.example.com db\n"));
	f.specs[0].user_data = parse(&f, SLICE_LIT("hostname: other"));
	strbuf_truncate(&hosts, 0);
	vm_seed_hosts(&f.machines[0], &hosts);
	assert_non_null(strstr(hosts.ptr, "\n10.20.30.10 web1 other\n"));
	fixture_release(&f);
}

static void files_and_packages_are_handed_on(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.specs[0].files = files;
	f.specs[0].nfiles = 2;
	f.specs[0].packages = packages;
	assert_int_equal(render(&f, 0), 0);
	const struct value *config = parse(&f, f.seed.user_data);
	const struct value *written = value_get(config, "write_files");
	assert_int_equal(written->list.len, 3);
	assert_true(value_is_str(value_get(written->list.at[1], "content"), "hello\n"));
	assert_null(value_get(written->list.at[1], "encoding"));
	assert_null(value_get(written->list.at[1], "defer"));
	assert_true(value_is_str(value_get(written->list.at[2], "content"), "AP8="));
	assert_true(value_is_str(value_get(written->list.at[2], "encoding"), "b64"));
	assert_true(value_is_str(value_get(written->list.at[2], "owner"), "ops:ops"));
	assert_true(value_truthy(value_get(written->list.at[2], "defer")));
	assert_true(value_truthy(value_get(config, "package_update")));
	assert_true(value_is_str(value_get(config, "packages")->list.at[1], "jq"));
	fixture_release(&f);
}

static void user_data_is_merged_over_ours(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.specs[0].packages = packages;
	f.specs[0].user_data = parse(&f, SLICE_LIT("users: [default]\n"
						   "packages: [vim]\n"
						   "locale: de_DE.UTF-8\n"
						   "apt: {proxy: 'http://p'}\n"
						   "runcmd: [[touch, /x]]\n"));
	assert_int_equal(render(&f, 0), 0);
	const struct value *config = parse(&f, f.seed.user_data);
	assert_int_equal(value_get(config, "users")->list.len, 2);
	assert_int_equal(value_get(config, "packages")->list.len, 3);
	assert_true(value_is_str(value_get(config, "locale"), "de_DE.UTF-8"));
	assert_int_equal(value_get(config, "apt")->dict.len, 2);
	assert_int_equal(value_get(config, "runcmd")->list.len, 1);
	fixture_release(&f);
}

static void what_cannot_be_rendered_is_refused(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.specs[0].user_data = parse(&f, SLICE_LIT("[a]"));
	assert_int_equal(render(&f, 0), ERR_INVALID);
	assert_string_equal(f.err.msg, "user_data is a mapping, not a list");
	assert_int_equal(f.err.at.line, 1);
	f.machines[1].address = NULL;
	assert_int_equal(render(&f, 1), ERR_INVALID);
	fixture_release(&f);
}

static void merging_replaces_what_differs_in_type(void **state)
{
	struct arena a = {0};
	struct fixture f = {0};
	const struct value *ours = parse(&f, SLICE_LIT("{a: {b: 1, c: [1]}, d: x}"));
	(void)state;
	assert_ptr_equal(vm_seed_merge(&a, ours, NULL), ours);
	const struct value *merged =
		vm_seed_merge(&a, ours, parse(&f, SLICE_LIT("{a: {c: [2], e: 3}, d: [y], g: 1}")));
	const struct value *expected =
		parse(&f, SLICE_LIT("{a: {b: 1, c: [1, 2], e: 3}, d: [y], g: 1}"));
	assert_true(value_equal(merged, expected));
	assert_int_equal(ours->dict.len, 2);
	arena_release(&a);
	arena_release(&f.arena);
}

static void nameservers_of_the_loopback_are_left_out(void **state)
{
	struct arena a = {0};
	const char *const *servers = vm_seed_parse_nameservers(
		SLICE_LIT("# nameserver 9.9.9.9\nnameserver 127.0.0.53\nnameserver\t10.0.0.1 \n"
			  "nameserver ::1\nnameserver fe80::1%eth0\nnameserverx 8.8.8.8\n"
			  "nameserver10.0.0.3\nsearch example.com\nnameserver 10.0.0.2"),
		&a);
	(void)state;
	assert_string_equal(servers[0], "10.0.0.1");
	assert_string_equal(servers[1], "10.0.0.2");
	assert_null(servers[2]);
	assert_null(vm_seed_parse_nameservers((struct slice){NULL, 0}, &a)[0]);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_machine_gets_this_user_data),
		cmocka_unit_test(user_mode_has_two_interfaces),
		cmocka_unit_test(a_bridge_has_one_interface_with_a_way_out),
		cmocka_unit_test(the_user_may_be_root),
		cmocka_unit_test(a_name_with_a_domain_is_split),
		cmocka_unit_test(files_and_packages_are_handed_on),
		cmocka_unit_test(user_data_is_merged_over_ours),
		cmocka_unit_test(what_cannot_be_rendered_is_refused),
		cmocka_unit_test(merging_replaces_what_differs_in_type),
		cmocka_unit_test(nameservers_of_the_loopback_are_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
