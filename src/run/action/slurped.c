/* slurp of a large file: its content comes in pieces, beside the result that it belongs
 * to, since the agent does not hold it. */
#include "parts.h"

#include <stdlib.h>

struct slurped {
	struct strbuf text;
	bool too_much;
};

void slurped_free(struct slurped *in)
{
	if (!in)
		return;
	strbuf_wipe(&in->text);
	free(in);
}

static bool is_slurp(const struct flight *f)
{
	return f->node && f->node->module->kind == MODULE_KIND_SLURP;
}

void slurped_begin(struct flight *f)
{
	if (!is_slurp(f))
		return;
	slurped_free(f->slurped);
	f->slurped = xcalloc(1, sizeof(*f->slurped));
}

void slurped_piece(struct flight *f, struct slice bytes)
{
	struct slurped *in = f->slurped;
	if (!in || in->too_much)
		return;
	in->too_much = bytes.len > SLURP_MAX || in->text.len > SLURP_MAX - bytes.len;
	if (!in->too_much)
		strbuf_slice_append(&in->text, bytes);
}

void slurped_complete(struct flight *f, struct value *result)
{
	CLEANUP(strbuf_wipe) struct strbuf base64 = {0};
	struct slurped *in = f->slurped;
	const struct value *size = value_get(result, "_streamed");
	if (!is_slurp(f) || !size)
		return;
	value_dict_remove(result, SLICE_LIT("_streamed"));
	if (!in || in->too_much || size->type != VALUE_INT ||
	    size->integer != (int64_t)in->text.len) {
		value_dict_put(&f->arena, result, "failed", value_bool(true));
		value_dict_put(&f->arena, result, "msg",
			       value_cstr(&f->arena, "the file did not come whole"));
	} else {
		base64_encode(&base64, in->text.ptr, in->text.len);
		value_dict_put(&f->arena, result, "content",
			       value_str(&f->arena, strbuf_slice(&base64)));
	}
	slurped_free(in);
	f->slurped = NULL;
}
