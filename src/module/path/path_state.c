#include "path_state.h"

#include "rollout/base/file.h"

#include <time.h>
#include <unistd.h>

#define LINKS_MAX 40

const char *path_mode_text(struct module_call *call, mode_t mode)
{
	return arena_printf(call->arena, "0%03o", mode); /* as Ansible: 02755 */
}

const char *path_owner_name(struct module_call *call, uid_t uid)
{
	struct host_user u = {0};
	int r = call->host->ops->user_by_id(call->host, call->arena, uid, &u, NULL);
	return r == 0 ? u.name : NULL;
}

const char *path_group_name(struct module_call *call, gid_t gid)
{
	struct host_group g = {0};
	int r = call->host->ops->group_by_id(call->host, call->arena, gid, &g, NULL);
	return r == 0 ? g.name : NULL;
}

const char *path_type_name(const struct host_stat *st)
{
	switch (st->type) {
	case HOST_ABSENT:
		return "absent";
	case HOST_DIR:
		return "directory";
	case HOST_LINK:
		return "link";
	default:
		return st->nlink > 1 ? "hard" : "file";
	}
}

int path_state_put(struct module_call *call, const char *path, struct err *err)
{
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	if (r < 0)
		return r;
	result_put_str(call, "state", path_type_name(&st));
	if (st.type == HOST_ABSENT)
		return 0;
	const char *owner = path_owner_name(call, st.uid), *group = path_group_name(call, st.gid);
	result_put_str(call, "mode", path_mode_text(call, st.mode));
	result_put_str(call, "owner", owner ? owner : arena_printf(call->arena, "%u", st.uid));
	result_put_str(call, "group", group ? group : arena_printf(call->arena, "%u", st.gid));
	/* The ids of users who do not exist yet are not known. */
	if (!host_id_is_provisional(st.uid))
		result_put_int(call, "uid", st.uid);
	if (!host_id_is_provisional(st.gid))
		result_put_int(call, "gid", st.gid);
	result_put_int(call, "size", (int64_t)st.size);
	return 0;
}

const char *path_folder(struct module_call *call, const char *path)
{
	struct slice dir = path_dirname(path);
	return arena_strndup(call->arena, dir.ptr, dir.len);
}

const char *path_below(struct module_call *call, const char *dir, const char *name)
{
	size_t len = strlen(dir);
	while (len > 0 && dir[len - 1] == '/')
		len--;
	while (*name == '/')
		name++;
	return arena_printf(call->arena, "%.*s/%s", (int)len, dir, name);
}

/* As systemd's CHASE_SAFE: who may write in a folder shall not lead root out of it. */
int path_trusted(struct module_call *call, const char *path, struct err *err)
{
	struct host_stat link = {0}, st = {0};
	const struct host_ops *ops = call->host->ops;
	int r = ops->stat(call->host, call->arena, path, false, &link, err);
	if (r < 0 || link.type != HOST_LINK || link.uid == 0 || link.uid == geteuid())
		return r;
	r = ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0 || (st.type != HOST_ABSENT && st.uid == link.uid))
		return r;
	return err_set(err, ERR_INVALID,
		       "%s is a symbolic link that user %u has made to %s, which is not theirs: "
		       "not followed",
		       path, link.uid, link.link_target);
}

static int resolve(struct module_call *call, const char *path, bool trusted, const char **ret,
		   struct err *err)
{
	struct host_stat st = {0};
	for (int links = 0; links < LINKS_MAX; links++) {
		int r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
		if (r == 0 && trusted)
			r = path_trusted(call, path, err);
		if (r < 0)
			return r;
		if (st.type != HOST_LINK) {
			*ret = path;
			return 0;
		}
		path = st.link_target[0] == '/'
			       ? st.link_target
			       : path_below(call, path_folder(call, path), st.link_target);
	}
	return err_set(err, ERR_LIMIT, "%s: too many symbolic links", path);
}

int path_real(struct module_call *call, const char *path, const char **ret, struct err *err)
{
	return resolve(call, path, true, ret, err);
}

int path_link_end(struct module_call *call, const char *path, const char **ret, struct err *err)
{
	return resolve(call, path, false, ret, err);
}

int path_make_folders(struct module_call *call, const char *path, const struct host_attr *attr,
		      struct err *err)
{
	struct host_stat st = {0};
	struct host_attr keep = HOST_ATTR_KEEP;
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0 || st.type == HOST_DIR)
		return r;
	if (st.type != HOST_ABSENT)
		return err_set(err, ERR_EXISTS, "%s is not a directory", path);
	const char *parent = path_folder(call, path);
	if (strcmp(parent, path) != 0)
		r = path_make_folders(call, parent, attr, err);
	if (r == 0)
		r = call->host->ops->mkdir(call->host, path, attr ? attr : &keep, err);
	return r;
}

int path_need_folder(struct module_call *call, const char *path, struct err *err)
{
	struct host_stat st = {0};
	const char *dir = path_folder(call, path);
	int r = call->host->ops->stat(call->host, call->arena, dir, true, &st, err);
	if (r < 0 || st.type == HOST_DIR || (st.type == HOST_ABSENT && host_assumes(call->host)))
		return r;
	if (st.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "Destination directory %s does not exist", dir);
	return err_set(err, ERR_INVALID, "%s is not a directory", dir);
}

int path_backup(struct module_call *call, const char *path, struct err *err)
{
	struct host_stat st = {0};
	struct tm tm;
	char when[32];
	time_t now = time(NULL);
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0 || call->check_mode || st.type != HOST_FILE)
		return r;
	strftime(when, sizeof(when), "%Y-%m-%d@%H:%M:%S", localtime_r(&now, &tm));
	const char *to = arena_printf(call->arena, "%s.%ld.%s~", path, (long)getpid(), when);
	struct host_write w = {.source_path = path,
			       .attr = {.mode = (int)st.mode,
					.uid = st.uid,
					.gid = st.gid,
					.mtime_ns = st.mtime_ns,
					.atime_ns = st.atime_ns}};
	r = call->host->ops->write(call->host, to, &w, err);
	if (r == 0)
		result_put_str(call, "backup_file", to);
	return r < 0 ? err_wrap(err, r, "backup of %s", path) : 0;
}

void path_read_for_diff(struct module_call *call, const char *path, struct strbuf *out)
{
	if (call->diff_mode && !call->no_log)
		call->host->ops->read(call->host, path, PATH_DIFF_MAX, out, NULL);
}

void path_diff(struct module_call *call, const char *path, struct slice before, struct slice after)
{
	if (before.len > PATH_DIFF_MAX || after.len > PATH_DIFF_MAX)
		return;
	result_diff(call, path, before, path, after);
}
