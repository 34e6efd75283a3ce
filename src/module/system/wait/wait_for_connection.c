/* wait_for_connection: that the agent answers is all there is to see; the controller
 * waits and tries again. */
#include "../../call.h"

static const struct module_param params[] = {
	{.name = "timeout", .type = MODULE_INT, .fallback = "600", .doc = "Seconds, at most."},
	{.name = "delay",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .doc = "Seconds before the first try."},
	{.name = "sleep", .type = MODULE_INT, .fallback = "1", .doc = "Seconds between two tries."},
	{.name = "connect_timeout",
	 .type = MODULE_INT,
	 .fallback = "5",
	 .doc = "Seconds for one try; the run's own limit counts."},
	{0},
};

static int run(struct module_call *call UNUSED, struct err *err UNUSED)
{
	return 0;
}

const struct module module_wait_for_connection = {
	.name = "wait_for_connection",
	.full_name = "ansible.builtin.wait_for_connection",
	.doc = "Waits until the host can be reached.",
	.kind = MODULE_KIND_WAIT_FOR_CONNECTION,
	.params = params,
	.run = run,
};
