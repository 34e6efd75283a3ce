/* Sections: dpkg's status file, and what `apt-get -s` prints. Only names that
 * no package can provide are asked for: apt-cache is never run. */
#include "../../src/host/apt.h"
#include "../../src/host/real/real.h"
#include "input.h"
#include "rollout/host/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"bash:amd64", "a b", ""};
	static struct memory_file status;
	struct slice rest = {(const char *)data, size};
	struct arena a = {0};
	struct err err = {0};
	struct host *h = host_real_new();
	struct host_package p;
	struct apt_steps steps;
	memory_file_set(&status, input_section(&rest));
	real_of(h)->paths.dpkg_status = status.path;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (real_package(h, &a, names[i], &p, &err) < 0 || (p.installed && !p.version))
			abort();
	apt_steps_parse(&a, input_section(&rest), &steps);
	for (size_t i = 0; i < steps.len; i++)
		if (!steps.at[i].name || (!steps.at[i].install && steps.at[i].version))
			abort();
	host_free(h);
	arena_release(&a);
	return 0;
}
