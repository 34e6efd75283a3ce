/* file: state link and hard. */
#include "file_state.h"

#include "../call.h"
#include "../path/path_state.h"

/* Where a symbolic link's text leads from its own folder. */
static const char *absolute_target(struct file_call *f, const char *src)
{
	if (src[0] == '/')
		return src;
	const char *from = f->was.type == HOST_DIR ? f->path : path_folder(f->call, f->path);
	return path_below(f->call, from, src);
}

static int check_target(struct file_call *f, const char *target, struct err *err)
{
	struct host_stat st = {0};
	struct host *h = f->call->host;
	int r = h->ops->stat(h, f->call->arena, target, true, &st, err);
	if (r < 0 || st.type != HOST_ABSENT || host_assumes(h))
		return r;
	return err_set(err, ERR_NOT_FOUND,
		       "src file does not exist, use \"force=yes\" if you really want to create "
		       "the link: %s",
		       target);
}

/* May a link take the place of what is there? An empty folder is removed. */
static int clear_way(struct file_call *f, const char *kind, struct err *err)
{
	struct module_call *call = f->call;
	struct host_names names = {0};
	if (f->was.type == HOST_ABSENT || f->was.type == HOST_LINK)
		return 0;
	if (!arg_bool(call, "force"))
		return err_set(err, ERR_EXISTS, "refusing to convert from %s to %s for %s",
			       path_type_name(&f->was), kind, f->path);
	if (f->was.type != HOST_DIR)
		return 0;
	int r = call->host->ops->list(call->host, call->arena, f->path, &names, err);
	if (r == 0 && names.len)
		return err_set(err, ERR_EXISTS,
			       "the directory %s is not empty, refusing to convert it", f->path);
	return r < 0 ? r : call->host->ops->remove(call->host, f->path, false, err);
}

static void show(struct file_call *f, const char *kind, const char *before, const char *after)
{
	struct module_call *call = f->call;
	const char *a = arena_printf(call->arena, "state: %s\nsrc: %s\n", path_type_name(&f->was),
				     before ? before : "");
	const char *b = arena_printf(call->arena, "state: %s\nsrc: %s\n", kind, after);
	result_diff(call, f->path, slice_from(a), f->path, slice_from(b));
}

static int set_link_attributes(struct file_call *f, struct err *err)
{
	struct host_stat st = {0};
	struct module_call *call = f->call;
	if (!arg_bool(call, "follow"))
		return file_attributes(call, f->path, false, err);
	int r = call->host->ops->stat(call->host, call->arena, f->path, true, &st, err);
	if (r < 0)
		return r;
	if (st.type != HOST_ABSENT)
		return file_attributes(call, f->path, false, err);
	if (arg_has(call, "mode") || arg_has(call, "owner") || arg_has(call, "group"))
		result_warn(call, "Cannot set fs attributes on a non-existent symlink target. "
				  "follow should be set to False to avoid this.");
	return 0;
}

int file_ensure_link(struct file_call *f, struct err *err)
{
	struct module_call *call = f->call;
	const char *src = arg_str(call, "src");
	bool is_link = f->was.type == HOST_LINK;
	if (!src && is_link)
		src = f->was.link_target;
	if (!src)
		return err_set(err, ERR_INVALID, "src is required for creating new symlinks");
	int r = 0;
	if (!arg_bool(call, "force"))
		r = check_target(f, absolute_target(f, src), err);
	if (r < 0)
		return r;
	if (!is_link || strcmp(f->was.link_target, src) != 0) {
		r = path_need_folder(call, f->path, err);
		if (r == 0)
			r = clear_way(f, "symlink", err);
		if (r == 0)
			r = call->host->ops->symlink(call->host, src, f->path, err);
		if (r < 0)
			return r;
		result_changed(call);
		show(f, "link", f->was.link_target, src);
	}
	result_put_str(call, "src", src);
	return set_link_attributes(f, err);
}

int file_ensure_hard(struct file_call *f, struct err *err)
{
	struct module_call *call = f->call;
	struct host_stat target = {0};
	const char *src = arg_str(call, "src");
	if (!src)
		return f->was.type == HOST_FILE && f->was.nlink > 1
			       ? file_attributes(call, f->path, false, err)
			       : err_set(err, ERR_INVALID,
					 "src is required for creating new hardlinks");
	if (src[0] != '/')
		src = path_below(call, path_folder(call, f->path), src);
	int r = call->host->ops->stat(call->host, call->arena, src, true, &target, err);
	if (r < 0)
		return r;
	if (target.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "src does not exist: %s", src);
	if (f->was.type != HOST_FILE || f->was.inode != target.inode ||
	    f->was.device != target.device) {
		r = clear_way(f, "hard", err);
		if (r == 0 && f->was.type == HOST_LINK && !arg_bool(call, "force"))
			r = err_set(err, ERR_EXISTS, "Cannot link, %s exists as a link", f->path);
		if (r == 0)
			r = path_need_folder(call, f->path, err);
		if (r == 0)
			r = call->host->ops->link(call->host, src, f->path, err);
		if (r < 0)
			return r;
		result_changed(call);
		show(f, "hard", NULL, src);
	}
	result_put_str(call, "src", src);
	return file_attributes(call, f->path, false, err);
}
