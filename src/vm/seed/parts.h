#pragma once
/* The parts of a seed as value trees, and what they are made of. */
#include "seed.h"

#define VM_SEED_LABEL "cidata" /* NoCloud looks for a file system of this name */

/* cloud-config of ours, before the user's is merged over it. */
struct value *vm_seed_user_data(const struct vm_seed_options *o, struct arena *a);
struct value *vm_seed_network_config(const struct vm_machine *m, struct arena *a);
/* The servers of a resolv.conf's text that another machine can reach too. */
const char *const *vm_seed_parse_nameservers(struct slice resolv_conf, struct arena *a);
/* "a" of "a.b.c". In the arena. */
const char *vm_seed_short_name(const char *name, struct arena *a);
