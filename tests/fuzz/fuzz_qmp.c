/* Any bytes as what QEMU says on its control socket, line by line, and as the
 * answer to -version. */
#include "../../src/vm/qemu/accel/probe.h"
#include "../../src/vm/qemu/qmp.h"
#include "rollout/vm/vm.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct slice line)
{
	struct arena a = {0};
	struct vm_qmp_message m = {0};
	struct err e = {0};
	if (vm_qmp_parse(line, &a, &m, &e) == 0) {
		if (m.kind == QMP_ERROR && m.text.len == 0)
			abort();
		if (m.kind == QMP_RETURN && !m.result)
			abort();
	} else if (e.code != ERR_PROTOCOL || !*e.msg) {
		abort();
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size}, line;
	unsigned version;
	char text[32];
	if (vm_qemu_parse_version(rest, &version, text) && version > 999 * 100 + 99)
		abort();
	while (slice_split(&rest, '\n', &line))
		take(line);
	return 0;
}
