#pragma once
/*
 * What makes a disk image this machine: NoCloud's user-data, meta-data and
 * network-config (version 2), as text and as an ISO; the same for nspawn as
 * files. Pure but for vm_seed_write_iso.
 *
 * Source: cloud-init's documentation, "NoCloud", "Networking config Version 2",
 * "Module reference".
 */
#include "rollout/vm/vm.h"

#define VM_SEED_NIC_NAT "nat0" /* interfaces in the VM; bridge mode has only the second */
#define VM_SEED_NIC_SEGMENT "cluster0"

struct vm_seed { /* terminated texts in the arena */
	struct slice user_data, meta_data, network_config;
};

/* instance_id changes when cloud-init shall do all again: a new disk. `host_key`
 * is the private key's text. */
struct vm_seed_options {
	const struct vm_machine *machine;
	struct slice host_key;
	const char *instance_id;
};
int vm_seed_render(const struct vm_seed_options *o, struct arena *a, struct vm_seed *ret,
		   struct err *err);
/* Volume "cidata", mode 0600 (it holds the host key), written whole or not at all. */
int vm_seed_write_iso(const struct vm_seed *seed, const char *path, struct err *err);
/* The /etc/hosts that every machine of the topology gets. */
void vm_seed_hosts(const struct vm_machine *m, struct strbuf *out);

/* Who answers its questions for names where it is on a bridge: this host's servers that are
 * not on its loopback, else the gateway. NULL-terminated, in the arena. */
const char *const *vm_seed_nameservers(const struct vm_machine *m, struct arena *a);

/* Our own cloud-config with the user's `user_data` merged over it: mappings key by
 * key, lists appended (users, packages, write_files, runcmd …), scalars replaced. */
const struct value *vm_seed_merge(struct arena *a, const struct value *ours,
				  const struct value *theirs);
