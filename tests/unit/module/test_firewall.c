/* iptables and ufw, played by scripts that keep their rules in files. */
#include "fake_host.h"
#include "program_bed.h"
#include "test.h"

static const char iptables[] =
	"echo \"$*\" >>$R/log\n"
	"all=\"$*\"; set -- ${all% -w 30}\n"
	"t=$2; a=$3; c=$4; shift 4\n"
	"f=$R/$t.$c\n"
	"case \"$*\" in *held*) echo 'Another app is currently holding the xtables lock' >&2; exit "
	"4;; "
	"esac\n"
	"case $a in\n"
	"-C) [ -e $f ] && grep -qxF -e \"$*\" $f;;\n"
	"-A) [ -e $f ] || { echo 'No chain' >&2; exit 1; }; echo \"$*\" >>$f;;\n"
	"-I) sed -i \"1i $*\" $f;;\n"
	"-D) grep -vxF -e \"$*\" $f >$f.new; mv $f.new $f;;\n"
	"-N) : >$f;;\n"
	"-X) rm $f;;\n"
	"-F) : >$f;;\n"
	"-P) echo $1 >$R/policy;;\n"
	"-L) [ -e $f ] || exit 1; echo \"Chain $c (policy $(cat $R/policy))\";;\n"
	"esac";

static const struct program_case rules[] = {
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"protocol\": \"tcp\", \"destination_port\": 22, "
		 "\"ctstate\": \"NEW,ESTABLISHED\", \"syn\": \"match\", \"jump\": \"ACCEPT\", "
		 "\"comment\": \"let ssh in\", \"in_interface\": \"!eth1\"}",
	 .changed = true,
	 .after = "grep -qxF -e \"-p tcp -j ACCEPT ! -i eth1 --destination-port 22 --syn -m "
		  "conntrack --ctstate NEW,ESTABLISHED -m comment --comment let ssh in\" "
		  "filter.INPUT"},
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"action\": \"insert\", \"protocol\": \"tcp\", "
		 "\"destination_ports\": [80, \"8000:8100\"], \"match\": \"state\", \"ctstate\": "
		 "[\"NEW\"], \"tcp_flags\": {\"flags\": [\"SYN\", \"ACK\"], \"flags_set\": "
		 "[\"SYN\"]}, \"reject_with\": \"tcp-reset\"}",
	 .changed = true,
	 .after =
		 "head -1 filter.INPUT | grep -qxF -e \"-p tcp -m state --tcp-flags SYN,ACK SYN -m "
		 "multiport --dports 80,8000:8100 --state NEW -j REJECT --reject-with tcp-reset\""},
	{.module = "iptables",
	 .args = "{\"chain\": \"NEW\", \"source\": \"10.0.0.0/8\", \"jump\": \"DROP\", "
		 "\"chain_management\": true}",
	 .changed = true,
	 .after = "[ -s filter.NEW ]"},
	{.module = "iptables",
	 .args = "{\"chain\": \"NEW\", \"source\": \"10.0.0.0/8\", \"jump\": \"DROP\", "
		 "\"state\": \"absent\"}",
	 .changed = true,
	 .after = "[ ! -s filter.NEW ]"},
	{.module = "iptables",
	 .args = "{\"chain\": \"NEW\", \"state\": \"absent\", \"chain_management\": true}",
	 .changed = true,
	 .after = "[ ! -e filter.NEW ]"},
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"policy\": \"DROP\"}",
	 .changed = true,
	 .after = "grep -qx DROP policy"},
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"flush\": true}",
	 .changed = true,
	 .again = true,
	 .after = "[ ! -s filter.INPUT ]"},
	{.module = "iptables", .args = "{\"jump\": \"DROP\"}", .msg = "Either chain or flush"},
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"jump\": \"DROP\", \"log_prefix\": \"x\"}",
	 .msg = "Logging options can only"},
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"jump\": \"TEE\"}",
	 .msg = "gateway is missing"},
};

static void test_iptables(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "iptables", iptables);
	file_bed_shell(b, ": >filter.INPUT; echo ACCEPT >policy");
	program_bed_run(b, rules, ARRAY_LEN(rules));
}

/* Whether a rule is there cannot be told then. */
static const struct program_case held[] = {
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"jump\": \"DROP\", \"comment\": \"held\"}",
	 .msg = "holding the xtables lock"},
	{.module = "iptables",
	 .args = "{\"chain\": \"INPUT\", \"jump\": \"DROP\", \"comment\": \"held\", \"state\": "
		 "\"absent\"}",
	 .msg = "holding the xtables lock"},
};

static void test_iptables_lock(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "iptables", iptables);
	program_bed_run(b, held, ARRAY_LEN(held));
}

/* Without the copies that are kept meanwhile. */
static const char *commands(struct trial *t, struct fake_host *f)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice log = strbuf_slice(&f->log), line;
	while (slice_split(&log, '\n', &line))
		if (line.len && !memmem(line.ptr, line.len, "/.rollout-", 10))
			strbuf_printf(&out, "%.*s\n", SLICE_ARG(line));
	return arena_slice(&t->arena, strbuf_slice(&out)).ptr;
}

static struct fake_host *machine(void)
{
	struct fake_host *f = fake_host_new();
	fake_file(f, "/etc/ufw/ufw.conf", "ENABLED=no\nLOGLEVEL=low\n");
	fake_file(f, "/etc/default/ufw",
		  "DEFAULT_INPUT_POLICY=\"DROP\"\nDEFAULT_FORWARD_POLICY=\"DROP\"\n");
	fake_command(f, "ufw --dry-run allow from any to any port 22 proto tcp", 0,
		     "Skipping adding existing rule\nSkipping adding existing rule (v6)\n");
	fake_command(f, "ufw --dry-run allow from any to any port 80 proto tcp comment web", 0,
		     "*filter\n### RULES ###\n");
	fake_command(f, "ufw --dry-run delete limit in on eth0 from 10.0.0.1 to any app SSH", 0,
		     "Could not delete non-existent rule\n");
	fake_command(
		f, "ufw status numbered", 0,
		"Status: active\n\n     To          Action  From\n     --          ------  "
		"----\n[ 1] 22/tcp      ALLOW IN  Anywhere\n[ 2] 80/tcp      ALLOW IN  "
		"Anywhere\n[ 3] 22/tcp (v6) ALLOW IN  Anywhere (v6)\n[ 4] 80/tcp (v6) ALLOW IN "
		" Anywhere (v6)\n");
	fake_command(f, "ufw --dry-run insert 1 deny from any to any port 1", 0, "*filter\n");
	fake_command(f, "ufw --dry-run insert 2 deny from any to any port 1", 0, "*filter\n");
	fake_command(f, "ufw --dry-run insert 3 deny from any to any port 1", 0, "*filter\n");
	fake_command(f, "ufw --dry-run insert 4 deny from any to any port 1", 0, "*filter\n");
	fake_command(f, "ufw --dry-run deny from any to any port 1", 0, "*filter\n");
	fake_command(f, "ufw --dry-run delete deny from any to any port 1", 0, "*filter\n");
	fake_command(f, "ufw --dry-run route insert 2 deny in on a out on b log from any to any", 0,
		     "*filter\n");
	return f;
}

#define RELATIVE(n, to) "{rule: deny, port: 1, insert: " n ", insert_relative_to: " to "}"

static const struct {
	const char *args, *log, *msg;
} firewall[] = {
	{"{rule: allow, port: 22, proto: tcp}", "", NULL},
	{"{rule: allow, to_port: 80, proto: tcp, comment: web}",
	 "run ufw allow from any to any port 80 proto tcp comment web\n", NULL},
	{"{rule: limit, delete: yes, direction: in, interface: eth0, src: 10.0.0.1, app: SSH}", "",
	 NULL},
	{"{rule: deny, route: yes, insert: 2, interface_in: a, interface_out: b, log: yes}",
	 "run ufw route insert 2 deny in on a out on b log from any to any\n", NULL},
	{RELATIVE("0", "first-ipv4"), "run ufw insert 1 deny from any to any port 1\n", NULL},
	{RELATIVE("0", "last-ipv4"), "run ufw insert 2 deny from any to any port 1\n", NULL},
	{RELATIVE("-1", "last-ipv4"), "run ufw insert 1 deny from any to any port 1\n", NULL},
	{RELATIVE("0", "first-ipv6"), "run ufw insert 3 deny from any to any port 1\n", NULL},
	{RELATIVE("0", "last-ipv6"), "run ufw insert 4 deny from any to any port 1\n", NULL},
	{RELATIVE("1", "last-ipv6"), "run ufw deny from any to any port 1\n", NULL},
	{RELATIVE("3", "zero"), "run ufw insert 3 deny from any to any port 1\n", NULL},
	{"{rule: deny, port: 1, insert: 2, delete: yes}",
	 "run ufw delete deny from any to any port 1\n", NULL},
	{"{rule: deny, interface: a}", "", "interface needs direction"},
	{"{state: enabled, default: deny, logging: 'on'}", "run ufw --force enable\n", NULL},
	{"{state: disabled}", "", NULL},
	{"{state: reset}", "run ufw --force reset\n", NULL},
	{"{default: allow, direction: routed}", "run ufw default allow routed\n", NULL},
	{"{logging: full}", "run ufw logging full\n", NULL},
};

static void test_ufw(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(firewall); i++) {
		bool check = i % 2;
		const char *args = firewall[i / 2].args, *msg = firewall[i / 2].msg;
		struct fake_host *f = machine();
		struct host *o = host_overlay_new(&f->host);
		CLEANUP(trial_release) struct trial t = {0};
		const struct value *r = trial_run(&t, check ? o : &f->host, "ufw", args, check);
		if (result_is(r, "failed") != (msg != NULL) ||
		    (msg && !strstr(result_text(r, "msg"), msg)) ||
		    result_is(r, "changed") != (firewall[i / 2].log[0] != 0) ||
		    strcmp(commands(&t, f), check ? "" : firewall[i / 2].log) != 0)
			fail_msg("%s: changed %d, did \"%s\", said \"%s\"", args,
				 result_is(r, "changed"), text_of(&f->log), result_text(r, "msg"));
		host_free(o);
		host_free(&f->host);
	}
}

static void test_ufw_again(void **state)
{
	struct fake_host *f = machine();
	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP(trial_release) struct trial t = {0};
		const struct value *r = trial_run(&t, &f->host, "ufw", firewall[0].args, false);
		assert_false(result_is(r, "failed"));
		assert_false(result_is(r, "changed"));
	}
	assert_string_equal(text_of(&f->log), "");
	host_free(&f->host);
}

static const struct host_ops *plain;

/* As a full disk makes it: the file is emptied, and then nothing can be written. */
static int empty_and_fail(struct host *h, const struct host_command *cmd,
			  struct host_command_result *result, struct err *err)
{
	const struct host_write empty = {.content = {"", 0}, .attr = HOST_ATTR_KEEP};
	(void)cmd;
	*result = (struct host_command_result){.exit_code = 1};
	strbuf_puts(&result->err, "No space left on device");
	return plain->write(h, "/etc/ufw/ufw.conf", &empty, err);
}

static int copy(struct host *h, const char *path, const struct host_write *w, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct host_write with_text = *w;
	if (w->source_path && plain->read(h, w->source_path, 1000, &text, err) == 0)
		with_text.content = strbuf_slice(&text);
	return plain->write(h, path, &with_text, err);
}

static int rename_file(struct host *h, const char *from, const char *to, struct err *err)
{
	const struct host_write w = {.source_path = from, .attr = HOST_ATTR_KEEP};
	int r = copy(h, to, &w, err);
	return r < 0 ? r : plain->remove(h, from, false, err);
}

static void conf_is(struct fake_host *f, const char *text)
{
	assert_string_equal(fake_text(f, "/etc/ufw/ufw.conf"), text);
	assert_null(fake_text(f, "/etc/ufw/.rollout-ufw.conf"));
}

/* What ufw has emptied comes back: when it fails, and when it was killed. */
static void test_ufw_files(void **state)
{
	struct fake_host *f = machine();
	CLEANUP(trial_release) struct trial t = {0}, again = {0};
	struct host_ops ops = *f->host.ops;
	(void)state;
	plain = f->host.ops;
	ops.run = empty_and_fail;
	ops.write = copy;
	ops.rename = rename_file;
	f->host.ops = &ops;
	const struct value *r = trial_run(&t, &f->host, "ufw", "{logging: full}", false);
	assert_non_null(strstr(result_text(r, "msg"), "No space left on device"));
	conf_is(f, "ENABLED=no\nLOGLEVEL=low\n");
	ops.run = plain->run;
	fake_file(f, "/etc/ufw/.rollout-ufw.conf", "ENABLED=no\nLOGLEVEL=high\n");
	const struct host_write empty = {.content = {"", 0}, .attr = HOST_ATTR_KEEP};
	plain->write(&f->host, "/etc/ufw/ufw.conf", &empty, NULL);
	r = trial_run(&again, &f->host, "ufw", "{logging: high}", false);
	assert_false(result_is(r, "changed"));
	conf_is(f, "ENABLED=no\nLOGLEVEL=high\n");
	f->host.ops = plain;
	host_free(&f->host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_iptables, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_iptables_lock, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test(test_ufw),
		cmocka_unit_test(test_ufw_again),
		cmocka_unit_test(test_ufw_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
