/* Packages, accounts and kernel settings on a machine in memory: what is
 * reported, what is done, and that a second time does nothing. */
#include "fake_host.h"
#include "test.h"

#include <stdio.h>

static const char *const in_adm[] = {"adm", "www", NULL};

static struct fake_host *machine(void)
{
	struct fake_host *f = fake_host_new();
	fake_package(f, "nginx", NULL, "1.18-1");
	fake_package(f, "curl", "8.0", "8.1");
	fake_package(f, "bash", "5.2", "5.2");
	fake_unit(f, "ssh", "inactive", "enabled");
	fake_group(f, "adm", 4);
	fake_group(f, "www", 33);
	fake_group(f, "etcd", 990);
	fake_group(f, "jane", 1000);
	fake_user(f, "jane", 1000, in_adm);
	fake_file(f, "/home/jane/.profile", "");
	fake_file(f, "/etc/shadow", "root:*:1:0:99999:7:::\njane:$6$x:1:0:99999:7:::\n");
	fake_file(f, "/etc/sysctl.conf", "# a\nnet.ipv4.ip_forward = 0\nvm.swappiness=60\n");
	fake_file(f, "/etc/sysctl.d/README", "");
	fake_file(f, "/etc/modules-load.d/modules.conf", "");
	fake_file(f, "/proc/sys/net/ipv4/ip_forward", "0\n");
	fake_file(f, "/proc/modules", "br_netfilter 32768 0 - Live 0x0\nnf_nat 1 0 - Live 0x0\n");
	fake_file(f, "/etc/hostname", "old\n");
	fake_file(f, "/proc/sys/kernel/hostname", "old\n");
	fake_file(f, "/usr/share/zoneinfo/Europe/Berlin", "TZif");
	fake_command(f, "dpkg-deb --show --showformat=${Package}=${Version} /tmp/curl.deb", 0,
		     "curl=8.0");
	fake_command(f, "dpkg-deb --show --showformat=${Package}=${Version} /tmp/nginx.deb", 0,
		     "nginx=1.18-1");
	fake_command(f, "dpkg-deb -f /tmp/nginx.deb Package Version", 0,
		     "Package: nginx\nVersion: 1.18-1\n");
	fake_file(f, "/tmp/nginx.deb", "");
	fake_command(f,
		     "apt-get -y -o Dpkg::Options::=--force-confdef -o "
		     "Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=60 dist-upgrade -s",
		     0, "Inst curl [8.0] (8.1)\nConf curl\n");
	fake_command(f,
		     "apt-get -y -o Dpkg::Options::=--force-confdef -o "
		     "Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=60 autoremove -s",
		     0, "0 upgraded, 0 newly installed, 0 to remove\n");
	fake_command(f, "apt-cache pkgnames", 0, "bash\ncurl\nnginx\n");
	fake_command(f, "dpkg --compare-versions 8.0 ge 8.1", 1, "");
	fake_command(f, "dpkg --compare-versions 8.1 ge 8.1", 0, "");
	fake_command(f, "dpkg --compare-versions 8.0 ge 7", 0, "");
	fake_command(f, "dpkg --compare-versions 8.0 ge 9", 1, "");
	fake_command(f, "dpkg --compare-versions 8.1 ge 9", 1, "");
	fake_command(f,
		     "apt-get -y -o Dpkg::Options::=--force-confdef -o "
		     "Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=60 build-dep nginx -s",
		     0, "Inst debhelper (1)\n");
	fake_command(f,
		     "apt-get -y -o Dpkg::Options::=--force-confdef -o "
		     "Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=60 -f install -s",
		     0, "");
	fake_command(f, "apt-get clean", 0, "");
	fake_command(f, "getent -- group adm", 0, "adm:x:4:jane\n");
	fake_command(f, "getent -- hosts db", 0, "10.0.0.5   db.example.com db\n");
	fake_command(f, "getent -- passwd nobody2", 2, "");
	return f;
}

/* log NULL: nothing is done and nothing reported. */
static const struct {
	const char *module, *args, *log, *msg;
	bool every_time; /* changes again when it runs again */
} cases[] = {
	{"apt", "{name: bash}", NULL, NULL, false},
	{"apt", "{name: [nginx, curl, bash]}", "install nginx\n", NULL, false},
	{"apt", "{name: 'nginx,curl', state: latest}", "upgrade nginx\nupgrade curl\n", NULL,
	 false},
	{"apt", "{name: [' nginx', 'bash ']}", "install nginx\n", NULL, false},
	{"apt", "{name: curl=8.1}", "install curl=8.1\n", NULL, false},
	{"apt", "{name: 'curl=8.0*'}", NULL, NULL, false},
	{"apt", "{name: curl, state: absent, purge: yes}", "purge curl\n", NULL, false},
	{"apt", "{name: nginx, state: absent}", NULL, NULL, false},
	{"apt", "{name: nginx, state: latest, only_upgrade: yes}", NULL, NULL, false},
	{"apt", "{update_cache: yes}", "refresh lists\n", NULL, true},
	{"apt", "{update_cache: yes, cache_valid_time: 3600, name: bash}", "refresh lists\n", NULL,
	 false},
	{"apt", "{deb: /tmp/curl.deb}", NULL, NULL, false},
	{"apt", "{deb: /tmp/nginx.deb}", "install /tmp/nginx.deb\n", NULL, true},
	{"apt", "{upgrade: dist}",
	 "run apt-get -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o "
	 "DPkg::Lock::Timeout=60 dist-upgrade\n",
	 NULL, true},
	{"apt", "{autoremove: yes}", NULL, NULL, false},
	{"apt", "{name: nonesuch}", NULL, "No package matching 'nonesuch' is available", false},
	{"apt", "{name: 'x<1'}", NULL,
	 "package 'x<1': only name=version and name>=version are understood", false},
	{"apt", "{name: 'curl>=8.1'}", "install curl=8.1\n", NULL, false},
	{"apt", "{name: 'curl>=7'}", NULL, NULL, false},
	{"apt", "{name: 'curl>=9'}", NULL,
	 "no available installation option for curl>=9 (the candidate is 8.1)", false},
	{"apt", "{name: 'c*l', state: latest}", "upgrade curl\n", NULL, false},
	{"apt", "{name: 'x*y'}", NULL, "No package(s) matching 'x*y' available", false},
	{"apt", "{name: 'x*y', state: absent}", NULL, NULL, false},
	{"apt", "{name: nginx, state: build-dep}",
	 "run apt-get -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o "
	 "DPkg::Lock::Timeout=60 build-dep nginx\n",
	 NULL, true},
	{"apt", "{state: fixed, update_cache: no}", NULL, NULL, false},
	{"apt", "{update_cache: no, cache_valid_time: 3600, name: bash}", "refresh lists\n", NULL,
	 false},
	{"apt", "{clean: yes}", "run apt-get clean\n", NULL, true},
	{"package", "{name: nginx, state: present}", "install nginx\n", NULL, false},

	{"group", "{name: adm}", NULL, NULL, false},
	{"group", "{name: adm, gid: 4}", NULL, NULL, false},
	{"group", "{name: new, gid: 77}", "group new\n", NULL, false},
	{"group", "{name: adm, gid: 5}", "group adm\n", NULL, false},
	{"group", "{name: adm, state: absent}", "groupdel adm\n", NULL, false},
	{"group", "{name: none, state: absent}", NULL, NULL, false},

	{"user", "{name: jane}", NULL, NULL, false},
	{"user", "{name: jane, uid: 1000, shell: /bin/sh, group: jane, home: /home/jane}", NULL,
	 NULL, false},
	{"user", "{name: jane, shell: /bin/bash}", "user jane\n", NULL, false},
	{"user", "{name: jane, groups: adm, append: yes}", NULL, NULL, false},
	{"user", "{name: jane, groups: [www, adm]}", NULL, NULL, false},
	{"user", "{name: jane, groups: etcd, append: yes}", "user jane\n", NULL, false},
	{"user", "{name: jane, groups: adm}", "user jane\n", NULL, false},
	{"user", "{name: jane, groups: ['adm ', ' www']}", NULL, NULL, false},
	{"user", "{name: jane, groups: []}", "user jane\n", NULL, false},
	{"user", "{name: jane, groups: none}", NULL, "Group none does not exist", false},
	{"user", "{name: etcd, system: yes, shell: /bin/false, create_home: no, group: etcd}",
	 "user etcd\n", NULL, false},
	{"user", "{name: bob, group: nobody}", NULL, "Group nobody does not exist", false},
	{"user", "{name: jane, password: $6$new}", "user jane\n", NULL, false},
	{"user", "{name: jane, password: $6$new, update_password: on_create}", NULL, NULL, false},
	{"user", "{name: jane, password_lock: no}", NULL, NULL, false},
	{"user", "{name: jane, password_lock: yes}", "run usermod -L jane\n", NULL, true},
	{"user", "{name: jane, password_expire_max: 99999, expires: -1}", NULL, NULL, false},
	{"user", "{name: jane, password_expire_max: 90}", "run chage -M 90 jane\n", NULL, true},
	{"user", "{name: jane, expires: 86400}", "run usermod -e 1970-01-02 jane\n", NULL, true},
	{"user", "{name: jane, state: absent, remove: yes}", "userdel -r jane\n", NULL, false},

	{"sysctl", "{name: vm.swappiness, value: 60}", NULL, NULL, false},
	{"sysctl", "{name: net.ipv4.ip_forward, value: 1}",
	 "write /etc/sysctl.conf\nrun sysctl -p /etc/sysctl.conf\n", NULL, false},
	{"sysctl", "{name: net.ipv4.ip_forward, value: '0', sysctl_set: yes}", NULL, NULL, false},
	{"sysctl", "{name: net.ipv4.ip_forward, value: yes, sysctl_set: yes, reload: no}",
	 "run sysctl -w net.ipv4.ip_forward=1\nwrite /etc/sysctl.conf\n", NULL, true},
	{"sysctl", "{name: net.ipv4.ip_forward, value: 1, sysctl_file: /etc/sysctl.d/k.conf}",
	 "write /etc/sysctl.d/k.conf\nrun sysctl -p /etc/sysctl.d/k.conf\n", NULL, false},
	{"sysctl", "{name: vm.swappiness, state: absent, reload: no}", "write /etc/sysctl.conf\n",
	 NULL, false},
	{"sysctl", "{name: vm.swappiness}", NULL, "value is needed where state is present", false},

	{"modprobe", "{name: br-netfilter}", NULL, NULL, false},
	{"modprobe", "{name: overlay}", "run modprobe overlay\n", NULL, true},
	{"modprobe", "{name: dummy, params: 'numdummies=2 x=1'}",
	 "run modprobe dummy numdummies=2 x=1\n", NULL, true},
	{"modprobe", "{name: nf_nat, state: absent}", "run modprobe -r nf_nat\n", NULL, true},
	{"modprobe", "{name: nf_nat, persistent: present}",
	 "write /etc/modules-load.d/nf_nat.conf\n", NULL, false},

	{"hostname", "{name: old}", NULL, NULL, false},
	{"hostname", "{name: 'a b'}", NULL, "'a b' is not a host name", false},
	{"hostname", "{name: a123456789a123456789a123456789a123456789a123456789a123456789a1234}",
	 NULL,
	 "'a123456789a123456789a123456789a123456789a123456789a123456789a1234' is not a host name",
	 false},
	{"hostname", "{name: web1}", "write /etc/hostname\nrun hostname web1\n", NULL, true},
	{"timezone", "{name: Europe/Berlin}", "symlink /etc/localtime\n", NULL, false},
	{"timezone", "{hwclock: UTC}", NULL, NULL, false},
	{"timezone", "{hwclock: local}", "write /etc/adjtime\n", NULL, false},
	{"timezone", "{name: Mars/Olympus}", NULL,
	 "the host has no time zone 'Mars/Olympus' (is tzdata installed?)", false},

	{"service", "{name: ssh}", NULL, NULL, false},
	{"service", "{name: ssh, state: started, enabled: yes}", "start ssh\n", NULL, false},

	{"ping", "{}", NULL, NULL, false},
	{"ping", "{data: crash}", NULL, "boom", false},
	{"getent", "{database: group, key: adm}", NULL, NULL, false},
	{"getent", "{database: passwd, key: nobody2}", NULL,
	 "nobody2 was not found in the database", false},
	{"getent", "{database: passwd, key: nobody2, fail_key: no}", NULL, NULL, false},
};

static void applied(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake_host *f = machine();
		CLEANUP(trial_release) struct trial t = {0};
		const char *expect = cases[i].log ? cases[i].log : "";
		/* cache_valid_time: lists that are fresh are no change. */
		bool changes = cases[i].log && !strstr(cases[i].args, "cache_valid_time");
		const struct value *r =
			trial_run(&t, &f->host, cases[i].module, cases[i].args, false);
		const char *msg = result_is(r, "failed") ? result_text(r, "msg") : NULL;
		if ((msg != NULL) != (cases[i].msg != NULL) || (msg && strcmp(msg, cases[i].msg)) ||
		    strcmp(text_of(&f->log), expect) != 0 || result_is(r, "changed") != changes)
			fail_msg("%s %s: changed %d, did \"%s\", said \"%s\"", cases[i].module,
				 cases[i].args, result_is(r, "changed"), text_of(&f->log),
				 msg ? msg : "");
		if (!cases[i].every_time && !msg) {
			r = trial_run(&t, &f->host, cases[i].module, cases[i].args, false);
			if (result_is(r, "changed"))
				fail_msg("%s %s: changed again", cases[i].module, cases[i].args);
		}
		host_free(&f->host);
	}
}

/* Check mode over the same machine predicts the same and does nothing. */
static void predicted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake_host *f = machine();
		struct host *overlay = host_overlay_new(&f->host);
		CLEANUP(trial_release) struct trial t = {0};
		bool changes = cases[i].log && !strstr(cases[i].args, "cache_valid_time");
		const struct value *r =
			trial_run(&t, overlay, cases[i].module, cases[i].args, true);
		const char *refresh = "refresh lists\n";
		const char *did = text_of(&f->log);
		if (strcmp(did, refresh) == 0)
			did = "";
		if (result_is(r, "failed") != (cases[i].msg != NULL) || did[0] ||
		    result_is(r, "changed") != changes)
			fail_msg("%s %s: would change %d, did \"%s\", said \"%s\"", cases[i].module,
				 cases[i].args, result_is(r, "changed"), did,
				 result_text(r, "msg"));
		host_free(overlay);
		host_free(&f->host);
	}
}

static void results(void **state)
{
	(void)state;
	struct fake_host *f = machine();
	CLEANUP(trial_release) struct trial t = {0};
	const struct value *r =
		trial_run(&t, &f->host, "sysctl", "{name: net.ipv4.ip_forward, value: 1}", false);
	assert_string_equal(fake_text(f, "/etc/sysctl.conf"),
			    "# a\nnet.ipv4.ip_forward=1\nvm.swappiness=60\n");
	const struct value *diff = value_get(r, "diff")->list.at[0];
	assert_non_null(strstr(result_text(diff, "unified"), "-net.ipv4.ip_forward = 0"));
	r = trial_run(&t, &f->host, "user", "{name: jane, groups: 'adm,etcd', append: yes}", false);
	assert_int_equal(value_get(r, "uid")->integer, 1000);
	assert_string_equal(result_text(r, "groups"), "adm,etcd");
	assert_string_equal(result_text(r, "shell"), "/bin/sh");
	r = trial_run(&t, &f->host, "ping", "{data: hi}", false);
	assert_string_equal(result_text(r, "ping"), "hi");
	r = trial_run(&t, &f->host, "getent", "{database: hosts, key: db}", false);
	const struct value *hosts = value_get(value_get(r, "ansible_facts"), "getent_hosts");
	assert_int_equal(value_get(hosts, "10.0.0.5")->list.len, 2);
	r = trial_run(&t, &f->host, "apt", "{name: nginx}", false);
	assert_string_equal(result_text(r, "stdout"), "done\n");
	/* Beside packages it is no change of its own. */
	r = trial_run(&t, &f->host, "apt", "{name: bash, clean: yes}", false);
	assert_false(result_is(r, "changed"));
	host_free(&f->host);
}

/* A URL as deb: the file is fetched, installed and gone; check mode goes by its name. */
static void fetched(void **state)
{
	(void)state;
	struct fake_host *f = machine();
	struct host *o = host_overlay_new(&f->host);
	CLEANUP(trial_release) struct trial t = {0};
	fake_command(f, "mktemp /tmp/rollout-XXXXXXXXXX.deb", 0, "/tmp/rollout-1.deb\n");
	fake_command(f, "dpkg-deb --show --showformat=${Package}=${Version} /tmp/rollout-1.deb", 0,
		     "nginx=1.18-1");
	const char *nginx = "{deb: 'https://x.org/pool/nginx_1.18-1_amd64.deb'}";
	assert_true(result_is(trial_run(&t, o, "apt", nginx, true), "changed"));
	const struct value *r =
		trial_run(&t, o, "apt", "{deb: 'https://x.org/curl_8.0_amd64.deb?x=%3a'}", true);
	assert_false(result_is(r, "changed"));
	r = trial_run(&t, o, "apt", "{deb: 'https://x.org/latest.deb'}", true);
	assert_true(result_is(r, "_unknown"));
	assert_string_equal(text_of(&f->log), "");
	assert_true(result_is(trial_run(&t, &f->host, "apt", nginx, false), "changed"));
	assert_string_equal(text_of(&f->log),
			    "run mktemp /tmp/rollout-XXXXXXXXXX.deb\n"
			    "run /usr/lib/apt/apt-helper download-file "
			    "https://x.org/pool/nginx_1.18-1_amd64.deb /tmp/rollout-1.deb\n"
			    "install /tmp/rollout-1.deb\n");
	host_free(o);
	host_free(&f->host);
}

/* Mount options may have a password. */
static void options_of_a_mount_stay_hidden(void **state)
{
	(void)state;
	for (int hidden = 0; hidden < 2; hidden++) {
		struct fake_host *f = machine();
		CLEANUP(trial_release) struct trial t = {0};
		char args[200];
		fake_file(f, "/etc/tab", "");
		snprintf(args, sizeof(args),
			 "{path: /srv/x, src: //nas/x, fstype: cifs, opts: password=open, state: "
			 "present, fstab: /etc/tab, opts_no_log: %s}",
			 hidden ? "true" : "false");
		const struct value *r = trial_run(&t, &f->host, "mount", args, false);
		assert_true(result_is(r, "changed"));
		CLEANUP(strbuf_release) struct strbuf all = {0};
		value_repr(&all, r);
		assert_int_equal(!strstr(text_of(&all), "password=open"), hidden);
		host_free(&f->host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applied),
		cmocka_unit_test(predicted),
		cmocka_unit_test(results),
		cmocka_unit_test(fetched),
		cmocka_unit_test(options_of_a_mount_stay_hidden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
