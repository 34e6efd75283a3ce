/* copy and template as the agent sees them: content named by its hash. */
#include "file_bed.h"

#include <stdlib.h>
#include <unistd.h>

#define HELLO                                                                                      \
	"\"_sha256\": \"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\", "      \
	"\"_size\": 6"

static const struct file_case cases[] = {
	{.name = "new file",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO ", \"mode\": \"0600\"}",
	 .content = "hello\n",
	 .check = "[ \"$(cat f)\" = hello ] && [ $(stat -c %a f) = 600 ]"},
	{.name = "same content",
	 .setup = "echo hello >f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO "}",
	 .content = "hello\n",
	 .unchanged = true},
	{.name = "same content, other mode",
	 .setup = "echo hello >f; chmod 600 f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO ", \"mode\": \"u=rw,go=r\"}",
	 .content = "hello\n",
	 .check = "[ $(stat -c %a f) = 644 ]"},
	{.name = "other content keeps owner and mode",
	 .setup = "echo old >f; chmod 640 f; chown 12:34 f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO "}",
	 .content = "hello\n",
	 .check = "[ \"$(stat -c '%a %u %g' f)\" = '640 12 34' ] && grep -q hello f"},
	{.name = "force: no keeps",
	 .setup = "echo old >f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO ", \"force\": false}",
	 .content = "hello\n",
	 .unchanged = true,
	 .check = "grep -q old f"},
	{.name = "into a folder",
	 .setup = "mkdir d",
	 .args = "{\"dest\": \"@/d\", \"src\": \"files/f.txt\", " HELLO
		 ", \"_basename\": \"f.txt\"}",
	 .content = "hello\n",
	 .check = "grep -q hello d/f.txt"},
	{.name = "into a folder that is not there",
	 .args = "{\"dest\": \"@/d/\", \"src\": \"f.txt\", " HELLO ", \"_basename\": \"f.txt\", "
		 "\"directory_mode\": \"0750\"}",
	 .content = "hello\n",
	 .check = "grep -q hello d/f.txt && [ $(stat -c %a d) = 750 ]"},
	{.name = "no folder",
	 .args = "{\"dest\": \"@/d/f\", \"content\": \"\", " HELLO "}",
	 .content = "hello\n",
	 .fails = "Destination directory"},
	{.name = "a link is replaced",
	 .setup = "echo hello >t; ln -s t f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO "}",
	 .content = "hello\n",
	 .check = "[ ! -L f ]"},
	{.name = "a link is followed",
	 .setup = "echo old >t; ln -s t f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO ", \"follow\": true}",
	 .content = "hello\n",
	 .check = "[ -L f ] && grep -q hello t"},
	{.name = "backup",
	 .setup = "echo old >f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO ", \"backup\": true}",
	 .content = "hello\n",
	 .check = "[ \"$(cat f.*~)\" = old ]"},
	{.name = "validate fails",
	 .setup = "echo old >f",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO
		 ", \"validate\": \"grep -q no %s\"}",
	 .content = "hello\n",
	 .fails = "failed to validate",
	 .check = "grep -q old f && [ $(ls -A | wc -l) = 1 ]"},
	{.name = "damaged on its way",
	 .args = "{\"dest\": \"@/f\", \"content\": \"\", " HELLO "}",
	 .content = "jello\n",
	 .fails = "damaged",
	 .check = "[ ! -e f ]"},
	{.name = "file on the host",
	 .setup = "echo x >s; chmod 755 s",
	 .args = "{\"dest\": \"@/f\", \"src\": \"@/s\", \"remote_src\": true, \"mode\": "
		 "\"preserve\"}",
	 .check = "cmp s f && [ $(stat -c %a f) = 755 ]"},
	{.name = "no file on the host",
	 .args = "{\"dest\": \"@/f\", \"src\": \"@/s\", \"remote_src\": true}",
	 .fails = "not found"},
	{.name = "folder on the host",
	 .setup = "mkdir -p s/sub; echo x >s/sub/x; ln -s sub/x s/l; mkdir d",
	 .args = "{\"dest\": \"@/d\", \"src\": \"@/s\", \"remote_src\": true}",
	 .check = "cmp s/sub/x d/s/sub/x && [ $(readlink d/s/l) = sub/x ]"},
	{.name = "content of a folder on the host",
	 .setup = "mkdir s; echo x >s/x",
	 .args = "{\"dest\": \"@/d\", \"src\": \"@/s/\", \"remote_src\": true, \"mode\": \"0600\", "
		 "\"directory_mode\": \"0700\"}",
	 .check = "cmp s/x d/x && [ $(stat -c %a d/x) = 600 ] && [ $(stat -c %a d) = 700 ]"},
	{.name = "folder of the controller",
	 .args = "{\"dest\": \"@/d\", \"src\": \"conf\", \"_basename\": \"conf\", \"mode\": "
		 "\"preserve\", \"_tree\": ["
		 "{\"path\": \"empty\", \"type\": \"dir\"},"
		 "{\"path\": \"sub/f\", \"type\": \"file\", \"mode\": 493, \"size\": 6, "
		 "\"sha256\": "
		 "\"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\"},"
		 "{\"path\": \"l\", \"type\": \"link\", \"target\": \"sub/f\"}]}",
	 .content = "hello\n",
	 .check = "[ -d d/conf/empty ] && [ $(stat -c %a d/conf/sub/f) = 755 ] && grep -q hello "
		  "d/conf/l"},
	{.name = "a folder that is there stays whose it is",
	 .setup = "mkdir -p d/sub; chmod 755 d d/sub",
	 .args = "{\"dest\": \"@/d\", \"src\": \"conf/\", \"owner\": \"daemon\", "
		 "\"directory_mode\": \"0700\", \"_tree\": [{\"path\": \"sub\", "
		 "\"type\": \"dir\"}, {\"path\": \"f\", \"type\": \"file\", \"mode\": 420, "
		 "\"size\": 6, \"sha256\": "
		 "\"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\"}]}",
	 .content = "hello\n",
	 .check = "[ \"$(stat -c %a:%U d)\" = 755:root ] && [ \"$(stat -c %a:%U d/sub)\" = "
		  "700:daemon ]"},
	{.name = "a path that climbs out",
	 .args = "{\"dest\": \"@/d\", \"src\": \"conf/\", \"_tree\": [{\"path\": \"a/../../x\", "
		 "\"type\": \"dir\"}]}",
	 .fails = "bad path"},
};

static void test_cases(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	file_bed_cases("copy", cases, ARRAY_LEN(cases));
}

static void test_fields(void **state)
{
	struct file_bed *b = *state;
	b->content = SLICE_LIT("hello\n");
	const struct value *r =
		file_bed_run(b, b->real, "template",
			     "{\"dest\": \"@/f\", \"src\": \"f.j2\", " HELLO ", \"mode\": 420}");
	assert_true(
		value_is_str(value_get(r, "checksum"), "f572d396fae9206628714fb2ce00f72e94f2258f"));
	assert_true(value_is_str(value_get(r, "md5sum"), "b1946ac92492d2347c6235b4d2611184"));
	assert_true(value_is_str(value_get(r, "mode"), "0644"));
	assert_true(value_is_str(value_get(r, "state"), "file"));
	assert_int_equal(value_get(r, "size")->integer, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test_setup_teardown(test_fields, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
