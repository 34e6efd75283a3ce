/* body_format: form-multipart. RFC 7578. */
#include "../call.h"
#include "rollout/base/file.h"
#include "uri_body.h"

#include <sys/random.h>

#define FILE_MAX (2u << 20)
#define FORM_MAX (4u << 20)
#define BOUNDARY_BYTES 16

struct part {
	const char *name, *filename, *type; /* filename NULL: it is no file */
	struct slice content;
};

/* As Python's mimetypes, of what is usual. */
static const char *type_of(const char *filename)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".txt", "text/plain"},	       {".csv", "text/csv"},
		{".html", "text/html"},	       {".json", "application/json"},
		{".xml", "text/xml"},	       {".zip", "application/zip"},
		{".tar", "application/x-tar"}, {".pdf", "application/pdf"},
		{".png", "image/png"},
	};
	for (size_t i = 0; filename && i < ARRAY_LEN(types); i++)
		if (slice_ends_with(slice_from(filename), types[i].end))
			return types[i].type;
	return "application/octet-stream";
}

static struct slice text_of(struct module_call *call, const struct value *v)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	if (v->type == VALUE_STRING)
		return v->str;
	value_print(&text, v);
	return arena_slice(call->arena, strbuf_slice(&text));
}

static const char *string_of(const struct value *dict, const char *key)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_STRING && v->str.len ? v->str.ptr : NULL;
}

static int read_file(struct module_call *call, const char *path, struct slice *ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf content = {0};
	const char *full = call_absolute_path(call, NULL, path);
	int r = call->host->ops->read(call->host, full, FILE_MAX, &content, err);
	if (r == 0)
		*ret = arena_slice(call->arena, strbuf_slice(&content));
	return r;
}

static int read_part(struct module_call *call, const char *name, const struct value *v,
		     struct part *ret, struct err *err)
{
	*ret = (struct part){.name = name, .type = "text/plain"};
	if (v->type != VALUE_DICT) {
		ret->content = text_of(call, v);
		return 0;
	}
	const struct value *content = value_get(v, "content");
	const char *type = string_of(v, "mime_type"), *file = string_of(v, "filename");
	if (!content && !file)
		return err_set(err, ERR_INVALID,
			       "body.%s: at least one of filename or content must be provided",
			       name);
	if (type && !strchr(type, '/'))
		return err_set(err, ERR_INVALID, "body.%s: '%s' is no mime_type like text/plain",
			       name, type);
	ret->filename = file ? arena_slice(call->arena, path_basename(file)).ptr : NULL;
	ret->type = type ? type : type_of(file);
	if (!content)
		return read_file(call, file, &ret->content, err);
	ret->content = text_of(call, content);
	return 0;
}

static void put_quoted(struct strbuf *out, const char *text)
{
	strbuf_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_putc(out, '\\');
		strbuf_putc(out, *text);
	}
	strbuf_putc(out, '"');
}

static int put_part(struct strbuf *out, const char *boundary, const struct part *p, struct err *err)
{
	const char *const words[] = {p->name, p->filename, p->type};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i] && strpbrk(words[i], "\r\n"))
			return err_set(err, ERR_INVALID, "a name in body holds a line end");
	if (p->content.len > FORM_MAX || out->len > FORM_MAX - p->content.len)
		return err_set(err, ERR_LIMIT, "body: a form of more than %u bytes", FORM_MAX);
	strbuf_printf(out, "--%s\r\nContent-Disposition: form-data; name=", boundary);
	put_quoted(out, p->name);
	if (p->filename) {
		strbuf_puts(out, "; filename=");
		put_quoted(out, p->filename);
	}
	strbuf_printf(out, "\r\nContent-Type: %s\r\n\r\n", p->type);
	strbuf_slice_append(out, p->content);
	strbuf_puts(out, "\r\n");
	return 0;
}

static int make_boundary(struct module_call *call, const char **ret, struct err *err)
{
	unsigned char bytes[BOUNDARY_BYTES];
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(err, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		strbuf_printf(&text, "%02x", bytes[i]);
	*ret = arena_slice(call->arena, strbuf_slice(&text)).ptr;
	return 0;
}

int uri_multipart_put(struct module_call *call, const struct value *body, struct strbuf *out,
		      const char **ret_type, struct err *err)
{
	const char *boundary = "";
	if (body->type != VALUE_DICT)
		return err_set(err, ERR_INVALID, "body must be mapping, cannot be type %s",
			       value_type_name(body));
	int r = make_boundary(call, &boundary, err);
	for (size_t i = 0; r == 0 && i < body->dict.len; i++) {
		struct part p;
		const struct value *key = body->dict.at[i].key;
		r = read_part(call, text_of(call, key).ptr, body->dict.at[i].value, &p, err);
		if (r == 0)
			r = put_part(out, boundary, &p, err);
	}
	if (r < 0)
		return r;
	strbuf_printf(out, "--%s--\r\n", boundary);
	*ret_type = arena_printf(call->arena, "multipart/form-data; boundary=%s", boundary);
	return 0;
}
