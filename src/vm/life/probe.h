#pragma once
/*
 * Does an SSH server greet there (RFC 4253 §4.2)? A connection alone tells
 * nothing: QEMU's user network accepts it before anything in the guest listens,
 * and closes it or stays silent.
 */
#include "rollout/vm/vm.h"

enum vm_probe_result {
	PROBE_WAITING,	/* → any */
	PROBE_ANSWERED, /* it greeted */
	PROBE_REFUSED,	/* no connection, or closed without a greeting */
};
struct vm_probe {
	int fd; /* -1: not under way */
	bool connected;
	int64_t begun_ms;
	char got[4];
	size_t have;
	const char *why; /* REFUSED: for messages */
};

/* Where a machine's SSH server is reached from here: host is m's or a literal. */
void vm_probe_place(const struct vm_machine *m, const char **ret_host, unsigned *ret_port);
void vm_probe_begin(struct vm_probe *p, const char *host, unsigned port);
/* Waits at most wait_ms; ends the connection unless it returns WAITING. */
enum vm_probe_result vm_probe_step(struct vm_probe *p, int wait_ms);
void vm_probe_end(struct vm_probe *p);
/* All of it within the limit. */
bool vm_probe_answers(const struct vm_machine *m, int64_t limit_ms);
