#include "rollout/base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_FIRST_BLOCK 4096u
#define ARENA_MAX_BLOCK (1u << 20)
#define ARENA_MAX_KEPT (64u << 10) /* by arena_clear */

static struct arena_block *block_new(size_t size)
{
	assert(size < SIZE_MAX / 2);
	return xcalloc(1, sizeof(struct arena_block) + size);
}

/* A block of its own, behind the head, so that the head's room is kept. */
static void *alloc_large(struct arena *a, size_t size)
{
	struct arena_block *b = block_new(size);
	if (a->head) {
		b->next = a->head->next;
		a->head->next = b;
	} else {
		a->head = b;
		a->used = a->cap = size;
	}
	return b->bytes;
}

void *arena_grow(struct arena *a, size_t size)
{
	assert(size < SIZE_MAX / 2);
	size = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	a->total += size;
	if (!a->head || a->cap - a->used < size) {
		size_t cap = a->cap ? a->cap * 2 : ARENA_FIRST_BLOCK;
		if (cap > ARENA_MAX_BLOCK)
			cap = ARENA_MAX_BLOCK;
		if (size > cap / 4)
			return alloc_large(a, size);
		struct arena_block *b = block_new(cap);
		b->next = a->head;
		a->head = b;
		a->used = 0;
		a->cap = cap;
	}
	void *p = a->head->bytes + a->used;
	a->used += size;
	return p;
}

void *arena_copy(struct arena *a, const void *p, size_t size)
{
	void *copy = arena_alloc(a, size);
	if (size > 0)
		memcpy(copy, p, size);
	return copy;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	char *copy = arena_alloc(a, s.len + 1);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return (struct slice){copy, s.len};
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, strnlen(s, n) + 1);
	return memcpy(copy, s, strnlen(s, n));
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_copy(a, s, strlen(s) + 1);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	assert(n >= 0);
	char *s = arena_alloc(a, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return s;
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
}

void arena_release(struct arena *a)
{
	free_blocks(a->head);
	*a = (struct arena){0};
}

void arena_clear(struct arena *a)
{
	if (!a->head || a->cap > ARENA_MAX_KEPT) {
		arena_release(a);
		return;
	}
	free_blocks(a->head->next);
	a->head->next = NULL;
	memset(a->head->bytes, 0, a->used);
	a->used = a->total = 0;
}
