#include "life.h"

#include "../network/network.h"
#include "../project/project.h"

const char *vm_state_name(enum vm_state s)
{
	static const char *const names[] = {
		[VM_ABSENT] = "not created",
		[VM_STOPPED] = "stopped",
		[VM_RUNNING] = "running",
		[VM_SUSPENDED] = "suspended",
	};
	return names[s];
}

const struct vm_driver *vm_driver_of(const struct vm_project *p)
{
	return p->topology->driver == VM_DRIVER_NSPAWN ? &vm_driver_nspawn : &vm_driver_qemu;
}

/* Only QEMU has a user mode: nspawn machines are always on a bridge. */
static bool has_switch(const struct vm_project *p)
{
	return p->topology->driver == VM_DRIVER_QEMU && p->topology->mode == VM_NETWORK_USER;
}

static int network_up(const struct vm_project *p, struct err *err)
{
	return has_switch(p) ? vm_switch_ensure(p, err) : vm_bridge_ensure(p, err);
}

static void network_down(const struct vm_project *p)
{
	if (has_switch(p))
		vm_switch_stop(p);
	else
		vm_bridge_remove(p);
}

void vm_life_of(const struct vm_project *p, struct vm_life *ret)
{
	static const struct vm_driver *const known[] = {&vm_driver_qemu, &vm_driver_nspawn, NULL};
	*ret = (struct vm_life){vm_driver_of(p), known, network_up, network_down, vm_ready_wait};
}

const struct vm_driver *vm_life_driver(const struct vm_life *life, const struct vm_machine *m)
{
	struct arena a = {0};
	const struct value *record = NULL;
	const struct vm_driver *found = life->driver;
	if (vm_machine_record_read(m, &a, &record, NULL) == 0 && record)
		for (const struct vm_driver *const *d = life->known; *d; d++)
			if (value_is_str(value_get(record, "driver"), (*d)->name))
				found = *d;
	arena_release(&a);
	return found;
}
