#include "pull.h"
#include "../call.h"
#include "../path/path_state.h"
#include "rollout/base/file.h"
#include "rollout/module/excludes.h"
#include "rollout/module/synchronize.h"

#include <sys/stat.h>

struct listing {
	struct module_call *call;
	const char *base; /* where paths begin */
	bool recursive, links, copy_links;
	struct excludes excludes;
	struct value *entries;
};

static const char *place(struct module_call *call, const char *base, const char *rel)
{
	return strcmp(base, "/") == 0 ? arena_printf(call->arena, "/%s", rel)
				      : path_below(call, base, rel);
}

/* ---- files ---- */

/* The file that was looked at, and nothing that came into its place. */
static int open_file(struct module_call *call, const char *path, const struct host_stat *seen,
		     int *ret_fd, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	struct stat st;
	int r = call->host->ops->open(call->host, path, &fd, err);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_ino != seen->inode || st.st_dev != seen->device)
		return err_set(err, ERR_INVALID, "%s was replaced while it was read", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Of as much as there was when its size was asked for. */
static int digest_of(int fd, uint64_t size, char hex[DIGEST_HEX_MAX], struct err *err)
{
	struct host_fd_stream s;
	struct digest *d = digest_new(DIGEST_SHA256);
	struct slice piece;
	int r;
	host_fd_stream_init(&s, fd);
	s.max = size;
	while ((r = s.stream.next(&s, &piece, err)) == 0 && piece.len > 0)
		digest_add(d, piece.ptr, piece.len);
	digest_end(d, hex);
	digest_free(d);
	return r;
}

/* Without a SHA-256: check mode cannot tell. */
static int put_content(struct listing *l, struct value *e, const char *path,
		       const struct host_stat *st, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	struct arena *a = l->call->arena;
	char hex[DIGEST_HEX_MAX];
	struct err e1 = {0};
	int r = open_file(l->call, path, st, &fd, &e1);
	if (r == 0)
		r = digest_of(fd, st->size, hex, &e1);
	if (r == ERR_UNKNOWN)
		r = l->call->host->ops->digest(l->call->host, path, DIGEST_SHA256, hex, &e1);
	if (r < 0 && r != ERR_UNKNOWN) {
		*err = e1;
		return r;
	}
	value_dict_put(a, e, "size", value_int(a, (int64_t)st->size));
	if (r == 0)
		value_dict_put(a, e, "sha256", value_cstr(a, hex));
	return 0;
}

/* ---- the list ---- */

static const char *type_of(const struct listing *l, const struct host_stat *st)
{
	if (st->type == HOST_LINK)
		return l->links ? "link" : "other";
	return st->type == HOST_DIR ? "dir" : st->type == HOST_FILE ? "file" : "other";
}

static struct value *entry_of(const struct listing *l, const struct host_stat *st)
{
	struct arena *a = l->call->arena;
	struct value *e = value_dict_new(a);
	value_dict_put(a, e, "type", value_cstr(a, type_of(l, st)));
	value_dict_put(a, e, "mode", value_int(a, st->mode));
	value_dict_put(a, e, "mtime_ns", value_int(a, st->mtime_ns));
	return e;
}

static int look(const struct listing *l, const char *path, struct host_stat *st, struct err *err)
{
	struct host *h = l->call->host;
	int r = h->ops->stat(h, l->call->arena, path, l->copy_links, st, err);
	if (r == 0 && l->copy_links && st->type == HOST_ABSENT)
		r = h->ops->stat(h, l->call->arena, path, false, st, err);
	if (r == 0 && l->copy_links && st->type == HOST_LINK)
		return err_set(err, ERR_NOT_FOUND, "%s leads to nothing", path);
	return r;
}

static int add_folder(struct listing *l, const char *rel, unsigned depth, struct err *err);

static int add(struct listing *l, const char *rel, unsigned depth, struct err *err)
{
	struct arena *a = l->call->arena;
	const char *path = place(l->call, l->base, rel);
	struct host_stat st = {0};
	int r = look(l, path, &st, err);
	if (r < 0 || st.type == HOST_ABSENT ||
	    excludes_match(&l->excludes, rel, st.type == HOST_DIR))
		return r;
	if (l->entries->list.len == MANIFEST_ENTRIES_MAX || strlen(rel) > MANIFEST_PATH_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %u files, or a path that is too long",
			       path, MANIFEST_ENTRIES_MAX);
	struct value *e = entry_of(l, &st);
	value_dict_put(a, e, "path", value_cstr(a, rel));
	if (st.type == HOST_LINK && l->links)
		value_dict_put(a, e, "target", value_cstr(a, st.link_target));
	if (st.type == HOST_FILE)
		r = put_content(l, e, path, &st, err);
	value_list_push(a, l->entries, e);
	return r == 0 && st.type == HOST_DIR && l->recursive ? add_folder(l, rel, depth + 1, err)
							     : r;
}

/* `rel` "": where paths begin. */
static int add_folder(struct listing *l, const char *rel, unsigned depth, struct err *err)
{
	struct host *h = l->call->host;
	struct host_names names = {0};
	const char *path = *rel ? place(l->call, l->base, rel) : l->base;
	if (depth > MANIFEST_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: folders are nested deeper than %u", path,
			       MANIFEST_DEPTH_MAX);
	int r = h->ops->list(h, l->call->arena, path, &names, err);
	for (size_t i = 0; r == 0 && i < names.len; i++)
		r = add(l, *rel ? path_below(l->call, rel, names.at[i]) : names.at[i], depth, err);
	return r;
}

static const char *source_of(struct module_call *call)
{
	return call_absolute_path(call, NULL, call_expand_path(call, arg_str(call, "src")));
}

static const char *base_of(struct module_call *call, const char *src)
{
	size_t len = strlen(src);
	if (!synchronize_means_content(src))
		len = path_dirname(src).len;
	while (len > 1 && src[len - 1] == '/')
		len--;
	return arena_strndup(call->arena, src, len);
}

static int list_source(struct listing *l, const char *src, struct err *err)
{
	struct module_call *call = l->call;
	struct host *h = call->host;
	struct host_stat st = {0};
	bool content = synchronize_means_content(src);
	int r = h->ops->stat(h, call->arena, content ? l->base : src, content || l->copy_links, &st,
			     err);
	if (r < 0)
		return r;
	if (st.type == HOST_ABSENT && host_assumes(h)) {
		result_unknown(call, "would bring %s, which is not there yet", src);
		return 0;
	}
	if (st.type == HOST_ABSENT || (content && st.type != HOST_DIR))
		return err_set(err, ERR_NOT_FOUND, "%s: %s", src,
			       st.type == HOST_ABSENT ? "No such file or directory"
						      : "Not a directory");
	result_put(call, "_root", entry_of(l, &st));
	if (st.type == HOST_DIR && synchronize_skips_folders(call->args))
		return 0;
	return content ? add_folder(l, "", 0, err)
		       : add(l, synchronize_name(call->arena, src), 0, err);
}

static int list(struct module_call *call, struct err *err)
{
	const char *src = source_of(call);
	struct listing l = {.call = call,
			    .base = base_of(call, src),
			    .recursive = synchronize_keeps(call->args, "recursive"),
			    .links = synchronize_keeps(call->args, "links"),
			    .copy_links = arg_bool(call, "copy_links"),
			    .entries = value_list_new(call->arena)};
	int r = excludes_init(&l.excludes, call->arena, value_get(call->args, "rsync_opts"), err);
	if (r == 0)
		r = list_source(&l, src, err);
	result_put(call, "_manifest", l.entries);
	return r;
}

/* ---- the files that the controller lacks ---- */

static int send_file(struct module_call *call, const char *base, const struct value *wanted,
		     struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	const struct value *path = value_get(wanted, "path"), *size = value_get(wanted, "size");
	struct host_fd_stream s;
	struct host_stat st = {0};
	if (!path || path->type != VALUE_STRING || !size || size->type != VALUE_INT)
		return err_set(err, ERR_PROTOCOL, "a file without path or size is wanted");
	const char *full = place(call, base, path->str.ptr);
	int r = call->host->ops->stat(call->host, call->arena, full, arg_bool(call, "copy_links"),
				      &st, err);
	if (r == 0)
		r = open_file(call, full, &st, &fd, err);
	if (r < 0)
		return r;
	host_fd_stream_init(&s, fd);
	s.max = s.stream.size = (uint64_t)size->integer;
	return call->services->send_file(call->services->self, path->str.ptr, &s.stream, err);
}

static int send(struct module_call *call, const struct value *wanted, struct err *err)
{
	const char *base = base_of(call, source_of(call));
	int r = 0;
	if (!wanted || wanted->type != VALUE_LIST || !call->services || !call->services->send_file)
		return err_set(err, ERR_PROTOCOL, "there is nobody to send files to");
	for (size_t i = 0; r == 0 && i < wanted->list.len; i++)
		r = send_file(call, base, wanted->list.at[i], err);
	return r;
}

int pull_run(struct module_call *call, struct err *err)
{
	const struct value *phase = value_get(call->args, "_phase");
	if (phase && value_is_str(phase, "send"))
		return send(call, value_get(call->args, "_wanted"), err);
	return list(call, err);
}
