/* Expected files are what ansible-core's lineinfile makes of the same input, but
 * for a last line without newline, which it joins with the new one. */
#include "file_bed.h"

#define FILE_IS(text) "[ \"$(cat f; echo .)\" = '" text ".' ]"

static const struct file_case cases[] = {
	{.name = "replace the last match",
	 .setup = "printf 'a=1\\nb=2\\na=3\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"^a=\", \"line\": \"a=9\"}",
	 .check = FILE_IS("a=1\nb=2\na=9\n")},
	{.name = "replace the first match",
	 .setup = "printf 'a=1\\nb=2\\na=3\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"^a=\", \"line\": \"a=9\", \"firstmatch\": "
		 "true}",
	 .check = FILE_IS("a=9\nb=2\na=3\n")},
	{.name = "append",
	 .setup = "printf 'a\\nb' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"c\"}",
	 .check = FILE_IS("a\nb\nc\n")},
	{.name = "there already",
	 .setup = "printf 'a\\nc\\nb\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"c\"}",
	 .unchanged = true},
	{.name = "at the start",
	 .setup = "printf 'a\\nb\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"c\", \"insertbefore\": \"BOF\"}",
	 .check = FILE_IS("c\na\nb\n")},
	{.name = "after a match",
	 .setup = "printf '[x]\\n[y]\\nz\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"new\", \"insertafter\": \"^\\\\[x\\\\]\"}",
	 .check = FILE_IS("[x]\nnew\n[y]\nz\n")},
	{.name = "after a match on the last line without newline",
	 .setup = "printf 'a\\n[x]' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"new\", \"insertafter\": \"^\\\\[x\"}",
	 .check = FILE_IS("a\n[x]\nnew\n")},
	{.name = "before the last match",
	 .setup = "printf 'k\\nk\\nz\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"new\", \"insertbefore\": \"^k\", \"regexp\": "
		 "\"^new\"}",
	 .check = FILE_IS("k\nnew\nk\nz\n")},
	{.name = "insertafter without a match",
	 .setup = "printf 'a\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"new\", \"insertafter\": \"nothing\"}",
	 .check = FILE_IS("a\nnew\n")},
	{.name = "backrefs",
	 .setup = "printf 'port = 80 # x\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"^(port) = (?P<n>\\\\d+)( #.*)?$\", \"line\": "
		 "\"\\\\1 = 1\\\\g<n>\\\\3\", \"backrefs\": true, \"firstmatch\": true}",
	 .always = true,
	 .check = "grep -qx 'port = 180 # x' f"},
	{.name = "backrefs without a match",
	 .setup = "printf 'a\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"^(z)\", \"line\": \"\\\\1\", \"backrefs\": "
		 "true}",
	 .unchanged = true},
	{.name = "search_string",
	 .setup = "printf 'a.b\\naxb\\n' >f",
	 .args = "{\"path\": \"@/f\", \"search_string\": \"a.b\", \"line\": \"done a.b\"}",
	 .check = FILE_IS("done a.b\naxb\n")},
	{.name = "absent by regexp",
	 .setup = "printf 'x1\\ny\\nx2\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"^x\", \"state\": \"absent\"}",
	 .check = FILE_IS("y\n")},
	{.name = "absent by line",
	 .setup = "printf 'x\\ny\\nxx\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"x\", \"state\": \"absent\"}",
	 .check = FILE_IS("y\nxx\n")},
	{.name = "absent without the file",
	 .args = "{\"path\": \"@/f\", \"line\": \"x\", \"state\": \"absent\"}",
	 .unchanged = true},
	{.name = "create with folders and mode",
	 .args = "{\"path\": \"@/d/e/f\", \"line\": \"x\", \"create\": true, \"mode\": \"0600\"}",
	 .check = "[ \"$(cat d/e/f)\" = x ] && [ $(stat -c %a d/e/f) = 600 ]"},
	{.name = "no file",
	 .args = "{\"path\": \"@/f\", \"line\": \"x\"}",
	 .fails = "does not exist !"},
	{.name = "a last line with a NUL and no end",
	 .setup = "printf 'a\\000b' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"c\"}",
	 .check = "printf 'a\\000b\\nc\\n' | cmp - f"},
	{.name = "a folder",
	 .setup = "mkdir f",
	 .args = "{\"path\": \"@/f\", \"line\": \"x\"}",
	 .fails = "is a directory !"},
	{.name = "mode alone",
	 .setup = "printf 'x\\n' >f; chmod 600 f",
	 .args = "{\"path\": \"@/f\", \"line\": \"x\", \"mode\": \"0644\"}",
	 .check = "[ $(stat -c %a f) = 644 ]"},
	{.name = "keeps the mode",
	 .setup = "printf 'x\\n' >f; chmod 600 f",
	 .args = "{\"path\": \"@/f\", \"line\": \"y\"}",
	 .check = "[ $(stat -c %a f) = 600 ]"},
	{.name = "through a link",
	 .setup = "printf 'x\\n' >t; ln -s t f",
	 .args = "{\"path\": \"@/f\", \"line\": \"y\"}",
	 .check = "[ -L f ] && grep -qx y t"},
	{.name = "backup",
	 .setup = "printf 'x\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"y\", \"backup\": true}",
	 .check = "[ \"$(cat f.*~)\" = x ]"},
	{.name = "validate",
	 .setup = "printf 'x\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"y\", \"validate\": \"grep -q z %s\"}",
	 .fails = "failed to validate: rc:1",
	 .check = "[ $(ls -A | wc -l) = 1 ]"},
	{.name = "bad regexp",
	 .setup = "printf 'x\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"y\", \"regexp\": \"(\"}",
	 .fails = "regexp '(' is not a regular expression"},
	{.name = "dollar matches before the newline",
	 .setup = "printf 'ab\\n' >f",
	 .args = "{\"path\": \"@/f\", \"line\": \"ok b\", \"regexp\": \"b$\"}",
	 .check = FILE_IS("ok b\n")},
};

static void test_cases(void **state)
{
	(void)state;
	file_bed_cases("lineinfile", cases, ARRAY_LEN(cases));
}

static void test_found(void **state)
{
	struct file_bed *b = *state;
	file_bed_shell(b, "printf 'Host a\\nHost b\\n' >f");
	const struct value *r =
		file_bed_run(b, b->real, "lineinfile",
			     "{\"path\": \"@/f\", \"regexp\": \"^Host\", \"state\": \"absent\"}");
	assert_int_equal(value_get(r, "found")->integer, 2);
	assert_true(value_is_str(value_get(r, "msg"), "2 line(s) removed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test_setup_teardown(test_found, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
