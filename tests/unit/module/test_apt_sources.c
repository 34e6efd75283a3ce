/* Where apt's packages come from: lines, deb822 files, keys, selections, answers. */
#include "fake_host.h"
#include "program_bed.h"
#include "test.h"

#define DOCKER "deb [arch=amd64] https://download.docker.com/linux/debian bookworm stable"
#define PARTS "/etc/apt/sources.list.d/"

static struct fake_host *machine(void)
{
	struct fake_host *f = fake_host_new();
	fake_file(f, "/etc/apt/sources.list",
		  "deb http://deb.debian.org/debian bookworm main\n"
		  "# deb-src  http://deb.debian.org/debian bookworm main\n# words\n");
	fake_file(f, PARTS "docker.list", DOCKER "\n");
	fake_file(f, PARTS "old.sources", "Types: deb\n");
	fake_file(f, "/etc/apt/keyrings/here.gpg", "key");
	fake_file(f, "/etc/os-release", "ID=ubuntu\nVERSION_CODENAME=jammy\n");
	return f;
}

static const struct {
	const char *module, *args, *path, *text, *msg;
	bool changed;
} cases[] = {
	{"apt_repository", "{repo: '" DOCKER "'}", PARTS "docker.list", DOCKER "\n", NULL, false},
	{"apt_repository", "{repo: 'deb http://user:pw@x.org/a/b-c  stable  main'}",
	 PARTS "x_org_a_b_c.list", "deb http://user:pw@x.org/a/b-c stable main\n", NULL, true},
	{"apt_repository", "{repo: 'deb http://x.org stable main', filename: mine}",
	 PARTS "mine.list", "deb http://x.org stable main\n", NULL, true},
	{"apt_repository", "{repo: 'deb-src http://deb.debian.org/debian bookworm main'}",
	 "/etc/apt/sources.list",
	 "deb http://deb.debian.org/debian bookworm main\n"
	 "deb-src http://deb.debian.org/debian bookworm main\n# words\n",
	 NULL, true},
	{"apt_repository", "{repo: '" DOCKER "', state: absent}", PARTS "docker.list", NULL, NULL,
	 true},
	{"apt_repository",
	 "{repo: 'deb http://deb.debian.org/debian bookworm main', state: absent, update_cache: "
	 "no}",
	 "/etc/apt/sources.list",
	 "# deb-src  http://deb.debian.org/debian bookworm main\n# words\n", NULL, true},
	{"apt_repository", "{repo: 'deb http://never.org x main', state: absent}",
	 PARTS "never_org.list", NULL, NULL, false},
	{"apt_repository", "{repo: 'http://x.org'}", NULL, NULL,
	 "Invalid repository string: http://x.org", false},
	{"apt_repository", "{repo: 'ppa:deadsnakes/ppa', state: absent}", NULL, NULL, NULL, false},
	{"apt_repository", "{repo: 'ppa:deadsnakes/ppa'}", NULL, NULL,
	 "ppa:deadsnakes/ppa needs Launchpad to tell its key: give the archive's line and key to "
	 "deb822_repository",
	 false},
	{"deb822_repository",
	 "{name: My Repo_x, types: [deb, deb-src], uris: http://x.org, suites: stable, components: "
	 "[main, extra], architectures: amd64, signed_by: /etc/apt/keyrings/here.gpg, "
	 "check_valid_until: no}",
	 PARTS "my-repo-x.sources",
	 "Architectures: amd64\nCheck-Valid-Until: no\nComponents: main extra\nX-Repolib-Name: "
	 "My Repo_x\nSigned-By: /etc/apt/keyrings/here.gpg\nSuites: stable\nTypes: deb "
	 "deb-src\nURIs: http://x.org\n",
	 NULL, true},
	{"deb822_repository",
	 "{name: inline, uris: http://x.org, suites: stable, signed_by: \"-----BEGIN PGP PUBLIC "
	 "KEY BLOCK-----\\n\\nmQ\\n-----END PGP PUBLIC KEY BLOCK-----\\n\"}",
	 PARTS "inline.sources",
	 "X-Repolib-Name: inline\nSigned-By:\n    -----BEGIN PGP PUBLIC KEY BLOCK-----\n    .\n    "
	 "mQ\n    -----END PGP PUBLIC KEY BLOCK-----\nSuites: stable\nTypes: deb\nURIs: "
	 "http://x.org\n",
	 NULL, true},
	{"deb822_repository", "{name: old, state: absent}", PARTS "old.sources", NULL, NULL, true},
	{"deb822_repository", "{name: here, state: absent}", "/etc/apt/keyrings/here.gpg", NULL,
	 NULL, true},
	{"deb822_repository", "{name: nothing, state: absent}", NULL, NULL, NULL, false},
};

static void check(size_t i, const struct value *r, bool changed)
{
	const char *msg = result_is(r, "failed") ? result_text(r, "msg") : NULL;
	if ((msg != NULL) != (cases[i].msg != NULL) || (msg && strcmp(msg, cases[i].msg) != 0) ||
	    result_is(r, "changed") != changed)
		fail_msg("%s %s: changed %d, said \"%s\"", cases[i].module, cases[i].args,
			 result_is(r, "changed"), msg ? msg : "");
}

static void check_text(size_t i, const char *text)
{
	const char *wanted = cases[i].text;
	if (cases[i].path && (!text != !wanted || (text && strcmp(text, wanted) != 0)))
		fail_msg("%s %s: %s is\n%s", cases[i].module, cases[i].args, cases[i].path,
			 text ? text : "(absent)");
}

static void applied(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake_host *f = machine();
		CLEANUP(trial_release) struct trial t = {0};
		check(i, trial_run(&t, &f->host, cases[i].module, cases[i].args, false),
		      cases[i].changed);
		if (cases[i].path)
			check_text(i, fake_text(f, cases[i].path));
		check(i, trial_run(&t, &f->host, cases[i].module, cases[i].args, false), false);
		host_free(&f->host);
	}
}

static void predicted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake_host *f = machine();
		struct host *o = host_overlay_new(&f->host);
		CLEANUP(trial_release) struct trial t = {0};
		CLEANUP(strbuf_release) struct strbuf text = {0};
		check(i, trial_run(&t, o, cases[i].module, cases[i].args, true), cases[i].changed);
		if (cases[i].path)
			check_text(i, o->ops->read(o, cases[i].path, 65536, &text, NULL) == 0
					      ? text_of(&text)
					      : NULL);
		assert_string_equal(text_of(&f->log), "");
		check(i, trial_run(&t, o, cases[i].module, cases[i].args, true), false);
		host_free(o);
		host_free(&f->host);
	}
}

static const char apt_key[] =
	"echo \"$*\" >>$R/log\n"
	"case \"$1\" in\n"
	"adv) case \"$*\" in\n"
	"	*--recv*) shift 5; echo $1 >>$R/keys;;\n"
	"	*) touch $R/keys; sed 's/^/pub:-:4096:1:/; s/$/:1:::/' $R/keys;; esac;;\n"
	"add) cat >/dev/null; echo 7EA0A9C3F273FCD8 >>$R/keys;;\n"
	"del) sed -i \"/$2/d\" $R/keys;;\n"
	"esac";

static const struct program_case keys[] = {
	{.module = "apt_key",
	 .args = "{\"id\": \"0x9DC858229FC7DD38854AE2D88D81803C0EBFCD88\"}",
	 .msg = "neither data, file, url nor keyserver brings it"},
	{.module = "apt_key", .args = "{\"id\": \"xyz\"}", .msg = "Invalid key_id"},
	{.module = "apt_key",
	 .args = "{\"id\": \"9DC858229FC7DD38854AE2D88D81803C0EBFCD88\", \"keyserver\": \"k.org\"}",
	 .changed = true,
	 .after = "grep -q 9DC858229FC7DD38854AE2D88D81803C0EBFCD88 @/keys"},
	{.module = "apt_key", .args = "{\"id\": \"0EBFCD88\"}"},
	{.module = "apt_key",
	 .args = "{\"id\": \"0EBFCD88\", \"state\": \"absent\"}",
	 .changed = true},
	{.module = "apt_key", .args = "{\"data\": \"armored\"}", .changed = true},
};

static const char selections[] =
	"case $1 in\n"
	"--get-selections) grep \"^$2\t\" $R/selections;;\n"
	"--set-selections) read n s; grep -v \"^$n\t\" $R/selections >$R/s2; "
	"printf '%s\\t%s\\n' $n $s >>$R/s2; mv $R/s2 $R/selections;;\n"
	"esac";
static const char debconf_show[] =
	"[ $1 = tzdata ] || exit 0\nsed 's/^/* /; s/ [a-z]* /: /' $R/answers";
static const char debconf_set[] = "read n q t v; echo \"$q $t $v\" >$R/answers";
static const char debconf_ask[] =
	"read g q; grep -q \"^$q \" $R/answers || { echo '10 no'; exit; }\n"
	"echo 0 $(sed 's/^[^ ]* [^ ]* //' $R/answers)";

static const struct program_case settings[] = {
	{.module = "dpkg_selections",
	 .args = "{\"name\": \"curl\", \"selection\": \"hold\"}",
	 .changed = true,
	 .after = "grep -q 'curl\thold' @/selections"},
	{.module = "dpkg_selections", .args = "{\"name\": \"bash\", \"selection\": \"install\"}"},
	{.module = "debconf", .args = "{\"name\": \"tzdata\"}"},
	{.module = "debconf",
	 .args = "{\"name\": \"tzdata\", \"question\": \"tzdata/Areas\", \"vtype\": \"select\", "
		 "\"value\": \"Europe\"}",
	 .changed = true,
	 .after = "grep -qx 'tzdata/Areas select Europe' @/answers"},
	{.module = "debconf",
	 .args = "{\"name\": \"tzdata\", \"question\": \"tzdata/Areas\"}",
	 .msg = "you must supply a valid vtype and value"},
	{.module = "debconf",
	 .args = "{\"name\": \"db\", \"question\": \"db/pw\", \"vtype\": \"password\", \"value\": "
		 "\"s3cret\"}",
	 .changed = true},
};

static void test_keys(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "apt-key", apt_key);
	program_bed_fake(b, "gpg", "cat >/dev/null; echo pub:-:4096:1:7EA0A9C3F273FCD8:1:::");
	file_bed_shell(b, "touch @/keys");
	program_bed_run(b, keys, ARRAY_LEN(keys));
}

static void test_settings(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "dpkg", selections);
	program_bed_fake(b, "debconf-show", debconf_show);
	program_bed_fake(b, "debconf-set-selections", debconf_set);
	program_bed_fake(b, "debconf-communicate", debconf_ask);
	file_bed_shell(b, "printf 'curl\tinstall\nbash\tinstall\n' >@/selections; "
			  "echo tzdata/Areas select Asia >@/answers");
	program_bed_run(b, settings, ARRAY_LEN(settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applied),
		cmocka_unit_test(predicted),
		cmocka_unit_test_setup_teardown(test_keys, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_settings, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
