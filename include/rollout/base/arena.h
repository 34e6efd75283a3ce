#pragma once
/*
 * Memory that dies together. Parsed and planned data live in one arena that
 * dies with the run; a template's intermediate values in a scratch arena.
 * Zeroed, aligned for any type; out of memory aborts. Not thread-safe.
 */
#include "rollout/base/str.h"

struct arena_block {
	struct arena_block *next;
	_Alignas(max_align_t) unsigned char bytes[];
};
struct arena {
	struct arena_block *head;
	size_t used, cap; /* of head; multiples of the alignment */
	size_t total;	  /* bytes handed out */
};

#define ARENA_ALIGN _Alignof(max_align_t)
void *arena_grow(struct arena *a, size_t size); /* arena_alloc, where head is full */
static inline void *arena_alloc(struct arena *a, size_t size)
{
	if (size > a->cap - a->used || !a->head)
		return arena_grow(a, size);
	void *p = a->head->bytes + a->used;
	size = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	a->used += size;
	a->total += size;
	return p;
}
void *arena_copy(struct arena *a, const void *p, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
struct slice arena_slice(struct arena *a, struct slice s); /* copied, and terminated */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void arena_release(struct arena *a);
/* As release, but one block is kept, for what comes next. */
void arena_clear(struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))
