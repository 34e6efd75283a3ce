#include "file_bed.h"

#include "rollout/base/file.h"

#include <stdlib.h>

#define TAR "mkdir -p s/bin d; echo one >s/bin/a; echo two >s/b; tar -C s -czf t.tar.gz .; "
#define ZIP                                                                                        \
	"mkdir -p s/bin d; echo one >s/bin/a; echo two >s/b; (cd s && python3 -m zipfile -c "      \
	"../t.zip bin b); "

static const struct file_case cases[] = {
	{.name = "tar",
	 .setup = TAR,
	 .args = "{\"src\": \"@/t.tar.gz\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .always = false,
	 .check = "cmp s/bin/a d/bin/a && cmp s/b d/b"},
	{.name = "tar that is there",
	 .setup = TAR "tar -C d -xf t.tar.gz",
	 .args = "{\"src\": \"@/t.tar.gz\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .unchanged = true},
	{.name = "tar with a mode",
	 .setup = TAR,
	 .args = "{\"src\": \"@/t.tar.gz\", \"dest\": \"@/d\", \"remote_src\": true, \"mode\": "
		 "\"0700\"}",
	 .check = "[ $(stat -c %a d/bin/a) = 700 ]"},
	{.name = "part of a tar, one level less",
	 .setup = TAR,
	 .args = "{\"src\": \"@/t.tar.gz\", \"dest\": \"@/d\", \"remote_src\": true, "
		 "\"extra_opts\": [\"--strip-components=2\"], \"include\": [\"./bin/a\"]}",
	 .check = "cmp s/bin/a d/a && [ ! -e d/b ]"},
	{.name = "zip",
	 .setup = ZIP,
	 .args = "{\"src\": \"@/t.zip\", \"dest\": \"@/d\", \"remote_src\": true, \"mode\": "
		 "\"0755\"}",
	 .check = "cmp s/bin/a d/bin/a && [ $(stat -c %a d/b) = 755 ]"},
	{.name = "zip that is there",
	 .setup = ZIP "cp -r s/. d",
	 .args = "{\"src\": \"@/t.zip\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .unchanged = true},
	{.name = "a tar whose names lead out",
	 .setup = "mkdir s d; echo one >s/a; echo mine >victim; chmod 640 victim; "
		  "tar -C s -P --transform 's,^a,../victim,' -cf t.tar a; cp -p s/a d/victim",
	 .args = "{\"src\": \"@/t.tar\", \"dest\": \"@/d\", \"remote_src\": true, \"mode\": "
		 "\"0666\"}",
	 .unchanged = true,
	 .check = "[ $(stat -c %a victim) = 640 ]"},
	{.name = "names of other languages, and with a line end",
	 .setup = "mkdir s d; echo one >s/$(printf 'gr\\303\\274\\\\x'); "
		  "touch \"s/$(printf 'a\\nb')\"; tar -C s -cf t.tar .",
	 .args = "{\"src\": \"@/t.tar\", \"dest\": \"@/d\", \"remote_src\": true, \"mode\": "
		 "\"0700\"}",
	 .check = "[ -z \"$(find d ! -perm 700)\" ]"},
	{.name = "a zip whose directory is long",
	 .setup = "mkdir d; python3 -c \"import zipfile\nz = zipfile.ZipFile('t.zip', 'w')\n"
		  "for i in range(1500): z.writestr('%090d' % i, str(i))\nz.close()\"; "
		  "[ $(stat -c %s t.zip) -gt 200000 ]; unzip -q t.zip -d d",
	 .args = "{\"src\": \"@/t.zip\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .unchanged = true},
	{.name = "a zip by another name",
	 .setup = ZIP "mv t.zip t.war",
	 .args = "{\"src\": \"@/t.war\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .check = "cmp s/bin/a d/bin/a"},
	{.name = "a zip with a link",
	 .setup = "mkdir s d; echo one >s/a; ln -s a s/l; (cd s && python3 -c \"import zipfile; "
		  "z = zipfile.ZipFile('../t.zip', 'w'); i = zipfile.ZipInfo('l'); "
		  "i.create_system = 3; i.external_attr = 0o120777 << 16; z.writestr(i, 'a'); "
		  "z.write('a'); z.close()\")",
	 .args = "{\"src\": \"@/t.zip\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .check = "[ \"$(readlink d/l)\" = a ]"},
	{.name = "creates",
	 .setup = TAR "touch d/there",
	 .args = "{\"src\": \"@/t.tar.gz\", \"dest\": \"@/d\", \"remote_src\": true, \"creates\": "
		 "\"@/d/there\"}",
	 .unchanged = true},
	{.name = "no archive",
	 .setup = "mkdir d",
	 .args = "{\"src\": \"@/t.zip\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .fails = "does not exist"},
	{.name = "no folder",
	 .setup = TAR "rmdir d",
	 .args = "{\"src\": \"@/t.tar.gz\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .fails = "is not a directory"},
	{.name = "not an archive",
	 .setup = "mkdir d; echo nonsense >t.tar",
	 .args = "{\"src\": \"@/t.tar\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .fails = "failed to unpack"},
	{.name = "damaged zip",
	 .setup = ZIP "head -c 100 t.zip >u.zip",
	 .args = "{\"src\": \"@/u.zip\", \"dest\": \"@/d\", \"remote_src\": true}",
	 .fails = "ZIP"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		/* What is in an archive is predicted as changed, not unpacked. */
		struct file_case c = cases[i];
		c.opaque = true;
		file_bed_cases("unarchive", &c, 1);
	}
}

/* A file of the archive cannot be put where a folder is: all is as it was. */
static void test_failure_is_taken_back(void **state)
{
	struct file_bed *b = *state;
	const struct value *r;
	file_bed_shell(b, "mkdir -p s/bin s/new d/bin d/b; echo one >s/bin/a; echo two >s/b; "
			  "chmod 755 s/bin; tar -C s -czf t.tar.gz bin new b; umask 077; "
			  "echo old >d/bin/a; chmod 700 d/bin; ln -s x d/bin/l; touch d/b/full; "
			  "find d -printf '%p %m %T@ %l\\n' | sort >before");
	r = file_bed_run(b, b->real, "unarchive",
			 "{\"src\": \"@/t.tar.gz\", \"dest\": \"@/d\", \"remote_src\": true}");
	assert_true(value_truthy(value_get(r, "failed")));
	file_bed_shell(b, "grep -qx old d/bin/a && find d -printf '%p %m %T@ %l\\n' | sort >after "
			  "&& diff before after");
}

static bool changed(const struct value *r)
{
	const struct value *msg = value_get(r, "msg");
	if (value_truthy(value_get(r, "failed")))
		print_message("%s\n", msg ? msg->str.ptr : "");
	return value_truthy(value_get(r, "changed"));
}

static void test_sent_by_the_controller(void **state)
{
	struct file_bed *b = *state;
	CLEANUP(strbuf_release) struct strbuf content = {0};
	static const char *const archives[] = {"t.tar.gz", "t.zip"};
	struct host *o = host_overlay_new(b->real);
	file_bed_shell(b, TAR ZIP);
	for (size_t i = 0; i < ARRAY_LEN(archives); i++) {
		const char *path = arena_printf(&b->arena, "%s/%s", b->root, archives[i]);
		strbuf_truncate(&content, 0);
		assert_int_equal(file_read(path, 1 << 20, &content, NULL), 0);
		b->content = strbuf_slice(&content);
		const char *args = arena_printf(&b->arena,
						"{\"src\": \"%s\", \"dest\": \"@/d%zu\", "
						"\"_sha256\": \"%s\", \"_size\": 1}",
						archives[i], i, file_bed_sha256(b));
		file_bed_shell(b, arena_printf(&b->arena, "mkdir d%zu", i));
		assert_true(changed(file_bed_run(b, o, "unarchive", args)));
		file_bed_shell(b, arena_printf(&b->arena, "[ -z \"$(ls -A d%zu)\" ]", i));
		assert_true(changed(file_bed_run(b, b->real, "unarchive", args)));
		file_bed_shell(b, arena_printf(&b->arena, "diff -r s d%zu", i));
		assert_false(changed(file_bed_run(b, b->real, "unarchive", args)));
	}
	host_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test_setup_teardown(test_failure_is_taken_back, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_sent_by_the_controller, file_bed_setup,
						file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
