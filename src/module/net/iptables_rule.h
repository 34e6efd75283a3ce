#pragma once
/* A rule's words, in the order in which Ansible's iptables has them. */
#include "../program.h"

/* From words[1] on; words[0] is not the rule's. */
int iptables_rule(struct module_call *call, struct program *ret, struct err *err);
