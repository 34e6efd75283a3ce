#include "archive.h"

#include "../../call.h"
#include "../../path/kept.h"
#include "../../path/path_state.h"
#include "rollout/base/file.h"
#include "rollout/module/attributes.h"
#include "zip.h"

#include <errno.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const struct module_param params[] = {
	{.name = "src",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The archive: on the controller, or on the host with remote_src."},
	{.name = "dest",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The folder on the host that it is unpacked into."},
	MODULE_ATTRIBUTE_PARAMS,
	{.name = "remote_src",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "src is on the host."},
	{.name = "copy",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "The old opposite of remote_src."},
	{.name = "creates",
	 .type = MODULE_PATH,
	 .doc = "A path: where it exists, nothing is done."},
	{.name = "exclude",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Names in the archive to leave out."},
	{.name = "include",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Names in the archive, and no others."},
	{.name = "extra_opts",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Further words for tar or unzip."},
	{.name = "keep_newer",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Files that are newer on the host stay."},
	{.name = "list_files",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Returns the names in the archive."},
	{.name = "decrypt",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Decrypts a vaulted src."},
	{.name = "validate_certs", .type = MODULE_BOOL, .fallback = "true", .doc = "Accepted."},
	{.name = "io_buffer_size", .type = MODULE_INT, .fallback = "65536", .doc = "Accepted."},
	{.name = "unsafe_writes", .type = MODULE_BOOL, .fallback = "false", .doc = "Accepted."},
	{0},
};
static const char *const exclusive[] = {"include|exclude", NULL};

static void archive_release(struct archive *ar)
{
	if (ar->mapped)
		munmap(ar->mapped, ar->size);
	fd_close(&ar->fd);
	strbuf_release(&ar->buffer);
	vec_release(&ar->names);
}

static bool in_list(const struct archive *ar, const char *param, const char *name)
{
	const char *const *list = arg_list(ar->call, param, NULL);
	for (; list && *list; list++)
		if (fnmatch(*list, name, 0) == 0)
			return true;
	return false;
}

bool archive_is_wanted(const struct archive *ar, const char *name)
{
	size_t count = 0;
	arg_list(ar->call, "include", &count);
	return !in_list(ar, "exclude", name) && (count == 0 || in_list(ar, "include", name));
}

void archive_add_name(struct archive *ar, const char *name)
{
	if (!strstr(arena_printf(ar->call->arena, "/%s/", name), "/../"))
		vec_push(&ar->names, name);
}

int archive_check_folders(struct archive *ar, struct err *err)
{
	struct module_call *call = ar->call;
	for (size_t i = 0; i < ar->names.len; i++) {
		char *name = arena_strdup(call->arena, ar->names.at[i]);
		for (char *p = strchr(name, '/'); p; p = strchr(p + 1, '/')) {
			*p = '\0';
			int r = path_trusted(call, path_below(call, ar->dest, name), err);
			*p = '/';
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* From a pipe tar does not find out by itself. */
static const char *tar_option(struct slice s)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *option;
	} kinds[] = {
		{"\x1f\x8b", 2, "-z"},
		{"BZh", 3, "-j"},
		{"\xfd"
		 "7zXZ",
		 5, "-J"},
		{"\x28\xb5\x2f\xfd", 4, "--zstd"},
		{"LZIP", 4, "--lzip"},
	};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (s.len >= kinds[i].len && memcmp(s.ptr, kinds[i].magic, kinds[i].len) == 0)
			return kinds[i].option;
	return NULL;
}

/* By its name, or by its first bytes: .jar, .war, no ending. */
static bool is_zip(struct module_call *call, const char *src)
{
	const char *ending = strrchr(src, '.');
	const char *const argv[] = {"head", "-c", "4", "--", src, NULL};
	struct slice start = {0};
	int exit_code = 0;
	if (ending && strcasecmp(ending, ".zip") == 0)
		return true;
	return call_probe(call, argv, &exit_code, &start, NULL) == 0 &&
	       slice_is(start, "PK\x03\x04");
}

/* *ret NULL: in check mode it cannot be known yet. */
static int pick_remote(struct archive *ar, const struct archive_handler **ret, struct err *err)
{
	struct module_call *call = ar->call;
	struct host_stat st = {0};
	const char *src = call_absolute_path(call, NULL, arg_str(call, "src"));
	*ret = NULL;
	if (strstr(src, "://"))
		return err_set(err, ERR_UNSUPPORTED,
			       "unarchive downloads nothing: fetch %s with get_url first", src);
	int r = call->host->ops->stat(call->host, call->arena, src, true, &st, err);
	if (r < 0)
		return r;
	ar->src = src;
	if (st.type == HOST_ABSENT && host_assumes(call->host))
		return 0;
	if (st.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "Source '%s' does not exist", src);
	if (st.size == 0)
		return err_set(err, ERR_INVALID, "Invalid archive '%s', the file is 0 bytes", src);
	/* Whether an archive that an earlier task would fetch differs is not
	 * worth asking: it is new. */
	*ret = is_zip(call, src) ? &archive_zip : &archive_tar;
	return 0;
}

/* Nobody else has it, so it does not get shorter under the mapping. */
static int map(struct archive *ar, struct err *err)
{
	struct stat st;
	if (fstat(ar->fd, &st) < 0)
		return err_sys(err, "stat");
	ar->size = (size_t)st.st_size;
	if (ar->size == 0)
		return 0;
	void *at = mmap(NULL, ar->size, PROT_READ, MAP_PRIVATE, ar->fd, 0);
	if (at == MAP_FAILED)
		return err_sys(err, "map");
	ar->mapped = at;
	ar->content = (struct slice){at, ar->size};
	return 0;
}

/* It is read more than once: compared, then unpacked. */
static int spool(struct archive *ar, const char *sha256, struct err *err)
{
	CLEANUP(content_close) struct content content = {0};
	int r = content_open(ar->call, sha256, 0, &content, err);
	if (r == 0)
		r = host_spool(&content.stream, ar->dest, &ar->fd, err);
	return r < 0 ? r : map(ar, err);
}

static int pick_sent(struct archive *ar, const struct archive_handler **ret, struct err *err)
{
	struct module_call *call = ar->call;
	const struct value *sha = value_get(call->args, "_sha256");
	if (!sha || sha->type != VALUE_STRING)
		return err_set(err, ERR_PROTOCOL, "unarchive was sent without its content");
	int r = spool(ar, sha->str.ptr, err);
	if (r < 0)
		return err_wrap(err, r, "content of the archive");
	ar->tar_option = tar_option(ar->content);
	*ret = zip_is(ar->content) ? &archive_zip : &archive_tar;
	return 0;
}

static int apply_attributes(struct archive *ar, struct err *err)
{
	struct module_call *call = ar->call;
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	if (!arg_has(call, "mode") && !arg_has(call, "owner") && !arg_has(call, "group"))
		return 0;
	int r = archive_check_folders(ar, err);
	for (size_t i = 0; r == 0 && i < ar->names.len; i++) {
		const char *path = path_below(call, ar->dest, ar->names.at[i]);
		r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
		if (r < 0)
			return r;
		/* Renamed by extra_opts, a link, or in check mode not there yet. */
		if (st.type == HOST_ABSENT || st.type == HOST_LINK)
			continue;
		r = attributes_wanted(call, &st, &want, err);
		if (r == 0)
			r = attributes_apply(call, path, &want, err);
	}
	return r;
}

static void put_files(struct archive *ar)
{
	struct value *list = value_list_new(ar->call->arena);
	for (size_t i = 0; i < ar->names.len; i++)
		value_list_push(ar->call->arena, list,
				value_cstr(ar->call->arena, ar->names.at[i]));
	result_put(ar->call, "files", list);
}

/* Is the archive or the folder only in the overlay? tar and unzip do not see it. */
static bool is_pending(struct archive *ar)
{
	struct module_call *call = ar->call;
	const char *paths[] = {ar->dest, ar->src};
	int exit_code;
	struct slice out = {0};
	for (size_t i = 0; call->host->is_overlay && i < ARRAY_LEN(paths); i++) {
		const char *argv[] = {"test", "-e", paths[i], NULL};
		if (paths[i] && call_probe(call, argv, &exit_code, &out, NULL) == 0 &&
		    exit_code != 0)
			return true;
	}
	return false;
}

#define KEPT ".rollout-unarchive"

/* All that is in the archive, as it is there now. tar and unzip replace files, so a
 * hard link keeps the old one; with options of the user's they may not. */
static int keep(struct archive *ar, const char *folder, struct kept *kept, struct err *err)
{
	struct module_call *call = ar->call;
	const struct host_attr private = {.mode = 0700, -1, -1, -1, -1};
	size_t options = 0;
	arg_list(call, "extra_opts", &options);
	int r = call->host->ops->remove(call->host, folder, true, err);
	if (r == 0)
		r = call->host->ops->mkdir(call->host, folder, &private, err);
	for (size_t i = 0; r == 0 && i < ar->names.len; i++)
		r = kept_add(kept, path_below(call, ar->dest, ar->names.at[i]),
			     arena_printf(call->arena, "%s/%zu", folder, i), options == 0, err);
	return r;
}

/* The folder goes without a trace in dest's times. */
static void remove_kept(struct archive *ar, const char *folder, const struct host_stat *dest)
{
	struct host *h = ar->call->host;
	const struct host_attr times = {.mode = -1,
					.uid = -1,
					.gid = -1,
					.mtime_ns = dest->mtime_ns,
					.atime_ns = dest->atime_ns};
	(void)h->ops->remove(h, folder, true, NULL);
	if (dest->type == HOST_DIR)
		(void)h->ops->set_attr(h, ar->dest, true, &times, NULL);
}

static int extract_kept(struct archive *ar, const struct archive_handler *handler, struct err *err)
{
	struct module_call *call = ar->call;
	struct kept kept = {.call = call};
	struct host_stat dest = {0};
	const char *folder = path_below(call, ar->dest, KEPT);
	int r = call->host->ops->stat(call->host, call->arena, ar->dest, true, &dest, err);
	if (r < 0)
		return r;
	r = keep(ar, folder, &kept, err);
	if (r == 0)
		r = handler->extract(ar, err);
	if (r == 0)
		(void)call->host->ops->stat(call->host, call->arena, ar->dest, true, &dest, NULL);
	kept_end(&kept, r < 0);
	remove_kept(ar, folder, &dest);
	return r;
}

static int extract(struct archive *ar, const struct archive_handler *handler, struct err *err)
{
	return ar->call->check_mode ? handler->extract(ar, err) : extract_kept(ar, handler, err);
}

static int unpack(struct archive *ar, const struct archive_handler *handler, struct err *err)
{
	struct module_call *call = ar->call;
	bool same = false;
	int r = 0;
	if (!handler || is_pending(ar)) {
		host_overlay_assume(call->host, "an archive would be unpacked");
		result_changed(call);
		return 0;
	}
	/* A killed agent's. */
	if (!call->check_mode)
		(void)call->host->ops->remove(call->host, path_below(call, ar->dest, KEPT), true,
					      NULL);
	r = handler->compare(ar, &same, err);
	if (r == 0 && !same)
		r = extract(ar, handler, err);
	if (r < 0)
		return r;
	if (!same)
		result_changed(call);
	if (arg_bool(call, "list_files"))
		put_files(ar);
	return apply_attributes(ar, err);
}

static int check_dest(struct archive *ar, struct err *err)
{
	struct module_call *call = ar->call;
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, ar->dest, true, &st, err);
	if (r < 0 || st.type == HOST_DIR || (st.type == HOST_ABSENT && host_assumes(call->host)))
		return r;
	return err_set(err, ERR_INVALID, "Destination '%s' is not a directory", ar->dest);
}

/* Ansible's first that can: what is not gzip's is TarArchive's. */
static const char *handler_name(const struct archive *ar, const struct archive_handler *handler)
{
	bool gzip = ar->tar_option &&
		    (strcmp(ar->tar_option, "-z") == 0 || strcmp(ar->tar_option, "--gzip") == 0);
	return handler == &archive_tar && gzip ? "TgzArchive" : handler->name;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(archive_release) struct archive ar = {.call = call, .fd = -1};
	const struct archive_handler *handler = NULL;
	bool exists = false;
	int r = 0;
	ar.dest = call_absolute_path(call, NULL, arg_str(call, "dest"));
	if (arg_has(call, "creates"))
		r = call_path_exists(call, call_absolute_path(call, NULL, arg_str(call, "creates")),
				     &exists, err);
	if (exists)
		result_skip(call, "skipped, since %s exists", arg_str(call, "creates"));
	if (r < 0 || exists)
		return r;
	r = check_dest(&ar, err);
	bool remote = arg_bool(call, "remote_src") || !arg_bool(call, "copy");
	if (r == 0)
		r = remote ? pick_remote(&ar, &handler, err) : pick_sent(&ar, &handler, err);
	if (r < 0)
		return r;
	result_put_str(call, "dest", ar.dest);
	result_put_str(call, "src", arg_str(call, "src"));
	if (handler)
		result_put_str(call, "handler", handler_name(&ar, handler));
	r = unpack(&ar, handler, err);
	return r < 0 ? r : path_state_put(call, ar.dest, err);
}

const struct module module_unarchive = {
	.name = "unarchive",
	.full_name = "ansible.builtin.unarchive",
	.doc = "Unpacks an archive into a folder of the host.",
	.flags = MODULE_PREPARE,
	.kind = MODULE_KIND_UNARCHIVE,
	.source_dir = "files",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
