#pragma once
/* "did you mean": the nearest existing name to one that does not exist. */
#include "rollout/base/str.h"

struct nearest {
	struct slice wanted;
	struct slice best; /* len 0: nothing near enough */
	unsigned distance;
};

void nearest_init(struct nearest *n, struct slice wanted);
void nearest_offer(struct nearest *n, struct slice candidate); /* borrowed until read */
/* "; did you mean 'x'?" or "" into buf. Returns buf. */
const char *nearest_hint(const struct nearest *n, char *buf, size_t size);
