#pragma once
/*
 * A map from byte strings to pointers that remembers the order of insertion.
 * Keys are copied; values are the caller's. A zeroed map is empty.
 *
 *     for (size_t i = 0; i < m.len; i++) use(m.entries[i].key, m.entries[i].value);
 */
#include "rollout/base/str.h"

struct strmap_entry {
	struct slice key; /* owned by the map, terminated */
	void *value;
	uint64_t hash;
};
struct strmap {
	struct strmap_entry *entries; /* in order of insertion */
	size_t len, cap;
	uint32_t *slots; /* index + 1 into entries; 0 is empty */
	size_t nslots;
};

void *strmap_get(const struct strmap *m, struct slice key); /* NULL when absent */
bool strmap_has(const struct strmap *m, struct slice key);
void strmap_set(struct strmap *m, struct slice key, void *value); /* adds or replaces */
bool strmap_remove(struct strmap *m, struct slice key);		  /* keeps the order of the rest */
void strmap_release(struct strmap *m);				  /* not the values */
uint64_t hash_bytes(const void *p, size_t len);			  /* not cryptographic */
