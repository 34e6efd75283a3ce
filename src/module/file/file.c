/* file: the table, and the states directory, file, touch and absent. */
#include "file_state.h"

#include "../call.h"
#include "../path/path_state.h"

#include <stdlib.h>
#include <time.h>

#define RECURSE_DEPTH_MAX 500u
#define TIME_FORMAT "%Y%m%d%H%M.%S"

static const char *const states[] = {"absent", "directory", "file", "hard", "link", "touch", NULL};
static const char *const path_aliases[] = {"dest", "name", NULL};

static const struct module_param file_params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .aliases = path_aliases,
	 .doc = "The path that is managed."},
	{.name = "state",
	 .type = MODULE_STR,
	 .choices = states,
	 .doc = "What it shall be; without it what it is, or a file."},
	MODULE_ATTRIBUTE_PARAMS,
	{.name = "src", .type = MODULE_PATH, .doc = "Where a link points."},
	{.name = "recurse",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Owner, group and mode hold for all that is in the folder."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes a link although its target is not there or its path is a file."},
	{.name = "follow",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Owner, group and mode are those of a link's target."},
	{.name = "modification_time",
	 .type = MODULE_STR,
	 .doc = "preserve, now, or YYYYMMDDhhmm.ss; now for touch, else preserve."},
	{.name = "access_time",
	 .type = MODULE_STR,
	 .doc = "preserve, now, or YYYYMMDDhhmm.ss; now for touch, else preserve."},
	{.name = "modification_time_format",
	 .type = MODULE_STR,
	 .fallback = "'" TIME_FORMAT "'",
	 .doc = "strptime's format of modification_time."},
	{.name = "access_time_format",
	 .type = MODULE_STR,
	 .fallback = "'" TIME_FORMAT "'",
	 .doc = "strptime's format of access_time."},
	{.name = "unsafe_writes",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepted; file writes no content."},
	{0},
};

void file_state_diff(struct module_call *call, const char *path, const char *before,
		     const char *after)
{
	struct slice a = slice_from(arena_printf(call->arena, "state: %s\n", before));
	struct slice b = slice_from(arena_printf(call->arena, "state: %s\n", after));
	result_diff(call, path, a, path, b);
}

/* --- times ------------------------------------------------------------- */

static int parse_time(struct module_call *call, const char *name, bool now_by_default,
		      int64_t *ret_ns, struct err *err)
{
	const char *text = arg_str(call, name);
	const char *format = arg_str(call, arena_printf(call->arena, "%s_format", name));
	struct tm tm = {.tm_isdst = -1};
	struct timespec now;
	if (!text)
		text = now_by_default ? "now" : "preserve";
	*ret_ns = -1;
	if (strcmp(text, "preserve") == 0)
		return 0;
	if (strcmp(text, "now") == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		*ret_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
		return 0;
	}
	const char *end = strptime(text, format ? format : TIME_FORMAT, &tm);
	if (!end || *end)
		return err_set(err, ERR_INVALID, "%s '%s' is not of the format %s", name, text,
			       format ? format : TIME_FORMAT);
	time_t seconds = mktime(&tm);
	if (seconds < 0 || seconds > INT64_MAX / 1000000000 - 1)
		return err_set(err, ERR_INVALID, "%s '%s' is before 1970 or after 2261", name,
			       text);
	*ret_ns = (int64_t)seconds * 1000000000;
	return 0;
}

int file_attributes(struct module_call *call, const char *path, bool touch, struct err *err)
{
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	int r = call->host->ops->stat(call->host, call->arena, path, arg_bool(call, "follow"), &st,
				      err);
	if (r == 0)
		r = attributes_wanted(call, &st, &want, err);
	if (r == 0)
		r = parse_time(call, "modification_time", touch, &want.mtime_ns, err);
	if (r == 0)
		r = parse_time(call, "access_time", touch, &want.atime_ns, err);
	return r < 0 ? r : attributes_apply(call, path, &want, err);
}

/* --- states ------------------------------------------------------------ */

static int ensure_absent(struct file_call *f, struct err *err)
{
	struct module_call *call = f->call;
	result_put_str(call, "state", "absent");
	if (f->was.type == HOST_ABSENT)
		return 0;
	int r = call->host->ops->remove(call->host, f->path, true, err);
	if (r < 0)
		return r;
	result_changed(call);
	file_state_diff(call, f->path, path_type_name(&f->was), "absent");
	return 0;
}

static int ensure_file(struct file_call *f, struct err *err)
{
	struct module_call *call = f->call;
	struct host_stat st = f->was;
	if (st.type == HOST_LINK && arg_bool(call, "follow")) {
		int r = call->host->ops->stat(call->host, call->arena, f->path, true, &st, err);
		if (r < 0)
			return r;
	}
	if (st.type == HOST_ABSENT && host_assumes(call->host)) {
		result_unknown(call, "%s is not there yet: %s", f->path, host_assumes(call->host));
		return 0;
	}
	if (st.type == HOST_ABSENT || st.type == HOST_DIR)
		return err_set(err, ERR_INVALID, "file (%s) is %s, cannot continue", f->path,
			       path_type_name(&st));
	return file_attributes(call, f->path, false, err);
}

static int ensure_touched(struct file_call *f, struct err *err)
{
	struct module_call *call = f->call;
	if (f->was.type != HOST_ABSENT)
		return file_attributes(call, f->path, true, err);
	struct host_write w = {0};
	struct host_stat none = {.type = HOST_ABSENT};
	int r = attributes_wanted(call, &none, &w.attr, err);
	if (r == 0)
		r = path_need_folder(call, f->path, err);
	if (r == 0)
		r = call->host->ops->write(call->host, f->path, &w, err);
	if (r < 0)
		return r;
	result_changed(call);
	file_state_diff(call, f->path, "absent", "touch");
	/* Times that are not "now" are set on the new file too. */
	return file_attributes(call, f->path, false, err);
}

static int link_owner(struct module_call *call, const char *path, const struct host_stat *st,
		      struct err *err)
{
	struct host_attr want = HOST_ATTR_KEEP, change = HOST_ATTR_KEEP;
	int r = attributes_wanted(call, st, &want, err);
	if (r < 0)
		return r;
	if (want.uid >= 0 && (uid_t)want.uid != st->uid)
		change.uid = want.uid;
	if (want.gid >= 0 && (gid_t)want.gid != st->gid)
		change.gid = want.gid;
	if (change.uid < 0 && change.gid < 0)
		return 0;
	result_changed(call);
	return call->host->ops->set_attr(call->host, path, false, &change, err);
}

static int recurse(struct module_call *call, const char *dir, unsigned depth, struct err *err)
{
	struct host_names names = {0};
	struct host_stat st = {0};
	if (depth > RECURSE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: deeper than %u levels", dir, RECURSE_DEPTH_MAX);
	int r = call->host->ops->list(call->host, call->arena, dir, &names, err);
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		const char *path = path_below(call, dir, names.at[i]);
		r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
		if (r < 0)
			return r;
		/* Links lead out of the tree: of them the owner alone is set. */
		if (st.type == HOST_LINK) {
			r = link_owner(call, path, &st, err);
			continue;
		}
		r = file_attributes(call, path, false, err);
		if (r == 0 && st.type == HOST_DIR)
			r = recurse(call, path, depth + 1, err);
	}
	return r;
}

static int make_directory(struct file_call *f, struct err *err)
{
	struct module_call *call = f->call;
	struct host_attr attr = HOST_ATTR_KEEP;
	struct host_stat new_dir = {.type = HOST_DIR, .mode = 0755};
	int r = attributes_wanted(call, &new_dir, &attr, err);
	if (r == 0)
		r = path_make_folders(call, f->path, &attr, err);
	if (r == 0)
		r = attributes_flags(call, f->path, err);
	if (r < 0)
		return r;
	result_changed(call);
	file_state_diff(call, f->path, "absent", "directory");
	return 0;
}

static int ensure_directory(struct file_call *f, struct err *err)
{
	struct module_call *call = f->call;
	struct host_stat st = f->was;
	int r = 0;
	if (st.type == HOST_LINK && arg_bool(call, "follow")) {
		r = path_real(call, f->path, &f->path, err);
		if (r == 0)
			r = call->host->ops->stat(call->host, call->arena, f->path, true, &st, err);
	}
	if (r < 0)
		return r;
	if (st.type != HOST_ABSENT && st.type != HOST_DIR)
		return err_set(err, ERR_EXISTS, "%s already exists as a %s", f->path,
			       path_type_name(&st));
	r = st.type == HOST_ABSENT ? make_directory(f, err)
				   : file_attributes(call, f->path, false, err);
	if (r == 0 && arg_bool(call, "recurse"))
		r = recurse(call, f->path, 0, err);
	return r;
}

/* What it is, or where nothing is: a file, which is then an error. */
static const char *default_state(const struct file_call *f)
{
	if (f->was.type != HOST_ABSENT)
		return path_type_name(&f->was);
	return arg_bool(f->call, "recurse") ? "directory" : "file";
}

static int run(struct module_call *call, struct err *err)
{
	static const struct {
		const char *name, *told_as;
		int (*ensure)(struct file_call *f, struct err *err);
	} handlers[] = {
		{"absent", "path", ensure_absent},  {"directory", "path", ensure_directory},
		{"file", "path", ensure_file},	    {"hard", "dest", file_ensure_hard},
		{"link", "dest", file_ensure_link}, {"touch", "dest", ensure_touched},
	};
	struct file_call f = {.call = call};
	f.path = call_absolute_path(call, NULL, arg_str(call, "path"));
	int r = call->host->ops->stat(call->host, call->arena, f.path, false, &f.was, err);
	if (r < 0)
		return r;
	const char *state = arg_str(call, "state");
	f.state = state ? state : default_state(&f);
	if (arg_bool(call, "recurse") && strcmp(f.state, "directory") != 0)
		return err_set(err, ERR_INVALID, "recurse option requires state to be 'directory'");
	if (!state && strcmp(f.state, "hard") == 0)
		f.state = "file"; /* a file that happens to have another name */
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (strcmp(handlers[i].name, f.state) == 0) {
			result_put_str(call, handlers[i].told_as, f.path);
			r = handlers[i].ensure(&f, err);
		}
	return r < 0 || strcmp(f.state, "absent") == 0 ? r : path_state_put(call, f.path, err);
}

const struct module module_file = {
	.name = "file",
	.full_name = "ansible.builtin.file",
	.doc = "Manages files, folders, links, and their owners and modes.",
	.params = file_params,
	.run = run,
};
