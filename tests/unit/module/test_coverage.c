/* Every module of the registry that runs on a host has been predicted, applied
 * and applied again: by the other tests of this folder, which run before this
 * one and leave a note, or by a table of tests/module/cases. */
#include "test.h"
#include "trials.h"

#include <stdio.h>
#include <stdlib.h>

static bool has_cases(const char *module)
{
	const char *source = getenv("ROLLOUT_SOURCE_DIR");
	char path[512], line[512];
	bool found = false;
	snprintf(path, sizeof(path), "%s/tests/module/cases/%s.yml", source ? source : ".", module);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, "- name:", 7) == 0 || strncmp(line, "- {name:", 8) == 0;
	if (f)
		fclose(f);
	return found;
}

static void every_module(void **state)
{
	static const char *const ways[] = {"predicted", "applied", "again"};
	size_t count, missing = 0;
	const struct module *const *all = module_all(&count);
	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (!all[i]->run || (all[i]->flags & MODULE_ACTION) || has_cases(all[i]->name))
			continue;
		for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
			if (trials_has(all[i]->name, ways[w]))
				continue;
			print_message("no test has %s the module %s\n", ways[w], all[i]->name);
			missing++;
		}
	}
	for (size_t i = 0; i < count; i++)
		for (size_t w = 0; w < ARRAY_LEN(ways); w++)
			trials_forget(all[i]->name, ways[w]);
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_module)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
