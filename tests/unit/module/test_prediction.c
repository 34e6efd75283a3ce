/* A role in check mode on a machine that has nothing of it yet: package, user,
 * folder, configuration, unit, start. Each task is predicted, none fails, and
 * the machine is not touched. */
#include "file_bed.h"

#include <stdlib.h>

#define HELLO                                                                                      \
	"\"_sha256\": \"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\", "      \
	"\"_size\": 6"

static void put_programs(struct file_bed *b)
{
	file_bed_shell(
		b, "mkdir bin; cd bin\n"
		   "printf '#!/bin/sh\\necho \"Inst newpkg (1.0 Debian [amd64])\"\\n' >apt-get\n"
		   "printf '#!/bin/sh\\necho LoadState=not-found; echo "
		   "ActiveState=inactive\\n' >systemctl\n"
		   "printf '#!/bin/sh\\nexit 2\\n' >getent\n"
		   "chmod 755 *");
	setenv("PATH", arena_printf(&b->arena, "%s/bin:%s", b->root, getenv("PATH")), 1);
}

struct step {
	const char *module, *args;
	bool changed, unknown;
	const char *fails;
};

static void run_steps(struct file_bed *b, struct host *o, const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];
		const struct value *r = file_bed_run(b, o, s->module, s->args);
		const struct value *msg = value_get(r, "msg");
		bool failed = value_truthy(value_get(r, "failed"));
		if (failed != (s->fails != NULL) ||
		    value_truthy(value_get(r, "changed")) != s->changed)
			print_message("step %zu %s: %s\n", i, s->module,
				      msg && msg->type == VALUE_STRING ? msg->str.ptr : "");
		assert_int_equal(failed, s->fails != NULL);
		assert_int_equal(value_truthy(value_get(r, "changed")), s->changed);
		assert_int_equal(value_get(r, "_unknown") != NULL, s->unknown);
	}
}

static const struct step role[] = {
	{.module = "template",
	 .args = "{\"dest\": \"@/etc/newpkg/conf\", \"src\": \"c.j2\", " HELLO "}",
	 .fails = "does not exist"},
	{.module = "apt", .args = "{\"name\": \"newpkg\"}", .changed = true},
	{.module = "apt", .args = "{\"name\": \"newpkg\"}"},
	{.module = "template",
	 .args = "{\"dest\": \"@/etc/newpkg/conf\", \"src\": \"c.j2\", " HELLO
		 ", \"owner\": \"newpkg\", \"validate\": \"newpkg-check %s\"}",
	 .changed = true},
	{.module = "template",
	 .args = "{\"dest\": \"@/etc/newpkg/conf\", \"src\": \"c.j2\", " HELLO
		 ", \"owner\": \"newpkg\", \"validate\": \"newpkg-check %s\"}"},
	{.module = "systemd",
	 .args = "{\"name\": \"newpkg\", \"state\": \"started\", \"enabled\": true}"},
	{.module = "systemd",
	 .args = "{\"name\": \"newpkg\", \"state\": \"restarted\"}",
	 .changed = true},
	{.module = "user",
	 .args = "{\"name\": \"etcdrollouttest\", \"system\": true, \"create_home\": false}",
	 .changed = true},
	{.module = "file",
	 .args = "{\"path\": \"@/lib/etcd\", \"state\": \"directory\", \"owner\": "
		 "\"etcdrollouttest\", \"mode\": \"0700\"}",
	 .changed = true},
	{.module = "file",
	 .args = "{\"path\": \"@/lib/etcd\", \"state\": \"directory\", \"owner\": "
		 "\"etcdrollouttest\", \"mode\": \"0700\"}"},
	{.module = "lineinfile",
	 .args = "{\"path\": \"@/etc/newpkg/conf\", \"line\": \"more\"}",
	 .changed = true},
	{.module = "lineinfile",
	 .args = "{\"path\": \"@/etc/newpkg/default\", \"line\": \"more\"}",
	 .unknown = true},
	{.module = "copy",
	 .args = "{\"dest\": \"/etc/systemd/system/rollouttest.service\", \"content\": \"\", " HELLO
		 "}",
	 .changed = true},
	{.module = "systemd",
	 .args = "{\"name\": \"rollouttest\", \"state\": \"started\", \"daemon_reload\": true}",
	 .changed = true},
	{.module = "systemd", .args = "{\"name\": \"rollouttest\", \"state\": \"started\"}"},
};

static void test_role(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	put_programs(b);
	b->content = SLICE_LIT("hello\n");
	run_steps(b, o, role, ARRAY_LEN(role));
	file_bed_shell(b, "[ \"$(ls)\" = bin ]");
	host_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_role, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
