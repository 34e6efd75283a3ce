/* One file or folder of a copy. */
#include "../content.h"
#include "../path/copy.h"
#include "../path/path_state.h"
#include "rollout/module/attributes.h"

#include <errno.h>

/* The item's SHA-256: as the controller said, or of the file on the host. */
static int source_digest(struct module_call *call, const struct copy_item *item,
			 char hex[DIGEST_HEX_MAX], struct err *err)
{
	if (item->source_path)
		return call->host->ops->digest(call->host, item->source_path, DIGEST_SHA256, hex,
					       err);
	if (strlen(item->sha256) != SHA256_HEX_SIZE - 1)
		return err_set(err, ERR_PROTOCOL, "'%s' is no SHA-256", item->sha256);
	memcpy(hex, item->sha256, SHA256_HEX_SIZE);
	return 0;
}

/* In check mode a source that an unknown effect may bring is no error. */
static int is_same(struct module_call *call, const struct copy_item *item,
		   const struct host_stat *st, bool *ret, struct err *err)
{
	char have[DIGEST_HEX_MAX], want[DIGEST_HEX_MAX];
	struct host *h = call->host;
	struct err e = {0};
	*ret = false;
	if (st->type != HOST_FILE)
		return 0;
	if (!item->source_path && !item->sha256)
		return 0;
	if (!item->source_path && item->size != COPY_SIZE_UNKNOWN && item->size != st->size)
		return 0;
	int r = source_digest(call, item, want, &e);
	if (r == 0)
		r = h->ops->digest(h, item->dest, DIGEST_SHA256, have, &e);
	if (r == ERR_UNKNOWN)
		return 0;
	if (r < 0 && err)
		*err = e;
	*ret = r == 0 && strcmp(have, want) == 0;
	return r;
}

/* The new content: small, for a diff and the overlay, or while it is written;
 * in check mode a large one is promised. */
static int fetch(struct module_call *call, const struct copy_item *item, struct host_write *w,
		 struct content *content, struct strbuf *whole, struct err *err)
{
	w->source_path = item->source_path;
	if (item->source_path)
		return 0;
	if (item->unavailable)
		return err_set(err, ERR_UNREACHABLE, "%s", item->unavailable);
	if (call->host->is_overlay && item->size > CONTENT_WHOLE_MAX) {
		w->promised_sha256 = item->sha256;
		w->promised_size = item->size;
		return 0;
	}
	int r = content_open(call, item->sha256, item->size, content, err);
	if (r == 0 && item->size > CONTENT_WHOLE_MAX) {
		w->stream = &content->stream;
		return 0;
	}
	if (r == 0)
		r = host_stream_read(&content->stream, CONTENT_WHOLE_MAX, whole, err);
	if (r < 0)
		return err_wrap(err, r, "content of %s", item->dest);
	w->content = strbuf_slice(whole);
	return 0;
}

static void show_diff(struct module_call *call, const struct copy_item *item,
		      const struct host_stat *st, const struct host_write *w)
{
	CLEANUP(strbuf_release) struct strbuf old = {0}, new = {0};
	if (!call->diff_mode || call->no_log || w->promised_sha256 || w->stream)
		return;
	if (st->type == HOST_FILE) {
		if (st->size > PATH_DIFF_MAX)
			return;
		path_read_for_diff(call, item->dest, &old);
	}
	if (w->source_path) {
		path_read_for_diff(call, w->source_path, &new);
		path_diff(call, item->dest, strbuf_slice(&old), strbuf_slice(&new));
		return;
	}
	path_diff(call, item->dest, strbuf_slice(&old), w->content);
}

static int replace(struct module_call *call, const struct copy_item *item,
		   const struct host_stat *st, struct host_attr *want, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf whole = {0};
	CLEANUP(content_close) struct content content = {0};
	struct host_write w = {.attr = *want,
			       .validate = arg_str(call, "validate"),
			       .unsafe_in_place = arg_bool(call, "unsafe_writes")};
	int r = path_need_folder(call, item->dest, err);
	if (r == 0)
		r = fetch(call, item, &w, &content, &whole, err);
	if (r < 0)
		return r;
	show_diff(call, item, st, &w);
	if (arg_bool(call, "backup"))
		r = path_backup(call, item->dest, err);
	if (r == 0)
		r = call->host->ops->write(call->host, item->dest, &w, err);
	return r;
}

static int apply_attributes(struct module_call *call, const char *path,
			    const struct host_attr *want, bool *ret_changed, struct err *err)
{
	/* attributes_apply marks the result; this item's change must be told
	 * from an earlier one's. */
	bool before = result_is_changed(call);
	result_put_bool(call, "changed", false);
	int r = attributes_apply(call, path, want, err);
	*ret_changed = result_is_changed(call);
	result_put_bool(call, "changed", before || *ret_changed);
	return r;
}

/* Without force its content stays; of a download the attributes are set. */
static int leave(struct module_call *call, const char *path, const struct host_attr *want,
		 bool *ret_changed, struct err *err)
{
	return arg_has(call, "url") ? apply_attributes(call, path, want, ret_changed, err) : 0;
}

int copy_file(struct module_call *call, const struct copy_item *item, bool *ret_changed,
	      struct err *err)
{
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	bool same = false;
	int r = call->host->ops->stat(call->host, call->arena, item->dest, false, &st, err);
	if (r == 0)
		r = attributes_wanted(call, &st, &want, err);
	if (r < 0)
		return r;
	if (want.mode < 0)
		want.mode = item->preserved_mode;
	if (st.type == HOST_DIR)
		return err_set(err, ERR_INVALID, "%s is a directory", item->dest);
	*ret_changed = false;
	if (st.type != HOST_ABSENT && arg_has(call, "force") && !arg_bool(call, "force"))
		return leave(call, item->dest, &want, ret_changed, err);
	r = is_same(call, item, &st, &same, err);
	if (r < 0)
		return r;
	if (same)
		return apply_attributes(call, item->dest, &want, ret_changed, err);
	r = replace(call, item, &st, &want, err);
	if (r == 0)
		r = attributes_flags(call, item->dest, err);
	if (r < 0)
		return r;
	result_changed(call);
	*ret_changed = true;
	return 0;
}

int copy_folder(struct module_call *call, const char *path, bool *ret_changed, struct err *err)
{
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0)
		return r;
	struct host_stat as_dir = st;
	if (st.type == HOST_ABSENT)
		as_dir = (struct host_stat){.type = HOST_DIR, .mode = 0755};
	r = attributes_wanted(call, &as_dir, &want, err);
	if (r == 0)
		r = attributes_mode(arg_str(call, "directory_mode"), &as_dir, &want.mode, err);
	if (r < 0)
		return r;
	if (st.type == HOST_DIR)
		return apply_attributes(call, path, &want, ret_changed, err);
	r = path_make_folders(call, path, &want, err);
	if (r == 0)
		r = attributes_flags(call, path, err);
	if (r < 0)
		return r;
	result_changed(call);
	*ret_changed = true;
	return 0;
}
