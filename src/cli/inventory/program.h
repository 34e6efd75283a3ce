#pragma once
/* How programs of the inventory are run: with nothing on stdin, in a process group
 * that dies at the time limit, their output bounded. */
#include "rollout/inventory/inventory.h"

#define INVENTORY_PROGRAM_TIMEOUT_MS 120000

extern const struct inventory_runner inventory_program_runner; /* self: NULL or an int, ms */
