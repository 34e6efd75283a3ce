/* ZIP archives: compared by size and CRC here, unpacked by unzip. */
#include "archive.h"

#include "../call.h"
#include "../path_state.h"
#include "zip.h"

#include <zlib.h>

static int load(struct archive *ar, struct err *err)
{
	struct host *h = ar->call->host;
	if (ar->content.ptr)
		return 0;
	int r = h->ops->read(h, ar->src, ARCHIVE_MAX, &ar->buffer, err);
	if (r == 0)
		ar->content = strbuf_slice(&ar->buffer);
	return r;
}

static int is_same(struct archive *ar, const struct zip_entry *e, bool *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf content = {0};
	struct module_call *call = ar->call;
	struct host_stat st = {0};
	const char *path = path_below(call, ar->dest, e->name);
	int r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	bool is_dir = slice_ends_with(slice_from(e->name), "/");
	*ret = st.type == (is_dir ? HOST_DIR : HOST_FILE);
	if (r < 0 || !*ret || is_dir)
		return r;
	*ret = st.size == e->size;
	if (!*ret)
		return 0;
	r = call->host->ops->read(call->host, path, ARCHIVE_MAX, &content, err);
	if (r == 0)
		*ret = crc32_z(0, (const unsigned char *)content.ptr, content.len) == e->crc;
	return r;
}

#define PLACED ".rollout-unarchive.zip"

/* What an agent that was killed has left. */
static void remove_placed(struct archive *ar)
{
	struct module_call *call = ar->call;
	if (!ar->src && !call->check_mode)
		(void)call->host->ops->remove(call->host, path_below(call, ar->dest, PLACED), false,
					      NULL);
}

static int compare(struct archive *ar, bool *ret_same, struct err *err)
{
	struct zip_entries entries = {0};
	int r = load(ar, err);
	remove_placed(ar);
	if (r == 0)
		r = zip_read(ar->call->arena, ar->content, &entries, err);
	if (r < 0)
		return r;
	*ret_same = true;
	for (size_t i = 0; i < entries.len; i++) {
		bool same = true;
		if (!archive_is_wanted(ar, entries.at[i].name))
			continue;
		vec_push(&ar->names, entries.at[i].name);
		if (*ret_same)
			r = is_same(ar, &entries.at[i], &same, err);
		if (r < 0)
			return r;
		*ret_same = *ret_same && same;
	}
	return 0;
}

/* unzip goes through links that are in its way; tar replaces them. */
static int check_folders(struct archive *ar, struct err *err)
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

/* unzip cannot read a pipe. */
static int place(struct archive *ar, const char **ret_path, struct err *err)
{
	struct module_call *call = ar->call;
	struct host_write w = {.content = ar->content, .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0600;
	if (ar->src) {
		*ret_path = ar->src;
		return 0;
	}
	*ret_path = path_below(call, ar->dest, PLACED);
	return call->host->ops->write(call->host, *ret_path, &w, err);
}

static int unzip(struct archive *ar, const char *path, struct err *err)
{
	struct module_call *call = ar->call;
	VEC(const char *) w = {0};
	const char *const *list;
	vec_push(&w, "unzip");
	vec_push(&w, arg_bool(call, "keep_newer") ? "-uo" : "-o");
	vec_push(&w, "-qq");
	for (list = arg_list(call, "extra_opts", NULL); list && *list; list++)
		vec_push(&w, *list);
	vec_push(&w, path);
	for (list = arg_list(call, "include", NULL); list && *list; list++)
		vec_push(&w, *list);
	list = arg_list(call, "exclude", NULL);
	if (list && *list)
		vec_push(&w, "-x");
	for (; list && *list; list++)
		vec_push(&w, *list);
	vec_push(&w, "-d");
	vec_push(&w, ar->dest);
	vec_push(&w, NULL);
	int r = call_change(call, w.at, NULL, err);
	vec_release(&w);
	return r;
}

static int extract(struct archive *ar, struct err *err)
{
	struct module_call *call = ar->call;
	const char *path;
	int r = check_folders(ar, err);
	if (r == 0)
		r = place(ar, &path, err);
	if (r < 0)
		return r;
	r = unzip(ar, path, err);
	if (!ar->src) {
		int removed = call->host->ops->remove(call->host, path, false, r < 0 ? NULL : err);
		r = r < 0 ? r : removed;
	}
	return r;
}

const struct archive_handler archive_zip = {"ZipArchive", compare, extract};
