/*
 * The controller's half of copy, template, script, unarchive and get_url: what
 * the host shall have is named by hash, and sent only when the host asks.
 */
#include "encoding.h"
#include "rollout/base/file.h"
#include "rollout/module/assembly.h"
#include "rollout/module/excludes.h"
#include "rollout/value/encrypted.h"
#include "rollout/value/json.h"
#include "state.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPLATE_MAX_BYTES (8u << 20)
#define TREE_MAX_FILES 100000u
#define TREE_MAX_DEPTH 64u

struct preparation {
	struct flight *f;
	struct scope *scope;
	struct flight_item *it;
	struct value *args; /* the item's, being extended */
};

static struct run *run_of(const struct preparation *p)
{
	return p->f->strand->step->run;
}

static void put_str(struct preparation *p, const char *key, const char *s)
{
	value_dict_put(&p->f->arena, p->args, key, value_cstr(&p->f->arena, s));
}

static void put_blob(struct preparation *p, const struct blob *b)
{
	put_str(p, "_sha256", b->sha256);
	put_str(p, "_sha1", b->sha1);
	value_dict_put(&p->f->arena, p->args, "_size", value_int(&p->f->arena, (int64_t)b->size));
}

/* No diff is made of what has a secret among its arguments. */
static void put_secret(struct preparation *p)
{
	struct value *mark = value_str(&p->f->arena, SLICE_LIT("1"));
	mark->flags |= VALUE_SECRET;
	value_dict_put(&p->f->arena, p->args, "_secret", mark);
}

/* A file's content; of an encrypted one what is in it, unless decrypt: false. */
static int source_blob(struct preparation *p, const char *path, const struct blob **ret,
		       struct err *err)
{
	const struct value *decrypt = value_get(p->it->args, "decrypt");
	bool secret = false;
	if (decrypt && !value_truthy(decrypt))
		return blob_from_file(run_of(p), path, ret, err);
	int r = blob_from_source(run_of(p), path, ret, &secret, err);
	if (secret)
		put_secret(p);
	return r;
}

static bool arg_true(const struct preparation *p, const char *key)
{
	const struct value *v = value_get(p->it->args, key);
	return v && value_truthy(v);
}

static int find_source(struct preparation *p, const char *subdir, struct slice src,
		       const char **ret, struct err *err)
{
	struct plan *plan = run_of(p)->plan;
	struct plan_place place = {p->f->node->step, p->f->node->role, subdir};
	return plan_find_file(plan, &place, src, &p->f->arena, ret, err);
}

/* ---- template ---- */

static bool option(const struct preparation *p, const char *key, bool fallback)
{
	const struct value *v = value_get(p->it->args, key);
	bool b = fallback;
	if (v)
		(void)value_to_bool(v, &b);
	return b;
}

/* As written in YAML with or without its own escapes. */
static const char *newline_sequence(struct slice s)
{
	if (slice_is(s, "\\r\\n") || slice_is(s, "\r\n"))
		return "\r\n";
	return slice_is(s, "\\r") || slice_is(s, "\r") ? "\r" : "\n";
}

static void put_marks(const struct preparation *p, struct template_text_options *opts)
{
	const struct {
		const char *name, **mark;
	} marks[] = {
		{"variable_start_string", &opts->variable_start},
		{"variable_end_string", &opts->variable_end},
		{"block_start_string", &opts->block_start},
		{"block_end_string", &opts->block_end},
		{"comment_start_string", &opts->comment_start},
		{"comment_end_string", &opts->comment_end},
	};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const struct value *v = value_get(p->it->args, marks[i].name);
		if (v && v->type == VALUE_STRING)
			*marks[i].mark = v->str.ptr;
	}
}

static int prepare_template(struct preparation *p, struct err *err)
{
	const struct value *src = value_get(p->it->args, "src"),
			   *newline = value_get(p->it->args, "newline_sequence");
	struct strbuf text CLEANUP(strbuf_wipe) = {0}, out CLEANUP(strbuf_wipe) = {0};
	bool secret = false;
	struct template_text_options opts = {.ret_secret = &secret,
					     .trim_blocks = option(p, "trim_blocks", true),
					     .lstrip_blocks = option(p, "lstrip_blocks", false),
					     .keep_trailing_newline = true};
	const char *path;
	if (newline && newline->type == VALUE_STRING)
		opts.newline_sequence = newline_sequence(newline->str);
	put_marks(p, &opts);
	int r = find_source(p, "templates", src->str, &path, err);
	if (r < 0 || (r = encrypted_file_read(path, TEMPLATE_MAX_BYTES, &text, &secret, err)) < 0)
		return r;
	r = template_text(run_of(p)->env, &p->scope->vars.scope, strbuf_slice(&text), path, &opts,
			  &out, err);
	if (r == 0)
		r = encoding_apply(value_get(p->it->args, "output_encoding"), &out, err);
	if (r < 0)
		return err_locate(err, r, src->at);
	put_blob(p, blob_from_bytes(run_of(p), strbuf_slice(&out)));
	if (secret)
		put_secret(p);
	value_dict_put(&p->f->arena, p->args, "_basename",
		       value_str(&p->f->arena, path_basename(path)));
	return 0;
}

/* ---- copy ---- */

struct tree {
	struct preparation *p;
	struct value *entries;
	bool follow;		  /* links become what they lead to */
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

static int add_entry(struct tree *t, const char *root, const char *rel, unsigned depth,
		     struct err *err)
{
	struct arena *a = &t->p->f->arena;
	struct value *e = value_dict_new(a);
	char *path = arena_printf(a, "%s/%s", root, rel);
	struct stat st;
	const char *type = "file";
	if ((t->follow ? stat(path, &st) : lstat(path, &st)) < 0)
		return err_sys(err, "%s", path);
	if (excludes_match(&t->excludes, rel, S_ISDIR(st.st_mode)))
		return 0;
	if (t->entries->list.len >= TREE_MAX_FILES)
		return err_set(err, ERR_LIMIT, "%s holds more than %u files", root, TREE_MAX_FILES);
	value_dict_put(a, e, "path", value_cstr(a, rel));
	value_dict_put(a, e, "mode", value_int(a, st.st_mode & 07777));
	if (strcmp(t->p->f->node->module->name, "synchronize") == 0)
		value_dict_put(
			a, e, "mtime_ns",
			value_int(a, (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec));
	if (S_ISDIR(st.st_mode)) {
		type = "dir";
	} else if (S_ISLNK(st.st_mode)) {
		const char *target;
		int r = path_link_target(a, path, &target, err);
		if (r < 0)
			return r;
		type = "link";
		value_dict_put(a, e, "target", value_cstr(a, target));
	} else if (S_ISREG(st.st_mode)) {
		const struct blob *b;
		int r = source_blob(t->p, path, &b, err);
		if (r < 0)
			return r;
		value_dict_put(a, e, "sha256", value_cstr(a, b->sha256));
		value_dict_put(a, e, "size", value_int(a, (int64_t)b->size));
	} else {
		return 0; /* sockets and their like are not copied */
	}
	value_dict_put(a, e, "type", value_cstr(a, type));
	value_list_push(a, t->entries, e);
	return S_ISDIR(st.st_mode) ? add_tree(t, root, rel, depth + 1, err) : 0;
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

static int prepare_folder(struct preparation *p, const char *path, struct err *err)
{
	bool sync = strcmp(p->f->node->module->name, "synchronize") == 0;
	struct tree t = {.p = p,
			 .entries = value_list_new(&p->f->arena),
			 .follow = option(p, sync ? "copy_links" : "local_follow", !sync)};
	int x = excludes_init(&t.excludes, &p->f->arena, value_get(p->it->args, "rsync_opts"), err);
	if (x < 0)
		return x;
	char *root = arena_strdup(&p->f->arena, path);
	size_t len = strlen(root);
	while (len > 1 && root[len - 1] == '/')
		root[--len] = '\0';
	int r = add_tree(&t, root, "", 0, err);
	/* "dir" puts the folder itself below dest, "dir/" what is in it */
	value_dict_put(&p->f->arena, p->args, "_basename",
		       value_str(&p->f->arena, path_basename(root)));
	if (r == 0)
		value_dict_put(&p->f->arena, p->args, "_tree", t.entries);
	return r;
}

static int prepare_file(struct preparation *p, const char *subdir, struct err *err)
{
	const struct value *src = value_get(p->it->args, "src");
	const struct blob *blob;
	const char *path;
	struct stat st;
	if (!src)
		src = value_get(p->it->args, "_raw_params");
	if (!src || src->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, p->f->node->at, "%s needs 'src'",
			      p->f->node->module->name);
	int r = find_source(p, subdir, src->str, &path, err);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return err_sys(err, "%s", path);
	if (S_ISDIR(st.st_mode) && (strcmp(p->f->node->module->name, "copy") == 0 ||
				    strcmp(p->f->node->module->name, "synchronize") == 0))
		return prepare_folder(p, path, err);
	if ((r = source_blob(p, path, &blob, err)) < 0)
		return r;
	put_blob(p, blob);
	value_dict_put(&p->f->arena, p->args, "_basename",
		       value_str(&p->f->arena, path_basename(path)));
	const struct value *mode = value_get(p->it->args, "mode");
	if (mode && value_is_str(mode, "preserve"))
		value_dict_put(&p->f->arena, p->args, "_mode",
			       value_int(&p->f->arena, st.st_mode & 07777));
	return 0;
}

static int prepare_content(struct preparation *p, const struct value *content)
{
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	if (content->type == VALUE_DICT || content->type == VALUE_LIST)
		json_emit(&text, content, JSON_PYTHON);
	else if (content->type != VALUE_NULL)
		value_print(&text, content);
	put_blob(p, blob_from_bytes(run_of(p), strbuf_slice(&text)));
	/* the content goes by its hash; the host must not get it twice */
	value_dict_remove(p->args, SLICE_LIT("content"));
	if (content->flags & VALUE_SECRET)
		put_secret(p);
	return 0;
}

static int prepare_copy(struct preparation *p, struct err *err)
{
	const struct value *content = value_get(p->it->args, "content");
	if (arg_true(p, "remote_src"))
		return 0;
	return content ? prepare_content(p, content) : prepare_file(p, "files", err);
}

/* An encrypted one is decrypted, unless decrypt: false. */
static int read_fragment(const struct preparation *p, const char *path, struct strbuf *text,
			 bool *secret, struct err *err)
{
	bool is_secret = false;
	if (!option(p, "decrypt", true))
		return file_read(path, ASSEMBLY_MAX, text, err);
	int r = encrypted_file_read(path, ASSEMBLY_MAX, text, &is_secret, err);
	*secret |= is_secret;
	return r;
}

static int add_fragment(struct preparation *p, struct assembly *as, const char *path, bool *secret,
			struct err *err)
{
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	const char *name = strrchr(path, '/') + 1;
	struct stat st;
	int r = assembly_takes(as, name, err);
	if (r <= 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return r < 0 ? r : 0;
	r = read_fragment(p, path, &text, secret, err);
	return r < 0 ? r : assembly_add(as, strbuf_slice(&text), err);
}

/* assemble with a folder of the controller */
static int prepare_assemble(struct preparation *p, struct err *err)
{
	CLEANUP(assembly_release) struct assembly as = {0};
	const struct value *src = value_get(p->it->args, "src");
	const char *path;
	struct dirent **names = NULL;
	bool secret = false;
	if (option(p, "remote_src", true))
		return 0;
	int r = find_source(p, "files", src->str, &path, err);
	if (r == 0)
		r = assembly_init(&as, p->it->args, err);
	if (r < 0)
		return r;
	int n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		return err_sys(err, "%s", path);
	for (int i = 0; i < n; i++) {
		CLEANUP(free_ptr) char *fragment = path_join(path, names[i]->d_name);
		if (r >= 0)
			r = add_fragment(p, &as, fragment, &secret, err);
		free(names[i]);
	}
	free(names);
	if (r == 0)
		put_blob(p, blob_from_bytes(run_of(p), strbuf_slice(&as.text)));
	if (secret)
		put_secret(p);
	return r;
}

static int prepare_unarchive(struct preparation *p, struct err *err)
{
	const struct value *src = value_get(p->it->args, "src"),
			   *copy = value_get(p->it->args, "copy");
	if (arg_true(p, "remote_src") || (copy && !value_truthy(copy)))
		return 0;
	if (src && src->type == VALUE_STRING && strstr(src->str.ptr, "://"))
		return err_at(err, ERR_UNSUPPORTED, src->at,
			      "unarchive from a URL needs get_url first (or remote_src with a "
			      "local path)");
	return prepare_file(p, "files", err);
}

/* script: "file arg arg" */
static int prepare_script(struct preparation *p, struct err *err)
{
	const struct value *raw = value_get(p->it->args, "_raw_params"),
			   *cmd = value_get(p->it->args, "cmd");
	const struct value *line = cmd ? cmd : raw;
	const struct blob *blob;
	const char *path;
	if (!line || line->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, p->f->node->at, "script needs a file");
	struct slice text = slice_trim(line->str), file;
	struct slice rest = text;
	(void)slice_split(&rest, ' ', &file);
	int r = find_source(p, "files", file, &path, err);
	if (r < 0 || (r = source_blob(p, path, &blob, err)) < 0)
		return r;
	put_blob(p, blob);
	value_dict_put(&p->f->arena, p->args, "_basename",
		       value_str(&p->f->arena, path_basename(path)));
	return 0;
}

/* A file of library/: the task's arguments go beside it. */
static int prepare_library(struct preparation *p, struct err *err)
{
	const struct blob *blob;
	struct value *args = p->args;
	p->args = value_dict_new(&p->f->arena);
	int r = source_blob(p, p->f->node->library, &blob, err);
	if (r < 0)
		return err_locate(err, r, p->f->node->at);
	put_blob(p, blob);
	put_str(p, "_module_name", p->f->node->written_name);
	value_dict_put(&p->f->arena, p->args, "_arguments", args);
	return 0;
}

int prepare_item(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	struct preparation p = {
		.f = f, .scope = sc, .it = it, .args = value_dict_dup(&f->arena, it->args)};
	const char *name = f->node->module->name;
	int r = 0;
	if (strcmp(name, "template") == 0)
		r = prepare_template(&p, err);
	else if (strcmp(name, "copy") == 0)
		r = prepare_copy(&p, err);
	else if (strcmp(name, "synchronize") == 0)
		r = prepare_file(&p, "files", err);
	else if (strcmp(name, "fetch") == 0)
		fetched_prepare(f, it, p.args);
	else if (strcmp(name, "assemble") == 0)
		r = prepare_assemble(&p, err);
	else if (strcmp(name, "unarchive") == 0)
		r = prepare_unarchive(&p, err);
	else if (strcmp(name, "script") == 0)
		r = prepare_script(&p, err);
	else if (f->node->library)
		r = prepare_library(&p, err);
	else if (strcmp(name, "get_url") == 0)
		r = fetch_start(f, it, err);
	if (r == 0 && strcmp(name, "get_url") != 0)
		it->args = p.args;
	return r;
}
