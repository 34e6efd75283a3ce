#pragma once
#include "../syntax/program.h"

#define YAML_DEPTH 200u

/* fn on each node, parents first; stops at the first that is not 0. */
int walk_nodes(const struct node *n, int (*fn)(void *ctx, const struct node *n), void *ctx);
