/* Reading through the overlay. */
#include "overlay.h"
#include "rollout/base/vec.h"

#include <errno.h>
#include <stdlib.h>

int overlay_stat(struct host *h, struct arena *a, const char *path, bool follow,
		 struct host_stat *ret, struct err *err)
{
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	if (!o->nodes.len)
		return o->under->ops->stat(o->under, a, path, follow, ret, err);
	int r = overlay_find(o, a, path, follow, &p, err);
	if (r < 0)
		return r;
	*ret = p.st;
	if (p.st.link_target)
		ret->link_target = arena_strdup(a, p.st.link_target);
	return 0;
}

/* The place of a file that can be read. */
static int find_file(struct overlay *o, struct arena *a, const char *path, struct place *ret,
		     struct err *err)
{
	int r = overlay_find(o, a, path, true, ret, err);
	if (r < 0)
		return r;
	if (ret->st.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "%s: No such file or directory", path);
	if (ret->st.type == HOST_DIR)
		return err_set(err, ERR_INVALID, "%s is a directory", path);
	return 0;
}

static int not_known(const char *path, struct err *err)
{
	return err_set(err, ERR_UNKNOWN, "the content of %s is known only after the real run",
		       path);
}

int overlay_node_read(struct overlay *o, const struct node *n, const char *path, size_t max_bytes,
		      struct strbuf *out, struct err *err)
{
	if (n->promised_sha256)
		return not_known(path, err);
	if (n->backing)
		return o->under->ops->read(o->under, n->backing, max_bytes, out, err);
	if (n->content.len > max_bytes)
		return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", path, max_bytes);
	strbuf_slice_append(out, n->content);
	return 0;
}

int overlay_read(struct host *h, const char *path, size_t max_bytes, struct strbuf *out,
		 struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	if (!o->nodes.len)
		return o->under->ops->read(o->under, path, max_bytes, out, err);
	int r = find_file(o, &a, path, &p, err);
	if (r < 0)
		return r;
	if (!p.node)
		return o->under->ops->read(o->under, p.path, max_bytes, out, err);
	return overlay_node_read(o, p.node, path, max_bytes, out, err);
}

int overlay_open(struct host *h, const char *path, int *ret_fd, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	int r = find_file(o, &a, path, &p, err);
	if (r < 0)
		return r;
	if (p.node && !p.node->backing)
		return not_known(path, err);
	return o->under->ops->open(o->under, p.node ? p.node->backing : p.path, ret_fd, err);
}

int overlay_digest(struct host *h, const char *path, enum digest_algorithm alg,
		   char hex[DIGEST_HEX_MAX], struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	if (!o->nodes.len)
		return o->under->ops->digest(o->under, path, alg, hex, err);
	int r = find_file(o, &a, path, &p, err);
	if (r < 0)
		return r;
	if (!p.node || p.node->backing)
		return o->under->ops->digest(o->under, p.node ? p.node->backing : p.path, alg, hex,
					     err);
	if (!p.node->promised_sha256) {
		digest_bytes(alg, p.node->content.ptr, p.node->content.len, hex);
		return 0;
	}
	if (alg != DIGEST_SHA256)
		return not_known(path, err);
	memcpy(hex, p.node->promised_sha256, SHA256_HEX_SIZE);
	return 0;
}

struct names {
	const char **at;
	size_t len, cap;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The machine's names, without those that a node stands for. */
static int machine_names(struct overlay *o, struct arena *a, const char *dir, struct names *to,
			 struct err *err)
{
	struct host_names under = {0};
	int r = o->under->ops->list(o->under, a, dir, &under, err);
	for (size_t i = 0; r == 0 && i < under.len; i++) {
		const char *path =
			arena_printf(a, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, under.at[i]);
		if (!strmap_has(&o->nodes, slice_from(path)))
			vec_push(to, under.at[i]);
	}
	return r;
}

static void node_names(struct overlay *o, struct arena *a, const char *dir, struct names *to)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
	for (size_t i = 0; i < o->nodes.len; i++) {
		struct slice key = o->nodes.entries[i].key;
		const struct node *n = o->nodes.entries[i].value;
		if (n->st.type == HOST_ABSENT || key.len < len + 2 || key.ptr[len] != '/' ||
		    memcmp(key.ptr, dir, len) != 0 ||
		    memchr(key.ptr + len + 1, '/', key.len - len - 1))
			continue;
		vec_push(to, arena_strndup(a, key.ptr + len + 1, key.len - len - 1));
	}
}

int overlay_list(struct host *h, struct arena *a, const char *path, struct host_names *ret,
		 struct err *err)
{
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	struct names names = {0};
	if (!o->nodes.len)
		return o->under->ops->list(o->under, a, path, ret, err);
	int r = overlay_find(o, a, path, true, &p, err);
	if (r < 0)
		return r;
	if (p.st.type != HOST_DIR)
		return err_set(err, ERR_NOT_FOUND, "%s: no such directory", path);
	if (!(p.node && p.node->hides) && !overlay_is_hidden(o, p.path))
		r = machine_names(o, a, p.node && p.node->backing ? p.node->backing : p.path,
				  &names, err);
	if (r == 0) {
		node_names(o, a, p.path, &names);
		if (names.len)
			qsort(names.at, names.len, sizeof(*names.at), compare_names);
		ret->len = names.len;
		ret->at = names.len ? arena_copy(a, names.at, names.len * sizeof(*names.at)) : NULL;
	}
	vec_release(&names);
	return r;
}
