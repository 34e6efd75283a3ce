#include "tool.h"

#include "rollout/base/shellwords.h"

#define TOOL_ENV_MAX 8u
#define TOOL_PROBE_TIMEOUT_MS 60000
#define TOOL_MESSAGE_MAX 600u
#define VALIDATE_MESSAGE_MAX 800u

int tool_run(struct host *h, enum tool_kind kind, const struct tool *t,
	     struct host_command_result *result, struct err *err)
{
	const char *env[TOOL_ENV_MAX] = {"LC_ALL=C"};
	for (size_t i = 0; t->env && t->env[i] && i + 2 < TOOL_ENV_MAX; i++)
		env[i + 1] = t->env[i];
	struct host_command cmd = {
		.argv = t->argv,
		.env = env,
		.stdin_bytes = t->stdin_bytes,
		.cwd = "/",
		.mode_umask = -1,
		.timeout_ms = t->timeout_ms,
	};
	if (kind == TOOL_CHANGE)
		return h->ops->run(h, &cmd, result, err);
	if (!cmd.timeout_ms)
		cmd.timeout_ms = TOOL_PROBE_TIMEOUT_MS;
	return h->ops->probe(h, &cmd, result, err);
}

/* The end of a long text is where a tool says what went wrong. */
static struct slice last_part(struct slice text)
{
	text = slice_trim(text);
	if (text.len > TOOL_MESSAGE_MAX) {
		text.ptr += text.len - TOOL_MESSAGE_MAX;
		text.len = TOOL_MESSAGE_MAX;
	}
	return text;
}

int tool_failed(const struct tool *t, const struct host_command_result *result, struct err *err)
{
	struct slice said = last_part(strbuf_slice(&result->err));
	if (!said.len)
		said = last_part(strbuf_slice(&result->out));
	if (result->timed_out)
		return err_set(err, ERR_TIMEOUT, "%s took too long and was stopped: %.*s",
			       t->argv[0], SLICE_ARG(said));
	return err_set(err, ERR_INVALID, "%s: exit code %d%s%.*s", t->argv[0], result->exit_code,
		       said.len ? ": " : "", SLICE_ARG(said));
}

int tool_must(struct host *h, enum tool_kind kind, const struct tool *t, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	int r = tool_run(h, kind, t, &result, err);
	if (r < 0)
		return r;
	return result.exit_code == 0 && !result.timed_out ? 0 : tool_failed(t, &result, err);
}

static const char *substituted(struct arena *a, const char *word, const char *path)
{
	const char *at = strstr(word, "%s");
	if (!at)
		return word;
	return arena_printf(a, "%.*s%s%s", (int)(at - word), word, path,
			    substituted(a, at + 2, path));
}

int validate_words(struct arena *a, const char *command, const char *path,
		   const char *const **ret_argv, struct err *err)
{
	char **words;
	size_t count;
	if (!strstr(command, "%s"))
		return err_set(err, ERR_INVALID, "validate must contain %%s: %s", command);
	int r = shellwords_split(a, slice_from(command), &words, &count, err);
	if (r < 0)
		return err_wrap(err, r, "validate");
	const char **argv = ARENA_ARRAY(a, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		argv[i] = substituted(a, words[i], path);
	*ret_argv = argv;
	return 0;
}

int validate_verdict(const struct host_command_result *result, struct err *err)
{
	struct slice said = slice_trim(strbuf_slice(result->err.len ? &result->err : &result->out));
	if (result->timed_out)
		return err_set(err, ERR_TIMEOUT, "validate took too long and was stopped");
	if (result->exit_code == 0)
		return 0;
	if (said.len > VALIDATE_MESSAGE_MAX)
		said.len = VALIDATE_MESSAGE_MAX;
	return err_set(err, ERR_INVALID, "failed to validate: rc:%d error:%.*s", result->exit_code,
		       SLICE_ARG(said));
}
