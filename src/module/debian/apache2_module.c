/*
 * apache2_module: a2enmod(8), a2dismod(8); apache2ctl -M tells what is loaded.
 * https://docs.ansible.com/ansible/latest/collections/community/general/apache2_module_module.html
 */
#include "../call.h"
#include "../program.h"

#include <ctype.h>

static const char *const states[] = {"present", "absent", NULL};
static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "The module as a2enmod knows it."},
	{.name = "identifier",
	 .type = MODULE_STR,
	 .doc = "The module as apache2ctl -M shows it; most often NAME_module."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Disables modules that Debian warns of."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is enabled."},
	{.name = "ignore_configcheck",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "A configuration that apache2ctl refuses is a warning."},
	{.name = "warn_mpm_absent",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Warns when no MPM is loaded."},
	{0},
};

struct apache {
	struct module_call *call;
	const char *name, *identifier;
	bool present;
};

static int control(struct apache *m, const char *option, struct program *p, struct err *err)
{
	struct err first = {0};
	program_init(p, m->call, "apache2ctl");
	program_add(p, option);
	int r = program_probe(p, &first);
	if (r != ERR_NOT_FOUND && r != ERR_UNKNOWN) {
		if (r < 0 && err)
			*err = first;
		return r;
	}
	program_init(p, m->call, "apachectl");
	program_add(p, option);
	r = program_probe(p, err);
	return r == ERR_NOT_FOUND
		       ? err_set(err, r,
				 "Neither of apache2ctl nor apachectl found. At least one "
				 "apache control binary is necessary.")
		       : r;
}

/* "php7.4" is php7_module; some have names of their own. */
static const char *identifier_of(struct module_call *call, const char *name)
{
	const char *php = strstr(name, "php");
	if (strstr(name, "shib"))
		return "mod_shib";
	if (strstr(name, "evasive"))
		return "evasive20_module";
	if (php == name && isdigit((unsigned char)name[3]) && name[4] == '.')
		return arena_printf(call->arena, "php%c_module", name[3]);
	return arena_printf(call->arena, "%s_module", name);
}

/* apache2ctl -M fails where the configuration is not right, without an MPM too. */
static int refused(struct apache *m, const struct program *p, struct err *err)
{
	struct slice said = slice_trim(p->err);
	bool no_mpm = memmem(said.ptr, said.len, "AH00534", 7) && strstr(m->name, "mpm_");
	if (!arg_bool(m->call, "ignore_configcheck"))
		return err_set(err, ERR_INVALID, "Error executing %s: %.*s", p->words[0],
			       SLICE_ARG(said));
	if (!no_mpm)
		result_warn(m->call, "Error executing %s: %.*s", p->words[0], SLICE_ARG(said));
	else if (arg_bool(m->call, "warn_mpm_absent"))
		result_warn(m->call, "No MPM module loaded! apache2 reload AND other module "
				     "actions will fail if no MPM module is loaded immediately.");
	return 0;
}

static int is_enabled(struct apache *m, bool *ret, struct err *err)
{
	struct program p;
	*ret = false;
	int r = control(m, "-M", &p, err);
	if (r < 0)
		return r;
	if (p.exit_code != 0)
		return refused(m, &p, err);
	const char *wanted = arena_printf(m->call->arena, " %s", m->identifier);
	*ret = memmem(p.out.ptr, p.out.len, wanted, strlen(wanted)) != NULL;
	return 0;
}

/* Without threads alone cgi is the right module; a2enmod would take cgid. */
static int check_cgi(struct apache *m, struct err *err)
{
	struct program p;
	struct slice line;
	if (strcmp(m->name, "cgi") != 0)
		return 0;
	int r = control(m, "-V", &p, err);
	while (r == 0 && p.out.len && slice_split(&p.out, '\n', &line)) {
		const char *at = memmem(line.ptr, line.len, "threaded:", 9);
		if (!at)
			continue;
		struct slice rest = {at + 9, line.len - (size_t)(at + 9 - line.ptr)};
		if (slice_starts_with(slice_trim(rest), "yes"))
			return err_set(err, ERR_INVALID,
				       "Your MPM seems to be threaded. No automatic actions on "
				       "module cgi possible.");
	}
	return r;
}

static int set_state(struct apache *m, struct err *err)
{
	struct program p;
	bool enabled = false;
	program_init(&p, m->call, m->present ? "a2enmod" : "a2dismod");
	if (!m->present && arg_bool(m->call, "force"))
		program_add(&p, "-f");
	program_add(&p, m->name);
	if (m->call->check_mode)
		return 0;
	int r = program_run(&p, err);
	if (r == 0)
		r = is_enabled(m, &enabled, err);
	if (r < 0 || enabled == m->present)
		return r;
	result_put_int(m->call, "rc", p.exit_code);
	result_put(m->call, "stdout", value_str(m->call->arena, p.out));
	result_put(m->call, "stderr", value_str(m->call->arena, p.err));
	struct slice said = slice_trim(p.exit_code != 0 && p.err.len ? p.err : p.out);
	return err_set(err, ERR_INVALID,
		       "Failed to set module %s to %s: %.*s. Maybe the module identifier (%s) was "
		       "guessed incorrectly. Consider setting the \"identifier\" option.",
		       m->name, m->present ? "enabled" : "disabled", SLICE_ARG(said),
		       m->identifier);
}

static int apply(struct apache *m, struct err *err)
{
	bool enabled = false;
	int r = check_cgi(m, err);
	if (r == 0)
		r = is_enabled(m, &enabled, err);
	if (r == 0 && enabled != m->present) {
		r = set_state(m, err);
		if (r == 0)
			result_changed(m->call);
	}
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *given = arg_str(call, "identifier");
	struct apache m = {.call = call,
			   .name = arg_str(call, "name"),
			   .present = strcmp(arg_str(call, "state"), "present") == 0};
	if (!m.name[0] || m.name[0] == '-' || strpbrk(m.name, "/ \t\n"))
		return err_set(err, ERR_INVALID, "'%s' is not an Apache module", m.name);
	m.identifier = given && given[0] ? given : identifier_of(call, m.name);
	int r = apply(&m, err);
	if (r == 0)
		result_put_str(call, "result",
			       arena_printf(call->arena, "Module %s %s", m.name,
					    m.present ? "enabled" : "disabled"));
	return program_settle(call, r, err);
}

const struct module module_apache2_module = {
	.name = "apache2_module",
	.full_name = "community.general.apache2_module",
	.doc = "Enables and disables modules of Apache.",
	.params = params,
	.run = run,
};
