#include "apt_upgrade.h"

#include "../call.h"
#include "../command/process.h"

#define WORDS_MAX 16

struct words {
	const char *at[WORDS_MAX + 1];
	size_t len;
};

static void words_add(struct words *w, const char *word)
{
	if (w->len < WORDS_MAX)
		w->at[w->len++] = word;
}

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

int apt_refresh(struct module_call *call, struct err *err)
{
	int64_t max_age = arg_int(call, "cache_valid_time", 0);
	bool updated = false;
	bool wanted = arg_has(call, "update_cache") ? arg_bool(call, "update_cache") : max_age > 0;
	if (wanted) {
		int r = call->host->ops->package_refresh(call->host, max_age, &updated, err);
		if (r < 0)
			return err_wrap(err, r, "Failed to update apt cache");
	}
	result_put_bool(call, "cache_updated", updated);
	result_put_int(call, "cache_update_time", fetched_at(call));
	/* Fetching lists is a change only where it is all there is to do. */
	const char *upgrade = arg_str(call, "upgrade");
	if (updated && !arg_has(call, "name") && !arg_has(call, "deb") &&
	    (!upgrade || strcmp(upgrade, "no") == 0))
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

static void common_words(struct module_call *call, struct words *w)
{
	words_add(w, "apt-get");
	words_add(w, "-y");
	words_add(w, "-o");
	words_add(w, "Dpkg::Options::=--force-confdef");
	words_add(w, "-o");
	words_add(w, "Dpkg::Options::=--force-confold");
	words_add(w, "-o");
	words_add(w, arena_printf(call->arena, "DPkg::Lock::Timeout=%lld",
				  (long long)arg_int(call, "lock_timeout", 60)));
}

/* Simulated first, which tells whether there is anything to do. */
static int simulate_and_act(struct module_call *call, struct words *w, struct err *err)
{
	struct words simulated = *w;
	struct slice out;
	words_add(&simulated, "-s");
	int r = call_probe(call, simulated.at, NULL, &out, err);
	if (r < 0 || !would_act(out))
		return r;
	result_changed(call);
	if (!call->check_mode)
		r = call_change(call, w->at, &out, err);
	if (r == 0)
		apt_put_output(call, out);
	return r;
}

int apt_upgrade(struct module_call *call, const char *kind, struct err *err)
{
	struct words w = {0};
	bool full = strcmp(kind, "full") == 0 || strcmp(kind, "dist") == 0;
	const char *release = arg_str(call, "default_release");
	common_words(call, &w);
	if (release) {
		words_add(&w, "-t");
		words_add(&w, release);
	}
	if (arg_bool(call, "autoremove"))
		words_add(&w, "--auto-remove");
	words_add(&w, full ? "dist-upgrade" : "upgrade");
	if (!full)
		words_add(&w, "--with-new-pkgs");
	return simulate_and_act(call, &w, err);
}

int apt_clean(struct module_call *call, struct err *err)
{
	int r = 0;
	static const char *const clean[] = {"apt-get", "clean", NULL};
	if (arg_bool(call, "clean")) {
		result_changed(call);
		r = call_change(call, clean, NULL, err);
	}
	if (r == 0 && arg_bool(call, "autoclean")) {
		struct words w = {0};
		common_words(call, &w);
		words_add(&w, "autoclean");
		r = simulate_and_act(call, &w, err);
	}
	if (r == 0 && arg_bool(call, "autoremove")) {
		struct words w = {0};
		common_words(call, &w);
		words_add(&w, "autoremove");
		if (arg_bool(call, "purge"))
			words_add(&w, "--purge");
		r = simulate_and_act(call, &w, err);
	}
	return r;
}
