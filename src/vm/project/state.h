#pragma once
/*
 * project.json, and what is decided once and kept: subnet, numbers, ports.
 *
 *     vm_state_read → vm_assign_subnet → vm_assign_numbers → vm_assign_ports → vm_state_write
 *
 * Numbers and ports of hosts that are no longer in the inventory stay in it, so
 * that a host that comes back is the same one.
 */
#include "../driver.h"

#define VM_NUMBER_MIN 2u /* .1 is the gateway */
#define VM_NUMBER_MAX 254u
#define VM_NUMBER_FIRST 10u /* what the project chooses: .10 to .209 */

struct vm_decided { /* by name */
	const char *name;
	unsigned number, port; /* 0: not decided */
};
struct vm_project_state {
	const char *subnet; /* "10.20.30.0/24", NULL: not decided */
	const char *mode;   /* "user", "bridge", NULL */
	VEC(struct vm_decided) hosts;
};

/* A state without anything when there is no file. ERR_INVALID, ERR_UNSUPPORTED. */
int vm_state_read(struct vm_project *p, struct vm_project_state *ret, struct err *err);
/* Writes what changed; the hosts of the state that the project lacks are kept. */
int vm_state_write(const struct vm_project *p, const struct vm_project_state *s, struct err *err);
void vm_state_release(struct vm_project_state *s);
/* NULL when the state has no such host. */
const struct vm_decided *vm_state_find(const struct vm_project_state *s, const char *name);

/* Fills the project's fields from the state: of machines that are decided whole. */
int vm_state_apply(struct vm_project *p, const struct vm_project_state *s, struct err *err);

/* Each fills the fields of the project and its machines. */
int vm_assign_subnet(struct vm_project *p, const struct vm_project_state *s, struct err *err);
int vm_assign_numbers(struct vm_project *p, const struct vm_project_state *s, struct err *err);
int vm_assign_ports(struct vm_project *p, const struct vm_project_state *s, struct err *err);
void vm_assign_macs(struct vm_project *p);
/* Its address by subnet and number, or the one that was written. */
int vm_assign_address(struct vm_machine *m, struct err *err);

/* QEMU forwards ports in user mode; everything else is reached by its address. */
bool vm_project_uses_ports(const struct vm_project *p);
bool vm_machine_exists(const struct vm_machine *m); /* it has a folder */
bool vm_machine_runs(const struct vm_machine *m);
/* Any machine's folder, also of hosts that the inventory has no more. */
bool vm_project_has_machines(const struct vm_project *p);

/* Leaves a file alone that has this content. */
int vm_write_changed(const char *path, struct slice content, mode_t mode, struct err *err);

/* Login key, host keys, machine-ids: makes what is missing, and reads all. */
int vm_identity_ensure(struct vm_project *p, struct err *err);
/* Reads what is there: fields stay NULL (machine_id empty) without it. */
int vm_identity_read(struct vm_project *p, struct err *err);
/* known_hosts and ssh_config. */
int vm_access_write(const struct vm_project *p, struct err *err);
