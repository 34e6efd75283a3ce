/* The manifest of a folder that copy and synchronize bring to a host. */
#include "prepare.h"
#include "rollout/base/file.h"
#include "rollout/module/excludes.h"
#include "rollout/module/synchronize.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE_MAX_FILES 100000u
#define TREE_MAX_DEPTH 64u

struct tree {
	struct preparation *p;
	struct value *entries;
	bool follow;		  /* links become what they lead to */
	bool recursive, links;	  /* synchronize: what is brought of them */
	const char *prefix;	  /* synchronize: excludes begin with it */
	struct excludes excludes; /* synchronize */
};

static int add_tree(struct tree *t, const char *root, const char *rel, unsigned depth,
		    struct err *err);

static int path_link_target(struct arena *a, const char *path, const char **ret, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return err_sys(err, "%s", path);
	*ret = arena_strndup(a, target, (size_t)n);
	return 0;
}

static void put_time(struct arena *a, struct value *e, const struct stat *st)
{
	value_dict_put(
		a, e, "mtime_ns",
		value_int(a, (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec));
}

/* Of the folder itself. */
static int put_root(struct preparation *p, const char *path, struct err *err)
{
	struct arena *a = &p->f->arena;
	struct value *e = value_dict_new(a);
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys(err, "%s", path);
	value_dict_put(a, e, "path", value_cstr(a, "./"));
	value_dict_put(a, e, "mode", value_int(a, st.st_mode & 07777));
	put_time(a, e, &st);
	value_dict_put(a, p->args, "_root", e);
	return 0;
}

static int add_entry(struct tree *t, const char *root, const char *rel, unsigned depth,
		     struct err *err)
{
	struct arena *a = &t->p->f->arena;
	struct value *e = value_dict_new(a);
	char *path = arena_printf(a, "%s/%s", root, rel);
	struct stat st;
	const char *type = "file";
	enum module_kind kind = t->p->f->node->module->kind;
	if ((t->follow ? stat(path, &st) : lstat(path, &st)) < 0)
		return err_sys(err, "%s", path);
	if (excludes_match(&t->excludes, arena_printf(a, "%s%s", t->prefix, rel),
			   S_ISDIR(st.st_mode)))
		return 0;
	if (t->entries->list.len >= TREE_MAX_FILES)
		return err_set(err, ERR_LIMIT, "%s holds more than %u files", root, TREE_MAX_FILES);
	value_dict_put(a, e, "path", value_cstr(a, rel));
	value_dict_put(a, e, "mode", value_int(a, st.st_mode & 07777));
	if (kind == MODULE_KIND_SYNCHRONIZE)
		put_time(a, e, &st);
	if (S_ISDIR(st.st_mode)) {
		type = "dir";
	} else if (S_ISLNK(st.st_mode) && t->links) {
		const char *target;
		int r = path_link_target(a, path, &target, err);
		if (r < 0)
			return r;
		type = "link";
		value_dict_put(a, e, "target", value_cstr(a, target));
	} else if (S_ISREG(st.st_mode)) {
		const struct blob *b;
		int r = prepare_source_blob(t->p, path, &b, err);
		if (r < 0)
			return r;
		value_dict_put(a, e, "sha256", value_cstr(a, b->sha256));
		value_dict_put(a, e, "size", value_int(a, (int64_t)b->size));
	} else {
		/* sockets and their like are not copied */
		if (kind != MODULE_KIND_SYNCHRONIZE)
			return 0;
		type = "other";
	}
	value_dict_put(a, e, "type", value_cstr(a, type));
	value_list_push(a, t->entries, e);
	return S_ISDIR(st.st_mode) && t->recursive ? add_tree(t, root, rel, depth + 1, err) : 0;
}

static int add_tree(struct tree *t, const char *root, const char *rel, unsigned depth,
		    struct err *err)
{
	struct arena *a = &t->p->f->arena;
	char *dir = *rel ? arena_printf(a, "%s/%s", root, rel) : arena_strdup(a, root);
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), r = 0;
	if (n < 0)
		return err_sys(err, "%s", dir);
	if (depth > TREE_MAX_DEPTH)
		r = err_set(err, ERR_LIMIT, "%s: folders are nested deeper than %u", dir,
			    TREE_MAX_DEPTH);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		if (r == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			r = add_entry(t, root,
				      *rel ? arena_printf(a, "%s/%s", rel, name)
					   : arena_strdup(a, name),
				      depth, err);
		free(names[i]);
	}
	free(names);
	return r;
}

int prepare_tree(struct preparation *p, const char *path, struct err *err)
{
	bool sync = p->f->node->module->kind == MODULE_KIND_SYNCHRONIZE;
	const struct value *src = value_get(p->it->args, "src");
	struct tree t = {.p = p,
			 .entries = value_list_new(&p->f->arena),
			 .follow = prepare_option(p, sync ? "copy_links" : "local_follow", !sync),
			 .recursive = !sync || synchronize_keeps(p->it->args, "recursive"),
			 .links = !sync || synchronize_keeps(p->it->args, "links")};
	/* The folder alone, or nothing. */
	bool empty = sync && !t.recursive &&
		     (synchronize_skips_folders(p->it->args) ||
		      !synchronize_means_content(src->str.ptr));
	int x = excludes_init(&t.excludes, &p->f->arena, value_get(p->it->args, "rsync_opts"), err);
	if (x < 0)
		return x;
	char *root = arena_strdup(&p->f->arena, path);
	size_t len = strlen(root);
	while (len > 1 && root[len - 1] == '/')
		root[--len] = '\0';
	t.prefix = sync && !synchronize_means_content(src->str.ptr)
			   ? arena_printf(&p->f->arena, "%.*s/", SLICE_ARG(path_basename(root)))
			   : "";
	int r = sync ? put_root(p, root, err) : 0;
	if (r == 0 && !empty)
		r = add_tree(&t, root, "", 0, err);
	/* "dir" puts the folder itself below dest, "dir/" what is in it */
	value_dict_put(&p->f->arena, p->args, "_basename",
		       value_str(&p->f->arena, path_basename(root)));
	if (r == 0)
		value_dict_put(&p->f->arena, p->args, "_tree", t.entries);
	return r;
}
