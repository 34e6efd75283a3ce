/* copy and template: what goes where. The controller reads and renders. */
#include "../path/copy.h"

#include "../call.h"
#include "../path/path_state.h"
#include "../path/whole_file.h"
#include "rollout/base/file.h"
#include "rollout/module/attributes.h"

#include <stdlib.h>

#define COPY_DEPTH_MAX 100u
#define COPY_DIGEST_MAX (16u << 20) /* MD5 and SHA-1 of larger files are left out */

static const char *const newline_choices[] = {"\\n", "\\r", "\\r\\n", "\n", "\r", "\r\n", NULL};

#define COPY_SHARED_PARAMS                                                                         \
	{.name = "dest",                                                                           \
	 .type = MODULE_PATH,                                                                      \
	 .required = true,                                                                         \
	 .doc = "Path on the host; with a slash at its end, or a folder that is there, the file "  \
		"goes into it."},                                                                  \
		FILE_BACKUP_PARAM,                                                                 \
		{.name = "force",                                                                  \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Without it a file that is there stays as it is."},                        \
		{.name = "follow",                                                                 \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "false",                                                              \
		 .doc = "Writes through a symbolic link instead of replacing it."},                \
		FILE_VALIDATE_PARAM, FILE_UNSAFE_WRITES_PARAM

static const struct module_param copy_params[] = {
	COPY_SHARED_PARAMS,
	MODULE_ATTRIBUTE_PARAMS,
	{.name = "src",
	 .type = MODULE_STR,
	 .doc = "File or folder on the controller; on the host with remote_src."},
	{.name = "content", .type = MODULE_RAW, .doc = "The content itself instead of src."},
	{.name = "remote_src",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "src is on the host."},
	{.name = "directory_mode",
	 .type = MODULE_MODE,
	 .doc = "Permissions of folders of a recursive copy."},
	{.name = "local_follow",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Follows symbolic links in a folder on the controller."},
	{.name = "decrypt",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Decrypts a vaulted src."},
	{.name = "checksum", .type = MODULE_STR, .doc = "SHA-1 that the file must have."},
	{0},
};
static const char *const copy_one_of[] = {"src|content", NULL};
static const char *const copy_exclusive[] = {"src|content", NULL};

static const struct module_param template_params[] = {
	COPY_SHARED_PARAMS,
	MODULE_ATTRIBUTE_PARAMS,
	{.name = "src", .type = MODULE_STR, .required = true, .doc = "Template on the controller."},
	{.name = "block_start_string",
	 .type = MODULE_STR,
	 .fallback = "'{%'",
	 .doc = "Begins a statement."},
	{.name = "block_end_string",
	 .type = MODULE_STR,
	 .fallback = "'%}'",
	 .doc = "Ends a statement."},
	{.name = "variable_start_string",
	 .type = MODULE_STR,
	 .fallback = "'{{'",
	 .doc = "Begins an expression."},
	{.name = "variable_end_string",
	 .type = MODULE_STR,
	 .fallback = "'}}'",
	 .doc = "Ends an expression."},
	{.name = "comment_start_string", .type = MODULE_STR, .doc = "Begins a comment."},
	{.name = "comment_end_string", .type = MODULE_STR, .doc = "Ends a comment."},
	{.name = "trim_blocks",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Drops the newline after a statement."},
	{.name = "lstrip_blocks",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Drops white space before a statement."},
	{.name = "newline_sequence",
	 .type = MODULE_STR,
	 .fallback = "'\\n'",
	 .choices = newline_choices,
	 .doc = "What ends the lines of the result."},
	{.name = "output_encoding",
	 .type = MODULE_STR,
	 .fallback = "utf-8",
	 .doc = "Encoding of the result; utf-8 alone is supported."},
	{0},
};

static const char *own_str(const struct module_call *call, const char *key)
{
	const struct value *v = value_get(call->args, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : NULL;
}

static int64_t own_int(const struct value *dict, const char *key, int64_t fallback)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_INT ? v->integer : fallback;
}

static bool ends_with_slash(const char *path)
{
	size_t len = strlen(path);
	return len > 1 && path[len - 1] == '/';
}

static bool preserves(const struct module_call *call)
{
	const char *mode = arg_str(call, "mode");
	return mode && strcmp(mode, "preserve") == 0;
}

/* Into the folder when dest is one; through a link with follow. */
static int resolve_dest(struct module_call *call, const char *basename, const char **ret,
			struct err *err)
{
	struct host_stat st = {0};
	const char *dest = call_absolute_path(call, NULL, arg_str(call, "dest"));
	bool changed = false;
	int r = call->host->ops->stat(call->host, call->arena, dest, true, &st, err);
	if (r < 0)
		return r;
	bool folder = ends_with_slash(dest);
	if (folder && st.type == HOST_ABSENT)
		r = copy_folder(call, dest, &changed, err);
	if (r < 0)
		return r;
	if (folder || st.type == HOST_DIR) {
		if (!basename)
			return err_set(err, ERR_INVALID,
				       "dest %s is a folder, and content has no name of its own",
				       dest);
		dest = path_below(call, dest, basename);
	}
	if (arg_bool(call, "follow"))
		return path_real(call, dest, ret, err);
	*ret = dest;
	return 0;
}

/* Ansible's checksum is SHA-1, whatever the comparison was made with. */
static void put_digests(struct module_call *call, const struct copy_item *item, bool changed)
{
	char hex[DIGEST_HEX_MAX];
	const struct host_ops *ops = call->host->ops;
	struct host_stat st = {0};
	if (ops->stat(call->host, call->arena, item->dest, true, &st, NULL) < 0)
		return;
	bool small = st.size <= COPY_DIGEST_MAX;
	if (item->sha1)
		result_put_str(call, "checksum", item->sha1);
	else if (small && ops->digest(call->host, item->dest, DIGEST_SHA1, hex, NULL) == 0)
		result_put_str(call, "checksum", hex);
	if (changed && small && ops->digest(call->host, item->dest, DIGEST_MD5, hex, NULL) == 0)
		result_put_str(call, "md5sum", hex);
}

static int finish(struct module_call *call, const struct copy_item *item, bool changed,
		  struct err *err)
{
	result_put_str(call, "dest", item->dest);
	if (!changed)
		result_put_str(call, "path", item->dest);
	if (arg_has(call, "src"))
		result_put_str(call, "src", arg_str(call, "src"));
	put_digests(call, item, changed);
	return path_state_put(call, item->dest, err);
}

/* checksum: the SHA-1 that the source must have. */
static int check_checksum(struct module_call *call, const struct copy_item *item, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	const char *want = arg_str(call, "checksum"), *have = item->sha1;
	if (!want || !*want)
		return 0;
	if (!have && item->source_path) {
		int r = call->host->ops->digest(call->host, item->source_path, DIGEST_SHA1, hex,
						err);
		if (r < 0)
			return r;
		have = hex;
	}
	if (!have)
		return err_set(err, ERR_PROTOCOL, "the source's SHA-1 was not sent");
	if (strcasecmp(have, want) != 0)
		return err_set(err, ERR_INVALID,
			       "Copied file does not match the expected checksum: %s, expected %s",
			       have, want);
	return 0;
}

static int run_single(struct module_call *call, struct copy_item *item, const char *basename,
		      struct err *err)
{
	bool changed = false;
	int r = check_checksum(call, item, err);
	if (r == 0)
		r = resolve_dest(call, basename, &item->dest, err);
	if (r == 0)
		r = copy_file(call, item, &changed, err);
	return r < 0 ? r : finish(call, item, changed, err);
}

/* --- a folder that the controller sends -------------------------------- */

static int run_tree_link(struct module_call *call, const char *dest, const char *target,
			 struct err *err)
{
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, dest, false, &st, err);
	if (r < 0 || (st.type == HOST_LINK && strcmp(st.link_target, target) == 0))
		return r;
	result_changed(call);
	return call->host->ops->symlink(call->host, target, dest, err);
}

/* What comes over the wire stays below dest; seen to before anything is made. */
static int check_tree(struct module_call *call, const struct value *tree, struct err *err)
{
	for (size_t i = 0; i < tree->list.len; i++) {
		const struct value *path = value_get(tree->list.at[i], "path");
		if (!path || path->type != VALUE_STRING || path->str.ptr[0] == '/' ||
		    strstr(arena_printf(call->arena, "/%s/", path->str.ptr), "/../"))
			return err_set(err, ERR_PROTOCOL, "a file of the folder has a bad path");
	}
	return 0;
}

/* Owner and mode of a folder that is there already are not the task's, unless
 * the source has it too: dest may be /etc. */
static int need_folder(struct module_call *call, const char *path, struct err *err)
{
	struct host_stat st = {0};
	bool changed = false;
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	return r < 0 || st.type == HOST_DIR ? r : copy_folder(call, path, &changed, err);
}

static int run_tree_entry(struct module_call *call, const char *root, const struct value *entry,
			  struct err *err)
{
	const struct value *path = value_get(entry, "path"), *target = value_get(entry, "target");
	const struct value *type = value_get(entry, "type"), *sha = value_get(entry, "sha256");
	bool changed = false;
	const char *dest = path_below(call, root, path->str.ptr);
	if (type && value_is_str(type, "dir"))
		return copy_folder(call, dest, &changed, err);
	if (type && value_is_str(type, "link") && target && target->type == VALUE_STRING)
		return run_tree_link(call, dest, target->str.ptr, err);
	if (!sha || sha->type != VALUE_STRING)
		return err_set(err, ERR_PROTOCOL, "%s has no SHA-256", path->str.ptr);
	struct copy_item item = {
		.dest = dest,
		.sha256 = sha->str.ptr,
		.size = (uint64_t)own_int(entry, "size", 0),
		.preserved_mode = preserves(call) ? (int)own_int(entry, "mode", -1) : -1,
	};
	int r = need_folder(call, path_folder(call, dest), err);
	return r < 0 ? r : copy_file(call, &item, &changed, err);
}

static int run_tree(struct module_call *call, const struct value *tree, struct err *err)
{
	const char *dest = call_absolute_path(call, NULL, arg_str(call, "dest"));
	const char *src = arg_str(call, "src"), *basename = own_str(call, "_basename");
	/* As rsync: with a slash at its end, what is in the folder; else the folder. */
	const char *root = src && ends_with_slash(src) ? dest
			   : basename		       ? path_below(call, dest, basename)
						       : dest;
	int r = check_tree(call, tree, err);
	if (r == 0)
		r = need_folder(call, root, err);
	for (size_t i = 0; r == 0 && i < tree->list.len; i++)
		r = run_tree_entry(call, root, tree->list.at[i], err);
	if (r < 0)
		return r;
	result_put_str(call, "dest", path_below(call, dest, ""));
	result_put_str(call, "src", src);
	return path_state_put(call, dest, err);
}

/* --- a file or folder of the host -------------------------------------- */

static int copy_below(struct module_call *call, const char *src, const char *dest, unsigned depth,
		      struct err *err)
{
	struct host_stat st = {0};
	struct host_names names = {0};
	bool changed = false;
	if (depth > COPY_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: deeper than %u levels", src, COPY_DEPTH_MAX);
	int r = call->host->ops->stat(call->host, call->arena, src, false, &st, err);
	if (r < 0)
		return r;
	if (st.type == HOST_LINK)
		return run_tree_link(call, dest, st.link_target, err);
	if (st.type != HOST_DIR) {
		struct copy_item item = {.dest = dest,
					 .source_path = src,
					 .size = st.size,
					 .preserved_mode = preserves(call) ? (int)st.mode : -1};
		return copy_file(call, &item, &changed, err);
	}
	r = copy_folder(call, dest, &changed, err);
	if (r == 0)
		r = call->host->ops->list(call->host, call->arena, src, &names, err);
	for (size_t i = 0; r == 0 && i < names.len; i++)
		r = copy_below(call, path_below(call, src, names.at[i]),
			       path_below(call, dest, names.at[i]), depth + 1, err);
	return r;
}

/* Below the folder, which it would fill without end. */
static bool is_inside(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && path[len] == '/' &&
	       path[len + strspn(path + len, "/")];
}

static int run_remote(struct module_call *call, struct err *err)
{
	struct host_stat st = {0};
	const char *src =
		call_absolute_path(call, NULL, call_expand_path(call, arg_str(call, "src")));
	struct slice name = path_basename(src);
	const char *basename = arena_strndup(call->arena, name.ptr, name.len);
	int r = call->host->ops->stat(call->host, call->arena, src, true, &st, err);
	if (r < 0)
		return r;
	if (st.type == HOST_ABSENT && host_assumes(call->host)) {
		result_changed(call);
		result_unknown(call, "would copy %s, which is not there yet", src);
		return 0;
	}
	if (st.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "Source %s not found", src);
	if (st.type != HOST_DIR) {
		struct copy_item item = {.source_path = src,
					 .size = st.size,
					 .preserved_mode = preserves(call) ? (int)st.mode : -1};
		return run_single(call, &item, basename, err);
	}
	const char *dest = call_absolute_path(call, NULL, arg_str(call, "dest"));
	const char *root = ends_with_slash(src) ? dest : path_below(call, dest, basename);
	if (is_inside(root, src))
		return err_set(err, ERR_INVALID, "cannot copy the folder %s into itself, %s", src,
			       root);
	r = copy_below(call, src, root, 0, err);
	result_put_str(call, "dest", dest);
	result_put_str(call, "src", src);
	return r < 0 ? r : path_state_put(call, dest, err);
}

int copy_run(struct module_call *call, struct err *err)
{
	const struct value *tree = value_get(call->args, "_tree");
	if (tree && tree->type == VALUE_LIST)
		return run_tree(call, tree, err);
	if (arg_bool(call, "remote_src"))
		return run_remote(call, err);
	struct copy_item item = {
		.sha256 = own_str(call, "_sha256"),
		.sha1 = own_str(call, "_sha1"),
		.size = (uint64_t)own_int(call->args, "_size", -1), /* COPY_SIZE_UNKNOWN */
		.preserved_mode = preserves(call) ? (int)own_int(call->args, "_mode", -1) : -1,
	};
	item.unavailable = own_str(call, "_unavailable");
	if (!item.sha256 && !item.unavailable)
		return err_set(err, ERR_PROTOCOL, "module %s was sent without its content",
			       call->module->name);
	return run_single(call, &item, own_str(call, "_basename"), err);
}

const struct module module_copy = {
	.name = "copy",
	.full_name = "ansible.builtin.copy",
	.doc = "Copies files and folders to the host.",
	.flags = MODULE_PREPARE,
	.kind = MODULE_KIND_COPY,
	.source_dir = "files",
	.params = copy_params,
	.required_one_of = copy_one_of,
	.mutually_exclusive = copy_exclusive,
	.run = copy_run,
};

const struct module module_template = {
	.name = "template",
	.full_name = "ansible.builtin.template",
	.doc = "Renders a template to a file on the host.",
	.flags = MODULE_PREPARE,
	.kind = MODULE_KIND_TEMPLATE,
	.source_dir = "templates",
	.params = template_params,
	.run = copy_run,
};
