#include "nspawn/nspawn.h"

#include "rollout/value/yaml.h"
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const packages[] = {"chrony", NULL};

struct fixture {
	struct arena arena;
	struct vm_topology topology;
	struct vm_project project;
	struct vm_spec spec;
	struct vm_machine machine;
	struct vm_nspawn_wishes wishes;
	struct err err;
};

static void fixture_init(struct fixture *f, const char *user_data)
{
	*f = (struct fixture){.spec = {.name = "web1.example.com", .user = "ops"}};
	f->project.topology = &f->topology;
	f->machine = (struct vm_machine){.project = &f->project, .spec = &f->spec, .dir = "/m:1"};
	if (user_data && yaml_parse(&f->arena, "host.yaml", slice_from(user_data),
				    &f->spec.user_data, &f->err) < 0)
		fail_msg("%s", f->err.msg);
}

static int wish(struct fixture *f, const char *tree)
{
	return vm_nspawn_wishes(&f->machine, tree, &f->arena, &f->wishes, &f->err);
}

static void fixture_release(struct fixture *f)
{
	vm_nspawn_wishes_release(&f->wishes);
	arena_release(&f->arena);
}

static void user_data_is_taken_apart(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f, "hostname: other\n"
			 "package_update: true\n"
			 "packages: [jq]\n"
			 "runcmd: ['a | b', [echo, 'x y', 1]]\n"
			 "write_files:\n"
			 "- {path: /a, content: hello}\n"
			 "- {path: /b, content: AP8=, encoding: b64, owner: 'ops:ops', "
			 "permissions: '0600', defer: true}\n");
	f.spec.packages = packages;
	assert_int_equal(wish(&f, "/nonexistent"), 0);
	assert_string_equal(f.wishes.hostname, "other");
	assert_null(f.wishes.cloud_init);
	assert_int_equal(f.wishes.packages.len, 2);
	assert_string_equal(f.wishes.packages.at[0], "chrony");
	assert_string_equal(f.wishes.packages.at[1], "jq");
	assert_int_equal(f.wishes.commands.len, 2);
	assert_string_equal(f.wishes.commands.at[0], "a | b");
	assert_string_equal(f.wishes.commands.at[1], "echo 'x y' 1");
	assert_int_equal(f.wishes.files.len, 2);
	assert_null(f.wishes.files.at[0].owner);
	assert_memory_equal(f.wishes.files.at[1].content.ptr, "\0\xff", 2);
	assert_string_equal(f.wishes.files.at[1].mode, "0600");
	fixture_release(&f);
}

static void what_it_cannot_do_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *user_data;
		int code;
		unsigned line;
		const char *part;
	} cases[] = {
		{"hostname: x\nntp: {}", ERR_UNSUPPORTED, 2, "'ntp' needs cloud-init"},
		{"hostname: [x]", ERR_INVALID, 1, "hostname cannot be a list"},
		{"packages: jq", ERR_INVALID, 1, "packages cannot be a str"},
		{"packages:\n- [a, b]", ERR_INVALID, 2, "a package cannot be a list"},
		{"runcmd: [{a: 1}]", ERR_INVALID, 1, "a command of runcmd cannot be a dict"},
		{"write_files:\n- {content: x}", ERR_INVALID, 2, "has no path"},
		{"write_files:\n- {path: /a, append: true}", ERR_UNSUPPORTED, 2, "'append' needs"},
		{"write_files:\n- {path: /a, content: x, encoding: gz}", ERR_UNSUPPORTED, 2, "b64"},
		{"write_files:\n- {path: /a, content: '%', encoding: b64}", ERR_SYNTAX, 2,
		 "base64"},
		{"write_files: [/a]", ERR_INVALID, 1, "an entry of write_files cannot be a str"},
		{"[x]", ERR_INVALID, 1, "user_data cannot be a list"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		fixture_init(&f, cases[i].user_data);
		assert_int_equal(wish(&f, "/nonexistent"), cases[i].code);
		assert_int_equal(f.err.at.line, cases[i].line);
		if (!strstr(f.err.msg, cases[i].part))
			fail_msg("%s: %s", cases[i].user_data, f.err.msg);
		fixture_release(&f);
	}
}

static void a_tree_with_cloud_init_takes_all(void **state)
{
	char tree[] = "/tmp/rollout-tree-XXXXXX";
	CLEANUP(strbuf_release) struct strbuf command = {0};
	struct fixture f;
	(void)state;
	assert_non_null(mkdtemp(tree));
	strbuf_printf(&command, "mkdir -p %s/usr/bin && touch %s/usr/bin/cloud-init", tree, tree);
	assert_int_equal(system(command.ptr), 0);
	fixture_init(&f, "{ntp: {}, packages: [jq]}");
	assert_int_equal(wish(&f, tree), 0);
	assert_ptr_equal(f.wishes.cloud_init, f.spec.user_data);
	assert_int_equal(f.wishes.packages.len, 0);
	fixture_release(&f);
	strbuf_truncate(&command, 0);
	strbuf_printf(&command, "rm -rf %s", tree);
	assert_int_equal(system(command.ptr), 0);
}

static bool has(const char *const *argv, const char *arg)
{
	for (; *argv; argv++)
		if (strcmp(*argv, arg) == 0)
			return true;
	return false;
}

static void nesting_changes_the_command(void **state)
{
	static const char bind[] = "--bind=/m\\:1/disk/binds/kubelet:/var/lib/kubelet";
	struct fixture f;
	(void)state;
	fixture_init(&f, NULL);
	const char *const *plain = vm_nspawn_command(&f.machine, "ns1", &f.arena);
	assert_string_equal(plain[0], "systemd-nspawn");
	assert_true(has(plain, "--hostname=web1"));
	assert_true(has(plain, "--directory=/m:1/root"));
	assert_true(has(plain, "--network-namespace-path=/run/netns/ns1"));
	assert_true(has(plain, "--system-call-filter=@raw-io bpf keyctl"));
	assert_true(has(plain, "--drop-capability=CAP_SYS_TIME"));
	assert_false(has(plain, bind));
	f.spec.nesting = true;
	const char *const *nesting = vm_nspawn_command(&f.machine, "ns1", &f.arena);
	assert_true(has(nesting, bind));
	assert_true(has(nesting, "--drop-capability=CAP_SYS_TIME"));
	assert_true(has(nesting, "--bind=/dev/kmsg"));
	assert_true(has(vm_nspawn_environment(&f.machine), "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes"));
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_data_is_taken_apart),
		cmocka_unit_test(what_it_cannot_do_is_refused_with_its_place),
		cmocka_unit_test(a_tree_with_cloud_init_takes_all),
		cmocka_unit_test(nesting_changes_the_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
