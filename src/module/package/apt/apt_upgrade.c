#include "apt_upgrade.h"

#include "../../call.h"
#include "../../command/process.h"
#include "../../program.h"

#include <time.h>

void apt_put_output(struct module_call *call, struct slice text)
{
	result_put(call, "stdout", value_str(call->arena, text));
	result_put(call, "stdout_lines", process_lines(call->arena, text));
	result_put_str(call, "stderr", "");
	result_put(call, "stderr_lines", value_list_new(call->arena));
}

/* When the lists were fetched last, in seconds since the epoch. */
static int64_t fetched_at(struct module_call *call)
{
	static const char *const stamps[] = {"/var/lib/apt/periodic/update-success-stamp",
					     "/var/lib/apt/lists"};
	for (size_t i = 0; i < ARRAY_LEN(stamps); i++) {
		struct host_stat st;
		if (call->host->ops->stat(call->host, call->arena, stamps[i], true, &st, NULL) ==
			    0 &&
		    st.type != HOST_ABSENT)
			return st.mtime_ns / 1000000000;
	}
	return 0;
}

/* Mirrors are moody: waits 1, 2, 4 … seconds between tries, as Ansible does. */
int apt_refresh_lists(struct module_call *call, int64_t max_age, bool *ret_updated, struct err *err)
{
	int64_t tries = arg_int(call, "update_cache_retries", 1);
	int64_t longest = arg_int(call, "update_cache_retry_max_delay", 12);
	for (int64_t i = 0, delay = 1;; i++, delay *= 2) {
		int r = call->host->ops->package_refresh(call->host, max_age, ret_updated, err);
		if (r == 0 || i + 1 >= tries)
			return r < 0 ? err_wrap(err, r, "Failed to update apt cache") : 0;
		delay = delay > longest ? longest : delay;
		nanosleep(&(struct timespec){.tv_sec = delay > 0 ? delay : 0}, NULL);
	}
}

/* No package is asked for: what is left is all there is to do. */
static bool is_all(const struct module_call *call)
{
	const char *upgrade = arg_str(call, "upgrade");
	return !arg_has(call, "name") && !arg_has(call, "deb") &&
	       (!upgrade || strcmp(upgrade, "no") == 0);
}

int apt_refresh(struct module_call *call, struct err *err)
{
	int64_t max_age = arg_int(call, "cache_valid_time", 0);
	bool updated = false;
	/* As Ansible: cache_valid_time asks for it, whatever update_cache says. */
	bool wanted = arg_bool(call, "update_cache") || max_age > 0;
	int r = wanted ? apt_refresh_lists(call, max_age, &updated, err) : 0;
	if (r < 0)
		return r;
	result_put_bool(call, "cache_updated", updated);
	result_put_int(call, "cache_update_time", fetched_at(call));
	/* Fetching lists is a change only where it is all there is to do. */
	if (updated && is_all(call))
		result_changed(call);
	return 0;
}

/* apt-get -s says "Inst x" and "Remv x" for what it would do. */
static bool would_act(struct slice simulation)
{
	struct slice line;
	while (slice_split(&simulation, '\n', &line))
		if (slice_starts_with(line, "Inst ") || slice_starts_with(line, "Remv ") ||
		    slice_starts_with(line, "Purg ") || slice_starts_with(line, "Del "))
			return true;
	return false;
}

static void begin(struct program *p, struct module_call *call)
{
	static const char *const conffiles[] = {"force-confdef", "force-confold", NULL};
	const char *const *options = arg_list(call, "dpkg_options", NULL);
	program_init(p, call, "apt-get");
	program_env(p, "DEBIAN_FRONTEND", "noninteractive");
	program_env(p, "DEBIAN_PRIORITY", "critical");
	program_add(p, "-y");
	for (options = options ? options : conffiles; *options; options++) {
		program_add(p, "-o");
		program_add_fmt(p, "Dpkg::Options::=--%s", *options);
	}
	program_add(p, "-o");
	program_add_fmt(p, "DPkg::Lock::Timeout=%lld",
			(long long)arg_int(call, "lock_timeout", 60));
	const struct {
		const char *argument, *word;
	} switches[] = {
		{"force", "--force-yes"},
		{"fail_on_autoremove", "--no-remove"},
		{"allow_unauthenticated", "--allow-unauthenticated"},
		{"allow_downgrade", "--allow-downgrades"},
		{"allow_change_held_packages", "--allow-change-held-packages"},
	};
	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		if (arg_bool(call, switches[i].argument))
			program_add(p, switches[i].word);
}

/* Simulated first, which tells whether there is anything to do. */
static int simulate_and_act(struct program *p, struct err *err)
{
	struct module_call *call = p->call;
	struct program simulated = *p;
	simulated.cap = 0; /* words of its own from the next one on */
	program_add(&simulated, "-s");
	int r = program_read(&simulated, err);
	if (r < 0 || !would_act(simulated.out))
		return r;
	result_changed(call);
	r = program_change(p, err);
	if (r == 0)
		apt_put_output(call, call->check_mode ? simulated.out : p->out);
	return r;
}

int apt_upgrade(struct module_call *call, const char *kind, struct err *err)
{
	struct program p;
	bool full = strcmp(kind, "full") == 0 || strcmp(kind, "dist") == 0;
	const char *release = arg_str(call, "default_release");
	begin(&p, call);
	if (release) {
		program_add(&p, "-t");
		program_add(&p, release);
	}
	if (arg_bool(call, "autoremove"))
		program_add(&p, "--auto-remove");
	program_add(&p, full ? "dist-upgrade" : "upgrade");
	if (!full)
		program_add(&p, "--with-new-pkgs");
	return simulate_and_act(&p, err);
}

int apt_build_dep(struct module_call *call, struct err *err)
{
	struct program p;
	begin(&p, call);
	program_add(&p, "build-dep");
	program_add_all(&p, call_names(call, "name", NULL));
	return simulate_and_act(&p, err);
}

int apt_fix(struct module_call *call, struct err *err)
{
	struct program p;
	begin(&p, call);
	program_add(&p, "-f");
	program_add(&p, "install");
	return simulate_and_act(&p, err);
}

int apt_clean(struct module_call *call, struct err *err)
{
	struct program p;
	program_init(&p, call, "apt-get");
	program_add(&p, "clean");
	if (is_all(call))
		result_changed(call);
	return program_change(&p, err);
}

int apt_tidy(struct module_call *call, struct err *err)
{
	int r = 0;
	if (arg_bool(call, "autoclean")) {
		struct program p;
		begin(&p, call);
		program_add(&p, "autoclean");
		r = simulate_and_act(&p, err);
	}
	if (r == 0 && arg_bool(call, "autoremove")) {
		struct program p;
		begin(&p, call);
		program_add(&p, "autoremove");
		if (arg_bool(call, "purge"))
			program_add(&p, "--purge");
		r = simulate_and_act(&p, err);
	}
	return r;
}
