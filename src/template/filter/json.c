/* to_json and from_json. Source: Python's json.dumps. */
#include "filter.h"

#include "rollout/value/json.h"

#include <math.h>

static void put_string(struct strbuf *out, struct slice s, bool ascii)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	strbuf_putc(out, '"');
	for (size_t i = 0; i < s.len; i = chars_next(s, i)) {
		uint32_t c = chars_decode(s, i);
		const char *p = c && c < 0x80 ? strchr(from, (int)c) : NULL;
		if (p)
			strbuf_printf(out, "\\%c", to[p - from]);
		else if (c >= 0xdc80 && c <= 0xdcff)
			strbuf_puts(out, ascii ? "\\ufffd" : "\xef\xbf\xbd");
		else if (c < 0x20 || (c > 0x7e && c < 0x10000 && ascii))
			strbuf_printf(out, "\\u%04x", c);
		else if (c >= 0x10000 && ascii)
			strbuf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
				      0xdc00 + (c & 0x3ff));
		else
			chars_put(out, c);
	}
	strbuf_putc(out, '"');
}

struct writer {
	struct eval *ev;
	struct strbuf *out;
	const struct json_format *f;
	struct err *err;
};

static int put(struct writer *w, const struct value *v, unsigned depth);

static void newline(struct writer *w, unsigned depth)
{
	if (w->f->indent < 0)
		return;
	strbuf_putc(w->out, '\n');
	for (int64_t i = 0; i < w->f->indent * depth; i++)
		strbuf_putc(w->out, ' ');
}

static int put_list(struct writer *w, const struct value *v, unsigned depth)
{
	int r = 0;
	strbuf_putc(w->out, '[');
	for (size_t i = 0; i < v->list.len && r == 0; i++) {
		if (i)
			strbuf_slice_append(w->out, w->f->item_separator);
		newline(w, depth + 1);
		r = put(w, v->list.at[i], depth + 1);
	}
	if (v->list.len)
		newline(w, depth);
	strbuf_putc(w->out, ']');
	return r;
}

static int put_key(struct writer *w, const struct value *key)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	int r = eval_use(w->ev, key, w->err);
	if (r < 0)
		return r;
	if (key->type == VALUE_STRING)
		put_string(w->out, key->str, w->f->ascii);
	else if (key->type == VALUE_NULL || key->type == VALUE_BOOL)
		strbuf_puts(w->out, key->type == VALUE_NULL ? "\"null\""
				    : key->boolean	    ? "\"true\""
							    : "\"false\"");
	else {
		value_print(&b, key);
		put_string(w->out, strbuf_slice(&b), w->f->ascii);
	}
	strbuf_slice_append(w->out, w->f->key_separator);
	return 0;
}

static int put_dict(struct writer *w, const struct value *v, unsigned depth)
{
	size_t n = v->dict.len;
	const struct value **keys = ARENA_ARRAY(w->ev->arena, const struct value *, n + 1);
	const struct value **sorted = ARENA_ARRAY(w->ev->arena, const struct value *, n + 1);
	int r = 0;
	for (size_t i = 0; i < n; i++)
		keys[i] = sorted[i] = v->dict.at[i].key;
	if (w->f->sort_keys)
		r = sort_items(w->ev, sorted, keys, n, false, w->err);
	strbuf_putc(w->out, '{');
	for (size_t i = 0; i < n && r == 0; i++) {
		if (i)
			strbuf_slice_append(w->out, w->f->item_separator);
		newline(w, depth + 1);
		if ((r = put_key(w, sorted[i])) == 0)
			r = put(w, value_find(v, sorted[i]), depth + 1);
	}
	if (n)
		newline(w, depth);
	strbuf_putc(w->out, '}');
	return r;
}

static int put(struct writer *w, const struct value *v, unsigned depth)
{
	int r;
	if ((r = eval_use(w->ev, v, w->err)) < 0 || (r = eval_step(w->ev, 1, w->err)) < 0 ||
	    (r = limit_text(w->out->len, w->err)) < 0)
		return r;
	if (depth > VALUE_MAX_DEPTH)
		return err_set(w->err, ERR_LIMIT, "nested deeper than %u", VALUE_MAX_DEPTH);
	switch (v->type) {
	case VALUE_NULL:
		strbuf_puts(w->out, "null");
		return 0;
	case VALUE_BOOL:
		strbuf_puts(w->out, v->boolean ? "true" : "false");
		return 0;
	case VALUE_STRING:
		put_string(w->out, v->str, w->f->ascii);
		return 0;
	case VALUE_LIST:
		return put_list(w, v, depth);
	case VALUE_DICT:
		return put_dict(w, v, depth);
	case VALUE_FLOAT:
		if (!isfinite(v->real)) {
			strbuf_puts(w->out, isnan(v->real) ? "NaN"
					    : v->real > 0  ? "Infinity"
							   : "-Infinity");
			return 0;
		}
		value_print(w->out, v);
		return 0;
	case VALUE_INT:
		value_print(w->out, v);
		return 0;
	default: {
		CLEANUP(strbuf_release) struct strbuf b = {0};
		if ((r = print_str(w->ev, &b, v, w->err)) == 0)
			put_string(w->out, strbuf_slice(&b), w->f->ascii);
		return r;
	}
	}
}

int json_write(struct eval *ev, struct strbuf *out, const struct value *v,
	       const struct json_format *f, struct err *err)
{
	struct writer w = {ev, out, f, err};
	return put(&w, v, 0);
}

/* indent, sort_keys, ensure_ascii, separators as keywords or in that order. */
static int format_init(struct call *c, struct json_format *f, struct err *err)
{
	int r;
	if (c->arg[0] && c->arg[0]->type == VALUE_NULL)
		f->indent = -1;
	if ((r = call_int(c, 0, f->indent, &f->indent, err)) < 0 ||
	    (r = call_bool(c, 1, f->sort_keys, &f->sort_keys, err)) < 0 ||
	    (r = call_bool(c, 2, f->ascii, &f->ascii, err)) < 0)
		return r;
	if (f->indent > 64)
		return err_set(err, ERR_LIMIT, "an indent above 64");
	if (f->indent >= 0)
		f->item_separator = SLICE_LIT(",");
	const struct value *seps = c->arg[3];
	if (seps && is_list(seps) && seps->list.len == 2) {
		if ((r = text_of(c->ev, seps->list.at[0], &f->item_separator, err)) < 0)
			return r;
		return text_of(c->ev, seps->list.at[1], &f->key_separator, err);
	}
	return 0;
}

static int write_json(struct call *c, struct json_format f, const struct value **ret,
		      struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	int r;
	if ((r = format_init(c, &f, err)) < 0 || (r = json_write(c->ev, &b, c->in, &f, err)) < 0)
		return r;
	*ret = str_buf(c->ev, &b);
	return 0;
}

FN(f_to_json)
{
	return write_json(c,
			  (struct json_format){-1, false, true, SLICE_LIT(", "), SLICE_LIT(": ")},
			  ret, err);
}
FN(f_to_nice_json)
{
	return write_json(c, (struct json_format){4, true, true, SLICE_LIT(","), SLICE_LIT(": ")},
			  ret, err);
}

/* Jinja's tojson: sorted, and safe within HTML. */
FN(f_tojson)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, safe = {0};
	struct json_format f = {-1, true, true, SLICE_LIT(", "), SLICE_LIT(": ")};
	int r;
	if ((r = format_init(c, &f, err)) < 0 || (r = json_write(c->ev, &b, c->in, &f, err)) < 0)
		return r;
	for (size_t i = 0; i < b.len; i++) {
		if (strchr("<>&'", b.ptr[i]))
			strbuf_printf(&safe, "\\u%04x", (unsigned)b.ptr[i]);
		else
			strbuf_putc(&safe, b.ptr[i]);
	}
	*ret = str_buf(c->ev, &safe);
	return 0;
}

FN(f_from_json)
{
	struct err inner = {0};
	struct slice s;
	int r = in_text(c, &s, err);
	if (r < 0)
		return r;
	if (!is_str(c->in))
		return type_error(err, "JSON text is needed", c->in);
	r = json_parse(c->ev->arena, NULL, s, ret, &inner);
	if (r < 0)
		return err_set(err, ERR_INVALID, "line %u column %u: %s", inner.at.line,
			       inner.at.column, inner.msg);
	return 0;
}

FN(f_json_query)
{
	struct slice text;
	int r = call_text(c, 0, "", &text, err);
	return r < 0 ? r : jmespath_search(c->ev, text, c->in, ret, err);
}

const struct function filters_json[] = {
	{"json_query", "expr", 1, 0, f_json_query},
	{"to_json", "indent,sort_keys,ensure_ascii,separators", 0, FN_KWARGS | FN_TEXT, f_to_json},
	{"to_nice_json", "indent,sort_keys,ensure_ascii,separators", 0, FN_KWARGS | FN_TEXT,
	 f_to_nice_json},
	{"tojson", "indent", 0, 0, f_tojson},
	{"from_json", "", 0, FN_KWARGS, f_from_json},
	{0},
};
