/*
 * The controller's half of copy, template, script, unarchive and get_url: what
 * the host shall have is named by hash, and sent only when the host asks.
 */
#include "prepare.h"
#include "../action/encoding.h"
#include "../action/parts.h"
#include "../link/blob.h"
#include "../variables/scope.h"
#include "flight.h"
#include "rollout/base/file.h"
#include "rollout/module/assembly.h"
#include "rollout/module/synchronize.h"
#include "rollout/value/encrypted.h"
#include "rollout/value/json.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEMPLATE_MAX_BYTES (8u << 20)

static struct run *run_of(const struct preparation *p)
{
	return p->f->strand->step->run;
}

static enum module_kind kind_of(const struct preparation *p)
{
	return p->f->node->module->kind;
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
int prepare_source_blob(struct preparation *p, const char *path, const struct blob **ret,
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

int prepare_find_source(struct preparation *p, const char *subdir, struct slice src,
			const char **ret, struct err *err)
{
	struct plan_place place = {p->f->node->search_dirs, subdir};
	return plan_find_file(&place, src, &p->f->arena, ret, err);
}

/* ---- template ---- */

bool prepare_option(const struct preparation *p, const char *key, bool fallback)
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

int prepare_render(struct preparation *p, const struct value *src, struct strbuf *out, bool *secret,
		   const char **ret_path, struct err *err)
{
	const struct value *newline = value_get(p->it->args, "newline_sequence");
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	struct template_text_options opts = {.ret_secret = secret,
					     .trim_blocks = prepare_option(p, "trim_blocks", true),
					     .lstrip_blocks =
						     prepare_option(p, "lstrip_blocks", false),
					     .keep_trailing_newline = true};
	if (newline && newline->type == VALUE_STRING)
		opts.newline_sequence = newline_sequence(newline->str);
	put_marks(p, &opts);
	int r = prepare_find_source(p, "templates", src->str, ret_path, err);
	if (r < 0 ||
	    (r = encrypted_file_read(*ret_path, TEMPLATE_MAX_BYTES, &text, secret, err)) < 0)
		return r;
	return template_text(run_of(p)->env, &p->scope->vars.scope, strbuf_slice(&text), *ret_path,
			     &opts, out, err);
}

static int prepare_template(struct preparation *p, struct err *err)
{
	const struct value *src = value_get(p->it->args, "src");
	struct strbuf out CLEANUP(strbuf_wipe) = {0};
	bool secret = false;
	const char *path;
	int r = prepare_render(p, src, &out, &secret, &path, err);
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
	int r = prepare_find_source(p, subdir, src->str, &path, err);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return err_sys(err, "%s", path);
	if (S_ISDIR(st.st_mode) &&
	    (kind_of(p) == MODULE_KIND_COPY || kind_of(p) == MODULE_KIND_SYNCHRONIZE))
		return prepare_tree(p, path, err);
	if ((r = prepare_source_blob(p, path, &blob, err)) < 0)
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
	if (!prepare_option(p, "decrypt", true))
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
	if (prepare_option(p, "remote_src", true))
		return 0;
	int r = prepare_find_source(p, "files", src->str, &path, err);
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
	int r = prepare_find_source(p, "files", file, &path, err);
	if (r < 0 || (r = prepare_source_blob(p, path, &blob, err)) < 0)
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
	int r = prepare_source_blob(p, p->f->node->library, &blob, err);
	if (r < 0)
		return err_locate(err, r, p->f->node->at);
	put_blob(p, blob);
	put_str(p, "_module_name", p->f->node->written_name);
	value_dict_put(&p->f->arena, p->args, "_arguments", args);
	return 0;
}

static int prepare_by_kind(struct preparation *p, struct err *err)
{
	switch (kind_of(p)) {
	case MODULE_KIND_TEMPLATE:
		return prepare_template(p, err);
	case MODULE_KIND_COPY:
		return prepare_copy(p, err);
	case MODULE_KIND_SYNCHRONIZE:
		return synchronize_pulls(p->it->args) ? 0 : prepare_file(p, "files", err);
	case MODULE_KIND_FETCH:
		fetched_prepare(p->f, p->it, p->args);
		return 0;
	case MODULE_KIND_ASSEMBLE:
		return prepare_assemble(p, err);
	case MODULE_KIND_UNARCHIVE:
		return prepare_unarchive(p, err);
	case MODULE_KIND_SCRIPT:
		return prepare_script(p, err);
	case MODULE_KIND_URI:
		return prepare_uri(p, err);
	case MODULE_KIND_MANIFEST:
		return prepare_manifest(p, err);
	case MODULE_KIND_LIBRARY:
		return prepare_library(p, err);
	case MODULE_KIND_GET_URL:
		return fetch_start(p->f, p->it, err);
	default:
		return 0;
	}
}

int prepare_item(struct flight *f, struct scope *sc, struct flight_item *it, struct err *err)
{
	struct preparation p = {
		.f = f, .scope = sc, .it = it, .args = value_dict_dup(&f->arena, it->args)};
	int r = prepare_by_kind(&p, err);
	if (r == 0 && kind_of(&p) != MODULE_KIND_GET_URL)
		it->args = p.args;
	return r;
}
