#include "uri_body.h"

#include "rollout/value/json.h"

#include <ctype.h>

/* As Python's quote_plus. */
static void put_quoted(struct strbuf *out, const struct value *v)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	value_print(&text, v);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (isalnum(c) || (c && strchr("_.-~", c)))
			strbuf_putc(out, (char)c);
		else if (c == ' ')
			strbuf_putc(out, '+');
		else
			strbuf_printf(out, "%%%02X", c);
	}
}

static void put_pair(struct strbuf *out, const struct value *key, const struct value *v)
{
	if (out->len)
		strbuf_putc(out, '&');
	put_quoted(out, key);
	strbuf_putc(out, '=');
	put_quoted(out, v);
}

/* A list as value is the key once for each. */
static void put_pairs(struct strbuf *out, const struct value *key, const struct value *v)
{
	if (v->type != VALUE_LIST) {
		put_pair(out, key, v);
		return;
	}
	for (size_t i = 0; i < v->list.len; i++)
		put_pair(out, key, v->list.at[i]);
}

static int put_form(struct strbuf *out, const struct value *body, struct err *err)
{
	if (body->type == VALUE_STRING) {
		strbuf_slice_append(out, body->str);
		return 0;
	}
	for (size_t i = 0; body->type == VALUE_DICT && i < body->dict.len; i++)
		put_pairs(out, body->dict.at[i].key, body->dict.at[i].value);
	for (size_t i = 0; body->type == VALUE_LIST && i < body->list.len; i++) {
		const struct value *pair = body->list.at[i];
		if (pair->type != VALUE_LIST || pair->list.len != 2)
			return err_set(err, ERR_INVALID,
				       "failed to parse body as form_urlencoded: item %zu is not a "
				       "pair",
				       i + 1);
		put_pairs(out, pair->list.at[0], pair->list.at[1]);
	}
	return 0;
}

int uri_body_make(struct module_call *call, struct uri_body *ret, struct err *err)
{
	const struct value *body = value_get(call->args, "body");
	const char *format = arg_str(call, "body_format");
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	int r = 0;
	*ret = (struct uri_body){.given = body && body->type != VALUE_NULL};
	if (!ret->given)
		return 0;
	bool json = strcmp(format, "json") == 0;
	if (json)
		ret->content_type = "application/json";
	if (strcmp(format, "form-urlencoded") == 0) {
		ret->content_type = "application/x-www-form-urlencoded";
		r = put_form(&text, body, err);
	} else if (strcmp(format, "form-multipart") == 0) {
		r = uri_multipart_put(call, body, &text, &ret->content_type, err);
	} else if (json && body->type != VALUE_STRING) {
		json_emit(&text, body, JSON_PYTHON);
	} else {
		value_print(&text, body);
	}
	ret->text = arena_slice(call->arena, strbuf_slice(&text));
	return r;
}
