#pragma once
/* What the verbs share that are carried out machine by machine. */
#include "display/follow.h"
#include "verbs.h"

/* On the machines that the patterns name. */
struct vm_call {
	enum vm_verb verb;
	const char *const *patterns;
	size_t npatterns;
	const char *snapshot;
};
int vm_order(const struct vm_session *s, const struct vm_call *call, struct err *err);
/* On machines that were selected already. */
int vm_order_on(const struct vm_session *s, const struct vm_call *call, const vm_indexes *machines,
		struct err *err);
