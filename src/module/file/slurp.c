#include "../call.h"

#define SLURP_MAX (64u << 20)

static const char *const src_aliases[] = {"path", NULL};
static const struct module_param params[] = {
	{.name = "src",
	 .type = MODULE_PATH,
	 .required = true,
	 .aliases = src_aliases,
	 .doc = "The file on the host."},
	{0},
};

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf content = {0};
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	struct err e = {0};
	const char *src = call_absolute_path(call, NULL, arg_str(call, "src"));
	int r = call->host->ops->read(call->host, src, SLURP_MAX, &content, &e);
	if (r == ERR_UNKNOWN || (r == ERR_NOT_FOUND && host_assumes(call->host))) {
		result_unknown(call, "would read %s", src);
		return 0;
	}
	if (r == ERR_NOT_FOUND)
		return err_set(err, r, "file not found: %s", src);
	if (r < 0) {
		if (err)
			*err = e;
		return r;
	}
	base64_encode(&text, content.ptr, content.len);
	result_put(call, "content", value_str(call->arena, strbuf_slice(&text)));
	result_put_str(call, "source", src);
	result_put_str(call, "encoding", "base64");
	return 0;
}

const struct module module_slurp = {
	.name = "slurp",
	.full_name = "ansible.builtin.slurp",
	.doc = "Returns a file's content, base64.",
	.flags = MODULE_READS_ONLY,
	.params = params,
	.run = run,
};
