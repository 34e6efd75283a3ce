#include "file_bed.h"

#include <unistd.h>

static const struct file_case cases[] = {
	{.name = "new folder",
	 .args = "{\"path\": \"@/a/b/c\", \"state\": \"directory\", \"mode\": \"0750\"}",
	 .check = "[ $(stat -c %a a/b/c) = 750 ] && [ $(stat -c %a a) = 750 ]"},
	{.name = "folder with symbolic mode",
	 .setup = "mkdir -m 700 a",
	 .args = "{\"path\": \"@/a\", \"state\": \"directory\", \"mode\": \"u=rwx,g+rX,o-rwx\"}",
	 .check = "[ $(stat -c %a a) = 750 ]"},
	{.name = "folder that is right",
	 .setup = "mkdir -m 755 a",
	 .args = "{\"path\": \"@/a\", \"state\": \"directory\", \"mode\": 493}",
	 .unchanged = true},
	{.name = "folder where a file is",
	 .setup = "touch a",
	 .args = "{\"path\": \"@/a\", \"state\": \"directory\"}",
	 .fails = "already exists as a file"},
	{.name = "folder through a link",
	 .setup = "mkdir real; ln -s real a",
	 .args = "{\"path\": \"@/a\", \"state\": \"directory\", \"mode\": \"0700\"}",
	 .check = "[ -L a ] && [ $(stat -c %a real) = 700 ]"},
	{.name = "tree",
	 .setup = "mkdir -p a/b; touch a/f a/b/g; chmod 644 a/f a/b/g; ln -s /etc/passwd a/l",
	 .args = "{\"path\": \"@/a\", \"state\": \"directory\", \"mode\": \"u=rwX,go=rX\", "
		 "\"recurse\": true, \"owner\": \"12\", \"group\": 34}",
	 .check = "[ \"$(stat -c '%a %u %g' a/b/g a)\" = \"644 12 34\n755 12 34\" ]"},
	{.name = "recurse without state is a folder",
	 .setup = "mkdir a; touch a/f",
	 .args = "{\"path\": \"@/a\", \"recurse\": true, \"mode\": \"0700\"}",
	 .check = "[ $(stat -c %a a/f) = 700 ]"},
	{.name = "no state and nothing there",
	 .args = "{\"path\": \"@/a\"}",
	 .fails = "is absent, cannot continue"},
	{.name = "attributes of a file",
	 .setup = "touch a; chmod 600 a",
	 .args = "{\"path\": \"@/a\", \"mode\": \"0644\", \"owner\": \"1\"}",
	 .check = "[ \"$(stat -c '%a %u' a)\" = '644 1' ]"},
	{.name = "absent tree",
	 .setup = "mkdir -p a/b; touch a/b/c; ln -s / a/root",
	 .args = "{\"path\": \"@/a\", \"state\": \"absent\"}",
	 .check = "[ ! -e a ] && [ -d /etc ]"},
	{.name = "absent already",
	 .args = "{\"path\": \"@/a\", \"state\": \"absent\"}",
	 .unchanged = true},
	{.name = "touch new",
	 .args = "{\"path\": \"@/a\", \"state\": \"touch\", \"mode\": \"0640\"}",
	 .always = true,
	 .check = "[ $(stat -c %a a) = 640 ]"},
	{.name = "touch that preserves times",
	 .setup = "touch a",
	 .args = "{\"path\": \"@/a\", \"state\": \"touch\", \"modification_time\": \"preserve\", "
		 "\"access_time\": \"preserve\"}",
	 .unchanged = true},
	{.name = "a given time",
	 .setup = "touch a",
	 .args = "{\"path\": \"@/a\", \"state\": \"file\", \"modification_time\": "
		 "\"202001020304.05\"}",
	 .check = "[ \"$(date -r a +%Y%m%d%H%M.%S)\" = 202001020304.05 ]"},
	{.name = "link",
	 .setup = "touch t",
	 .args = "{\"path\": \"@/a\", \"src\": \"t\", \"state\": \"link\"}",
	 .check = "[ $(readlink a) = t ]"},
	{.name = "link to elsewhere",
	 .setup = "touch t u; ln -s u a",
	 .args = "{\"path\": \"@/a\", \"src\": \"@/t\", \"state\": \"link\"}",
	 .check = "[ $(readlink a) = @/t ]"},
	{.name = "link to nothing",
	 .args = "{\"path\": \"@/a\", \"src\": \"t\", \"state\": \"link\"}",
	 .fails = "src file does not exist"},
	{.name = "link to nothing by force",
	 .args = "{\"path\": \"@/a\", \"src\": \"t\", \"state\": \"link\", \"force\": true}",
	 .check = "[ -L a ]"},
	{.name = "link over a file",
	 .setup = "touch t a",
	 .args = "{\"path\": \"@/a\", \"src\": \"t\", \"state\": \"link\"}",
	 .fails = "refusing to convert from file to symlink"},
	{.name = "link over an empty folder by force",
	 .setup = "mkdir a; touch t",
	 .args = "{\"path\": \"@/a\", \"src\": \"@/t\", \"state\": \"link\", \"force\": true}",
	 .check = "[ -L a ]"},
	{.name = "link over a full folder",
	 .setup = "mkdir a; touch a/x t",
	 .args = "{\"path\": \"@/a\", \"src\": \"@/t\", \"state\": \"link\", \"force\": true}",
	 .fails = "is not empty"},
	{.name = "hard link",
	 .setup = "touch t",
	 .args = "{\"path\": \"@/a\", \"src\": \"@/t\", \"state\": \"hard\"}",
	 .check = "[ a -ef t ]"},
	{.name = "no such user",
	 .setup = "touch a",
	 .args = "{\"path\": \"@/a\", \"owner\": \"no-such-user\"}",
	 .fails = "failed to look up user no-such-user"},
};

static void test_cases(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	file_bed_cases("file", cases, ARRAY_LEN(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
