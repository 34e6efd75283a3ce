/* ZIP archives: compared by size and CRC here, unpacked by unzip. */
#include "archive.h"

#include "../../call.h"
#include "../../path/path_state.h"
#include "rollout/base/file.h"
#include "zip.h"

#include <zlib.h>

/* Of one on the host its directory alone is held. */
static int load(struct archive *ar, uint64_t *ret_base, struct err *err)
{
	struct host *h = ar->call->host;
	CLEANUP(fd_close) int fd = -1;
	*ret_base = 0;
	if (!ar->src)
		return 0;
	int r = h->ops->open(h, ar->src, &fd, err);
	if (r == ERR_UNKNOWN) /* what only the overlay has is small */
		r = h->ops->read(h, ar->src, ARCHIVE_MAX, &ar->buffer, err);
	else if (r == 0)
		r = zip_load_tail(fd, &ar->buffer, ret_base, err);
	if (r == 0)
		ar->content = strbuf_slice(&ar->buffer);
	return r < 0 ? err_wrap(err, r, "%s", ar->src) : 0;
}

static bool has_crc(struct slice s, uint32_t crc)
{
	return crc32_z(0, (const unsigned char *)s.ptr, s.len) == crc;
}

/* What only the overlay has is small. */
static int crc_in_overlay(struct host *h, const char *path, uint32_t *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf content = {0};
	int r = h->ops->read(h, path, ARCHIVE_MAX, &content, err);
	if (r == 0)
		*ret = (uint32_t)crc32_z(0, (const unsigned char *)content.ptr, content.len);
	return r;
}

static int crc_of(struct host *h, const char *path, uint32_t *ret, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	struct host_fd_stream s;
	struct slice piece;
	uLong crc = 0;
	int r = h->ops->open(h, path, &fd, err);
	if (r == ERR_UNKNOWN)
		return crc_in_overlay(h, path, ret, err);
	if (r < 0)
		return r;
	host_fd_stream_init(&s, fd);
	while ((r = s.stream.next(&s, &piece, err)) == 0 && piece.len > 0)
		crc = crc32_z(crc, (const unsigned char *)piece.ptr, piece.len);
	*ret = (uint32_t)crc;
	return r;
}

static int is_same(struct archive *ar, const struct zip_entry *e, bool *ret, struct err *err)
{
	struct module_call *call = ar->call;
	struct host_stat st = {0};
	uint32_t crc = 0;
	const char *path = path_below(call, ar->dest, e->name);
	int r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	bool is_dir = slice_ends_with(slice_from(e->name), "/");
	*ret = st.type == (is_dir ? HOST_DIR : e->is_link ? HOST_LINK : HOST_FILE);
	if (r < 0 || !*ret || is_dir)
		return r;
	*ret = st.size == e->size;
	/* What a link's content is, is where it leads. */
	if (*ret && e->is_link)
		*ret = has_crc(slice_from(st.link_target), e->crc);
	if (e->is_link)
		return 0;
	if (!*ret)
		return 0;
	r = crc_of(call->host, path, &crc, err);
	*ret = crc == e->crc;
	return r;
}

static int compare(struct archive *ar, bool *ret_same, struct err *err)
{
	struct zip_entries entries = {0};
	uint64_t base = 0;
	int r = load(ar, &base, err);
	if (r == 0)
		r = zip_read(ar->call->arena, ar->content, base, &entries, err);
	if (r < 0)
		return r;
	*ret_same = true;
	for (size_t i = 0; i < entries.len; i++) {
		bool same = true;
		if (!archive_is_wanted(ar, entries.at[i].name))
			continue;
		archive_add_name(ar, entries.at[i].name);
		if (*ret_same)
			r = is_same(ar, &entries.at[i], &same, err);
		if (r < 0)
			return r;
		*ret_same = *ret_same && same;
	}
	return 0;
}

/* It cannot read a pipe, but a file that is its input. */
static int unzip(struct archive *ar, struct err *err)
{
	struct module_call *call = ar->call;
	VEC(const char *) w = {0};
	const char *const *list;
	vec_push(&w, "unzip");
	vec_push(&w, arg_bool(call, "keep_newer") ? "-uo" : "-o");
	vec_push(&w, "-qq");
	for (list = arg_list(call, "extra_opts", NULL); list && *list; list++)
		vec_push(&w, *list);
	vec_push(&w, ar->src ? ar->src : "/proc/self/fd/0");
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
	int r = call_change_from(call, w.at, ar->fd, err);
	vec_release(&w);
	return r;
}

static int extract(struct archive *ar, struct err *err)
{
	/* unzip goes through links that are in its way; tar replaces them. */
	int r = archive_check_folders(ar, err);
	return r < 0 ? r : unzip(ar, err);
}

const struct archive_handler archive_zip = {"ZipArchive", compare, extract};
