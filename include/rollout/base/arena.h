#pragma once
/*
 * Memory that dies together. Parsed and planned data live in one arena that
 * dies with the run; a template's intermediate values in a scratch arena.
 * Zeroed, aligned for any type; out of memory aborts. Not thread-safe.
 */
#include "rollout/base/str.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used, cap; /* of head */
	size_t total;	  /* bytes handed out */
};

void *arena_alloc(struct arena *a, size_t size);
void *arena_copy(struct arena *a, const void *p, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
struct slice arena_slice(struct arena *a, struct slice s); /* copied, and terminated */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void arena_release(struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))
