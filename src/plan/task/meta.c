/* The words of `meta`. Source: Ansible, ansible.builtin.meta. */
#include "../internal.h"
#include "rollout/base/nearest.h"

static const struct plan_meta words[] = {
	{.name = "clear_facts", .action = PLAN_META_CLEAR_FACTS, .for_all = true},
	{.name = "clear_host_errors", .action = PLAN_META_CLEAR_HOST_ERRORS, .for_all = true},
	{.name = "end_batch", .action = PLAN_META_END_BATCH, .for_all = true, .ends = true},
	{.name = "end_host", .action = PLAN_META_END_HOST, .ends = true},
	{.name = "end_play", .action = PLAN_META_END_PLAY, .for_all = true, .ends = true},
	{.name = "flush_handlers", .action = PLAN_META_FLUSH_HANDLERS},
	{.name = "noop", .action = PLAN_META_NOOP},
	{.name = "refresh_inventory", .action = PLAN_META_NOOP, .for_all = true},
	{.name = "reset_connection", .action = PLAN_META_RESET_CONNECTION},
};

const struct plan_meta *plan_meta_of(const struct module *m, const struct value *args)
{
	const struct value *what = value_get(args, "_raw_params");
	if (m->kind != MODULE_KIND_META || !what || what->type != VALUE_STRING)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(slice_trim(what->str), words[i].name))
			return &words[i];
	return NULL;
}

const char *meta_hint(struct slice name, char *buf, size_t size)
{
	struct nearest near;
	nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		nearest_offer(&near, slice_from(words[i].name));
	return nearest_hint(&near, buf, size);
}
