#include "../call.h"
#include "../path/path_state.h"

#include <stdlib.h>
#include <sys/random.h>

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

/* A name that does not exist, and that nobody can take before us. */
static int random_name(struct module_call *call, const char **ret, struct err *err)
{
	uint64_t random;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, "getrandom");
	*ret = arena_printf(call->arena, "%s%012llx%s", arg_str(call, "prefix"),
			    (unsigned long long)(random & 0xffffffffffffu),
			    arg_str(call, "suffix"));
	return 0;
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
	const char *dir = arg_str(call, "path"), *path, *name = "";
	bool directory = strcmp(arg_str(call, "state"), "directory") == 0;
	if (!dir)
		dir = env && env[0] == '/' ? env : "/tmp";
	dir = call_absolute_path(call, NULL, dir);
	int tries = 0, r;
	do {
		if ((r = random_name(call, &name, err)) < 0)
			return r;
		path = path_below(call, dir, name);
		r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	} while (r == 0 && st.type != HOST_ABSENT && ++tries < NAME_TRIES);
	if (r == 0 && st.type != HOST_ABSENT)
		return err_set(err, ERR_EXISTS, "%s: no free name was found in %d tries", dir,
			       NAME_TRIES);
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
