/* Template files: where they are found, and their execution. */
#include "eval.h"

#include "rollout/base/file.h"
#include "rollout/value/encrypted.h"

#include <stdlib.h>
#include <unistd.h>

static bool try_path(const char *dir, const char *sub, struct slice name, char **ret)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (name.len == 0 || name.ptr[0] != '/') {
		strbuf_printf(&b, "%s/", dir);
		if (sub)
			strbuf_printf(&b, "%s/", sub);
	}
	strbuf_slice_append(&b, name);
	if (memchr(b.ptr, 0, b.len) || access(b.ptr, R_OK) < 0)
		return false;
	*ret = strbuf_steal(&b);
	return true;
}

const char *source_base_dir(const struct eval *ev)
{
	const char *const *dirs = ev->scope ? ev->scope->search_dirs : NULL;
	const char *dir = ".";
	for (; dirs && *dirs; dirs++)
		dir = *dirs;
	return dir;
}

int source_find(struct eval *ev, struct slice name, const char *subdir, char **ret_path,
		struct err *err)
{
	const char *const *dirs = ev->scope ? ev->scope->search_dirs : NULL;
	if (name.len > 0 && name.ptr[0] == '/' && try_path("", NULL, name, ret_path))
		return 0;
	if (ev->directory && !strcmp(subdir, "templates") &&
	    try_path(ev->directory, NULL, name, ret_path))
		return 0;
	for (; dirs && *dirs; dirs++)
		if (try_path(*dirs, subdir, name, ret_path) ||
		    try_path(*dirs, NULL, name, ret_path))
			return 0;
	return err_set(err, ERR_NOT_FOUND, "file '%.*s' was not found in the search paths",
		       SLICE_ARG(name));
}

int source_read(struct eval *ev, const char *path, struct slice *ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf b = {0};
	bool secret = false;
	int r = encrypted_file_read(path, TEMPLATE_MAX_TEXT, &b, &secret, err);
	if (r < 0)
		return r;
	if (secret)
		ev->taint |= VALUE_SECRET;
	*ret = arena_slice(ev->arena, strbuf_slice(&b));
	return 0;
}

void source_enter(struct eval *ev, const struct source *src, const struct program *prog)
{
	if (src->base.file && strchr(src->base.file, '/')) {
		struct slice dir = path_dirname(src->base.file);
		ev->directory = arena_strndup(ev->arena, dir.ptr, dir.len);
	}
	ev->unit = (struct unit){prog, src->base, true};
	ev->syntax = &src->syntax;
}

int source_exec(struct eval *ev, const struct source *src, struct output *out, struct err *err)
{
	const struct program *prog;
	struct unit unit = ev->unit;
	const struct syntax *syntax = ev->syntax;
	const char *directory = ev->directory;
	int r = program_get(ev->env, src->text, &src->syntax, src->base, &prog, err);
	if (r < 0)
		return r;
	struct inherit *inherit = ev->inherit;
	ev->inherit = NULL;
	source_enter(ev, src, prog);
	r = exec_root(ev, out, err);
	ev->inherit = inherit;
	ev->unit = unit;
	ev->syntax = syntax;
	ev->directory = directory;
	return r;
}
