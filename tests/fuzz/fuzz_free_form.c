/* Any bytes as the arguments of a task in one line, for modules of each kind;
 * what comes out is checked and completed against the module's table. */
#include "rollout/module/module.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const struct module *m, struct slice text)
{
	struct arena a = {0};
	struct err err = {0};
	const struct value *args, *full;
	if (!m)
		abort();
	if (module_parse_free_form(m, &a, text, (struct srcloc){"fuzz", 1, 1}, &args, &err) == 0) {
		if (args->type != VALUE_DICT)
			abort();
		module_check_args(m, args, true, &err);
		if (module_coerce_args(m, &a, args, &full, &err) == 0 && full->type != VALUE_DICT)
			abort();
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const modules[] = {"copy", "command", "set_fact", "user"};
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		take(module_find(slice_from(modules[i])), (struct slice){(const char *)data, size});
	return 0;
}
