/* What statements write: text, or one value that stands alone. */
#include "eval.h"

int output_flush(struct eval *ev, struct output *out, struct err *err)
{
	const struct value *v = out->only;
	out->only = out->alone = NULL;
	return v ? eval_use(ev, v, err) : 0;
}

int output_text(struct eval *ev, struct output *out, struct slice s, struct err *err)
{
	if (out->muted)
		return 0;
	int r = output_flush(ev, out, err);
	if (r < 0 || (r = limit_text(out->text.len + s.len, err)) < 0)
		return r;
	out->pieces++;
	strbuf_slice_append(&out->text, s);
	return 0;
}

/* A list may be changed after it was written: it is printed now. */
int output_value(struct eval *ev, struct output *out, const struct value *v, struct err *err)
{
	if (out->muted)
		return 0;
	bool first = out->pieces++ == 0 && out->keeps_value;
	int r = v->type == VALUE_UNKNOWN && first ? 0 : output_flush(ev, out, err);
	if (r < 0)
		return r;
	out->only = NULL;
	out->alone = first ? v : NULL;
	if (v->type == VALUE_UNKNOWN && first) {
		out->only = v;
		return 0;
	}
	/* Ansible prints none as nothing. */
	return v->type == VALUE_NULL ? 0 : print_str(ev, &out->text, v, err);
}

void output_restore_newlines(struct output *out, struct slice source, struct slice newline)
{
	size_t wanted = 0, have = 0;
	while (wanted < source.len && source.ptr[source.len - 1 - wanted] == '\n')
		wanted++;
	while (have < out->text.len && out->text.ptr[out->text.len - 1 - have] == '\n')
		have++;
	for (; have < wanted; have++)
		strbuf_slice_append(&out->text, newline);
}

int output_result(struct eval *ev, struct output *out, const struct value **ret, struct err *err)
{
	const struct value *v = out->alone;
	if (v && (is_list(v) || is_dict(v) || v->type == VALUE_BOOL || v->type == VALUE_UNKNOWN)) {
		*ret = v;
		return 0;
	}
	int r = output_flush(ev, out, err);
	if (r == 0)
		*ret = str_buf(ev, &out->text);
	return r;
}

void output_release(struct output *out)
{
	strbuf_release(&out->text);
}
