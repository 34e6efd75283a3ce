#pragma once
/* The VMs that an inventory describes, templates rendered. */
#include "../../cli.h"
#include "rollout/vm/vm.h"

struct vm_source {
	const struct loaded *loaded;
	/* From the command line; NULL: the inventory's own. */
	const char *driver, *accel;
};

/*
 * Each host with a `vm:` mapping, in the inventory's order, but not localhost and
 * none that is reached without a network (ansible_connection: local). The topology
 * is checked host by host and not as a whole (vm_topology_check), may be empty, and
 * lives at most as long as `loaded`. *ret_chosen: the driver is what somebody
 * wrote, not the default.
 */
int vm_topology_from_inventory(const struct vm_source *source, struct vm_topology **ret,
			       bool *ret_chosen, struct err *err);

/* "qemu", "nspawn"; false: neither. */
bool vm_driver_by_name(struct slice name, enum vm_driver_kind *ret);
const char *vm_driver_kind_name(enum vm_driver_kind kind);
