/* pip, played by a script that keeps its packages in @/installed. */
#include "program_bed.h"

static const char pip[] =
	"echo \"$*\" >>$R/log\n"
	"touch $R/installed\n"
	"verb=$1; shift\n"
	"case $verb in\n"
	"list|freeze) cat $R/installed;;\n"
	"uninstall) for p; do sed -i \"/^$p==/d\" $R/installed; done;;\n"
	"install)\n"
	"	dry=; for p; do [ $p = --dry-run ] && dry=1; done\n"
	"	for p; do case $p in\n"
	"	-*) ;;\n"
	"	halves) [ $dry ] || touch $R/env/lib/python3/site-packages/halves "
	"$R/env/bin/halves; echo half >&2; exit 1;;\n"
	"	nonesuch) echo 'No matching distribution found' >&2; exit 1;;\n"
	"	*) case $p in *==*) s=$p;; *) s=${p%%[><]*}==9;; esac\n"
	"	   grep -qx $s $R/installed && continue\n"
	"	   [ $dry ] && { echo Would install $p; continue; }\n"
	"	   sed -i \"/^${s%%==*}==/d\" $R/installed; echo $s >>$R/installed;;\n"
	"	esac; done;;\n"
	"esac";

static const char virtualenv[] = "for e; do :; done; mkdir -p $e/bin; touch $e/bin/activate\n"
				 "cp $R/bin/pip3 $e/bin/pip";

static const struct program_case cases[] = {
	{.module = "pip", .args = "{\"name\": \"my.Pack_age\"}"},
	{.module = "pip", .args = "{\"name\": [\"my-pack-age==1.0\"]}"},
	{.module = "pip",
	 .args = "{\"name\": \"flask\", \"version\": \"2.0\"}",
	 .changed = true,
	 .after = "grep -qx flask==2.0 @/installed"},
	{.module = "pip", .args = "{\"name\": \"flask[async]\"}"},
	{.module = "pip", .args = "{\"name\": \"flask>=3\"}", .changed = true},
	{.module = "pip",
	 .args = "{\"name\": \"my-pack-age\", \"state\": \"latest\"}",
	 .changed = true,
	 .after = "grep -q -- 'install --upgrade my-pack-age' @/log"},
	{.module = "pip",
	 .args = "{\"name\": \"flask\", \"state\": \"absent\"}",
	 .changed = true,
	 .after = "! grep -q flask @/installed"},
	{.module = "pip",
	 .args = "{\"name\": \"my-pack-age\", \"state\": \"forcereinstall\"}",
	 .changed = true,
	 .again = true},
	{.module = "pip", .args = "{\"name\": \"nonesuch\"}", .msg = "No matching distribution"},
	{.module = "pip",
	 .args = "{\"name\": [\"a\", \"b\"], \"version\": \"1\"}",
	 .msg = "ambiguous"},
	{.module = "pip",
	 .args = "{\"name\": \"a\", \"virtualenv\": \"@/env\"}",
	 .changed = true,
	 .after = "[ -e @/env/bin/activate ] && grep -qx a==9 @/installed"},
	{.module = "pip",
	 .args = "{\"name\": \"c\", \"virtualenv\": \"@/env\"}",
	 .changed = true,
	 .after = "mkdir -p @/env/lib/python3/site-packages/mine"},
	{.module = "pip",
	 .args = "{\"name\": \"halves\", \"virtualenv\": \"@/env\"}",
	 .msg = "install ended with 1",
	 .after = "[ \"$(ls @/env/lib/python3/site-packages @/env/bin | xargs)\" = "
		  "'@/env/bin: activate pip @/env/lib/python3/site-packages: mine' ]"},
	{.module = "pip",
	 .args = "{\"name\": \"b\", \"virtualenv\": \"@/env2\", \"umask\": \"0077\"}",
	 .changed = true,
	 .after = "[ $(stat -c %a @/env2/bin/activate) = 600 ] && mkdir -p @/env3/bin "
		  "@/env3/lib/python3/site-packages/pip-1.dist-info && touch @/env3/bin/activate"},
	/* one that was killed in the making */
	{.module = "pip",
	 .args = "{\"name\": \"d\", \"virtualenv\": \"@/env3\"}",
	 .changed = true,
	 .after = "[ -e @/env3/bin/pip ] && grep -qx d==9 @/installed && "
		  "[ ! -e @/env3/lib/python3/site-packages/pip-1.dist-info ]"},
	{.module = "pip",
	 .args = "{\"name\": \"b\", \"umask\": \"u=rwx\"}",
	 .msg = "umask must be an octal integer"},
};

static void test_pip(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "pip3", pip);
	program_bed_fake(b, "virtualenv", virtualenv);
	file_bed_shell(b, "echo my_pack.age==1.0 >@/installed; mkdir logs");
	program_bed_run(b, cases, ARRAY_LEN(cases));
}

/* A pip that is not there yet in check mode, and is not there at all. */
static void test_none(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "unused", "");
	const char *args = "{\"name\": \"a\", \"executable\": \"@/no-pip\"}";
	const struct program_case none = {
		.module = "pip", .args = args, .msg = "no-pip is not on the host"};
	program_bed_run(b, &none, 1);
	struct host *o = host_overlay_new(b->real);
	host_overlay_assume(o, "the package python3-pip would be installed");
	const struct value *r = file_bed_run(b, o, "pip", args);
	assert_non_null(value_get(r, "_unknown"));
	host_free(o);
}

/* One that was made for nothing goes. */
static void test_environment(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "pip3", pip);
	program_bed_fake(b, "virtualenv", virtualenv);
	const struct value *r = file_bed_run(b, b->real, "pip",
					     "{\"name\": \"nonesuch\", \"virtualenv\": \"@/new\"}");
	assert_true(value_truthy(value_get(r, "failed")));
	assert_non_null(strstr(value_get(r, "msg")->str.ptr, "No matching distribution"));
	file_bed_shell(b, "[ ! -e new ]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pip, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_none, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_environment, file_bed_setup,
						file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
