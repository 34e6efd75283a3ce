/* Users and groups: reading files and getent, changing by shadow's programs
 * (stand-ins that write down how they were called), and predicting. */
#include "bed.h"
#include "real/real.h"

#include <sys/stat.h>
#include <unistd.h>

static void populate(struct bed *b)
{
	struct host_real *real = real_of(b->real);
	bed_put(b, "passwd",
		"root:x:0:0:root:/root:/bin/bash\n"
		"broken line\n"
		"web:x:33:33:Web,,,:/var/www:/usr/sbin/nologin\n",
		0644);
	bed_put(b, "group", "root:x:0:\nwww:x:33:web\nadm:x:4:syslog,web\nempty:x:9:\n", 0644);
	bed_put(b, "shadow", "root:*:1:\nweb:$6$hash:19000::::::\n", 0600);
	real->paths.passwd = bed_path(b, "passwd");
	real->paths.group = bed_path(b, "group");
	real->paths.shadow = bed_path(b, "shadow");
	bed_program(
		b, "getent",
		"#!/bin/sh\n"
		"[ \"$3\" = ldapuser ] && echo 'ldapuser:x:5000:5000:L:/home/l:/bin/sh' && exit 0\n"
		"exit 2\n");
}

static struct host_user user(struct bed *b, struct host *h, const char *name)
{
	struct host_user u;
	assert_ok(b, h->ops->user(h, &b->arena, name, &u, &b->err));
	return u;
}

static struct host_group group(struct bed *b, struct host *h, const char *name)
{
	struct host_group g;
	assert_ok(b, h->ops->group(h, &b->arena, name, &g, &b->err));
	return g;
}

static void test_reading(void **state)
{
	struct bed *b = *state;
	populate(b);
	struct host_user u = user(b, b->real, "web");
	assert_true(u.exists);
	assert_int_equal(u.uid, 33);
	assert_string_equal(u.home, "/var/www");
	assert_string_equal(u.gecos, "Web,,,");
	assert_string_equal(u.password_hash, "$6$hash");
	assert_string_equal(u.groups[0], "adm");
	assert_null(u.groups[1]);
	assert_false(user(b, b->real, "nobody-such").exists);
	u = user(b, b->real, "ldapuser");
	assert_true(u.exists);
	assert_int_equal(u.uid, 5000);
	assert_true(group(b, b->real, "empty").exists);
	assert_ok(b, b->real->ops->user_by_id(b->real, &b->arena, 33, &u, &b->err));
	assert_string_equal(u.name, "web");
	struct host_group g;
	assert_ok(b, b->real->ops->group_by_id(b->real, &b->arena, 4, &g, &b->err));
	assert_string_equal(g.name, "adm");
}

static void record(struct bed *b, const char *name)
{
	bed_program(b, name,
		    arena_printf(&b->arena,
				 "#!/bin/sh\necho \"%s $*\" >>%s/log\n"
				 "[ %s = chpasswd ] && cat >>%s/log\nexit 0\n",
				 name, b->root, name, b->root));
}

static void test_changing(void **state)
{
	struct bed *b = *state;
	populate(b);
	static const char *const programs[] = {"useradd",  "usermod",  "userdel", "groupadd",
					       "groupmod", "groupdel", "chpasswd"};
	static const char *const groups[] = {"adm", "empty", NULL};
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		record(b, programs[i]);
	const struct host_ops *ops = b->real->ops;
	struct host_user_spec s = {.name = "etcd",
				   .home = "/var/lib/etcd",
				   .shell = "/bin/false",
				   .group = "adm",
				   .password_hash = "$6$x",
				   .uid = -1,
				   .system = true};
	assert_ok(b, ops->user_set(b->real, &s, &b->err));
	s = (struct host_user_spec){
		.name = "web", .uid = -1, .groups = groups, .append_groups = true};
	assert_ok(b, ops->user_set(b->real, &s, &b->err));
	assert_ok(b, ops->user_remove(b->real, "web", true, &b->err));
	assert_ok(b, ops->group_set(b->real, &(struct host_group_spec){"etcd", -1, true, false},
				    &b->err));
	assert_ok(b, ops->group_set(b->real, &(struct host_group_spec){"adm", 4, false, false},
				    &b->err));
	assert_ok(b, ops->group_set(b->real, &(struct host_group_spec){"adm", 5, false, false},
				    &b->err));
	assert_ok(b, ops->group_remove(b->real, "adm", &b->err));
	assert_string_equal(bed_text(b, b->real, "log"),
			    "useradd -g adm -d /var/lib/etcd -s /bin/false -M -r -- etcd\n"
			    "chpasswd -e\n"
			    "etcd:$6$x\n"
			    "usermod -a -G adm,empty -- web\n"
			    "userdel -r -- web\n"
			    "groupadd -r -- etcd\n"
			    "groupmod -g 5 -- adm\n"
			    "groupdel -- adm\n");
}

static void test_predicting(void **state)
{
	struct bed *b = *state;
	populate(b);
	struct host *o = b->overlay;
	static const char *const unknown_group[] = {"docker", NULL};
	struct host_user_spec s = {
		.name = "etcd", .home = bed_path(b, "home"), .uid = -1, .create_home = true};
	assert_false(user(b, o, "etcd").exists);
	assert_ok(b, o->ops->user_set(o, &s, &b->err));
	struct host_user u = user(b, o, "etcd");
	assert_true(u.exists);
	assert_true(host_id_is_provisional(u.uid));
	assert_int_equal(group(b, o, "etcd").gid, u.gid);
	struct host_user by_id;
	assert_ok(b, o->ops->user_by_id(o, &b->arena, u.uid, &by_id, &b->err));
	assert_string_equal(by_id.name, "etcd");
	struct host_stat home = bed_stat(b, o, "home");
	assert_int_equal(home.type, HOST_DIR);
	assert_int_equal(home.uid, u.uid);
	/* A group that nothing would make is an error, unless something unknown may. */
	s = (struct host_user_spec){.name = "web", .uid = -1, .groups = unknown_group};
	assert_int_equal(o->ops->user_set(o, &s, &b->err), ERR_NOT_FOUND);
	host_overlay_assume(o, "the package docker.io would be installed");
	assert_ok(b, o->ops->user_set(o, &s, &b->err));
	assert_string_equal(user(b, o, "web").groups[0], "docker");
	u = user(b, o, "not-there-yet");
	assert_false(u.exists);
	assert_true(u.assumed);
	assert_int_equal(user(b, o, "not-there-yet").uid, u.uid);
	assert_ok(b, o->ops->user_remove(o, "web", false, &b->err));
	assert_false(user(b, o, "web").exists);
	assert_ok(b, o->ops->user_by_id(o, &b->arena, 33, &u, &b->err));
	assert_false(u.exists);
	assert_true(user(b, b->real, "web").exists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reading, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_changing, bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_predicting, bed_setup, bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
