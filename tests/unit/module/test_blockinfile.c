/* blockinfile and replace; expected files are what ansible-core makes. */
#include "file_bed.h"

#define FILE_IS(text) "[ \"$(cat f; echo .)\" = '" text ".' ]"
#define BEGIN_ "# BEGIN ANSIBLE MANAGED BLOCK\n"
#define END_ "# END ANSIBLE MANAGED BLOCK\n"

static const struct file_case blocks[] = {
	{.name = "append",
	 .setup = "printf 'a' >f",
	 .args = "{\"path\": \"@/f\", \"block\": \"x\\ny\"}",
	 .check = FILE_IS("a\n" BEGIN_ "x\ny\n" END_)},
	{.name = "replace where it is",
	 .setup = "printf 'a\\n"
		  "# BEGIN ANSIBLE MANAGED BLOCK\\nold\\n# END ANSIBLE MANAGED BLOCK\\n"
		  "b\\n' >f",
	 .args = "{\"path\": \"@/f\", \"block\": \"new\\n\"}",
	 .check = FILE_IS("a\n" BEGIN_ "new\n" END_ "b\n")},
	{.name = "unchanged",
	 .setup = "printf '# BEGIN ANSIBLE MANAGED BLOCK\\nx\\n# END ANSIBLE MANAGED BLOCK\\n' >f",
	 .args = "{\"path\": \"@/f\", \"block\": \"x\"}",
	 .unchanged = true},
	{.name = "own marker, after a match",
	 .setup = "printf '[a]\\n[b]\\n' >f",
	 .args = "{\"path\": \"@/f\", \"block\": \"x\", \"marker\": \"<!-- {mark} k8s -->\", "
		 "\"insertafter\": \"a\"}",
	 .check = FILE_IS("[a]\n<!-- BEGIN k8s -->\nx\n<!-- END k8s -->\n[b]\n")},
	{.name = "at the start",
	 .setup = "printf 'a\\n' >f",
	 .args = "{\"path\": \"@/f\", \"block\": \"x\", \"insertbefore\": \"BOF\", \"marker\": "
		 "\"{mark}\", \"marker_begin\": \"(\", \"marker_end\": \")\"}",
	 .check = FILE_IS("(\nx\n)\na\n")},
	{.name = "an empty block goes",
	 .setup = "printf 'a\\n# BEGIN ANSIBLE MANAGED BLOCK\\nx\\n# END ANSIBLE MANAGED BLOCK\\n' "
		  ">f",
	 .args = "{\"path\": \"@/f\", \"block\": \"\"}",
	 .check = FILE_IS("a\n")},
	{.name = "absent",
	 .setup = "printf '# BEGIN ANSIBLE MANAGED BLOCK\\nx\\n# END ANSIBLE MANAGED BLOCK\\nb\\n' "
		  ">f",
	 .args = "{\"path\": \"@/f\", \"state\": \"absent\"}",
	 .check = FILE_IS("b\n")},
	{.name = "create",
	 .args = "{\"path\": \"@/d/f\", \"block\": \"x\", \"create\": true, \"mode\": \"0600\"}",
	 .check = "[ $(stat -c %a d/f) = 600 ] && [ $(wc -l <d/f) = 3 ]"},
	{.name = "no file",
	 .args = "{\"path\": \"@/f\", \"block\": \"x\"}",
	 .fails = "does not exist !"},
};

static const struct file_case replaces[] = {
	{.name = "all matches",
	 .setup = "printf 'SystemdCgroup = false\\nx\\nSystemdCgroup = false\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"SystemdCgroup = false\", \"replace\": "
		 "\"SystemdCgroup = true\"}",
	 .check = FILE_IS("SystemdCgroup = true\nx\nSystemdCgroup = true\n")},
	{.name = "groups and line starts",
	 .setup = "printf 'a=1\\nb=2\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"^(\\\\w)=(?P<v>\\\\d)$\", \"replace\": "
		 "\"\\\\g<v> \\\\1\"}",
	 .check = FILE_IS("1 a\n2 b\n")},
	{.name = "nothing",
	 .setup = "printf 'a\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"z\"}",
	 .unchanged = true},
	{.name = "between after and before",
	 .setup = "printf 'x\\n[a]\\nx\\n[b]\\nx\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"x\", \"replace\": \"y\", \"after\": "
		 "\"\\\\[a\\\\]\", \"before\": \"\\\\[b\\\\]\"}",
	 .check = FILE_IS("x\n[a]\ny\n[b]\nx\n")},
	{.name = "empty matches",
	 .setup = "printf 'ab' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"x*\", \"replace\": \"-\"}",
	 .always = true,
	 .check = "grep -q 'a' f"},
	{.name = "characters, not bytes",
	 .setup = "printf 'a\\303\\244b\\n' >f",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"a.b\", \"replace\": \"c\"}",
	 .check = FILE_IS("c\n")},
	{.name = "no file",
	 .args = "{\"path\": \"@/f\", \"regexp\": \"x\"}",
	 .fails = "does not exist !"},
};

static void test_blocks(void **state)
{
	(void)state;
	file_bed_cases("blockinfile", blocks, ARRAY_LEN(blocks));
}

static void test_replaces(void **state)
{
	(void)state;
	file_bed_cases("replace", replaces, ARRAY_LEN(replaces));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_replaces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
