/*
 * library_module: a module that is nobody's but the user's, a file of library/.
 * The controller sends its content by hash (_sha256); _arguments are the task's.
 * Source: Ansible, "Developing modules", binary, WANT_JSON and old-style modules.
 */
#include "../call.h"
#include "../content.h"
#include "process.h"
#include "rollout/base/shellwords.h"
#include "rollout/value/json.h"

#include <sys/random.h>

#define BINARY_LOOKED_AT 1024u /* bytes, as Ansible */
#define HEAD_MAX 4096u	       /* has the first line */
#define WANT_JSON "WANT_JSON"

struct library {
	struct module_call *call;
	struct content content;
	const char *dir, *path, *args_path;
	/* of the file, as it passes */
	struct strbuf head;
	char last[sizeof(WANT_JSON) - 1]; /* the end of the piece before */
	size_t nlast;
	bool binary, wants_json;
};

static const struct module_param params[] = {{0}};

static int make_folder(struct library *l, struct err *err)
{
	uint64_t random[2];
	struct host_attr attr = HOST_ATTR_KEEP;
	struct arena *a = l->call->arena;
	attr.mode = 0700;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, "getrandom");
	l->dir = arena_printf(a, "/tmp/.rollout-module-%016llx%016llx",
			      (unsigned long long)random[0], (unsigned long long)random[1]);
	l->path = arena_printf(a, "%s/module", l->dir);
	l->args_path = arena_printf(a, "%s/args", l->dir);
	return l->call->host->ops->mkdir(l->call->host, l->dir, &attr, err);
}

/* ---- the file ---- */

static bool has_word(struct slice s)
{
	return memmem(s.ptr, s.len, WANT_JSON, sizeof(WANT_JSON) - 1) != NULL;
}

/* Also across the end of a piece. */
static void look_for_word(struct library *l, struct slice piece)
{
	char seam[2 * sizeof(l->last)];
	size_t n = piece.len < sizeof(l->last) ? piece.len : sizeof(l->last);
	memcpy(seam, l->last, l->nlast);
	memcpy(seam + l->nlast, piece.ptr, n);
	if (has_word((struct slice){seam, l->nlast + n}) || has_word(piece))
		l->wants_json = true;
	size_t all = l->nlast + n, keep = all < sizeof(l->last) ? all : sizeof(l->last);
	if (piece.len >= sizeof(l->last))
		memcpy(l->last, piece.ptr + piece.len - sizeof(l->last), sizeof(l->last));
	else
		memcpy(l->last, seam + all - keep, keep);
	l->nlast = keep;
}

static int next(void *self, struct slice *ret, struct err *err)
{
	struct library *l = self;
	int r = l->content.stream.next(l->content.stream.self, ret, err);
	if (r < 0 || ret->len == 0)
		return r;
	size_t room = HEAD_MAX - l->head.len;
	strbuf_append(&l->head, ret->ptr, ret->len < room ? ret->len : room);
	look_for_word(l, *ret);
	return 0;
}

static int put_module(struct library *l, struct err *err)
{
	struct host_stream looked_at = {.self = l, .next = next};
	struct host_write w = {.stream = &looked_at, .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0700;
	int r = content_open(l->call, arg_str(l->call, "_sha256"), 0, &l->content, err);
	if (r == 0)
		r = l->call->host->ops->write(l->call->host, l->path, &w, err);
	content_close(&l->content);
	size_t n = l->head.len < BINARY_LOOKED_AT ? l->head.len : BINARY_LOOKED_AT;
	l->binary = n < 2 || memcmp(l->head.ptr, "#!", 2) != 0 || memchr(l->head.ptr, '\0', n);
	return r;
}

/* ---- the arguments ---- */

/* The task's, and those that Ansible tells every module. */
static struct value *all_arguments(const struct library *l)
{
	struct module_call *call = l->call;
	struct arena *a = call->arena;
	const struct value *own = value_get(call->args, "_arguments");
	struct value *d =
		own && own->type == VALUE_DICT ? value_dict_dup(a, own) : value_dict_new(a);
	const char *name = arg_str(call, "_module_name");
	value_dict_put(a, d, "_ansible_check_mode", value_bool(call->check_mode));
	value_dict_put(a, d, "_ansible_diff", value_bool(call->diff_mode));
	value_dict_put(a, d, "_ansible_no_log", value_bool(call->no_log));
	value_dict_put(a, d, "_ansible_debug", value_bool(false));
	value_dict_put(a, d, "_ansible_verbosity", value_int(a, 0));
	value_dict_put(a, d, "_ansible_module_name", value_cstr(a, name ? name : ""));
	value_dict_put(a, d, "_ansible_tmpdir", value_cstr(a, l->dir));
	return d;
}

/* key='the value' …: what a shell can read with `. "$1"` */
static void emit_pairs(struct strbuf *out, const struct value *args)
{
	for (size_t i = 0; i < args->dict.len; i++) {
		CLEANUP(strbuf_wipe) struct strbuf text = {0};
		const struct value *key = args->dict.at[i].key;
		value_print(&text, args->dict.at[i].value);
		if (key->type != VALUE_STRING)
			continue;
		strbuf_printf(out, "%.*s=", SLICE_ARG(key->str));
		shellwords_quote(out, strbuf_slice(&text));
		strbuf_putc(out, ' ');
	}
}

static int put_arguments(struct library *l, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	const struct value *args = all_arguments(l);
	if (l->binary || l->wants_json)
		json_emit(&text, args, JSON_PYTHON);
	else
		emit_pairs(&text, args);
	struct host_write w = {.content = strbuf_slice(&text), .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0600;
	return l->call->host->ops->write(l->call->host, l->args_path, &w, err);
}

/* ---- the run ---- */

/* The interpreter is called by name: /tmp may be mounted noexec. */
static int build_argv(struct library *l, const char *const **ret, struct err *err)
{
	struct arena *a = l->call->arena;
	const char *end = l->head.len ? memchr(l->head.ptr, '\n', l->head.len) : NULL;
	size_t len = end ? (size_t)(end - l->head.ptr) : l->head.len, count = 0;
	char **words = NULL;
	int r = 0;
	if (!l->binary && len > 2)
		r = shellwords_split(a, slice_trim((struct slice){l->head.ptr + 2, len - 2}),
				     &words, &count, err);
	if (r < 0)
		return r;
	const char **argv = ARENA_ARRAY(a, const char *, count + 3);
	for (size_t i = 0; i < count; i++)
		argv[i] = words[i];
	argv[count] = l->path;
	argv[count + 1] = l->args_path;
	*ret = argv;
	return 0;
}

/* ---- the result ---- */

static struct slice line_at(struct slice text, size_t start)
{
	const char *end = memchr(text.ptr + start, '\n', text.len - start);
	return (struct slice){text.ptr + start,
			      end ? (size_t)(end - text.ptr) - start : text.len - start};
}

/* From the first line that begins an object to the last that ends one. */
static struct slice json_part(struct slice text)
{
	size_t begin = text.len, end = 0;
	for (size_t at = 0; at < text.len;) {
		struct slice line = line_at(text, at), inner = slice_trim(line);
		if (begin == text.len && inner.len && inner.ptr[0] == '{')
			begin = at;
		if (begin < text.len && inner.len && inner.ptr[inner.len - 1] == '}')
			end = at + line.len;
		at += line.len + 1;
	}
	return begin < end ? (struct slice){text.ptr + begin, end - begin} : (struct slice){0};
}

static void put_lines(struct module_call *call, const char *key, const char *lines_key)
{
	const struct value *text = value_get(call->result, key);
	if (text && text->type == VALUE_STRING && !value_get(call->result, lines_key))
		result_put(call, lines_key, process_lines(call->arena, text->str));
}

static bool is_nonzero(const struct value *rc)
{
	return rc && !(rc->type == VALUE_INT && rc->integer == 0) && !value_is_str(rc, "0");
}

/* What it says is its result; names with _ in front are the controller's own. */
static void take_result(struct module_call *call, const struct value *said)
{
	for (size_t i = 0; i < said->dict.len; i++) {
		const struct value *key = said->dict.at[i].key;
		if (key->type == VALUE_STRING && !slice_starts_with(key->str, "_"))
			result_put(call, key->str.ptr, said->dict.at[i].value);
	}
	put_lines(call, "stdout", "stdout_lines");
	put_lines(call, "stderr", "stderr_lines");
	if (!value_get(said, "failed") && is_nonzero(value_get(said, "rc")))
		result_put_bool(call, "failed", true);
}

static void put_unreadable(struct module_call *call, const struct host_command_result *result)
{
	result_put_bool(call, "failed", true);
	result_put(call, "module_stdout", value_str(call->arena, strbuf_slice(&result->out)));
	result_put(call, "module_stderr", value_str(call->arena, strbuf_slice(&result->err)));
	result_put_int(call, "rc", result->exit_code);
	result_put_str(call, "msg", "MODULE FAILURE\nSee stdout/stderr for the exact error");
}

static void put_result(struct module_call *call, const struct host_command_result *result)
{
	struct err ignored = {0};
	const struct value *said = NULL;
	struct slice json = json_part(strbuf_slice(&result->out));
	if (result->timed_out)
		call_fail(call, "the module took too long and was killed");
	else if (result->truncated)
		call_fail(call, "the module printed more than %u MB", HOST_OUTPUT_MAX >> 20);
	else if (json.len && json_parse(call->arena, "result", json, &said, &ignored) == 0 &&
		 said->type == VALUE_DICT)
		take_result(call, said);
	else
		put_unreadable(call, result);
}

static int execute(struct library *l, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct host_command cmd = {.mode_umask = -1};
	int r = put_module(l, err);
	if (r < 0 || (r = put_arguments(l, err)) < 0 || (r = build_argv(l, &cmd.argv, err)) < 0)
		return r;
	r = l->call->host->ops->run(l->call->host, &cmd, &result, err);
	if (r == 0)
		put_result(l->call, &result);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	struct err cleanup = {0};
	struct library l = {.call = call};
	if (call->check_mode) {
		result_changed(call);
		result_unknown(call, "would run");
		return 0;
	}
	int r = make_folder(&l, err);
	if (r == 0) {
		r = execute(&l, err);
		if (call->host->ops->remove(call->host, l.dir, true, &cleanup) < 0)
			result_warn(call, "%s was left behind: %s", l.dir, cleanup.msg);
	}
	strbuf_wipe(&l.head);
	return r;
}

const struct module module_library_module = {
	.name = "library_module",
	.full_name = "rollout.library_module",
	.doc = "A file of library/: a task names that file, not this module.",
	.flags = MODULE_ANY_ARGS | MODULE_PREPARE | MODULE_BRINGS_FACTS | MODULE_ONCE_ONLY |
		 MODULE_ASYNC,
	.kind = MODULE_KIND_LIBRARY,
	.params = params,
	.run = run,
};
