/* Lookups that read files or run commands, on the controller. */
#include "../filter/filter.h"

#include "rollout/base/capture.h"
#include "rollout/value/encrypted.h"
#include "rollout/value/secret.h"

#include <glob.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIPE_TIMEOUT_MS 600000

static int term_text(struct call *c, size_t i, struct slice *ret, struct err *err)
{
	return text_of(c->ev, c->args->positional[i], ret, err);
}

static int option(struct call *c, const char *name, bool fallback, bool *ret, struct err *err)
{
	const struct value *v = template_arg(c->args, name);
	*ret = fallback;
	return v ? eval_truth(c->ev, v, ret, err) : 0;
}

static int read_found(struct call *c, struct slice name, struct slice *ret, struct err *err)
{
	CLEANUP(free_ptr) char *path = NULL;
	int r = source_find(c->ev, name, "files", &path, err);
	if (r == 0 && (r = source_read(c->ev, path, ret, err)) == 0 && encrypted_file_is(path))
		secret_remember(*ret);
	return r;
}

FN(l_file)
{
	struct value *out = list_new(c->ev);
	bool lstrip, rstrip;
	int r;
	if ((r = option(c, "lstrip", false, &lstrip, err)) < 0 ||
	    (r = option(c, "rstrip", true, &rstrip, err)) < 0)
		return r;
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct slice name, text;
		if ((r = term_text(c, i, &name, err)) < 0 ||
		    (r = read_found(c, name, &text, err)) < 0)
			return r;
		list_push(c->ev, out, str_new(c->ev, text_strip(text, NULL, lstrip, rstrip)));
	}
	*ret = out;
	return 0;
}

/* template_vars: names for this template alone. */
static int bind_vars(struct call *c, struct err *err)
{
	const struct value *vars = template_arg(c->args, "template_vars");
	if (!vars)
		return 0;
	if (!is_dict(vars))
		return type_error(err, "template_vars must be a dict", vars);
	for (size_t i = 0; i < vars->dict.len; i++)
		if (is_str(vars->dict.at[i].key))
			frame_set(c->ev, c->ev->frame,
				  symbol_get(c->ev->env, vars->dict.at[i].key->str),
				  vars->dict.at[i].value);
	return 0;
}

static int run_template(struct call *c, struct slice name, struct output *out, struct err *err)
{
	CLEANUP(free_ptr) char *path = NULL;
	struct template_text_options opts = {.keep_trailing_newline = true};
	struct source src;
	struct slice text;
	int r;
	if ((r = option(c, "trim_blocks", true, &opts.trim_blocks, err)) < 0 ||
	    (r = option(c, "lstrip_blocks", false, &opts.lstrip_blocks, err)) < 0 ||
	    (r = source_find(c->ev, name, "templates", &path, err)) < 0 ||
	    (r = source_read(c->ev, path, &text, err)) < 0 ||
	    (r = source_init(text, path, &opts, &src, err)) < 0 || (r = bind_vars(c, err)) < 0)
		return r;
	r = source_exec(c->ev, &src, out, err);
	output_restore_newlines(c->ev, out, src.text, src.syntax.newline);
	return r;
}

FN(l_template)
{
	struct value *list = list_new(c->ev);
	for (size_t i = 0; i < c->args->npositional; i++) {
		const struct value *text;
		struct output out = output_begin(c->ev, false);
		struct frame *outer = c->ev->frame;
		struct slice name;
		int r = term_text(c, i, &name, err);
		if (r < 0)
			return r;
		c->ev->frame = NULL;
		frame_push(c->ev);
		r = run_template(c, name, &out, err);
		c->ev->frame = outer;
		if ((r = output_take(c->ev, &out, r, &text, err)) < 0)
			return r;
		list_push(c->ev, list, text);
	}
	*ret = list;
	return 0;
}

static int run_pipe(struct call *c, struct slice command, struct strbuf *out, struct err *err)
{
	const char *cmd = arena_strndup(c->ev->arena, command.ptr, command.len);
	const struct capture capture = {.argv = (const char *[]){"/bin/sh", "-c", cmd, NULL},
					.cwd = source_base_dir(c->ev),
					.max_bytes = TEXT_MAX_BYTES,
					.timeout_ms = PIPE_TIMEOUT_MS,
					.no_input = true};
	int status = 0;
	int r = capture_run(&capture, out, &status, err);
	if (r == ERR_TIMEOUT)
		return err_set(err, r, "'%s' did not end within %d s", cmd, PIPE_TIMEOUT_MS / 1000);
	if (r == ERR_LIMIT)
		return limit_text(TEXT_MAX_BYTES + 1, err);
	if (r == 0 && status != 0)
		return err_set(err, ERR_INVALID, "'%s' failed with status %d", cmd,
			       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return r;
}

static void push_whole(struct call *c, struct value *list, struct slice printed)
{
	list_push(c->ev, list, str_new(c->ev, text_strip(printed, NULL, false, true)));
}

static void push_lines(struct call *c, struct value *list, struct slice printed)
{
	const struct value *lines = text_splitlines(c->ev, printed, false);
	for (size_t i = 0; i < lines->list.len; i++)
		list_push(c->ev, list, lines->list.at[i]);
}

/* What the command of each term printed, pushed onto the list. */
static int run_terms(struct call *c,
		     void (*push)(struct call *c, struct value *list, struct slice printed),
		     const struct value **ret, struct err *err)
{
	struct value *list = list_new(c->ev);
	for (size_t i = 0; i < c->args->npositional; i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		struct slice cmd;
		int r;
		if ((r = term_text(c, i, &cmd, err)) < 0 || (r = run_pipe(c, cmd, &out, err)) < 0)
			return r;
		push(c, list, strbuf_slice(&out));
	}
	*ret = list;
	return 0;
}

FN(l_pipe)
{
	return run_terms(c, push_whole, ret, err);
}

FN(l_lines)
{
	return run_terms(c, push_lines, ret, err);
}

static void glob_into(struct call *c, const char *pattern, struct value *list)
{
	glob_t g;
	struct stat st;
	if (glob(pattern, 0, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		if (stat(g.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode))
			list_push(c->ev, list, value_cstr(c->ev->arena, g.gl_pathv[i]));
	globfree(&g);
}

/* The first folder with matches counts. */
FN(l_fileglob)
{
	struct value *list = list_new(c->ev);
	const char *const *dirs = c->ev->scope ? c->ev->scope->search_dirs : NULL;
	for (size_t i = 0; i < c->args->npositional; i++) {
		struct slice p;
		size_t before = list->list.len;
		int r = term_text(c, i, &p, err);
		if (r < 0)
			return r;
		if (slice_starts_with(p, "/"))
			glob_into(c, arena_strndup(c->ev->arena, p.ptr, p.len), list);
		for (const char *const *d = dirs; !slice_starts_with(p, "/") && d && *d; d++) {
			glob_into(c, arena_printf(c->ev->arena, "%s/files/%.*s", *d, SLICE_ARG(p)),
				  list);
			if (list->list.len == before)
				glob_into(c,
					  arena_printf(c->ev->arena, "%s/%.*s", *d, SLICE_ARG(p)),
					  list);
			if (list->list.len > before)
				break;
		}
	}
	*ret = list;
	return 0;
}

static bool find_any(struct call *c, struct slice name, const struct value **ret)
{
	static const char *const subdirs[] = {"files", "templates", "vars", "tasks"};
	for (size_t i = 0; i < ARRAY_LEN(subdirs); i++) {
		CLEANUP(free_ptr) char *path = NULL;
		if (source_find(c->ev, name, subdirs[i], &path, NULL) == 0) {
			*ret = value_cstr(c->ev->arena, path);
			return true;
		}
	}
	return false;
}

/* "a,b:c" as older roles write it, or a list. */
static int names_of(struct call *c, const struct value *v, struct value *out,
		    const char *separators, struct err *err)
{
	int r = eval_use(c->ev, v, err);
	if (r < 0)
		return r;
	if (is_list(v)) {
		for (size_t i = 0; i < v->list.len && r == 0; i++)
			r = names_of(c, v->list.at[i], out, separators, err);
		return r;
	}
	if (!is_str(v))
		return type_error(err, "the name of a file is needed", v);
	struct slice s = v->str;
	size_t from = 0;
	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && !(s.ptr[i] && strchr(separators, s.ptr[i])))
			continue;
		struct slice part =
			text_strip((struct slice){s.ptr + from, i - from}, NULL, true, true);
		if (part.len)
			list_push(c->ev, out, str_new(c->ev, part));
		from = i + 1;
	}
	return 0;
}

/* Each file below each path; ret NULL: none is there. */
static int search(struct call *c, const struct value *files, const struct value *paths,
		  const struct value **ret, struct err *err)
{
	struct value *names = list_new(c->ev), *dirs = list_new(c->ev);
	int r = files ? names_of(c, files, names, paths ? ",;" : "", err) : 0;
	if (r == 0 && paths)
		r = names_of(c, paths, dirs, ",:;", err);
	if (r < 0)
		return r;
	for (size_t d = 0; d < (dirs->list.len ? dirs->list.len : 1); d++) {
		for (size_t i = 0; i < names->list.len; i++) {
			struct slice name = names->list.at[i]->str;
			if (dirs->list.len && !slice_starts_with(name, "/"))
				name = slice_from(arena_printf(c->ev->arena, "%.*s/%.*s",
							       SLICE_ARG(dirs->list.at[d]->str),
							       SLICE_ARG(name)));
			if (find_any(c, name, ret))
				return 0;
		}
	}
	return 0;
}

FN(l_first_found)
{
	const struct value *paths = template_arg(c->args, "paths"),
			   *files = template_arg(c->args, "files"), *found = NULL;
	bool skip;
	int r = option(c, "skip", false, &skip, err);
	struct value *out = list_new(c->ev);
	if (r == 0 && files)
		r = search(c, files, paths, &found, err);
	for (size_t i = 0; i < c->args->npositional && r == 0 && !found; i++) {
		const struct value *term = c->args->positional[i], *v;
		if (!is_dict(term)) {
			r = search(c, term, paths, &found, err);
			continue;
		}
		if ((v = value_get(term, "skip")) && (r = eval_truth(c->ev, v, &skip, err)) < 0)
			break;
		r = search(c, value_get(term, "files"), value_get(term, "paths"), &found, err);
	}
	if (r < 0)
		return r;
	if (found)
		list_push(c->ev, out, found);
	else if (!skip)
		return err_set(err, ERR_NOT_FOUND, "first_found: none of the files exists");
	*ret = out;
	return 0;
}

const struct function lookups_file[] = {
	{"file", "", 0, FN_VARARGS | FN_KWARGS, l_file},
	{"template", "", 0, FN_VARARGS | FN_KWARGS, l_template},
	{"pipe", "", 0, FN_VARARGS, l_pipe},
	{"lines", "", 0, FN_VARARGS, l_lines},
	{"fileglob", "", 0, FN_VARARGS, l_fileglob},
	{"first_found", "", 0, FN_VARARGS | FN_KWARGS, l_first_found},
	{0},
};
