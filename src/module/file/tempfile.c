#include "../call.h"
#include "../path_state.h"
#include "rollout/base/clock.h"

#include <stdlib.h>
#include <unistd.h>

#define NAME_TRIES 100

static const char *const states[] = {"file", "directory", NULL};
static const struct module_param params[] = {
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "file",
	 .choices = states,
	 .doc = "What is made."},
	{.name = "path", .type = MODULE_PATH, .doc = "The folder it is made in; the host's own."},
	{.name = "prefix",
	 .type = MODULE_STR,
	 .fallback = "ansible.",
	 .doc = "How its name begins."},
	{.name = "suffix", .type = MODULE_STR, .fallback = "''", .doc = "How its name ends."},
	{0},
};

/* A name that does not exist; the folder is what keeps others out of it. */
static const char *random_name(struct module_call *call, int try)
{
	char hex[DIGEST_HEX_MAX];
	const char *seed =
		arena_printf(call->arena, "%lld %ld %d %p", (long long)clock_realtime_us(),
			     (long)getpid(), try, (void *)call);
	digest_bytes(DIGEST_SHA256, seed, strlen(seed), hex);
	return arena_printf(call->arena, "%s%.12s%s", arg_str(call, "prefix"), hex,
			    arg_str(call, "suffix"));
}

static int make(struct module_call *call, const char *path, bool directory, struct err *err)
{
	struct host_attr attr = HOST_ATTR_KEEP;
	attr.mode = directory ? 0700 : 0600;
	struct host_write w = {.attr = attr};
	return directory ? call->host->ops->mkdir(call->host, path, &attr, err)
			 : call->host->ops->write(call->host, path, &w, err);
}

static int run(struct module_call *call, struct err *err)
{
	struct host_stat st = {0};
	const char *env = getenv("TMPDIR");
	const char *dir = arg_str(call, "path"), *path;
	bool directory = strcmp(arg_str(call, "state"), "directory") == 0;
	if (!dir)
		dir = env && env[0] == '/' ? env : "/tmp";
	dir = call_absolute_path(call, NULL, dir);
	int tries = 0, r;
	do {
		path = path_below(call, dir, random_name(call, tries));
		r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	} while (r == 0 && st.type != HOST_ABSENT && ++tries < NAME_TRIES);
	if (r == 0)
		r = make(call, path, directory, err);
	if (r < 0)
		return r;
	result_changed(call);
	result_put_str(call, "path", path);
	return path_state_put(call, path, err);
}

const struct module module_tempfile = {
	.name = "tempfile",
	.full_name = "ansible.builtin.tempfile",
	.doc = "Makes a temporary file or folder.",
	.params = params,
	.run = run,
};
