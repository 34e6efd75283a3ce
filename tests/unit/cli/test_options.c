/* Command lines, and what is wrong with some. */
#include "../test.h"
#include "options.h"

#define ARGS(...)                                                                                  \
	(const char *const[])                                                                      \
	{                                                                                          \
		"rollout", __VA_ARGS__, NULL                                                       \
	}

static int parse(const char *const *args, struct options *o, struct err *err)
{
	int argc = 0;
	while (args[argc])
		argc++;
	return options_parse(argc, (char **)args, o, err);
}

static void join(struct strbuf *out, const char *name, const option_texts *list)
{
	for (size_t i = 0; i < list->len; i++)
		strbuf_printf(out, "%s%s=%s", out->len ? " " : "", name, list->at[i]);
}

static void join_one(struct strbuf *out, const char *name, const char *value)
{
	if (value)
		strbuf_printf(out, "%s%s=%s", out->len ? " " : "", name, value);
}

static void describe(struct strbuf *out, const struct options *o)
{
	const struct {
		const char *name;
		bool set;
	} flags[] = {{"check", o->check},
		     {"diff", o->diff},
		     {"become", o->become},
		     {"ask_become", o->ask_become_pass},
		     {"ask_pass", o->ask_pass},
		     {"json", o->json},
		     {"list_hosts", o->list_hosts},
		     {"list_tasks", o->list_tasks},
		     {"list_tags", o->list_tags},
		     {"syntax", o->syntax_check},
		     {"list", o->list},
		     {"force", o->force},
		     {"graph", o->graph},
		     {"help", o->help},
		     {"version", o->version}};
	join(out, "i", &o->inventory);
	join(out, "t", &o->tags);
	join(out, "skip", &o->skip_tags);
	join(out, "e", &o->extra_vars);
	join(out, "package", &o->packages);
	join(out, "word", &o->words);
	join_one(out, "limit", o->limit);
	join_one(out, "user", o->user);
	join_one(out, "key", o->private_key);
	join_one(out, "connection", o->connection);
	join_one(out, "ssh_args", o->ssh_common_args);
	join_one(out, "become_user", o->become_user);
	join_one(out, "become_file", o->become_password_file);
	join_one(out, "conn_file", o->connection_password_file);
	join_one(out, "start", o->start_at_task);
	join_one(out, "roles", o->roles_path);
	join_one(out, "host", o->host);
	join_one(out, "driver", o->driver);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].set)
			strbuf_printf(out, "%s%s", out->len ? " " : "", flags[i].name);
	if (o->parallel)
		strbuf_printf(out, " parallel=%u", o->parallel);
	if (o->lines)
		strbuf_printf(out, " lines=%u", o->lines);
	if (o->forks)
		strbuf_printf(out, " forks=%u", o->forks);
	if (o->timeout_s)
		strbuf_printf(out, " timeout=%u", o->timeout_s);
	if (o->verbosity)
		strbuf_printf(out, " v=%u", o->verbosity);
}

static const struct {
	const char *const *args;
	const char *described;
} good[] = {
	{ARGS("site.roles"), "word=site.roles"},
	{ARGS("-i", "a", "-ib", "--inventory=c", "--inventory", "d", "--inventory-file=e", "s"),
	 "i=a i=b i=c i=d i=e word=s"},
	{ARGS("s", "-CD"), "word=s check diff"},
	{ARGS("-CDbKvv", "s"), "word=s check diff become ask_become v=2"},
	{ARGS("-vvv", "-v", "s", "--verbose"), "word=s v=5"},
	{ARGS("-vf12", "s"), "word=s forks=12 v=1"},
	{ARGS("-f", "12", "s"), "word=s forks=12"},
	{ARGS("vm", "destroy", "-f", "a"), "word=vm word=destroy word=a force"},
	{ARGS("-f", "3", "vm", "up", "--parallel=2"), "word=vm word=up parallel=2 forks=3"},
	{ARGS("vm", "log", "-n5", "--driver=nspawn"), "word=vm word=log driver=nspawn lines=5"},
	{ARGS("vm", "image", "build", "--package=a,b", "--package", "c"),
	 "package=a package=b package=c word=vm word=image word=build"},
	{ARGS("-l", "a:!b", "-l", "c", "s"), "word=s limit=c"},
	{ARGS("-t", "a,b", "--tags", "c", "--skip-tags= d ,,e", "s"),
	 "t=a t=b t=c skip=d skip=e word=s"},
	{ARGS("-e", "a=1 b=2", "-e@f", "s"), "e=a=1 b=2 e=@f word=s"},
	{ARGS("--extra-vars={\"a\": 1}", "s"), "e={\"a\": 1} word=s"},
	{ARGS("-u", "root", "-c", "local", "-T", "3", "s"),
	 "word=s user=root connection=local timeout=3"},
	{ARGS("--private-key", "k", "--key-file=l", "s"), "word=s key=l"},
	{ARGS("--ssh-common-args", "-o A=b -J c", "s"), "word=s ssh_args=-o A=b -J c"},
	{ARGS("--become-user=x", "--become-pass-file", "f", "--conn-pass-file=g", "s"),
	 "word=s become_user=x become_file=f conn_file=g"},
	{ARGS("--list-hosts", "--list-tasks", "--list-tags", "--syntax-check", "--json", "s"),
	 "word=s json list_hosts list_tasks list_tags syntax"},
	{ARGS("inventory", "--host", "h"), "word=inventory host=h"},
	{ARGS("--", "-C", "--x"), "word=-C word=--x"},
	{ARGS("-"), "word=-"},
	{ARGS("--limit=", "s"), "word=s limit="},
	{ARGS("--start-at-task", "x : y", "--roles-path=a:b", "s"), "word=s start=x : y roles=a:b"},
	{ARGS("-h"), "help"},
	{ARGS("--version"), "version"},
};

static void test_good(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		struct options o;
		struct err err = {0};
		if (parse(good[i].args, &o, &err) < 0)
			fail_msg("case %zu: %s", i, err.msg);
		describe(&b, &o);
		assert_string_equal(slice_trim(strbuf_slice(&b)).ptr, good[i].described);
		assert_null(o.words.at[o.words.len]);
		options_release(&o);
	}
}

static const struct {
	const char *const *args;
	const char *message;
} bad[] = {
	{ARGS("--limt", "x"), "there is no option '--limt'; did you mean '--limit'?"},
	{ARGS("--chek"), "there is no option '--chek'; did you mean '--check'?"},
	{ARGS("--ask_pass"), "there is no option '--ask_pass'; did you mean '--ask-pass'?"},
	{ARGS("--zebra=1"), "there is no option '--zebra'"},
	{ARGS("-CZ"), "there is no option '-Z'"},
	{ARGS("-i"), "--inventory needs a value: --inventory PATH"},
	{ARGS("--limit"), "--limit needs a value: --limit PATTERN"},
	{ARGS("--check=yes"), "--check takes no value"},
	{ARGS("-f", "none"), "--forks is a number from 1 to 100000, not 'none'"},
	{ARGS("-f0"), "--forks is a number from 1 to 100000, not '0'"},
	{ARGS("--forks=-3"), "--forks is a number from 1 to 100000, not '-3'"},
	{ARGS("--timeout", "99999999999999999999"),
	 "--timeout is a number from 1 to 100000, not '99999999999999999999'"},
};

static void test_bad(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct options o;
		struct err err = {0};
		assert_int_equal(parse(bad[i].args, &o, &err), ERR_USAGE);
		assert_string_equal(err.msg, bad[i].message);
	}
}

/* Each option names a command that has it, and no name or letter is there twice
 * for one command. */
static void test_table(void **state UNUSED)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *a = &option_table[i];
		assert_true(a->commands != 0 && a->group && a->doc);
		assert_int_equal(a->arg != NULL, a->kind != OPTION_FLAG && a->kind != OPTION_COUNT);
		for (size_t k = 0; k < i; k++) {
			assert_true(strcmp(a->name, option_table[k].name) != 0 ||
				    !(a->commands & option_table[k].commands));
			assert_true(!a->letter || a->letter != option_table[k].letter ||
				    !(a->commands & option_table[k].commands));
		}
	}
}

static void test_misfit(void **state UNUSED)
{
	struct options o;
	assert_int_equal(parse(ARGS("--check", "--graph"), &o, NULL), 0);
	assert_string_equal(options_misfit(&o, FOR_RUN), "graph");
	assert_string_equal(options_misfit(&o, FOR_INVENTORY), "check");
	assert_null(options_misfit(&o, FOR_RUN | FOR_INVENTORY));
	options_release(&o);
}

static void test_plain_words(void **state UNUSED)
{
	struct options o;
	assert_int_equal(parse(ARGS("vm", "ssh", "a", "--", "ls", "-l"), &o, NULL), 0);
	assert_int_equal(o.words.len, 5);
	assert_int_equal(o.plain_words, 3);
	options_release(&o);
	assert_int_equal(parse(ARGS("vm", "ssh", "a"), &o, NULL), 0);
	assert_int_equal(o.plain_words, 3);
	options_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	    cmocka_unit_test(test_bad),
		cmocka_unit_test(test_table),	    cmocka_unit_test(test_misfit),
		cmocka_unit_test(test_plain_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
