#include "../call.h"
#include "rollout/base/file.h"

#define INLINE_MAX (512u << 10) /* of a result that is made as a whole */

static const char *const src_aliases[] = {"path", NULL};
static const struct module_param params[] = {
	{.name = "src",
	 .type = MODULE_PATH,
	 .required = true,
	 .aliases = src_aliases,
	 .doc = "The file on the host."},
	{0},
};

/* A file that passes, counted. */
struct passing {
	struct host_fd_stream from;
	uint64_t size;
	const char *path;
};

static int next(void *self, struct slice *ret, struct err *err)
{
	struct passing *p = self;
	int r = p->from.stream.next(&p->from, ret, err);
	if (r < 0)
		return r;
	p->size += ret->len;
	return p->size <= SLURP_MAX ? 0
				    : err_set(err, ERR_LIMIT,
					      "%s is larger than %u MB: use fetch, which keeps it "
					      "in a file",
					      p->path, SLURP_MAX >> 20);
}

/* In pieces, beside the result: the agent does not hold it. */
static int send_content(struct module_call *call, const char *src, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	struct passing p = {.path = src};
	const struct host_stream s = {.self = &p, .next = next, .size = SLURP_MAX};
	if (!call->services || !call->services->send_file)
		return err_set(err, ERR_LIMIT,
			       "%s is larger than %u KB: an asynchronous task cannot return it",
			       src, INLINE_MAX >> 10);
	int r = call->host->ops->open(call->host, src, &fd, err);
	if (r < 0)
		return r;
	host_fd_stream_init(&p.from, fd);
	r = call->services->send_file(call->services->self, src, &s, err);
	if (r == 0)
		result_put_int(call, "_streamed", (int64_t)p.size);
	return r;
}

static int get(struct module_call *call, const char *src, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf content = {0}, text = {0};
	int r = call->host->ops->read(call->host, src, INLINE_MAX, &content, err);
	if (r == ERR_LIMIT)
		return send_content(call, src, err);
	if (r < 0)
		return r;
	base64_encode(&text, content.ptr, content.len);
	result_put(call, "content", value_str(call->arena, strbuf_slice(&text)));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	struct err e = {0};
	const char *src = call_absolute_path(call, NULL, arg_str(call, "src"));
	int r = get(call, src, &e);
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
	result_put_str(call, "source", src);
	result_put_str(call, "encoding", "base64");
	return 0;
}

const struct module module_slurp = {
	.name = "slurp",
	.full_name = "ansible.builtin.slurp",
	.doc = "Returns a file's content, base64.",
	.kind = MODULE_KIND_SLURP,
	.params = params,
	.run = run,
};
