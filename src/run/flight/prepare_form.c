/* uri: the files of the controller in a form (body_format: form-multipart). */
#include "prepare.h"
#include "rollout/value/encrypted.h"

#define FORM_FILE_MAX (2u << 20)

static int prepare_form_file(struct preparation *p, struct value *field, const struct value *file,
			     struct err *err)
{
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	struct arena *a = &p->f->arena;
	bool secret = false;
	const char *path;
	int r = prepare_find_source(p, "files", file->str, &path, err);
	if (r == 0)
		r = encrypted_file_read(path, FORM_FILE_MAX, &text, &secret, err);
	if (r < 0)
		return err_locate(err, r, file->at);
	struct value *content = value_str(a, strbuf_slice(&text));
	content->flags |= secret ? VALUE_SECRET : 0;
	value_dict_put(a, field, "content", content);
	return 0;
}

int prepare_uri(struct preparation *p, struct err *err)
{
	const struct value *format = value_get(p->it->args, "body_format"),
			   *body = value_get(p->it->args, "body");
	struct arena *a = &p->f->arena;
	if (!format || !value_is_str(format, "form-multipart") || !body ||
	    body->type != VALUE_DICT || prepare_option(p, "remote_src", false))
		return 0;
	struct value *form = value_dict_dup(a, body);
	for (size_t i = 0; i < body->dict.len; i++) {
		const struct value *field = body->dict.at[i].value,
				   *file = value_get(field, "filename");
		if (!file || file->type != VALUE_STRING || value_get(field, "content"))
			continue;
		struct value *filled = value_dict_dup(a, field);
		int r = prepare_form_file(p, filled, file, err);
		if (r < 0)
			return r;
		value_dict_set(a, form, body->dict.at[i].key, filled);
	}
	value_dict_put(a, p->args, "body", form);
	return 0;
}
