/* Ansible's configuration: what wins, what is refused and where, what is named. */
#include "project.h"

#include "options.h"

#include "rollout/value/value.h"

static char *const no_environment[] = {NULL};

static int apply(const struct project *p, struct options *o, const char *text,
		 char *const *environment, struct strbuf *unknown, struct err *err)
{
	project_file(p, "ansible.cfg", text);
	return config_apply(o, project_path(p, "ansible.cfg"), environment, unknown, err);
}

static void test_file(void **state)
{
	struct project p;
	struct options o = {0};
	struct err err = {0};
	struct strbuf unknown CLEANUP(strbuf_release) = {0};
	(void)state;
	project_open(&p);
	project_file(&p, "inv/hosts", "a\n");
	int r = apply(
		&p, &o,
		"# c\n[defaults]\nInventory = inv/hosts ; here\nforks: 7\nremote_user=bob\n"
		"roles_path = roles:/usr/share/roles:\ntimeout=30\nhost_key_checking = False\n"
		"private_key_file = keys/id\nnocows=1\nvault_password_file = pw\n"
		"hash_behaviour = merge\n\n[privilege_escalation]\nbecome = yes\n"
		"become_user = app\n[ssh_connection]\npipelining = True\n"
		"ssh_args = -C -o ControlMaster=auto\n  -oControlPersist=60s\n"
		"[diff]\nalways=true\n[tags]\nskip = a, b\n",
		no_environment, &unknown, &err);
	assert_int_equal(r, 0);
	assert_string_equal(text_of(&unknown), "");
	assert_int_equal(o.inventory.len, 1);
	assert_string_equal(o.inventory.at[0], project_path(&p, "inv/hosts"));
	assert_int_equal(o.forks, 7);
	assert_int_equal(o.timeout_s, 30);
	assert_string_equal(o.user, "bob");
	assert_string_equal(o.private_key, project_path(&p, "keys/id"));
	assert_string_equal(o.config.vault_password_file, project_path(&p, "pw"));
	assert_string_equal(o.config.hash_behaviour, "merge");
	assert_non_null(strstr(o.config.roles_path, "/roles:/usr/share/roles"));
	assert_true(o.config.no_host_keys && o.become && o.diff);
	assert_string_equal(o.become_user, "app");
	assert_int_equal(o.skip_tags.len, 2);
	assert_string_equal(o.skip_tags.at[1], "b");
	struct arena a = {0};
	const struct value *all = config_values(&a, &o);
	assert_int_equal(value_get(all, "DEFAULT_FORKS")->integer, 7);
	assert_true(value_is_str(value_get(all, "DEFAULT_REMOTE_USER"), "bob"));
	assert_int_equal(value_get(all, "DEFAULT_ROLES_PATH")->list.len, 2);
	assert_false(value_get(all, "HOST_KEY_CHECKING")->boolean);
	assert_true(value_get(all, "DIFF_ALWAYS")->boolean);
	assert_int_equal(value_get(all, "TAGS_SKIP")->list.len, 2);
	assert_int_equal(value_get(all, "DEFAULT_VERBOSITY")->integer, 0);
	assert_int_equal(value_get(all, "PLAYBOOK_DIR")->type, VALUE_NULL);
	arena_release(&a);
	options_release(&o);
	project_close(&p);
}

/* The command line over the environment over the file. */
static void test_order(void **state)
{
	char *const environment[] = {"ANSIBLE_FORKS=3",	     "ANSIBLE_REMOTE_USER=env",
				     "ANSIBLE_TIMEOUT=",     "ANSIBLE_INVENTORY=x,y,",
				     "ANSIBLE_BECOME=false", NULL};
	char *argv[] = {"rollout", "--forks", "9", NULL};
	struct project p;
	struct options o;
	struct err err = {0};
	struct strbuf unknown CLEANUP(strbuf_release) = {0};
	(void)state;
	project_open(&p);
	assert_int_equal(options_parse(3, argv, &o, &err), 0);
	int r = apply(&p, &o,
		      "[defaults]\nforks=1\nremote_user=file\ntimeout=5\ninventory=z\n"
		      "[privilege_escalation]\nbecome=true\n",
		      environment, &unknown, &err);
	assert_int_equal(r, 0);
	assert_int_equal(o.forks, 9);
	assert_string_equal(o.user, "env");
	assert_int_equal(o.timeout_s, 5);
	assert_int_equal(o.inventory.len, 1);
	assert_string_equal(o.inventory.at[0], "x,y,");
	assert_false(o.become);
	options_release(&o);
	project_close(&p);
}

static void test_unknown(void **state)
{
	char *const environment[] = {"ANSIBLE_STRATEGY=free",
				     "ANSIBLE_NOCOWS=1",
				     "ANSIBLE_COLOR_OK=blue",
				     "ANSIBLE_CONFIG=x",
				     "PATH=/bin",
				     "ANSIBLE_SSH_ARGS=-J jump",
				     NULL};
	struct project p;
	struct options o = {0};
	struct err err = {0};
	struct strbuf unknown CLEANUP(strbuf_release) = {0};
	(void)state;
	project_open(&p);
	int r = apply(&p, &o,
		      "[defaults]\nlog_path = /var/log/x\nstdout_callback=yaml\n[made_up]\nkey=1\n"
		      "[galaxy]\nserver=x\n",
		      environment, &unknown, &err);
	assert_int_equal(r, 0);
	assert_string_equal(text_of(&unknown), "ANSIBLE_SSH_ARGS, [defaults] log_path, [made_up] "
					       "key, ANSIBLE_STRATEGY");
	options_release(&o);
	project_close(&p);
}

static const struct {
	const char *text, *error;
	unsigned line, column;
} wrong[] = {
	{"forks=3\n", "in no section", 1, 1},
	{"[defaults]\nforks\n", "key = value", 2, 1},
	{"[defaults]\n= 3\n", "key = value", 2, 1},
	{"[defaults\n", "no section", 1, 1},
	{"[]\n", "no section", 1, 1},
	{"[defaults]\nforks = many\n", "forks must be a number", 2, 9},
	{"[defaults]\nforks = 0\n", "forks must be a number", 2, 9},
	{"[defaults]\nask_pass = maybe\n", "ask_pass must be true or false", 2, 12},
	{"[defaults]\nhash_behaviour = mix\n", "replace or merge", 2, 18},
	{"[defaults]\ntransport = docker\n", "smart, ssh or local", 2, 13},
	{"[defaults]\nforks = 1\nFORKS = 2\n", "first in line 2", 3, 1},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct project p;
		struct options o = {0};
		struct err err = {0};
		struct strbuf unknown CLEANUP(strbuf_release) = {0};
		project_open(&p);
		int r = apply(&p, &o, wrong[i].text, no_environment, &unknown, &err);
		print_message("%s-> %u:%u %s\n", wrong[i].text, err.at.line, err.at.column,
			      err.msg);
		assert_true(r < 0);
		assert_non_null(strstr(err.msg, wrong[i].error));
		assert_int_equal(err.at.line, wrong[i].line);
		assert_int_equal(err.at.column, wrong[i].column);
		options_release(&o);
		project_close(&p);
	}
}

/* A folder that all may write to does not say what rollout does. */
static void test_find(void **state)
{
	struct project p;
	struct arena a = {0};
	char before[4096];
	(void)state;
	project_open(&p);
	project_file(&p, "home/.ansible.cfg", "");
	project_file(&p, "here/ansible.cfg", "");
	project_file(&p, "named/ansible.cfg", "");
	setenv("HOME", project_path(&p, "home"), 1);
	unsetenv("ANSIBLE_CONFIG");
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(project_path(&p, "here")), 0);
	assert_string_equal(config_find(&a), "ansible.cfg");
	assert_int_equal(chmod(".", 0777), 0);
	assert_string_equal(config_find(&a), project_path(&p, "home/.ansible.cfg"));
	setenv("ANSIBLE_CONFIG", project_path(&p, "named"), 1);
	assert_string_equal(config_find(&a), project_path(&p, "named/ansible.cfg"));
	setenv("ANSIBLE_CONFIG", project_path(&p, "missing"), 1);
	assert_string_equal(config_find(&a), project_path(&p, "home/.ansible.cfg"));
	unsetenv("ANSIBLE_CONFIG");
	assert_int_equal(chdir(before), 0);
	arena_release(&a);
	project_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),	cmocka_unit_test(test_order),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
