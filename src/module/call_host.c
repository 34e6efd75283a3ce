/* Paths, files and commands, as modules use them. */
#include "call.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#define SMALL_FILE_MAX (1u << 20)
#define ERROR_TEXT_MAX 800

static const char *home_of(const struct module_call *call, struct slice user)
{
	const char *home = getenv("HOME");
	struct host_user u = {0};
	if (user.len == 0 && home && home[0])
		return home;
	char *name = arena_strndup(call->arena, user.ptr, user.len);
	int r = user.len == 0
			? call->host->ops->user_by_id(call->host, call->arena, geteuid(), &u, NULL)
			: call->host->ops->user(call->host, call->arena, name, &u, NULL);
	return r == 0 && u.exists ? u.home : NULL;
}

static void expand_variables(struct strbuf *out, const char *text)
{
	while (*text) {
		const char *dollar = strchrnul(text, '$');
		strbuf_append(out, text, (size_t)(dollar - text));
		if (!*dollar)
			return;
		bool brace = dollar[1] == '{';
		const char *start = dollar + 1 + brace, *end = start;
		while (isalnum((unsigned char)*end) || *end == '_')
			end++;
		char *name = xstrndup(start, (size_t)(end - start));
		const char *value = getenv(name);
		free(name);
		text = brace && *end == '}' ? end + 1 : end;
		/* What is not set, or not closed, stays as it is written. */
		if (value && end > start && (!brace || *end == '}'))
			strbuf_puts(out, value);
		else
			strbuf_append(out, dollar, (size_t)(text - dollar));
	}
}

const char *call_expand_path(const struct module_call *call, const char *path)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	if (path[0] == '~') {
		size_t len = strcspn(path + 1, "/");
		const char *home = home_of(call, (struct slice){path + 1, len});
		if (home) {
			strbuf_puts(&out, home);
			path += 1 + len;
		}
	}
	if (out.len == 0 && !strchr(path, '$'))
		return path;
	expand_variables(&out, path);
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

const char *call_absolute_path(const struct module_call *call, const char *cwd, const char *path)
{
	if (path[0] == '/')
		return path;
	if (!cwd)
		cwd = geteuid() == 0 ? "/" : home_of(call, (struct slice){NULL, 0});
	return arena_printf(call->arena, "%s/%s", cwd && strcmp(cwd, "/") != 0 ? cwd : "", path);
}

static int exists(struct module_call *call, const char *path, bool *ret, struct err *err)
{
	struct host_stat st;
	int r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	if (r == 0)
		*ret = st.type != HOST_ABSENT;
	return r;
}

/* `base` is a folder without its last slash; `rest` the components still to match. */
static int match_below(struct module_call *call, const char *base, const char *rest, bool *ret,
		       struct err *err)
{
	while (*rest == '/')
		rest++;
	size_t len = strcspn(rest, "/");
	char *part = arena_strndup(call->arena, rest, len);
	if (len == 0)
		return exists(call, *base ? base : "/", ret, err);
	if (!strpbrk(part, "*?["))
		return match_below(call, arena_printf(call->arena, "%s/%s", base, part), rest + len,
				   ret, err);
	struct host_names names = {0};
	if (call->host->ops->list(call->host, call->arena, *base ? base : "/", &names, NULL) < 0)
		names.len = 0;
	for (size_t i = 0; i < names.len && !*ret; i++) {
		if (fnmatch(part, names.at[i], FNM_PERIOD) != 0)
			continue;
		const char *path = arena_printf(call->arena, "%s/%s", base, names.at[i]);
		int r = match_below(call, path, rest + len, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int call_path_exists(struct module_call *call, const char *pattern, bool *ret, struct err *err)
{
	bool found = false;
	int r = strpbrk(pattern, "*?[") ? match_below(call, "", pattern, &found, err)
					: exists(call, pattern, &found, err);
	if (r == 0)
		*ret = found;
	return r;
}

int call_check_line(const char *what, struct slice text, struct err *err)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\n' || text.ptr[i] == '\r' || !text.ptr[i])
			return err_set(err, ERR_INVALID, "%s holds a line end; it must be one line",
				       what);
	return 0;
}

int call_read(struct module_call *call, const char *path, struct slice *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err local = {0};
	int r = call->host->ops->read(call->host, path, HOST_FILE_MAX, &text, &local);
	if (r < 0 && r != ERR_NOT_FOUND) {
		if (err)
			*err = local;
		return r;
	}
	*ret = arena_slice(call->arena, strbuf_slice(&text));
	return 0;
}

struct slice call_read_trimmed(struct module_call *call, const char *path)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (call->host->ops->read(call->host, path, SMALL_FILE_MAX, &text, NULL) < 0)
		return SLICE_LIT("");
	return arena_slice(call->arena, slice_trim(strbuf_slice(&text)));
}

static int command_failed(const char *const *argv, const struct host_command_result *result,
			  struct err *err)
{
	struct slice said = slice_trim(strbuf_slice(&result->err));
	if (said.len == 0)
		said = slice_trim(strbuf_slice(&result->out));
	if (said.len > ERROR_TEXT_MAX)
		said = (struct slice){said.ptr + said.len - ERROR_TEXT_MAX, ERROR_TEXT_MAX};
	if (result->timed_out)
		return err_set(err, ERR_TIMEOUT, "%s took too long", argv[0]);
	return err_set(err, ERR_INVALID, "%s%s%s ended with %d%s%.*s", argv[0], argv[1] ? " " : "",
		       argv[1] ? argv[1] : "", result->exit_code, said.len ? ": " : "",
		       SLICE_ARG(said));
}

static int call_command(struct module_call *call, const char *const *argv, bool changes, int fd,
			struct host_command_result *result, struct err *err)
{
	static const char *const plain[] = {"LC_ALL=C", "LANG=C", "DEBIAN_FRONTEND=noninteractive",
					    NULL};
	const struct host_command cmd = {
		.argv = argv, .stdin_fd = fd, .env = plain, .mode_umask = -1};
	const struct host_ops *ops = call->host->ops;
	return changes ? ops->run(call->host, &cmd, result, err)
		       : ops->probe(call->host, &cmd, result, err);
}

int call_probe(struct module_call *call, const char *const *argv, int *ret_exit,
	       struct slice *ret_out, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	int r = call_command(call, argv, false, -1, &result, err);
	if (r < 0)
		return r;
	if (!ret_exit && result.exit_code != 0)
		return command_failed(argv, &result, err);
	if (ret_exit)
		*ret_exit = result.exit_code;
	if (ret_out)
		*ret_out = arena_slice(call->arena, slice_trim(strbuf_slice(&result.out)));
	return 0;
}

static int change(struct module_call *call, const char *const *argv, int fd, struct slice *ret_out,
		  struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	if (ret_out)
		*ret_out = SLICE_LIT("");
	/* Its effect is known to the module, so the overlay need not assume. */
	if (call->check_mode)
		return 0;
	int r = call_command(call, argv, true, fd, &result, err);
	if (r < 0)
		return r;
	if (result.exit_code != 0)
		return command_failed(argv, &result, err);
	if (ret_out)
		*ret_out = arena_slice(call->arena, slice_trim(strbuf_slice(&result.out)));
	return 0;
}

int call_change(struct module_call *call, const char *const *argv, struct slice *ret_out,
		struct err *err)
{
	return change(call, argv, -1, ret_out, err);
}

int call_change_from(struct module_call *call, const char *const *argv, int fd, struct err *err)
{
	return change(call, argv, fd, NULL, err);
}
