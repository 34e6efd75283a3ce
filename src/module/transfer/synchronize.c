/*
 * synchronize (ansible.posix), without rsync: the controller sends a manifest of
 * what is in src (_tree, as for copy), the host asks for the contents that it
 * lacks, and with delete removes what is not in it. With mode: pull the host lists
 * (pull.c), and the controller does the rest (src/run/pull).
 * https://docs.ansible.com/ansible/latest/collections/ansible/posix/synchronize_module.html
 */
#include "rollout/module/synchronize.h"
#include "../call.h"
#include "../path/copy.h"
#include "../path/path_state.h"
#include "pull.h"
#include "rollout/base/strmap.h"
#include "rollout/module/attributes.h"
#include "rollout/module/excludes.h"

static const char *const modes[] = {"push", "pull", NULL};
static const char *const only_false[] = {"false", NULL};
static const struct module_param params[] = {
	{.name = "src",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "File or folder, of the controller or with pull of the host; with a slash at its "
		"end what is in it."},
	{.name = "dest", .type = MODULE_PATH, .required = true, .doc = "Folder on the other side."},
	{.name = "mode",
	 .type = MODULE_STR,
	 .fallback = "push",
	 .choices = modes,
	 .doc = "push: from the controller to the host; pull: the other way."},
	{.name = "archive",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "recursive, links, perms and times, where those are not given."},
	{.name = "recursive", .type = MODULE_BOOL, .doc = "Goes into folders; archive's value."},
	{.name = "dirs",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Without recursive: folders, and not what is in them."},
	{.name = "links", .type = MODULE_BOOL, .doc = "Keeps symbolic links; archive's value."},
	{.name = "copy_links",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "What a link leads to in place of the link."},
	{.name = "perms", .type = MODULE_BOOL, .doc = "Keeps permissions; archive's value."},
	{.name = "times", .type = MODULE_BOOL, .doc = "Keeps times; archive's value."},
	{.name = "delete",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Removes what is in dest and not in src; needs recursive."},
	{.name = "existing_only",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes no files that are not there."},
	{.name = "rsync_opts",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "--exclude=PATTERN; nothing else."},
	{.name = "checksum",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepted; contents are compared in any case."},
	{.name = "compress",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; it is the connection's to say."},
	{.name = "delay_updates",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; each file is replaced at once."},
	{.name = "partial",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepted; there are no partial files."},
	{.name = "rsync_timeout",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .doc = "Accepted; the task's timeout holds."},
	{.name = "use_ssh_args",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepted; the run's own connection is used."},
	{.name = "set_remote_user",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; the run's own connection is used."},
	{.name = "rsync_path", .type = MODULE_STR, .doc = "Accepted; there is no rsync."},
	{.name = "private_key",
	 .type = MODULE_PATH,
	 .doc = "Accepted; the run's own connection is used."},
	{.name = "dest_port",
	 .type = MODULE_INT,
	 .doc = "Accepted; the run's own connection is used."},
	{.name = "ssh_connection_multiplexing",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepted; the run's own connection is used."},
	{.name = "verify_host",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepted; the run's own connection is used."},
	{.name = "owner",
	 .type = MODULE_BOOL,
	 .choices = only_false,
	 .doc = "false: files are the user's who writes."},
	{.name = "group",
	 .type = MODULE_BOOL,
	 .choices = only_false,
	 .doc = "false: files are the user's who writes."},
	{0},
};

struct sync {
	struct module_call *call;
	const struct value *tree;
	const char *root, *prefix; /* prefix: with which excludes begin */
	bool perms, times, recursive, deletes;
	struct excludes excludes;
	struct strmap wanted; /* paths of the tree */
	struct value *lines;  /* of the result: what was changed */
};

static void sync_release(struct sync *s)
{
	strmap_release(&s->wanted);
}

static void note(struct sync *s, const char *what, const char *path)
{
	struct arena *a = s->call->arena;
	result_changed(s->call);
	value_list_push(a, s->lines, value_fmt(a, "%s %s", what, path));
}

static const char *string_of(const struct value *dict, const char *key)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : NULL;
}

static int64_t int_of(const struct value *dict, const char *key, int64_t fallback)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_INT ? v->integer : fallback;
}

/* What comes over the wire stays below dest. */
static int check_tree(struct sync *s, struct err *err)
{
	for (size_t i = 0; i < s->tree->list.len; i++) {
		const char *path = string_of(s->tree->list.at[i], "path");
		if (!path || path[0] == '/' ||
		    strstr(arena_printf(s->call->arena, "/%s/", path), "/../"))
			return err_set(err, ERR_PROTOCOL, "a file of the folder has a bad path");
		strmap_set(&s->wanted, slice_from(path), s);
	}
	return 0;
}

/* Permissions and time of what is there now. */
static int set_attributes(struct sync *s, const char *dest, const struct value *entry,
			  struct err *err)
{
	struct host_attr want = HOST_ATTR_KEEP, change = HOST_ATTR_KEEP;
	struct host_stat st = {0};
	int r = s->call->host->ops->stat(s->call->host, s->call->arena, dest, false, &st, err);
	if (r < 0 || st.type == HOST_ABSENT || st.type == HOST_LINK)
		return r;
	want.mode = s->perms ? (int)int_of(entry, "mode", -1) : -1;
	want.mtime_ns = s->times ? int_of(entry, "mtime_ns", -1) : -1;
	if (want.mode >= 0 && (mode_t)want.mode != st.mode)
		change.mode = want.mode;
	if (want.mtime_ns >= 0 && want.mtime_ns != st.mtime_ns)
		change.mtime_ns = want.mtime_ns;
	if (change.mode < 0 && change.mtime_ns < 0)
		return 0;
	/* That a folder's time moved with what is in it is not worth a line. */
	if (st.type != HOST_DIR || !result_is_changed(s->call))
		note(s, "attributes", string_of(entry, "path"));
	return s->call->host->ops->set_attr(s->call->host, dest, false, &change, err);
}

static int put_link(struct sync *s, const char *dest, const struct value *entry, struct err *err)
{
	struct host_stat st = {0};
	const char *target = string_of(entry, "target");
	int r = s->call->host->ops->stat(s->call->host, s->call->arena, dest, false, &st, err);
	if (r < 0 || !target || (st.type == HOST_LINK && strcmp(st.link_target, target) == 0))
		return r;
	note(s, "link", string_of(entry, "path"));
	return s->call->host->ops->symlink(s->call->host, target, dest, err);
}

static int put_file(struct sync *s, const char *dest, const struct value *entry, struct err *err)
{
	bool changed = false;
	const struct copy_item item = {.dest = dest,
				       .sha256 = string_of(entry, "sha256"),
				       .size = (uint64_t)int_of(entry, "size", -1),
				       .preserved_mode =
					       s->perms ? (int)int_of(entry, "mode", -1) : -1};
	if (!item.sha256)
		return err_set(err, ERR_PROTOCOL, "%s has no SHA-256", string_of(entry, "path"));
	int r = copy_file(s->call, &item, &changed, err);
	if (r == 0 && changed)
		note(s, "file", string_of(entry, "path"));
	return r < 0 ? r : set_attributes(s, dest, entry, err);
}

static int put_folder(struct sync *s, const char *dest, const struct value *entry, struct err *err)
{
	struct host_stat st = {0};
	bool changed = false;
	int r = s->call->host->ops->stat(s->call->host, s->call->arena, dest, false, &st, err);
	if (r < 0 || st.type == HOST_DIR)
		return r;
	/* A link in its place would lead out of dest. */
	if (st.type != HOST_ABSENT)
		r = s->call->host->ops->remove(s->call->host, dest, false, err);
	if (r == 0)
		r = copy_folder(s->call, dest, &changed, err);
	if (r == 0)
		note(s, "folder", string_of(entry, "path"));
	return r;
}

static int put_entry(struct sync *s, const struct value *entry, struct err *err)
{
	struct host_stat st = {0};
	const char *dest = path_below(s->call, s->root, string_of(entry, "path"));
	const struct value *type = value_get(entry, "type");
	int r = s->call->host->ops->stat(s->call->host, s->call->arena, dest, false, &st, err);
	if (type && value_is_str(type, "other"))
		return 0; /* it is not deleted */
	if (r < 0 || (st.type == HOST_ABSENT && arg_bool(s->call, "existing_only")))
		return r;
	if (type && value_is_str(type, "dir"))
		return put_folder(s, dest, entry, err);
	if (type && value_is_str(type, "link"))
		return put_link(s, dest, entry, err);
	return put_file(s, dest, entry, err);
}

/* Folders last, and the inner ones first: what is made in one moves its time. */
static int set_folders(struct sync *s, struct err *err)
{
	int r = 0;
	for (size_t i = s->tree->list.len; r == 0 && i-- > 0;) {
		const struct value *entry = s->tree->list.at[i], *type = value_get(entry, "type");
		if (type && value_is_str(type, "dir"))
			r = set_attributes(s,
					   path_below(s->call, s->root, string_of(entry, "path")),
					   entry, err);
	}
	const struct value *root = value_get(s->call->args, "_root");
	return r == 0 && root && root->type == VALUE_DICT ? set_attributes(s, s->root, root, err)
							  : r;
}

#define DEPTH_MAX 100u

static int remove_others(struct sync *s, const char *rel, unsigned depth, bool *ret_kept,
			 struct err *err);

/* One that the tree does not have; a folder with something excluded in it stays. */
static int remove_other(struct sync *s, const char *name, bool dir, unsigned depth, bool *ret_kept,
			struct err *err)
{
	struct host *h = s->call->host;
	bool holds = false;
	int r = dir && s->excludes.len ? remove_others(s, name, depth + 1, &holds, err) : 0;
	if (r < 0 || holds) {
		*ret_kept = true;
		return r;
	}
	note(s, "deleting", name);
	return h->ops->remove(h, path_below(s->call, s->root, name), true, err);
}

/* What the tree does not have goes, but for what is excluded. */
static int remove_others(struct sync *s, const char *rel, unsigned depth, bool *ret_kept,
			 struct err *err)
{
	struct host *h = s->call->host;
	struct host_names names = {0};
	struct host_stat st = {0};
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: deeper than %u levels", s->root, DEPTH_MAX);
	int r = h->ops->list(h, s->call->arena, path_below(s->call, s->root, rel), &names, err);
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		const char *name = *rel ? path_below(s->call, rel, names.at[i]) : names.at[i];
		const char *path = path_below(s->call, s->root, name);
		r = h->ops->stat(h, s->call->arena, path, false, &st, err);
		bool dir = st.type == HOST_DIR;
		if (r == 0 &&
		    excludes_match(&s->excludes,
				   arena_printf(s->call->arena, "%s%s", s->prefix, name), dir))
			*ret_kept = true;
		else if (r == 0 && !strmap_has(&s->wanted, slice_from(name)))
			r = remove_other(s, name, dir, depth, ret_kept, err);
		else if (r == 0 && dir && s->recursive)
			r = remove_others(s, name, depth + 1, ret_kept, err);
	}
	return r;
}

static int synchronize(struct sync *s, struct err *err)
{
	bool changed = false, kept = false;
	int r = check_tree(s, err);
	if (r == 0)
		r = copy_folder(s->call, s->root, &changed, err);
	if (r == 0 && changed)
		note(s, "folder", "./");
	for (size_t i = 0; r == 0 && i < s->tree->list.len; i++)
		r = put_entry(s, s->tree->list.at[i], err);
	if (r == 0 && s->deletes)
		r = remove_others(s, "", 0, &kept, err);
	return r < 0 ? r : set_folders(s, err);
}

static void put_lines(struct sync *s)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	for (size_t i = 0; i < s->lines->list.len; i++)
		strbuf_printf(&text, "%s\n", s->lines->list.at[i]->str.ptr);
	result_put(s->call, "msg", value_str(s->call->arena, strbuf_slice(&text)));
	result_put(s->call, "stdout_lines", s->lines);
	result_put_int(s->call, "rc", 0);
}

static int push(struct module_call *call, struct err *err)
{
	CLEANUP(sync_release) struct sync s = {.call = call};
	struct value *args = value_dict_dup(call->arena, call->args);
	/* Of these names copy has parameters with another meaning. */
	value_dict_remove(args, SLICE_LIT("mode"));
	value_dict_remove(args, SLICE_LIT("checksum"));
	call->args = args;
	const char *src = arg_str(call, "src"), *base = string_of(call->args, "_basename");
	const char *dest = call_absolute_path(call, NULL, arg_str(call, "dest"));
	s.tree = value_get(call->args, "_tree");
	s.lines = value_list_new(call->arena);
	if (!s.tree || s.tree->type != VALUE_LIST) {
		int one = copy_run(call, err);
		if (result_is_changed(call))
			note(&s, "file", base ? base : src);
		put_lines(&s);
		return one;
	}
	s.perms = synchronize_keeps(call->args, "perms");
	s.times = synchronize_keeps(call->args, "times");
	bool content = synchronize_means_content(src) || !base;
	s.root = content ? dest : path_below(call, dest, base);
	s.prefix = content ? "" : arena_printf(call->arena, "%s/", base);
	s.recursive = synchronize_keeps(call->args, "recursive");
	s.deletes = arg_bool(call, "delete") && (s.recursive || synchronize_means_content(src));
	if (synchronize_skips_folders(call->args)) {
		put_lines(&s);
		return 0;
	}
	int r = excludes_init(&s.excludes, call->arena, value_get(call->args, "rsync_opts"), err);
	if (r == 0)
		r = synchronize(&s, err);
	put_lines(&s);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	if (arg_bool(call, "delete") && synchronize_skips_folders(call->args))
		return err_set(err, ERR_INVALID, "delete needs recursive (or archive), or dirs");
	return synchronize_pulls(call->args) ? pull_run(call, err) : push(call, err);
}

const struct module module_synchronize = {
	.name = "synchronize",
	.full_name = "ansible.posix.synchronize",
	.doc = "Makes a folder of the host like one of the controller.",
	.flags = MODULE_PREPARE,
	.kind = MODULE_KIND_SYNCHRONIZE,
	.params = params,
	.run = run,
};
