#include "ahead.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *str_of(const struct value *dict, const char *key)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : NULL;
}

static bool is_true(const struct value *args, const char *key, bool fallback)
{
	const struct value *v = value_get(args, key);
	return v && v->type == VALUE_BOOL ? v->boolean : fallback;
}

static void add(struct ahead *h, uint32_t id, const struct value *v, const char *sha_key,
		const char *size_key)
{
	const char *sha = str_of(v, sha_key);
	const struct value *size = value_get(v, size_key);
	struct ahead_content c = {.id = id};
	if (!sha || strlen(sha) + 1 != sizeof(c.sha256) || !size || size->type != VALUE_INT ||
	    size->integer < 0 || size->integer > WIRE_BLOB_CHUNK ||
	    h->all.len - h->next >= AHEAD_TASK_MAX)
		return;
	memcpy(c.sha256, sha, sizeof(c.sha256));
	if (h->all.len > h->next && strcmp(h->all.at[h->all.len - 1].sha256, sha) == 0)
		return;
	c.size = (uint32_t)size->integer;
	vec_push(&h->all, c);
}

/* Of another size than the content, or not there: it will be written. What the
 * kernel knows of it has to do: a server that does not answer must not stop us. */
static bool is_other(const char *path, const struct value *size, bool replaces)
{
	struct statx st;
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_SIZE,
		  &st) < 0)
		return true;
	return replaces && S_ISREG(st.stx_mode) && size && size->type == VALUE_INT &&
	       (int64_t)st.stx_size != size->integer;
}

static bool is_folder(const char *path)
{
	struct statx st;
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0 &&
	       S_ISDIR(st.stx_mode);
}

static bool ends_with_slash(const char *s)
{
	return *s && s[strlen(s) - 1] == '/';
}

static void guess_tree(struct ahead *h, uint32_t id, const struct value *args,
		       const struct value *tree)
{
	char root[PATH_MAX], path[PATH_MAX];
	const char *src = str_of(args, "src"), *dest = str_of(args, "dest"),
		   *base = str_of(args, "_basename");
	bool inside = (src && ends_with_slash(src)) || !base;
	int n = snprintf(root, sizeof(root), "%s%s%s", dest, inside ? "" : "/", inside ? "" : base);
	if (n < 0 || (size_t)n >= sizeof(root))
		return;
	for (size_t i = 0; i < tree->list.len; i++) {
		const struct value *entry = tree->list.at[i];
		const char *rel = str_of(entry, "path");
		n = rel ? snprintf(path, sizeof(path), "%s/%s", root, rel) : -1;
		if (n > 0 && (size_t)n < sizeof(path) &&
		    is_other(path, value_get(entry, "size"), is_true(args, "force", true)))
			add(h, id, entry, "sha256", "size");
	}
}

static void guess_file(struct ahead *h, uint32_t id, const struct value *args)
{
	char path[PATH_MAX];
	const char *dest = str_of(args, "dest"), *base = str_of(args, "_basename");
	bool below = base && (ends_with_slash(dest) || is_folder(dest));
	int n = snprintf(path, sizeof(path), "%s%s%s", dest, below ? "/" : "", below ? base : "");
	if (n > 0 && (size_t)n < sizeof(path) &&
	    is_other(path, value_get(args, "_size"), is_true(args, "force", true)))
		add(h, id, args, "_sha256", "_size");
}

static void guess_item(struct ahead *h, uint32_t id, const char *module, const struct value *args)
{
	const char *dest = str_of(args, "dest"), *creates = str_of(args, "creates");
	const struct value *tree = value_get(args, "_tree");
	if (args->type != VALUE_DICT || value_get(args, "_async"))
		return;
	if (strcmp(module, "script") == 0 || strcmp(module, "unarchive") == 0) {
		if (!creates)
			add(h, id, args, "_sha256", "_size");
	} else if (!dest || dest[0] != '/') {
		return;
	} else if (tree && tree->type == VALUE_LIST) {
		guess_tree(h, id, args, tree);
	} else {
		guess_file(h, id, args);
	}
}

void ahead_guess(struct ahead *h, uint32_t id, const struct wire_task *t)
{
	if (t->check_mode)
		return;
	for (size_t i = 0; i < t->items->list.len; i++)
		guess_item(h, id, t->module, t->items->list.at[i]);
}

static void drop_used(struct ahead *h)
{
	while (h->head < h->next && !h->all.at[h->head].sha256[0])
		h->head++;
	if (h->head == h->all.len)
		h->all.len = h->head = h->next = 0;
}

static void use(struct ahead *h, struct ahead_content *c)
{
	h->bytes -= c->size;
	c->sha256[0] = '\0';
}

void ahead_used(struct ahead *h, const char *sha256)
{
	for (size_t i = h->head; i < h->next; i++) {
		if (strcmp(h->all.at[i].sha256, sha256) != 0)
			continue;
		use(h, &h->all.at[i]);
		break;
	}
	drop_used(h);
}

/* The tasks are run in order, so those that are over come first. */
static void drop_over(struct ahead *h, bool (*is_over)(void *ctx, uint32_t id), void *ctx)
{
	size_t i = h->head;
	for (; i < h->all.len && is_over(ctx, h->all.at[i].id); i++) {
		if (i < h->next && h->all.at[i].sha256[0])
			use(h, &h->all.at[i]);
		h->all.at[i].sha256[0] = '\0';
	}
	if (h->next < i)
		h->next = i;
	drop_used(h);
}

static bool has_room(const struct ahead *h, size_t part)
{
	return h->bytes < AHEAD_WINDOW / part && h->next - h->head < AHEAD_WINDOW_COUNT / part;
}

void ahead_ask(struct ahead *h, bool (*is_over)(void *ctx, uint32_t id), void *ctx,
	       struct strbuf *out)
{
	CLEANUP(arena_release) struct arena a = {0};
	if (h->all.len == 0)
		return;
	drop_over(h, is_over, ctx);
	/* Not one by one. */
	if (h->next == h->all.len || !has_room(h, 2))
		return;
	struct value *v = value_dict_new(&a), *list = value_list_new(&a);
	for (; h->next < h->all.len && has_room(h, 1); h->next++) {
		const struct ahead_content *c = &h->all.at[h->next];
		h->bytes += c->size;
		value_list_push(&a, list, value_cstr(&a, c->sha256));
	}
	value_dict_put(&a, v, "sha256", list);
	wire_put_value(out, WIRE_CONTENT_WANTED, 0, v);
}

void ahead_release(struct ahead *h)
{
	vec_release(&h->all);
}
