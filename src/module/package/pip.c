/* pip: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/pip_module.html */
#include "pip_environment.h"
#include "pip_packages.h"

#include "../call.h"
#include "../command/process.h"
#include "../path/whole_file.h"

#define PIP_TIMEOUT_MS 3600000

static const char *const states[] = {"present", "absent", "latest", "forcereinstall", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Packages, with versions as pip writes them, URLs, or paths."},
	{.name = "version", .type = MODULE_STR, .doc = "The version of a single name."},
	{.name = "requirements",
	 .type = MODULE_STR,
	 .doc = "A file of requirements on the host, below chdir where it is relative."},
	{.name = "virtualenv",
	 .type = MODULE_PATH,
	 .doc = "Installs there; it is made where it is not."},
	{.name = "virtualenv_command",
	 .type = MODULE_STR,
	 .doc = "What makes it; virtualenv, or python3 -m venv where that is not there."},
	{.name = "virtualenv_python",
	 .type = MODULE_STR,
	 .doc = "Its interpreter, for virtualenv."},
	{.name = "virtualenv_site_packages",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "It sees the system's packages."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "What they shall be."},
	{.name = "editable",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Installs them in development mode."},
	{.name = "extra_args", .type = MODULE_STR, .doc = "Further arguments of pip."},
	{.name = "break_system_packages",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Installs beside the system's packages although it forbids that."},
	{.name = "chdir", .type = MODULE_PATH, .doc = "Runs it in this folder."},
	{.name = "executable",
	 .type = MODULE_PATH,
	 .doc = "The pip to use: a path, or a name like pip3.11."},
	{.name = "umask", .type = MODULE_MODE, .doc = "Umask while it works."},
	{0},
};

static bool state_is(const struct module_call *call, const char *state)
{
	return strcmp(arg_str(call, "state"), state) == 0;
}

static void set_limits(struct module_call *call, struct program *p)
{
	p->cwd = arg_str(call, "chdir");
	p->timeout_ms = PIP_TIMEOUT_MS;
	(void)program_umask(call, &p->mode_umask, NULL); /* apply has checked it */
}

static int make_with(struct module_call *call, const char *command, const char *env,
		     struct err *err)
{
	struct program p;
	char **words;
	size_t count;
	const char *python = arg_str(call, "virtualenv_python");
	int r = shellwords_split(call->arena, slice_from(command), &words, &count, err);
	if (r < 0 || count == 0)
		return r < 0 ? r : err_set(err, ERR_INVALID, "virtualenv_command is empty");
	program_init(&p, call, words[0]);
	for (size_t i = 1; i < count; i++)
		program_add(&p, words[i]);
	if (arg_bool(call, "virtualenv_site_packages"))
		program_add(&p, "--system-site-packages");
	if (python) {
		program_add(&p, "-p");
		program_add(&p, python);
	}
	program_add(&p, env);
	set_limits(call, &p);
	return program_change(&p, err);
}

static int make_environment(struct module_call *call, const char *env, struct err *err)
{
	const char *command = arg_str(call, "virtualenv_command");
	result_changed(call);
	if (command)
		return make_with(call, command, env, err);
	int r = make_with(call, "virtualenv", env, err);
	if (r == ERR_NOT_FOUND && !arg_has(call, "virtualenv_python"))
		r = make_with(call, "python3 -m venv", env, err);
	return r;
}

/* The program's name; *ret_stop where check mode ends here, without an environment;
 * *ret_made where one is made that was not there. */
static int find_pip(struct module_call *call, const char **ret, bool *ret_stop,
		    const char **ret_made, struct err *err)
{
	const char *env = arg_str(call, "virtualenv"), *executable = arg_str(call, "executable");
	bool there = true, has_pip = false;
	*ret = executable ? executable : "pip3";
	if (!env)
		return 0;
	env = call_absolute_path(call, arg_str(call, "chdir"), env);
	result_put_str(call, "virtualenv", env);
	*ret = arena_printf(call->arena, "%s/bin/%s", env, executable ? executable : "pip");
	/* One that was killed in the making may lack pip. */
	int r = whole_file_exists(call, *ret, &has_pip, err);
	if (r == 0)
		r = whole_file_exists(call, arena_printf(call->arena, "%s/bin/activate", env),
				      &there, err);
	if (r < 0 || (there && has_pip))
		return r;
	*ret_stop = call->check_mode;
	r = whole_file_exists(call, env, &there, err);
	if (r < 0)
		return r;
	*ret_made = there ? NULL : env;
	if (there && !call->check_mode)
		pip_environment_forget_pip(call, env);
	host_overlay_assume(call->host, arena_printf(call->arena, "%s would be made", env));
	return make_environment(call, env, err);
}

static void begin(struct module_call *call, const char *pip, const char *verb, struct program *p)
{
	program_init(p, call, pip);
	program_env(p, "PIP_DISABLE_PIP_VERSION_CHECK", "1");
	program_env(p, "PIP_NO_INPUT", "1");
	/* Not to the home directory where the environment cannot be written. */
	if (arg_has(call, "virtualenv"))
		program_env(p, "PIP_USER", "0");
	program_add(p, verb);
	set_limits(call, p);
}

/* What pip has, one way or the other; pip3 may go by the name of pip. */
static int listing(struct module_call *call, const char **pip, const char *const *words,
		   struct slice *ret, struct err *err)
{
	struct program p;
	begin(call, *pip, words[0], &p);
	program_add_all(&p, words + 1);
	int r = program_read(&p, err);
	if (r == ERR_NOT_FOUND && strcmp(*pip, "pip3") == 0) {
		*pip = "pip";
		p.words[0] = *pip;
		r = program_read(&p, err);
		if (r == ERR_NOT_FOUND)
			return err_set(err, r,
				       "pip is not on the host: install its package "
				       "(python3-pip) first");
	}
	*ret = p.out;
	return r;
}

static const char *const list_words[] = {"list", "--format=freeze", NULL};
static const char *const freeze_words[] = {"freeze", NULL};

static int build(struct module_call *call, const char *pip, struct program *p, struct err *err)
{
	const char *requirements = arg_str(call, "requirements");
	bool absent = state_is(call, "absent"), editable = arg_bool(call, "editable");
	size_t count;
	const char *const *specs = pip_specs(call, &count);
	begin(call, pip, absent ? "uninstall" : "install", p);
	if (absent)
		program_add(p, "-y");
	if (state_is(call, "latest"))
		program_add(p, "--upgrade");
	if (state_is(call, "forcereinstall")) {
		program_add(p, "--upgrade");
		program_add(p, "--force-reinstall");
	}
	if (arg_bool(call, "break_system_packages"))
		program_env(p, "PIP_BREAK_SYSTEM_PACKAGES", "1");
	int r = program_add_text(p, arg_str(call, "extra_args"), err);
	for (size_t i = 0; i < count; i++) {
		if (editable && !absent)
			program_add(p, "-e");
		program_add(p, specs[i]);
	}
	if (requirements) {
		program_add(p, "-r");
		program_add(p, requirements);
	}
	return r;
}

/* Newer pips can tell without doing it. */
static int predict(struct program *p, struct err *err)
{
	struct module_call *call = p->call;
	program_add(p, "--dry-run");
	int r = program_probe(p, err);
	if (r < 0)
		return r;
	if (p->exit_code == 0 && memmem(p->out.ptr, p->out.len, "Would install", 13))
		result_changed(call);
	else if (p->exit_code != 0 && strstr(p->err.ptr, "no such option"))
		return err_set(err, ERR_UNKNOWN, "would ask pip: this one has no --dry-run");
	else if (p->exit_code != 0 && host_assumes(call->host))
		return err_set(err, ERR_UNKNOWN, "would ask pip: %s", host_assumes(call->host));
	return p->exit_code == 0 ? 0 : program_failed(p, err);
}

static int change(struct program *p, struct err *err)
{
	CLEANUP(pip_environment_release) struct pip_environment e;
	const char *env = arg_str(p->call, "virtualenv"), *chdir = arg_str(p->call, "chdir");
	pip_environment_look(&e, p->call, env ? call_absolute_path(p->call, chdir, env) : NULL);
	int r = program_change(p, err);
	if (r < 0)
		pip_environment_take_back(&e);
	return r;
}

static int act(struct module_call *call, const char *pip, struct err *err)
{
	struct program p;
	struct slice before, after;
	bool anew = state_is(call, "forcereinstall");
	/* A file of requirements may name nothing that is there. */
	bool sure = anew || (state_is(call, "absent") && !arg_has(call, "requirements"));
	int r = build(call, pip, &p, err);
	if (r < 0)
		return r;
	if (call->check_mode && !sure && state_is(call, "absent"))
		return err_set(err, ERR_UNKNOWN, "would ask pip to uninstall what %s names",
			       arg_str(call, "requirements"));
	if (call->check_mode && !sure)
		return predict(&p, err);
	if (call->check_mode) {
		result_changed(call);
		return 0;
	}
	r = listing(call, &pip, freeze_words, &before, err);
	if (r == 0)
		r = change(&p, err);
	if (r == 0)
		r = listing(call, &pip, freeze_words, &after, err);
	if (r < 0)
		return r;
	result_put(call, "stdout", value_str(call->arena, slice_trim(p.out)));
	result_put(call, "stdout_lines", process_lines(call->arena, slice_trim(p.out)));
	if (anew || !slice_eq(before, after))
		result_changed(call);
	result_diff(call, "packages", before, "packages", after);
	return 0;
}

static int settle(struct module_call *call, const char **ret_made, struct err *err)
{
	const char *pip = "pip3";
	struct slice have = {"", 0};
	bool stop = false, done = false;
	size_t count;
	const char *const *specs = pip_specs(call, &count);
	if (arg_has(call, "version") && count != 1)
		return err_set(err, ERR_INVALID,
			       "'version' argument is ambiguous when installing multiple package "
			       "distributions: give each name its own");
	int mask, r = program_umask(call, &mask, err);
	if (r == 0)
		r = find_pip(call, &pip, &stop, ret_made, err);
	if (r < 0 || stop)
		return r;
	r = listing(call, &pip, list_words, &have, err);
	if (r < 0)
		return r;
	if (!arg_has(call, "requirements") && state_is(call, "present"))
		done = pip_all_installed(call, have, specs);
	if (!arg_has(call, "requirements") && state_is(call, "absent"))
		done = !pip_any_installed(call, have, specs);
	return done ? 0 : act(call, pip, err);
}

/* Half an environment, or one without what it is for, is not left. */
static int apply(struct module_call *call, struct err *err)
{
	const char *made = NULL;
	int r = settle(call, &made, err);
	if (r < 0 && made && !call->check_mode)
		(void)call->host->ops->remove(call->host, made, true, NULL);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	result_put_str(call, "state", arg_str(call, "state"));
	result_put_str(call, "requirements", arg_str(call, "requirements"));
	result_put_str(call, "version", arg_str(call, "version"));
	const struct value *name = value_get(call->args, "name");
	result_put(call, "name", name ? name : value_null());
	return program_settle(call, apply(call, err), err);
}

static const char *const needs[] = {"name|requirements", NULL};
static const char *const excludes[] = {"name|requirements", "executable|virtualenv", NULL};

const struct module module_pip = {
	.name = "pip",
	.full_name = "ansible.builtin.pip",
	.doc = "Installs and removes Python packages.",
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = excludes,
	.run = run,
};
