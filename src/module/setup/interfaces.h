#pragma once
#include "facts.h"

/* A dict from interface names to what Ansible tells of each, in the kernel's
 * order, with all IPv4 addresses beside that in "_ipv4". */
const struct value *interfaces_read(struct facts *f);
