/* How a machine is reached: its variables, and the ssh_config of a project. */
#include "project_bed.h"

#include "rollout/base/file.h"
#include "rollout/base/shellwords.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>

static void how_it_is_reached(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(arena_release) struct arena a = {0};
	bed_host(f, "a")->user = "me";
	bed_prepare(f);
	const struct vm_machine *m = bed_machine(f, "a");
	const struct value *vars = vm_machine_vars(m, &a);
	assert_true(value_is_str(value_get(vars, "ansible_host"), "127.0.0.1"));
	assert_int_equal(value_get(vars, "ansible_port")->integer, m->ssh_port);
	assert_true(value_is_str(value_get(vars, "ansible_user"), "me"));
	/* an IdentityFile, where '%' begins a token */
	const char *key = value_get(vars, "ansible_ssh_private_key_file")->str.ptr;
	assert_non_null(strstr(key, "/a 100%% b's/.rollout/vm/id_ed25519"));
	assert_true(value_is_str(value_get(vars, "vm_ip"), m->address));
	assert_true(value_is_str(value_get(vars, "cluster_address"), m->address));
	f->topology->driver = VM_DRIVER_NSPAWN;
	bed_prepare(f);
	m = bed_machine(f, "a");
	vars = vm_machine_vars(m, &a);
	assert_true(value_is_str(value_get(vars, "ansible_host"), m->address));
	assert_null(value_get(vars, "ansible_port"));
}

/* What the OpenSSH client makes of it. */
static void ssh_says(const char *const *argv, const struct project_bed *f, const char *port)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	CLEANUP(strbuf_release) struct strbuf wanted = {0};
	const struct tool_call call = {.argv = argv};
	struct err e = {0};
	if (vm_tool_run(&call, &out, &e) < 0)
		fail_msg("%s", e.msg);
	strbuf_printf(&wanted, "\nuserknownhostsfile %s /dev/null\n", f->project->known_hosts);
	const char *const lines[] = {wanted.ptr, "\nidentitiesonly yes\n", port,
				     "\nglobalknownhostsfile /dev/null\n",
				     "\nstricthostkeychecking true\n"};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(out.ptr, lines[i]))
			fail_msg("lacks %s: %s", lines[i], out.ptr);
}

static void openssh_understands_it(void **state)
{
	struct project_bed *f = *state;
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(free_ptr) char *ssh = vm_tool_find("ssh");
	struct err e = {0};
	char port[32], **words;
	size_t n;
	if (!ssh)
		skip();
	bed_host(f, "a");
	bed_host(f, "b");
	bed_prepare(f);
	CLEANUP(free_ptr) char *config = vm_project_path(f->project, "ssh_config");
	const char *const by_file[] = {"ssh", "-G", "-F", config, "b", NULL};
	snprintf(port, sizeof(port), "\nport %u\n", bed_machine(f, "b")->ssh_port);
	ssh_says(by_file, f, port);
	const struct value *args =
		value_get(vm_machine_vars(bed_machine(f, "a"), &a), "ansible_ssh_common_args");
	assert_int_equal(shellwords_split(&a, args->str, &words, &n, &e), 0);
	const char **by_args = ARENA_ARRAY(&a, const char *, n + 4);
	by_args[0] = "ssh";
	by_args[1] = "-G";
	memcpy(by_args + 2, words, n * sizeof(*words));
	by_args[n + 2] = "a";
	ssh_says(by_args, f, "\nport 22\n");
}

static void names_that_ssh_cannot_be_told(void **state)
{
	static const char *const names[] = {"a\"b", "a\\b", "a\nb", "a${HOME}"};
	struct project_bed *f = *state;
	bed_host(f, "a");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(free_ptr) char *dir = path_join(f->folder, names[i]);
		struct vm_project *p = NULL;
		struct err e = {0};
		assert_int_equal(dir_create_all(dir, 0700, &e), 0);
		assert_int_equal(vm_project_open(f->topology, dir, &p, &e), ERR_UNSUPPORTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED_TEST(how_it_is_reached),
		BED_TEST(openssh_understands_it),
		BED_TEST(names_that_ssh_cannot_be_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
