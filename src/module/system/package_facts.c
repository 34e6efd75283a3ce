/*
 * package_facts: what is installed, as ansible_facts.packages: name to a list of
 * versions.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/package_facts_module.html
 */
#include "../call.h"

static const char *const managers[] = {"auto",	   "apt",     "rpm",	"pkg", "pkg5",
				       "pkg_info", "portage", "pacman", "apk", NULL};
static const char *const strategies[] = {"all", "first", NULL};
static const struct module_param params[] = {
	{.name = "manager",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[auto]",
	 .choices = managers,
	 .doc = "Whose packages; dpkg's and rpm's are known."},
	{.name = "strategy",
	 .type = MODULE_STR,
	 .fallback = "first",
	 .choices = strategies,
	 .doc = "Of the first manager that is there, or of all."},
	{0},
};

#define DPKG_FIELDS 5
#define STATUS_INSTALLED "installed"

static void append(struct module_call *call, struct value *all, struct slice name,
		   const struct value *package)
{
	const char *key = arena_slice(call->arena, name).ptr;
	const struct value *old = value_get(all, key);
	struct value *list = value_list_new(call->arena);
	for (size_t i = 0; old && i < old->list.len; i++)
		value_list_push(call->arena, list, old->list.at[i]);
	value_list_push(call->arena, list, package);
	value_dict_put(call->arena, all, key, list);
}

/* name \t version \t arch \t section \t status */
static void put_deb(struct module_call *call, struct value *all, struct slice line)
{
	struct slice f[DPKG_FIELDS];
	struct arena *a = call->arena;
	for (size_t i = 0; i < DPKG_FIELDS; i++)
		if (!slice_split(&line, '\t', &f[i]))
			return;
	if (!slice_is(f[4], STATUS_INSTALLED))
		return;
	struct value *p = value_dict_new(a);
	value_dict_put(a, p, "name", value_str(a, f[0]));
	value_dict_put(a, p, "version", value_str(a, f[1]));
	value_dict_put(a, p, "arch", value_str(a, f[2]));
	value_dict_put(a, p, "category", value_str(a, f[3]));
	value_dict_put(a, p, "source", value_cstr(a, "apt"));
	append(call, all, f[0], p);
}

/* name \t version \t release \t epoch \t arch */
static void put_rpm(struct module_call *call, struct value *all, struct slice line)
{
	static const char *const keys[] = {"name", "version", "release", "epoch", "arch"};
	struct slice f[ARRAY_LEN(keys)];
	struct arena *a = call->arena;
	struct value *p = value_dict_new(a);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!slice_split(&line, '\t', &f[i]))
			return;
		bool none = slice_is(f[i], "(none)");
		value_dict_put(a, p, keys[i], none ? value_null() : value_str(a, f[i]));
	}
	value_dict_put(a, p, "source", value_cstr(a, "rpm"));
	append(call, all, f[0], p);
}

static const struct manager {
	const char *name;
	const char *argv[6];
	void (*put)(struct module_call *call, struct value *all, struct slice line);
} known[] = {
	{"apt",
	 {"dpkg-query", "-W", "-f",
	  "${Package}\\t${Version}\\t${Architecture}\\t${Section}\\t${db:Status-Status}\\n", NULL},
	 put_deb},
	{"rpm",
	 {"rpm", "-qa", "--qf", "%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{EPOCH}\\t%{ARCH}\\n", NULL},
	 put_rpm},
};

static bool is_asked(const char *const *asked, const char *name)
{
	for (; *asked; asked++)
		if (strcmp(*asked, name) == 0 || strcmp(*asked, "auto") == 0)
			return true;
	return false;
}

/* *ret: that manager is there. */
static int gather(struct module_call *call, const struct manager *m, struct value *all, bool *ret,
		  struct err *err)
{
	struct slice text, line;
	struct err e = {0};
	int exit_code = 0, r = call_probe(call, m->argv, &exit_code, &text, &e);
	*ret = r == 0 && exit_code == 0;
	if (r < 0 && r != ERR_NOT_FOUND) {
		*err = e;
		return r;
	}
	while (*ret && slice_split(&text, '\n', &line))
		m->put(call, all, line);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	struct value *facts = value_dict_new(call->arena), *all = value_dict_new(call->arena);
	const char *const *asked = arg_list(call, "manager", NULL);
	bool first = strcmp(arg_str(call, "strategy"), "first") == 0, found = false;
	for (size_t i = 0; i < ARRAY_LEN(known) && !(found && first); i++) {
		bool there = false;
		int r = is_asked(asked, known[i].name) ? gather(call, &known[i], all, &there, err)
						       : 0;
		if (r < 0)
			return r;
		found |= there;
	}
	if (!found)
		return err_set(err, ERR_NOT_FOUND,
			       "Could not detect a supported package manager: apt and rpm are "
			       "known");
	value_dict_put(call->arena, facts, "packages", all);
	result_put(call, "ansible_facts", facts);
	return 0;
}

const struct module module_package_facts = {
	.name = "package_facts",
	.full_name = "ansible.builtin.package_facts",
	.doc = "Gathers the installed packages.",
	.flags = MODULE_BRINGS_FACTS,
	.params = params,
	.run = run,
};
