#include "detail.h"

#include "rollout/diff/diff.h"
#include "rollout/report/visible.h"
#include "rollout/value/yaml.h"

#define RESULT_MAX_BYTES (16u << 10)

/* A member as text; false when it is absent, empty or secret. */
static bool member_text(struct strbuf *out, const struct value *result, const char *key)
{
	const struct value *v = value_get(result, key);
	if (!v || v->type == VALUE_NULL || (v->flags & VALUE_SECRET))
		return false;
	CLEANUP(strbuf_release) struct strbuf raw = {0};
	if (v->type == VALUE_DICT || v->type == VALUE_LIST)
		yaml_emit(&raw, v, 2);
	else
		value_print(&raw, v);
	struct slice text = strbuf_slice(&raw);
	while (text.len > 0 && strchr("\n\r ", text.ptr[text.len - 1]))
		text.len--;
	visible_text(out, text);
	return text.len > 0;
}

static void put_message(struct strbuf *out, const struct report_event *e)
{
	if (e->msg && e->msg[0])
		visible_text(out, slice_from(e->msg));
	else
		member_text(out, e->result, "msg");
	while (out->len > 0 && out->ptr[out->len - 1] == '\n')
		strbuf_truncate(out, out->len - 1);
}

void detail_message(struct strbuf *out, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	put_message(&text, e);
	struct slice rest = strbuf_slice(&text), line;
	if (slice_split(&rest, '\n', &line))
		strbuf_slice_append(out, line);
}

/* The last lines, for output is read from its end. */
static struct slice tail_of(struct slice text, size_t *ret_left_out)
{
	size_t start = text.len, lines = 0;
	while (start > 0 && text.len - start < DETAIL_TAIL_BYTES) {
		if (text.ptr[start - 1] == '\n' && ++lines == DETAIL_TAIL_LINES)
			break;
		start--;
	}
	*ret_left_out = 0;
	for (size_t i = 0; i < start; i++)
		*ret_left_out += text.ptr[i] == '\n';
	return (struct slice){text.ptr + start, text.len - start};
}

static void put_stream(struct strbuf *out, const struct value *result, const char *key)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (!member_text(&text, result, key))
		return;
	if (out->len > 0 && strstr(out->ptr, text.ptr)) /* the message quotes it */
		return;
	size_t left_out;
	struct slice rest = tail_of(strbuf_slice(&text), &left_out), line;
	strbuf_printf(out, "%s%s:\n", out->len ? "\n" : "", key);
	if (left_out)
		strbuf_printf(out, "  ... %zu lines before\n", left_out);
	while (slice_split(&rest, '\n', &line))
		strbuf_printf(out, "  %.*s%s", SLICE_ARG(line), rest.len ? "\n" : "");
}

static void put_command(struct strbuf *out, const struct value *result)
{
	const struct value *cmd = value_get(result, "cmd");
	CLEANUP(strbuf_release) struct strbuf raw = {0};
	if (!cmd || (cmd->flags & VALUE_SECRET))
		return;
	if (cmd->type == VALUE_STRING)
		strbuf_slice_append(&raw, cmd->str);
	for (size_t i = 0; cmd->type == VALUE_LIST && i < cmd->list.len; i++) {
		strbuf_puts(&raw, i ? " " : "");
		value_print(&raw, cmd->list.at[i]);
	}
	CLEANUP(strbuf_release) struct strbuf line = {0};
	visible_line(&line, strbuf_slice(&raw));
	if (line.len == 0)
		return;
	strbuf_puts(out, out->len ? "\ncommand: " : "command: ");
	visible_fit(out, strbuf_slice(&line), 400);
}

static void put_number(struct strbuf *out, const struct value *result, const char *key)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (member_text(&text, result, key))
		strbuf_printf(out, "%s%s: %s", out->len ? "\n" : "", key, text.ptr);
}

void detail_failure(struct strbuf *out, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	put_message(&b, e);
	put_number(&b, e->result, "assertion");
	put_command(&b, e->result);
	put_number(&b, e->result, "rc");
	put_stream(&b, e->result, "stderr");
	put_stream(&b, e->result, "stdout");
	if (b.len == 0 && e->result)
		detail_result(&b, e->result);
	strbuf_slice_append(out, b.len ? strbuf_slice(&b) : SLICE_LIT("no message"));
}

static bool is_noise(struct slice key)
{
	static const char *const keys[] = {"changed",  "failed",       "diff",	       "invocation",
					   "warnings", "stdout_lines", "stderr_lines", "skipped"};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_is(key, keys[i]))
			return true;
	return slice_starts_with(key, "_");
}

void detail_result(struct strbuf *out, const struct value *result)
{
	struct arena arena = {0};
	struct value *shown = value_dict_new(&arena);
	for (size_t i = 0; result && result->type == VALUE_DICT && i < result->dict.len; i++) {
		const struct value_pair *p = &result->dict.at[i];
		if (p->key->type != VALUE_STRING || is_noise(p->key->str) ||
		    (p->value->flags & VALUE_SECRET))
			continue;
		value_dict_set(&arena, shown, p->key, p->value);
	}
	CLEANUP(strbuf_release) struct strbuf yaml = {0};
	if (shown->dict.len > 0)
		yaml_emit(&yaml, shown, 2);
	size_t left_out = yaml.len > RESULT_MAX_BYTES ? yaml.len - RESULT_MAX_BYTES : 0;
	visible_text(out, (struct slice){yaml.ptr ? yaml.ptr : "", yaml.len - left_out});
	if (left_out)
		strbuf_printf(out, "\n... and %zu bytes more\n", left_out);
	arena_release(&arena);
}

void detail_debug(struct strbuf *out, const struct value *result)
{
	if (!member_text(out, result, "msg"))
		detail_result(out, result);
}

static void put_diff(struct strbuf *out, const struct value *d)
{
	const struct value *text = value_get(d, "unified");
	if (!text)
		text = value_get(d, "prepared");
	const struct value *before = value_get(d, "before"), *after = value_get(d, "after");
	if (text && text->type == VALUE_STRING && !(text->flags & VALUE_SECRET)) {
		visible_text(out, text->str);
	} else if (!text && before && after && before->type == VALUE_STRING &&
		   after->type == VALUE_STRING &&
		   !((before->flags | after->flags) & VALUE_SECRET)) {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		diff_unified(&b, "before", before->str, "after", after->str);
		visible_text(out, strbuf_slice(&b));
	}
	if (out->len > 0 && out->ptr[out->len - 1] != '\n')
		strbuf_putc(out, '\n');
}

void detail_diff(struct strbuf *out, const struct value *result)
{
	const struct value *diff = value_get(result, "diff");
	if (!diff)
		return;
	if (diff->type == VALUE_DICT)
		put_diff(out, diff);
	for (size_t i = 0; diff->type == VALUE_LIST && i < diff->list.len; i++)
		put_diff(out, diff->list.at[i]);
}
