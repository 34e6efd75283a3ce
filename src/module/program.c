#include "program.h"

#include "call.h"
#include "rollout/base/shellwords.h"

#include <stdarg.h>
#include <stdlib.h>

#define MESSAGE_MAX 800u
#define SHELL_NOT_FOUND 127

void program_init(struct program *p, struct module_call *call, const char *name)
{
	*p = (struct program){.call = call, .mode_umask = -1};
	program_env(p, "LC_ALL", "C");
	program_env(p, "LANGUAGE", "C");
	program_add(p, name);
}

void program_add(struct program *p, const char *word)
{
	if (p->len + 1 >= p->cap) {
		size_t cap = p->len * 2 + 16;
		const char **words = ARENA_ARRAY(p->call->arena, const char *, cap);
		for (size_t i = 0; i < p->len; i++)
			words[i] = p->words[i];
		p->words = words;
		p->cap = cap;
	}
	p->words[p->len++] = word;
	p->words[p->len] = NULL;
}

void program_add_fmt(struct program *p, const char *fmt, ...)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	va_list ap;
	va_start(ap, fmt);
	strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	program_add(p, arena_slice(p->call->arena, strbuf_slice(&text)).ptr);
}

void program_add_all(struct program *p, const char *const *words)
{
	for (; words && *words; words++)
		program_add(p, *words);
}

int program_add_text(struct program *p, const char *text, struct err *err)
{
	char **words;
	size_t count;
	if (!text)
		return 0;
	int r = shellwords_split(p->call->arena, slice_from(text), &words, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		program_add(p, words[i]);
	return r;
}

void program_env(struct program *p, const char *name, const char *value)
{
	if (p->nenv + 1 < PROGRAM_ENV_MAX)
		p->env[p->nenv++] = arena_printf(p->call->arena, "%s=%s", name, value);
}

/* What it was to do: the first word that is no option. */
static const char *verb_of(const struct program *p)
{
	for (size_t i = 1; i < p->len; i++)
		if (strncmp(p->words[i], "--", 2) != 0)
			return p->words[i];
	return "";
}

int program_failed(const struct program *p, struct err *err)
{
	struct slice said = slice_trim(p->err);
	if (said.len == 0)
		said = slice_trim(p->out);
	if (said.len > MESSAGE_MAX)
		said = (struct slice){said.ptr + said.len - MESSAGE_MAX, MESSAGE_MAX};
	const char *verb = verb_of(p);
	return err_set(err, ERR_INVALID, "%s%s%s ended with %d%s%.*s", p->words[0],
		       verb[0] ? " " : "", verb, p->exit_code, said.len ? ": " : "",
		       SLICE_ARG(said));
}

static bool is_missing(const struct program *p, int r)
{
	struct host *h = p->call->host;
	struct host_stat st = {0};
	if (r == ERR_NOT_FOUND || p->words[0][0] != '/')
		return r == ERR_NOT_FOUND;
	return h->ops->stat(h, p->call->arena, p->words[0], true, &st, NULL) == 0 &&
	       (st.type == HOST_ABSENT || st.assumed);
}

static int not_run(const struct program *p, int r, struct err *err)
{
	const char *why = host_assumes(p->call->host);
	if (!is_missing(p, r))
		return r;
	if (why)
		return err_set(err, ERR_UNKNOWN, "%s is not there yet: %s", p->words[0], why);
	return err_set(err, ERR_NOT_FOUND, "%s is not on the host: install the package that has it",
		       p->words[0]);
}

/* A shell that takes the line off its input, makes the file of it and becomes the
 * program, which has the file open and no name of it. */
static struct program with_private(const struct program *p)
{
	static const char script[] =
		"IFS= read -r c && f=$(mktemp) && printf %s \"$c\" >\"$f\" && exec 3<\"$f\"; s=$?; "
		"rm -f -- \"$f\"; [ \"$s\" = 0 ] || exit 126; unset c; "
		"export \"$1=/proc/self/fd/3$2\"; shift 2; exec \"$@\"";
	CLEANUP(strbuf_wipe) struct strbuf in = {0};
	const char *const shell[] = {
		"-c", script, "sh", p->private_env, p->private_more ? p->private_more : "", NULL};
	struct program sh = *p;
	sh.words = NULL;
	sh.len = sh.cap = 0;
	program_add(&sh, "sh");
	program_add_all(&sh, shell);
	program_add_all(&sh, p->words);
	strbuf_slice_append(&in, p->private_line);
	strbuf_putc(&in, '\n');
	strbuf_slice_append(&in, p->stdin_bytes);
	sh.stdin_bytes = arena_slice(p->call->arena, strbuf_slice(&in));
	return sh;
}

static int launch(struct program *p, bool changes, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	const struct host_ops *ops = p->call->host->ops;
	bool has_private = p->private_line.len > 0;
	const struct program sh = has_private ? with_private(p) : *p;
	const struct host_command cmd = {.argv = sh.words,
					 .env = p->env,
					 .cwd = p->cwd,
					 .stdin_bytes = sh.stdin_bytes,
					 .mode_umask = p->mode_umask,
					 .timeout_ms = p->timeout_ms};
	int r = changes ? ops->run(p->call->host, &cmd, &result, err)
			: ops->probe(p->call->host, &cmd, &result, err);
	if (r == 0 && has_private && result.exit_code == SHELL_NOT_FOUND)
		r = ERR_NOT_FOUND;
	if (r < 0)
		return not_run(p, r, err);
	if (result.timed_out)
		return err_set(err, ERR_TIMEOUT, "%s took too long and was stopped", p->words[0]);
	p->exit_code = result.exit_code;
	p->truncated = result.truncated;
	p->out = arena_slice(p->call->arena, strbuf_slice(&result.out));
	p->err = arena_slice(p->call->arena, strbuf_slice(&result.err));
	return 0;
}

int program_probe(struct program *p, struct err *err)
{
	return launch(p, false, err);
}

int program_read(struct program *p, struct err *err)
{
	int r = launch(p, false, err);
	return r == 0 && p->exit_code != 0 ? program_failed(p, err) : r;
}

int program_run(struct program *p, struct err *err)
{
	return launch(p, true, err);
}

int program_change(struct program *p, struct err *err)
{
	p->exit_code = 0;
	p->out = p->err = SLICE_LIT("");
	if (p->call->check_mode)
		return 0;
	int r = launch(p, true, err);
	return r == 0 && p->exit_code != 0 ? program_failed(p, err) : r;
}

const char *program_line(const struct program *p)
{
	struct slice rest = slice_trim(p->out), line = {"", 0};
	(void)slice_split(&rest, '\n', &line);
	return arena_slice(p->call->arena, slice_trim(line)).ptr;
}

int program_umask(struct module_call *call, int *ret, struct err *err)
{
	const char *text = arg_str(call, "umask");
	char *end = NULL;
	long mask = text ? strtol(text, &end, 8) : -1;
	if (text && (end == text || *end || mask < 0 || mask > 0777))
		return err_set(err, ERR_INVALID, "umask must be an octal integer, not '%s'", text);
	*ret = (int)mask;
	return 0;
}

int program_settle(struct module_call *call, int r, struct err *err)
{
	char msg[sizeof(((struct err *)NULL)->msg)];
	if (r != ERR_UNKNOWN || !call->check_mode)
		return r;
	memcpy(msg, err->msg, sizeof(msg));
	result_changed(call);
	result_unknown(call, "%s", msg);
	return 0;
}
