/* What statements write: text, or one value that stands alone. */
#include "eval.h"

struct output output_begin(struct eval *ev, bool keeps_value)
{
	return (struct output){.keeps_value = keeps_value, .start = ev->text->len};
}

struct slice output_slice(const struct eval *ev, const struct output *out)
{
	struct slice all = strbuf_slice(ev->text);
	return (struct slice){all.ptr + out->start, all.len - out->start};
}

void output_drop(struct eval *ev, const struct output *out)
{
	strbuf_truncate(ev->text, out->start);
}

/* Behind a value that had not to be known as long as it stood alone. */
int output_flush(struct eval *ev, struct output *out, struct err *err)
{
	const struct value *v = out->only;
	out->only = out->alone = NULL;
	return v ? eval_use(ev, v, err) : 0;
}

/* Or one where something else than appending is to be done. */
int output_first_text(struct eval *ev, struct output *out, struct slice s, struct err *err)
{
	if (out->muted)
		return 0;
	int r = out->keeps_value ? output_flush(ev, out, err) : 0;
	if (r < 0 || (r = limit_text(ev->text->len - out->start + s.len, err)) < 0)
		return r;
	out->pieces++;
	strbuf_slice_append(ev->text, s);
	return 0;
}

/* The value may be the only one, then its type counts; unknown, it is an error only if it
 * is not. */
static int keep_alone(struct eval *ev, struct output *out, const struct value *v, struct err *err)
{
	bool first = out->pieces == 0;
	int r = v->type == VALUE_UNKNOWN && first ? 0 : output_flush(ev, out, err);
	if (r < 0)
		return r;
	out->alone = first ? v : NULL;
	out->only = v->type == VALUE_UNKNOWN && first ? v : NULL;
	return 0;
}

/* A list may be changed after it was written: it is printed now. */
int output_value(struct eval *ev, struct output *out, const struct value *v, struct err *err)
{
	if (out->muted)
		return 0;
	int r = out->keeps_value ? keep_alone(ev, out, v, err) : 0;
	out->pieces++;
	/* Ansible prints none as nothing. */
	if (r < 0 || out->only || v->type == VALUE_NULL)
		return r;
	return print_str(ev, ev->text, v, err);
}

void output_restore_newlines(struct eval *ev, const struct output *out, struct slice source,
			     struct slice newline)
{
	struct slice text = output_slice(ev, out);
	size_t wanted = 0, have = 0;
	while (wanted < source.len && source.ptr[source.len - 1 - wanted] == '\n')
		wanted++;
	while (have < text.len && text.ptr[text.len - 1 - have] == '\n')
		have++;
	for (; have < wanted; have++)
		strbuf_slice_append(ev->text, newline);
}

int output_take(struct eval *ev, struct output *out, int r, const struct value **ret,
		struct err *err)
{
	const struct value *v = out->alone;
	if (r == 0 && v &&
	    (is_list(v) || is_dict(v) || v->type == VALUE_BOOL || v->type == VALUE_UNKNOWN))
		*ret = v;
	else if (r == 0 && (r = output_flush(ev, out, err)) == 0)
		*ret = str_new(ev, output_slice(ev, out));
	output_drop(ev, out);
	return r;
}
