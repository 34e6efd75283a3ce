/* ping: is the agent there, and does it answer? */
#include "../../call.h"

static const struct module_param params[] = {
	{.name = "data", .type = MODULE_STR, .fallback = "pong", .doc = "What to answer."},
	{0},
};

static int run(struct module_call *call, struct err *err)
{
	const char *data = arg_str(call, "data");
	if (strcmp(data, "crash") == 0)
		return err_set(err, ERR_INVALID, "boom");
	result_put_str(call, "ping", data);
	return 0;
}

const struct module module_ping = {
	.name = "ping",
	.full_name = "ansible.builtin.ping",
	.doc = "Answers pong.",
	.params = params,
	.run = run,
};
