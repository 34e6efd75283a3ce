/*
 * dnf and yum. What would change is what the program itself says when it is
 * told to answer no.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/dnf_module.html
 */
#include "../call.h"
#include "../command/process.h"
#include "../program.h"
#include "managers.h"
#include "rollout/base/clock.h"

#include <time.h>

#define DNF_TIMEOUT_MS 3600000
#define LOCKED 200 /* dnf(8), EXIT CODES */

static const char *const states[] = {"present", "installed", "latest", "absent", "removed", NULL};
static const char *const name_aliases[] = {"pkg", NULL};
static const char *const update_aliases[] = {"expire-cache", NULL};

#define WORDS(name_, doc_)                                                                         \
	{                                                                                          \
		.name = name_, .type = MODULE_LIST, .element = MODULE_STR, .doc = doc_             \
	}
#define SWITCH(name_, default_, doc_)                                                              \
	{                                                                                          \
		.name = name_, .type = MODULE_BOOL, .fallback = default_, .doc = doc_              \
	}

static const char *check_list(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return v->type == VALUE_STRING && v->str.len && v->str.ptr[0] != '-'
		       ? NULL
		       : "installed, updates, available, repos or the name of a package";
}

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = name_aliases,
	 .doc = "Packages, groups (@name), files or URLs, as the program takes them."},
	{.name = "state",
	 .type = MODULE_STR,
	 .choices = states,
	 .doc = "What they shall be; present, or absent with autoremove."},
	{.name = "list",
	 .type = MODULE_STR,
	 .check = check_list,
	 .doc = "Tells of packages: installed, updates, available, repos, or those of a name."},
	SWITCH("install_repoquery", "true", "Accepted; the program has it."),
	WORDS("enablerepo", "Repositories that are used for this."),
	WORDS("disablerepo", "Repositories that are not."),
	WORDS("exclude", "Packages that are left alone."),
	WORDS("enable_plugin", "Plugins that are used."),
	WORDS("disable_plugin", "Plugins that are not."),
	{.name = "conf_file", .type = MODULE_PATH, .doc = "Another configuration."},
	{.name = "installroot", .type = MODULE_PATH, .doc = "Another root."},
	{.name = "releasever", .type = MODULE_STR, .doc = "Another release."},
	{.name = "disable_excludes", .type = MODULE_STR, .doc = "Excludes to forget: all, main, …"},
	SWITCH("disable_gpg_check", "false", "Takes packages without a signature."),
	{.name = "update_cache",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = update_aliases,
	 .doc = "Fetches the lists anew."},
	SWITCH("update_only", "false", "latest leaves out what is not installed."),
	SWITCH("autoremove", "false", "Removes what is needed no more."),
	SWITCH("skip_broken", "false", "Leaves out what cannot be installed."),
	SWITCH("nobest", "false", "Takes older versions where the newest cannot be."),
	SWITCH("allowerasing", "false", "May remove packages for it."),
	SWITCH("allow_downgrade", "false", "Accepted; a version that is named is taken."),
	SWITCH("security", "false", "latest: security updates alone."),
	SWITCH("bugfix", "false", "latest: corrections alone."),
	SWITCH("cacheonly", "false", "Works with the lists that are there."),
	SWITCH("download_only", "false", "Fetches packages, and installs nothing."),
	{.name = "download_dir", .type = MODULE_PATH, .doc = "Where download_only puts them."},
	SWITCH("install_weak_deps", "true", "Installs what packages recommend."),
	SWITCH("sslverify", "true", "Checks the servers' certificates."),
	SWITCH("validate_certs", "true", "Accepted; sslverify is what counts."),
	{.name = "lock_timeout",
	 .type = MODULE_INT,
	 .fallback = "30",
	 .doc = "Seconds to wait for who holds the lock."},
	SWITCH("use_backend", NULL, "Accepted; it is the program that is there."),
	{0},
};

static bool state_is(const struct module_call *call, const char *a, const char *b)
{
	const char *state = arg_str(call, "state");
	return state && (strcmp(state, a) == 0 || strcmp(state, b) == 0);
}

static void put_words(struct program *p, const char *name, const char *option)
{
	size_t count;
	const char *const *words = arg_list(p->call, name, &count);
	for (size_t i = 0; i < count; i++)
		program_add_fmt(p, "--%s=%s", option, words[i]);
}

void dnf_begin(struct module_call *call, const char *name, struct program *p)
{
	static const struct {
		const char *argument, *option;
	} lists[] = {
		{"disablerepo", "disablerepo"},
		{"enablerepo", "enablerepo"},
		{"exclude", "exclude"},
		{"enable_plugin", "enableplugin"},
		{"disable_plugin", "disableplugin"},
		{"conf_file", "config"},
		{"installroot", "installroot"},
		{"releasever", "releasever"},
		{"disable_excludes", "disableexcludes"},
		{"download_dir", "downloaddir"},
	};
	static const struct {
		const char *argument, *option;
	} switches[] = {
		{"disable_gpg_check", "--nogpgcheck"}, {"update_cache", "--refresh"},
		{"skip_broken", "--skip-broken"},      {"nobest", "--nobest"},
		{"allowerasing", "--allowerasing"},    {"cacheonly", "--cacheonly"},
		{"download_only", "--downloadonly"},
	};
	program_init(p, call, name);
	p->timeout_ms = DNF_TIMEOUT_MS;
	program_add(p, "--setopt=exit_on_lock=True"); /* it would wait for ever */
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		put_words(p, lists[i].argument, lists[i].option);
	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		if (arg_bool(call, switches[i].argument))
			program_add(p, switches[i].option);
	if (arg_has(call, "install_weak_deps") && !arg_bool(call, "install_weak_deps"))
		program_add(p, "--setopt=install_weak_deps=False");
	if (arg_has(call, "sslverify") && !arg_bool(call, "sslverify"))
		program_add(p, "--setopt=sslverify=0");
}

/* Names that rpm can judge by itself, which is a hundred times faster. */
static int all_there(struct module_call *call, bool *ret, struct err *err)
{
	struct program p;
	size_t count;
	const char *const *names = call_names(call, "name", &count);
	*ret = false;
	for (size_t i = 0; i < count; i++)
		if (strpbrk(names[i], "@*?[/<>= "))
			return 0;
	if (arg_has(call, "installroot"))
		return 0;
	program_init(&p, call, "rpm");
	program_add(&p, "-q");
	program_add(&p, "--whatprovides");
	program_add_all(&p, names);
	int r = program_probe(&p, err);
	if (r == 0)
		*ret = p.exit_code == 0;
	return r;
}

int dnf_when_unlocked(struct program *p, int (*launch)(struct program *p, struct err *err),
		      struct err *err)
{
	int64_t end_ms = clock_now_ms() + call_arg_ms(p->call, "lock_timeout", 30);
	int r = launch(p, err);
	while (p->exit_code == LOCKED && clock_now_ms() < end_ms) {
		nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
		r = launch(p, err);
	}
	return r;
}

/* Asked to say no, it ends with 1 where there is something to do, and 0 where not. */
static int would_act(const struct program *p, bool *ret, struct slice *ret_plan, struct err *err)
{
	struct program asked = *p;
	asked.cap = 0; /* words of its own from the next one on */
	program_add(&asked, "--assumeno");
	int r = dnf_when_unlocked(&asked, program_probe, err);
	if (r < 0)
		return r;
	*ret_plan = asked.out;
	*ret = asked.exit_code != 0;
	bool aborted = strstr(asked.out.ptr, "Operation aborted") ||
		       strstr(asked.err.ptr, "Operation aborted") ||
		       strstr(asked.err.ptr, "Exiting on user command") ||
		       strstr(asked.out.ptr, "Exiting on user command");
	if (*ret && !aborted)
		return host_assumes(p->call->host)
			       ? err_set(err, ERR_UNKNOWN, "would ask %s: %s", p->words[0],
					 host_assumes(p->call->host))
			       : program_failed(&asked, err);
	return 0;
}

static int act(struct program *p, struct err *err)
{
	struct module_call *call = p->call;
	bool needed = false;
	struct slice plan = {"", 0};
	int r = would_act(p, &needed, &plan, err);
	if (r < 0 || !needed)
		return r;
	result_changed(call);
	host_overlay_assume(call->host,
			    arena_printf(call->arena, "%s would change packages", p->words[0]));
	program_add(p, "-y");
	r = dnf_when_unlocked(p, program_change, err);
	struct slice said = call->check_mode ? plan : p->out;
	result_put(call, "stdout", value_str(call->arena, said));
	result_put(call, "results", process_lines(call->arena, said));
	return r;
}

static int verb(struct module_call *call, const char *name, const char *what, bool names,
		struct err *err)
{
	struct program p;
	dnf_begin(call, name, &p);
	program_add(&p, what);
	if (strcmp(what, "upgrade") == 0 && arg_bool(call, "security"))
		program_add(&p, "--security");
	if (strcmp(what, "upgrade") == 0 && arg_bool(call, "bugfix"))
		program_add(&p, "--bugfix");
	if (names)
		program_add_all(&p, call_names(call, "name", NULL));
	return act(&p, err);
}

static int refresh(struct module_call *call, const char *name, struct err *err)
{
	struct program p;
	dnf_begin(call, name, &p);
	program_add(&p, "makecache");
	return dnf_when_unlocked(&p, program_change, err);
}

static bool is_everything(struct module_call *call)
{
	size_t count;
	const char *const *names = call_names(call, "name", &count);
	return count == 1 && strcmp(names[0], "*") == 0;
}

static int apply(struct module_call *call, const char *name, struct err *err)
{
	bool there = false, latest = state_is(call, "latest", "latest");
	if (arg_has(call, "list"))
		return dnf_list(call, name, err);
	if (!arg_has(call, "name") && arg_bool(call, "autoremove"))
		return verb(call, name, "autoremove", false, err);
	if (!arg_has(call, "name"))
		return arg_bool(call, "update_cache") ? refresh(call, name, err) : 0;
	if (state_is(call, "absent", "removed"))
		return verb(call, name, arg_bool(call, "autoremove") ? "autoremove" : "remove",
			    true, err);
	if (latest && is_everything(call))
		return verb(call, name, "upgrade", false, err);
	int r = 0;
	if (!(latest && arg_bool(call, "update_only")))
		r = all_there(call, &there, err);
	if (r == 0 && !there && !(latest && arg_bool(call, "update_only")))
		r = verb(call, name, "install", true, err);
	return r == 0 && latest ? verb(call, name, "upgrade", true, err) : r;
}

int dnf_run(struct module_call *call, const char *program, struct err *err)
{
	result_put_str(call, "msg", "");
	result_put_int(call, "rc", 0);
	return program_settle(call, apply(call, program, err), err);
}

static int run_dnf(struct module_call *call, struct err *err)
{
	return dnf_run(call, "dnf", err);
}

/* On all but the oldest hosts yum is dnf. */
static int run_yum(struct module_call *call, struct err *err)
{
	return dnf_run(call, "yum", err);
}

static const char *const needs[] = {"name|list|autoremove|update_cache", NULL};
static const char *const excludes[] = {"name|list", NULL};

const struct module module_dnf = {
	.name = "dnf",
	.full_name = "ansible.builtin.dnf",
	.doc = "Installs, upgrades and removes RPM packages.",
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = excludes,
	.run = run_dnf,
};

const struct module module_yum = {
	.name = "yum",
	.full_name = "ansible.builtin.yum",
	.doc = "Installs, upgrades and removes RPM packages with the program yum.",
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = excludes,
	.run = run_yum,
};
