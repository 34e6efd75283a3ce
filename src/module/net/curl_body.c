#include "curl_body.h"

#define CONFIG_BODY_MAX 32768u /* older curls take no longer line of configuration */

static int put_file(struct curl *c, struct slice text, const char **ret_path, struct err *err)
{
	struct module_call *call = c->program.call;
	struct program p;
	program_init(&p, call, "mktemp");
	program_add(&p, "/tmp/.rollout-uri-XXXXXXXXXX");
	int r = program_change(&p, err);
	if (r < 0)
		return r;
	struct host_write w = {.content = text, .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0600;
	*ret_path = program_line(&p);
	r = call->host->ops->write(call->host, *ret_path, &w, err);
	curl_option(c, "data-binary", arena_printf(call->arena, "@%s", *ret_path));
	return r;
}

int curl_body(struct curl *c, struct slice text, const char **ret_path, struct err *err)
{
	if (text.len > CONFIG_BODY_MAX || memchr(text.ptr, 0, text.len))
		return put_file(c, text, ret_path, err);
	curl_option_slice(c, "data-raw", text);
	return 0;
}

void curl_body_drop(struct curl *c, const char *path)
{
	struct host *host = c->program.call->host;
	if (path && path[0])
		(void)host->ops->remove(host, path, false, NULL);
}
