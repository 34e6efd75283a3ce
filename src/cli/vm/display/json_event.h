#pragma once
/* Events of an order as JSON lines: docs/events.md. */
#include "rollout/vm/vm.h"

struct vm_json_end {
	const char *verb;
	size_t done, failed, left; /* machines */
	int64_t elapsed_ms;
};
void vm_json_event(struct strbuf *out, const char *host, const struct vm_event *e);
void vm_json_ended(struct strbuf *out, const struct vm_json_end *end);
