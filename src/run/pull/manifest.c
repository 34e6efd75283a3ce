#include "manifest.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "rollout/module/synchronize.h"
#include "rollout/wire/wire.h"

#include <limits.h>
#include <stdlib.h>

static int bad(struct err *err, const char *path, const char *what)
{
	return err_set(err, ERR_PROTOCOL, "the host's list of files is refused: '%.200s' %s", path,
		       what);
}

/* ---- names ---- */

static bool is_name(struct slice name)
{
	return name.len > 0 && name.len <= NAME_MAX && !slice_is(name, ".") &&
	       !slice_is(name, "..");
}

static int check_path(struct slice path, struct err *err)
{
	unsigned depth = 0;
	if (path.len == 0 || path.len > MANIFEST_PATH_MAX || memchr(path.ptr, '\0', path.len))
		return bad(err, path.ptr, "is no path");
	for (const char *at = path.ptr; at; depth++) {
		const char *slash = strchr(at, '/');
		struct slice name = {at, slash ? (size_t)(slash - at) : strlen(at)};
		if (!is_name(name) || depth > MANIFEST_DEPTH_MAX)
			return bad(err, path.ptr, "is no path below the folder");
		at = slash ? slash + 1 : NULL;
	}
	return 0;
}

static bool starts_with_name(const char *path, const char *name)
{
	size_t len = strlen(name);
	return strncmp(path, name, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* Its folder has come, and is one; at the top there is none. */
static int check_place(const struct manifest *m, const struct manifest_entry *e,
		       const struct manifest_rules *rules, struct err *err)
{
	const char *slash = strrchr(e->path, '/');
	if (rules->name && !starts_with_name(e->path, rules->name))
		return bad(err, e->path, "is not in what the task asks for");
	if (strmap_has(&m->paths, slice_from(e->path)))
		return bad(err, e->path, "comes twice");
	if (!slash)
		return 0;
	const struct manifest_entry *parent =
		strmap_get(&m->paths, (struct slice){e->path, (size_t)(slash - e->path)});
	if (!parent || parent->type != MANIFEST_DIR)
		return bad(err, e->path, "is in no folder of it");
	return rules->recursive ? 0 : bad(err, e->path, "is further in than the task asks for");
}

/* ---- entries ---- */

static bool int_of(const struct value *v, const char *key, int64_t *ret)
{
	const struct value *n = value_get(v, key);
	if (!n || n->type != VALUE_INT)
		return false;
	*ret = n->integer;
	return true;
}

/* NULL where there is none, or a byte is 0 in it. */
static const char *text_of(const struct value *v, const char *key)
{
	const struct value *s = value_get(v, key);
	return s && s->type == VALUE_STRING && strlen(s->str.ptr) == s->str.len ? s->str.ptr : NULL;
}

static bool type_of(const struct value *v, enum manifest_type *ret)
{
	static const char *const names[] = {[MANIFEST_FILE] = "file",
					    [MANIFEST_DIR] = "dir",
					    [MANIFEST_LINK] = "link",
					    [MANIFEST_OTHER] = "other"};
	const char *name = text_of(v, "type");
	for (size_t i = 0; name && i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0) {
			*ret = (enum manifest_type)i;
			return true;
		}
	return false;
}

static bool read_common(struct manifest_entry *e, const struct value *v)
{
	int64_t mode;
	if (!type_of(v, &e->type) || !int_of(v, "mode", &mode) || mode < 0 || mode > 07777 ||
	    !int_of(v, "mtime_ns", &e->mtime_ns))
		return false;
	e->mode = (mode_t)mode & MANIFEST_MODE_TAKEN;
	return true;
}

static int read_file(struct manifest_entry *e, const struct value *v,
		     const struct manifest_rules *rules, struct err *err)
{
	int64_t size;
	if (!int_of(v, "size", &size) || size < 0 || (uint64_t)size > WIRE_BLOB_MAX)
		return bad(err, e->path, "has no size, or is too large");
	e->size = (uint64_t)size;
	e->sha256 = text_of(v, "sha256");
	if (!e->sha256 && !rules->check_mode)
		return bad(err, e->path, "has no SHA-256");
	if (e->sha256 && (strlen(e->sha256) != SHA256_HEX_SIZE - 1 ||
			  strspn(e->sha256, "0123456789abcdef") != SHA256_HEX_SIZE - 1))
		return bad(err, e->path, "has a SHA-256 that is none");
	return 0;
}

static int read_link(struct manifest_entry *e, const struct value *v,
		     const struct manifest_rules *rules, struct err *err)
{
	e->target = text_of(v, "target");
	if (!rules->links)
		return bad(err, e->path, "is a link, and none is asked for");
	if (!e->target || !e->target[0] || strlen(e->target) >= PATH_MAX)
		return bad(err, e->path, "is a link without a target");
	return 0;
}

static int read_entry(struct manifest *m, const struct value *v, const struct manifest_rules *rules,
		      struct err *err)
{
	struct manifest_entry *e = &m->at[m->len];
	const struct value *path = value_get(v, "path");
	if (!path || path->type != VALUE_STRING)
		return bad(err, "", "has no path");
	int r = check_path(path->str, err);
	if (r < 0)
		return r;
	e->path = path->str.ptr;
	if (!read_common(e, v))
		return bad(err, e->path, "has no type, mode or time that could be");
	if ((r = check_place(m, e, rules, err)) < 0)
		return r;
	if (excludes_match(rules->excludes, e->path, e->type == MANIFEST_DIR))
		return bad(err, e->path, "is excluded");
	if (e->type == MANIFEST_FILE)
		r = read_file(e, v, rules, err);
	else if (e->type == MANIFEST_LINK)
		r = read_link(e, v, rules, err);
	if (r < 0)
		return r;
	m->len++;
	strmap_set(&m->paths, slice_from(e->path), e);
	return 0;
}

static int read_entries(struct manifest *m, const struct value *list,
			const struct manifest_rules *rules, struct err *err)
{
	int r = 0;
	if (!list || list->type != VALUE_LIST)
		return bad(err, "_manifest", "is no list");
	if (list->list.len > MANIFEST_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "the host's list of files is refused: more than %u",
			       MANIFEST_ENTRIES_MAX);
	m->at = xcalloc(list->list.len + 1, sizeof(*m->at));
	for (size_t i = 0; r == 0 && i < list->list.len; i++)
		r = read_entry(m, list->list.at[i], rules, err);
	return r;
}

/* What is not a folder is there alone, and a folder's own entry is one. */
static int check_root(const struct manifest *m, const struct manifest_rules *rules, struct err *err)
{
	if (!rules->name)
		return m->root.type == MANIFEST_DIR ? 0 : bad(err, "src", "is no folder");
	if (m->len > 0 &&
	    (strcmp(m->at[0].path, rules->name) != 0 || m->at[0].type != m->root.type))
		return bad(err, m->at[0].path, "is not what the list begins with");
	return 0;
}

int manifest_read(struct manifest *m, const struct value *result,
		  const struct manifest_rules *rules, struct err *err)
{
	struct manifest out = {0};
	const struct value *root = value_get(result, "_root");
	int r = root && root->type == VALUE_DICT && read_common(&out.root, root)
			? 0
			: bad(err, "_root", "is not what src can be");
	if (r == 0)
		r = read_entries(&out, value_get(result, "_manifest"), rules, err);
	if (r == 0)
		r = check_root(&out, rules, err);
	if (r < 0)
		manifest_release(&out);
	else
		*m = out;
	return r;
}

void manifest_release(struct manifest *m)
{
	strmap_release(&m->paths);
	free(m->at);
	*m = (struct manifest){0};
}

const struct manifest_entry *manifest_find(const struct manifest *m, const char *path)
{
	return strmap_get(&m->paths, slice_from(path));
}
