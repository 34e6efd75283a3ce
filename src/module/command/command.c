/* command and shell: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/command_module.html */
#include "process.h"

#include "../call.h"
#include "rollout/base/shellwords.h"

#define COMMON_PARAMS                                                                              \
	{.name = "cmd", .type = MODULE_STR, .doc = "The command."}, PROCESS_GUARD_PARAMS,          \
		{.name = "executable",                                                             \
		 .type = MODULE_PATH,                                                              \
		 .doc = "The shell that runs it, an absolute path."},                              \
		{.name = "stdin", .type = MODULE_STR, .doc = "Its standard input."},               \
		{.name = "stdin_add_newline",                                                      \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Ends stdin with a newline."},                                             \
		{.name = "strip_empty_ends",                                                       \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Takes line ends off the end of stdout and stderr."},                      \
	{                                                                                          \
		.name = "warn", .type = MODULE_BOOL,                                               \
		.doc = "Accepted for older roles; does nothing."                                   \
	}

static const struct module_param command_params[] = {
	COMMON_PARAMS,
	{.name = "argv",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "The command as a list, which is not split at blanks."},
	{.name = "expand_argument_vars",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Puts the environment's values for $NAME in the arguments."},
	{0},
};
static const struct module_param shell_params[] = {COMMON_PARAMS, {0}};

static const char *command_text(const struct module_call *call)
{
	const char *text = arg_str(call, "_raw_params");
	return text ? text : arg_str(call, "cmd");
}

static struct slice stdin_of(const struct module_call *call)
{
	struct slice in = arg_slice(call, "stdin");
	if (!in.ptr || !arg_bool(call, "stdin_add_newline"))
		return in;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	strbuf_slice_append(&text, in);
	strbuf_putc(&text, '\n');
	return arena_slice(call->arena, strbuf_slice(&text));
}

static const char *cwd_of(const struct module_call *call)
{
	const char *chdir = arg_str(call, "chdir");
	return chdir ? call_absolute_path(call, NULL, chdir) : NULL;
}

static int run_guarded(struct module_call *call, struct process *p, struct err *err)
{
	bool skip;
	p->cwd = cwd_of(call);
	p->stdin_bytes = stdin_of(call);
	p->keep_empty_ends = !arg_bool(call, "strip_empty_ends");
	result_put(call, "cmd", p->cmd);
	int r = process_guard(call, p->cwd, &skip, err);
	return r < 0 || skip ? r : process_run(call, p, err);
}

static const struct value *argv_value(struct module_call *call, const char *const *argv,
				      size_t count)
{
	struct value *list = value_list_new(call->arena);
	for (size_t i = 0; i < count; i++)
		value_list_push(call->arena, list, value_cstr(call->arena, argv[i]));
	return list;
}

static int shell_run(struct module_call *call, struct err *err)
{
	const char *text = command_text(call), *shell = arg_str(call, "executable");
	if (!text || slice_trim(slice_from(text)).len == 0)
		return err_set(err, ERR_INVALID, "no command given");
	const char *argv[] = {shell ? shell : "/bin/sh", "-c", text, NULL};
	struct process p = {.argv = argv, .cmd = value_cstr(call->arena, text)};
	return run_guarded(call, &p, err);
}

static int command_argv(struct module_call *call, const char *const **ret, size_t *ret_count,
			struct err *err)
{
	char **words;
	size_t count;
	const char *text = command_text(call);
	const char *const *argv = arg_list(call, "argv", &count);
	if (text) {
		int r = shellwords_split(call->arena, slice_from(text), &words, &count, err);
		if (r < 0)
			return err_wrap(err, r, "command '%s'", text);
		argv = (const char *const *)words;
	}
	if (!argv || count == 0)
		return err_set(err, ERR_INVALID, "no command given");
	*ret = argv;
	*ret_count = count;
	return 0;
}

static int command_run(struct module_call *call, struct err *err)
{
	const char *const *words = NULL, *shell = arg_str(call, "executable");
	size_t count = 0;
	int r = command_argv(call, &words, &count, err);
	if (r < 0)
		return r;
	const char **argv = ARENA_ARRAY(call->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		argv[i] = arg_bool(call, "expand_argument_vars") ? call_expand_path(call, words[i])
								 : words[i];
	struct process p = {.argv = argv, .cmd = argv_value(call, words, count)};
	if (shell) {
		CLEANUP(strbuf_release) struct strbuf line = {0};
		for (size_t i = 0; i < count; i++) {
			strbuf_puts(&line, i ? " " : "");
			shellwords_quote(&line, slice_from(argv[i]));
		}
		const char *through[] = {shell, "-c",
					 arena_slice(call->arena, strbuf_slice(&line)).ptr, NULL};
		p.argv = arena_copy(call->arena, through, sizeof(through));
	}
	return run_guarded(call, &p, err);
}

static const char *const command_needs[] = {"_raw_params|cmd|argv", NULL};
static const char *const command_excludes[] = {"_raw_params|cmd|argv", NULL};
static const char *const shell_needs[] = {"_raw_params|cmd", NULL};
static const char *const shell_excludes[] = {"_raw_params|cmd", NULL};

const struct module module_command = {
	.name = "command",
	.full_name = "ansible.builtin.command",
	.doc = "Runs a program, without a shell.",
	.flags = MODULE_FREE_FORM | MODULE_ONCE_ONLY,
	.params = command_params,
	.required_one_of = command_needs,
	.mutually_exclusive = command_excludes,
	.run = command_run,
};

const struct module module_shell = {
	.name = "shell",
	.full_name = "ansible.builtin.shell",
	.doc = "Runs a command line in a shell.",
	.flags = MODULE_FREE_FORM | MODULE_ONCE_ONLY,
	.params = shell_params,
	.required_one_of = shell_needs,
	.mutually_exclusive = shell_excludes,
	.run = shell_run,
};
