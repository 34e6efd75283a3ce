#pragma once
/*
 * The variables that nobody wrote, as far as a `vm:` may use them: those that are
 * known before any host is there. Source: Ansible, "Special Variables".
 */
#include "rollout/inventory/inventory.h"
#include "rollout/inventory/vars.h"

struct host_magic {
	const struct inventory *inv;
	const struct inv_host *host;
	struct vars_magic magic;
};
/* With inv and host set; returns what vars_init wants. */
const struct vars_magic *host_magic_init(struct host_magic *m);
