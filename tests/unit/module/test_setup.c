#include "fake_host.h"
#include "rollout/value/json.h"
#include "test.h"

#include <unistd.h>

static const struct value *facts(struct trial *t, struct host *host, const char *args)
{
	const struct value *r = trial_run(t, host, "setup", args, false);
	assert_false(result_is(r, "failed"));
	return value_get(r, "ansible_facts");
}

static struct fake_host *machine(void)
{
	struct fake_host *f = fake_host_new();
	fake_file(f, "/etc/os-release",
		  "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n"
		  "VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n");
	fake_file(f, "/etc/debian_version", "12.5\n");
	fake_file(f, "/proc/sys/kernel/hostname", "web1\n");
	fake_file(f, "/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 web1.example.com web1\n");
	fake_file(f, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	fake_file(f, "/proc/meminfo",
		  "MemTotal:  2048000 kB\nMemFree: 1024000 kB\nCached: 512000 kB\nBuffers: 0 kB\n"
		  "SwapTotal: 0 kB\nSwapFree: 0 kB\n");
	fake_file(
		f, "/proc/cpuinfo",
		"processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: 0\n"
		"siblings\t: 4\ncpu cores\t: 2\n\nprocessor\t: 1\nphysical id\t: 1\nsiblings\t: 4\n"
		"cpu cores\t: 2\n");
	fake_file(f, "/proc/uptime", "12345.67 99.9\n");
	fake_file(f, "/proc/1/comm", "systemd\n");
	fake_file(f, "/usr/bin/apt-get", "");
	fake_file(f, "/proc/cmdline", "root=/dev/vda1 ro console=ttyS0 quiet\n");
	fake_file(f, "/etc/resolv.conf",
		  "# x\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch a.b c.d\noptions ndots:5 "
		  "rotate\n");
	fake_file(f, "/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAAC3 root@web1\n");
	fake_file(f, "/sys/devices/virtual/dmi/id/sys_vendor", "QEMU\n");
	fake_file(f, "/etc/ansible/facts.d/app.fact", "{\"version\": 3}");
	fake_file(f, "/etc/ansible/facts.d/bad.fact", "[x");
	fake_file(f, "/etc/ansible/facts.d/ini.fact",
		  "# x\n[General]\nColour = dark red\nn: 1\n\n[b]\nurl=http://x:1/\n");
	for (size_t i = 1; i <= 3; i++)
		f->files[f->nfiles - i].mode = 0644;
	return f;
}

static const struct {
	const char *name, *text; /* as Python prints it */
} expected[] = {
	{"ansible_distribution", "Debian"},
	{"ansible_distribution_version", "12.5"},
	{"ansible_distribution_major_version", "12"},
	{"ansible_distribution_release", "bookworm"},
	{"ansible_os_family", "Debian"},
	{"ansible_hostname", "web1"},
	{"ansible_nodename", "web1"},
	{"ansible_fqdn", "web1.example.com"},
	{"ansible_domain", "example.com"},
	{"ansible_system", "Linux"},
	{"ansible_machine_id", "0123456789abcdef0123456789abcdef"},
	{"ansible_memtotal_mb", "2000"},
	{"ansible_memfree_mb", "1000"},
	{"ansible_processor_count", "2"},
	{"ansible_processor_cores", "2"},
	{"ansible_processor_threads_per_core", "2"},
	{"ansible_processor_vcpus", "8"},
	{"ansible_uptime_seconds", "12345"},
	{"ansible_pkg_mgr", "apt"},
	{"ansible_service_mgr", "systemd"},
	{"ansible_virtualization_type", "kvm"},
	{"ansible_virtualization_role", "guest"},
	{"ansible_fips", "False"},
	{"ansible_selinux", "{'status': 'disabled'}"},
	{"ansible_cmdline", "{'root': '/dev/vda1', 'ro': True, 'console': 'ttyS0', 'quiet': True}"},
	{"ansible_dns", "{'search': ['a.b', 'c.d'], 'options': {'ndots': '5', 'rotate': True}, "
			"'nameservers': ['10.0.0.1', '10.0.0.2']}"},
	{"ansible_ssh_host_key_ed25519_public", "AAAAC3"},
	{"ansible_ssh_host_key_ed25519_public_keytype", "ssh-ed25519"},
	{"ansible_system_vendor", "QEMU"},
	{"ansible_distribution_file_variety", "Debian"},
	{"ansible_distribution_minor_version", "5"},
	{"ansible_lvm", "N/A"},
	{"ansible_iscsi_iqn", ""},
	{"ansible_system_capabilities", "N/A"},
	{"ansible_virtualization_tech_guest", "['kvm']"},
	{"ansible_virtualization_tech_host", "[]"},
};

static void whole(void **state)
{
	struct fake_host *f = machine();
	CLEANUP(trial_release) struct trial t = {0};
	(void)state;
	const struct value *all = facts(&t, &f->host, "{}");
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		const struct value *v = value_get(all, expected[i].name);
		if (!v)
			fail_msg("no %s", expected[i].name);
		value_print(&text, v);
		assert_string_equal(text.ptr, expected[i].text);
	}
	const struct value *local = value_get(all, "ansible_local");
	assert_int_equal(value_get(value_get(local, "app"), "version")->integer, 3);
	assert_string_equal(result_text(local, "bad"), "error loading facts as JSON or ini - "
						       "please check content: "
						       "/etc/ansible/facts.d/bad.fact");
	const struct value *ini = value_get(local, "ini");
	assert_true(value_is_str(value_get(value_get(ini, "General"), "colour"), "dark red"));
	assert_true(value_is_str(value_get(value_get(ini, "General"), "n"), "1"));
	assert_true(value_is_str(value_get(value_get(ini, "b"), "url"), "http://x:1/"));
	host_free(&f->host);
}

/* The loopback interface is everywhere; the rest comes from this machine. */
static void real_machine(void **state)
{
	struct host *host = host_real_new();
	CLEANUP(trial_release) struct trial t = {0};
	(void)state;
	const struct value *all = facts(&t, host, "{}");
	const struct value *lo = value_get(all, "ansible_lo");
	assert_string_equal(result_text(lo, "type"), "loopback");
	assert_string_equal(result_text(value_get(lo, "ipv4"), "address"), "127.0.0.1");
	assert_string_equal(result_text(value_get(lo, "ipv4"), "netmask"), "255.0.0.0");
	assert_string_equal(result_text(value_get(lo, "ipv4"), "prefix"), "8");
	assert_true(value_get(all, "ansible_default_ipv4")->type == VALUE_DICT);
	assert_true(value_get(all, "ansible_memtotal_mb")->integer > 0);
	assert_int_equal(value_get(all, "ansible_user_uid")->integer, (int64_t)getuid());
	const struct value *time = value_get(all, "ansible_date_time");
	assert_int_equal(strlen(result_text(time, "iso8601")), strlen("2024-01-01T00:00:00Z"));
	assert_int_equal(strlen(result_text(time, "iso8601_basic")),
			 strlen("20240101T000000123456"));
	assert_non_null(value_get(value_get(all, "ansible_env"), "PATH"));
	host_free(host);
}

static const struct {
	const char *args, *names; /* what is there, in order */
} subsets[] = {
	{"{_only: [hostname, memtotal_mb]}", "ansible_hostname ansible_memtotal_mb"},
	{"{_only: [default_ipv4]}", "ansible_default_ipv4"},
	{"{_only: [lo]}", "ansible_lo"},
	{"{_only: [date_time, pkg_mgr]}", "ansible_date_time ansible_pkg_mgr"},
	{"{_only: []}", ""},
	{"{gather_subset: ['!all', '!min']}", "gather_subset module_setup"},
	{"{gather_subset: ['!all', '!min', platform], filter: hostname}", "ansible_hostname"},
	{"{gather_subset: ['!all', '!min', user], filter: ['user_uid', hostname]}",
	 "ansible_user_uid"},
	{"{gather_subset: ['!all', '!min', virtual], filter: 'ansible_virtualization_t*'}",
	 "ansible_virtualization_type ansible_virtualization_tech_guest "
	 "ansible_virtualization_tech_host"},
	{"{filter: [memtotal_mb, ansible_hostname]}", "ansible_hostname ansible_memtotal_mb"},
	{"{gather_subset: min, filter: ['memtotal_mb', hostname]}", "ansible_hostname"},
	{"{gather_subset: '!hardware', filter: ['memtotal_mb', hostname]}", "ansible_hostname"},
	{"{gather_subset: ['!all', '!min', uptime_seconds], filter: ['uptime_seconds', hostname]}",
	 "ansible_uptime_seconds"},
};

static void parts(void **state)
{
	struct fake_host *f = machine();
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(subsets); i++) {
		CLEANUP(trial_release) struct trial t = {0};
		CLEANUP(strbuf_release) struct strbuf names = {0};
		const struct value *some = facts(&t, &f->host, subsets[i].args);
		for (size_t k = 0; k < some->dict.len; k++)
			strbuf_printf(&names, "%s%s", k ? " " : "", some->dict.at[k].key->str.ptr);
		if (strcmp(text_of(&names), subsets[i].names) != 0)
			fail_msg("%s: %s", subsets[i].args, text_of(&names));
	}
	host_free(&f->host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(real_machine),
		cmocka_unit_test(parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
