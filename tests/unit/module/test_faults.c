/* What modules that write do when the host cannot be written: they fail, the
 * message names the cause, and what was there is there. And what they do with a
 * symbolic link that somebody planted in their path. */
#include "file_bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int fault; /* an errno */

static int no_write(struct host *h, const char *path, const struct host_write *w, struct err *err)
{
	(void)h, (void)w;
	errno = fault;
	return err_sys(err, "%s", path);
}

static int no_mkdir(struct host *h, const char *path, const struct host_attr *attr, struct err *err)
{
	(void)h, (void)attr;
	errno = fault;
	return err_sys(err, "%s", path);
}

static int no_link(struct host *h, const char *target, const char *path, struct err *err)
{
	(void)h, (void)target;
	errno = fault;
	return err_sys(err, "%s", path);
}

static int no_remove(struct host *h, const char *path, bool recursive, struct err *err)
{
	(void)h, (void)recursive;
	errno = fault;
	return err_sys(err, "%s", path);
}

static int no_set_attr(struct host *h, const char *path, bool follow, const struct host_attr *attr,
		       struct err *err)
{
	(void)h, (void)follow, (void)attr;
	errno = fault;
	return err_sys(err, "%s", path);
}

#define HELLO                                                                                      \
	"\"_sha256\": \"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\", "      \
	"\"_size\": 6"
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqHrmTC0NhSbGHSpL3DYwzl3dNnoCnPHdRyy2OfaPfL"

static const struct {
	const char *module, *args;
} writers[] = {
	{"copy", "{\"dest\": \"@/f\", \"content\": \"x\", " HELLO "}"},
	{"template", "{\"dest\": \"@/f\", \"src\": \"x\", " HELLO "}"},
	{"get_url", "{\"dest\": \"@/f\", \"url\": \"x\", \"force\": true, " HELLO "}"},
	{"copy", "{\"dest\": \"@/f\", \"src\": \"@/g\", \"remote_src\": true}"},
	{"copy", "{\"dest\": \"@/new/\", \"src\": \"@/g\", \"remote_src\": true}"},
	{"lineinfile", "{\"path\": \"@/f\", \"line\": \"x\"}"},
	{"blockinfile", "{\"path\": \"@/f\", \"block\": \"x\"}"},
	{"replace", "{\"path\": \"@/f\", \"regexp\": \"old\", \"replace\": \"x\"}"},
	{"ini_file",
	 "{\"path\": \"@/f\", \"section\": \"a\", \"option\": \"b\", \"value\": \"c\"}"},
	{"assemble", "{\"dest\": \"@/f\", \"src\": \"@/d\"}"},
	{"known_hosts", "{\"path\": \"@/f\", \"name\": \"h\", \"key\": \"h " KEY "\"}"},
	{"authorized_key",
	 "{\"path\": \"@/f\", \"user\": \"root\", \"manage_dir\": false, \"key\": "
	 "\"" KEY "\"}"},
	{"cron", "{\"cron_file\": \"@/f\", \"name\": \"n\", \"user\": \"root\", \"job\": \"x\"}"},
	{"cronvar", "{\"cron_file\": \"@/f\", \"name\": \"N\", \"value\": \"x\"}"},
	{"mount", "{\"fstab\": \"@/f\", \"path\": \"/x\", \"src\": \"y\", \"fstype\": \"ext4\", "
		  "\"state\": \"present\"}"},
	{"sysctl", "{\"sysctl_file\": \"@/f\", \"name\": \"a.b\", \"value\": \"1\", \"reload\": "
		   "false}"},
	{"htpasswd", "{\"path\": \"@/f\", \"name\": \"joe\", \"password\": \"x\", "
		     "\"hash_scheme\": \"ldap_sha1\"}"},
	{"pam_limits", "{\"dest\": \"@/f\", \"domain\": \"joe\", \"limit_type\": \"soft\", "
		       "\"limit_item\": \"nofile\", \"value\": \"1\"}"},
	{"selinux", "{\"configfile\": \"@/f\", \"state\": \"disabled\"}"},
	{"file", "{\"path\": \"@/new\", \"state\": \"directory\"}"},
	{"file", "{\"path\": \"@/new\", \"state\": \"touch\"}"},
	{"file", "{\"path\": \"@/new\", \"state\": \"link\", \"src\": \"f\"}"},
	{"file", "{\"path\": \"@/f\", \"state\": \"absent\"}"},
	{"file", "{\"path\": \"@/f\", \"mode\": \"0600\"}"},
	{"tempfile", "{\"path\": \"@\"}"},
};

static const char *tree(struct file_bed *b)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	FILE *p = popen(arena_printf(&b->arena,
				     "cd %s && find . -printf '%%p %%m %%l\\n' | sort && cat f",
				     b->root),
			"re");
	int c;
	while (p && (c = fgetc(p)) != EOF)
		strbuf_putc(&out, (char)c);
	if (p)
		pclose(p);
	return arena_slice(&b->arena, strbuf_slice(&out)).ptr;
}

static void fails_whole(const char *module, const char *args)
{
	void *state;
	file_bed_setup(&state);
	struct file_bed *b = state;
	struct host_ops faulty = *b->real->ops;
	const struct host_ops *good = b->real->ops;
	b->content = SLICE_LIT("hello\n");
	file_bed_shell(b, "echo old >f; echo new >g; mkdir d; echo part >d/1");
	const char *before = tree(b);
	faulty.write = no_write;
	faulty.mkdir = no_mkdir;
	faulty.symlink = faulty.link = no_link;
	faulty.rename = no_link;
	faulty.remove = no_remove;
	faulty.set_attr = no_set_attr;
	b->real->ops = &faulty;
	const struct value *r = file_bed_run(b, b->real, module, args), *msg;
	b->real->ops = good;
	msg = value_get(r, "msg");
	bool failed = value_truthy(value_get(r, "failed"));
	if (!failed || !msg || msg->type != VALUE_STRING || !strstr(msg->str.ptr, strerror(fault)))
		fail_msg("%s %s: %s", module, args,
			 msg && msg->type == VALUE_STRING ? msg->str.ptr : "no message");
	assert_false(value_truthy(value_get(r, "changed")));
	assert_string_equal(tree(b), before);
	file_bed_teardown(&state);
}

static void all_fail(int code)
{
	fault = code;
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		fails_whole(writers[i].module, writers[i].args);
}

static void no_space(void **state)
{
	(void)state;
	all_fail(ENOSPC);
}

static void read_only(void **state)
{
	(void)state;
	all_fail(EROFS);
}

/* A link in the place of the file: the file that it leads to stays. */
static const struct {
	const char *module, *args;
} replacers[] = {
	{"copy", "{\"dest\": \"@/f\", \"content\": \"x\", " HELLO "}"},
	{"template", "{\"dest\": \"@/f\", \"src\": \"x\", " HELLO "}"},
	{"get_url", "{\"dest\": \"@/f\", \"url\": \"x\", \"force\": true, " HELLO "}"},
	{"assemble", "{\"dest\": \"@/f\", \"src\": \"@/d\"}"},
	{"ini_file",
	 "{\"path\": \"@/f\", \"section\": \"a\", \"option\": \"b\", \"value\": \"c\"}"},
	{"authorized_key",
	 "{\"path\": \"@/f\", \"user\": \"root\", \"manage_dir\": false, \"key\": "
	 "\"" KEY "\"}"},
	{"cron", "{\"cron_file\": \"@/f\", \"name\": \"n\", \"user\": \"root\", \"job\": \"x\"}"},
};

static void planted_link(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(replacers); i++) {
		void *bed;
		file_bed_setup(&bed);
		struct file_bed *b = bed;
		b->content = SLICE_LIT("hello\n");
		file_bed_shell(b, "echo mine >victim; chmod 640 victim; ln -s victim f; mkdir d; "
				  "echo part >d/1");
		const struct value *r =
			file_bed_run(b, b->real, replacers[i].module, replacers[i].args);
		if (value_truthy(value_get(r, "failed")))
			fail_msg("%s: %s", replacers[i].module, value_get(r, "msg")->str.ptr);
		file_bed_shell(b, "test \"$(cat victim)$(stat -c %a victim)\" = mine640");
		file_bed_shell(b, "test ! -L f");
		file_bed_teardown(&bed);
	}
}

/* A link that somebody else has put there, to what is not theirs: not followed. */
static const struct {
	const char *module, *args;
} followers[] = {
	{"lineinfile", "{\"path\": \"@/f\", \"line\": \"x\"}"},
	{"blockinfile", "{\"path\": \"@/f\", \"block\": \"x\"}"},
	{"replace", "{\"path\": \"@/f\", \"regexp\": \"mine\", \"replace\": \"x\"}"},
	{"known_hosts", "{\"path\": \"@/f\", \"name\": \"h\", \"key\": \"h " KEY "\"}"},
	{"copy", "{\"dest\": \"@/f\", \"content\": \"x\", \"follow\": true, " HELLO "}"},
	{"htpasswd", "{\"path\": \"@/f\", \"name\": \"joe\", \"password\": \"x\", "
		     "\"hash_scheme\": \"ldap_sha1\"}"},
	{"pam_limits", "{\"dest\": \"@/f\", \"domain\": \"joe\", \"limit_type\": \"soft\", "
		       "\"limit_item\": \"nofile\", \"value\": \"1\"}"},
	{"file", "{\"path\": \"@/f\", \"state\": \"file\", \"mode\": \"0666\"}"},
	{"file", "{\"path\": \"@/f\", \"state\": \"touch\", \"mode\": \"0666\"}"},
};

static void foreign_link(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(followers); i++) {
		void *bed;
		file_bed_setup(&bed);
		struct file_bed *b = bed;
		b->content = SLICE_LIT("hello\n");
		file_bed_shell(b, "echo mine >victim; chmod 640 victim; ln -s victim f; "
				  "chown -h 1234 f");
		const struct value *r =
			file_bed_run(b, b->real, followers[i].module, followers[i].args);
		const struct value *msg = value_get(r, "msg");
		if (!value_truthy(value_get(r, "failed")) || !msg ||
		    !strstr(msg->str.ptr, "is a symbolic link that user 1234 has made"))
			fail_msg("%s %s", followers[i].module, followers[i].args);
		file_bed_shell(b, "test \"$(cat victim)$(stat -c %a victim)\" = mine640");
		/* Of the file's owner it is. */
		file_bed_shell(b, "chown 1234 victim");
		r = file_bed_run(b, b->real, followers[i].module, followers[i].args);
		assert_false(value_truthy(value_get(r, "failed")));
		file_bed_shell(b, "test -L f && test \"$(cat victim)$(stat -c %a victim)\" != "
				  "mine640");
		file_bed_teardown(&bed);
	}
}

/* Content, owner and mode come together: nothing is set after the rename. */
static void attributes_with_content(void **state)
{
	static const struct {
		const char *module, *args;
	} editors[] = {
		{"lineinfile", "{\"path\": \"@/f\", \"line\": \"x\", \"mode\": \"0600\"}"},
		{"blockinfile", "{\"path\": \"@/f\", \"block\": \"x\", \"mode\": \"0600\"}"},
		{"replace", "{\"path\": \"@/f\", \"regexp\": \"old\", \"replace\": \"x\", "
			    "\"mode\": \"u=rw,go=\"}"},
		{"ini_file", "{\"path\": \"@/f\", \"section\": \"a\", \"option\": \"b\", "
			     "\"value\": \"c\", \"mode\": \"0600\"}"},
		{"assemble", "{\"dest\": \"@/f\", \"src\": \"@/d\", \"mode\": \"0600\"}"},
		{"copy", "{\"dest\": \"@/f\", \"content\": \"x\", \"mode\": \"0600\", " HELLO "}"},
	};
	(void)state;
	fault = EPERM;
	for (size_t i = 0; i < ARRAY_LEN(editors); i++) {
		void *bed;
		file_bed_setup(&bed);
		struct file_bed *b = bed;
		struct host_ops faulty = *b->real->ops;
		const struct host_ops *good = b->real->ops;
		b->content = SLICE_LIT("hello\n");
		file_bed_shell(b, "echo old >f; chmod 644 f; mkdir d; echo part >d/1");
		faulty.set_attr = no_set_attr;
		b->real->ops = &faulty;
		const struct value *r =
			file_bed_run(b, b->real, editors[i].module, editors[i].args);
		b->real->ops = good;
		if (value_truthy(value_get(r, "failed")) || !value_truthy(value_get(r, "changed")))
			fail_msg("%s", editors[i].module);
		file_bed_shell(b, "test \"$(stat -c %a f)\" = 600");
		file_bed_teardown(&bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_space),
		cmocka_unit_test(read_only),
		cmocka_unit_test(planted_link),
		cmocka_unit_test(foreign_link),
		cmocka_unit_test(attributes_with_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
