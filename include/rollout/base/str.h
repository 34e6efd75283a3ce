#pragma once
/*
 * struct slice: borrowed bytes with a length, not terminated.
 * struct strbuf: an owned growing buffer, always terminated once it holds
 * anything. Out of memory aborts.
 *
 *     CLEANUP(strbuf_release) struct strbuf b = {0};
 *     strbuf_printf(&b, "%s=%d", k, v);
 */
#include "rollout/base/compiler.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

struct strbuf {
	char *ptr; /* NULL or terminated */
	size_t len, cap;
};

/* printf("%.*s", SLICE_ARG(s)) */
#define SLICE_ARG(s) (int)(s).len, (s).ptr
#define SLICE_LIT(lit) ((struct slice){(lit), sizeof(lit) - 1})

static inline struct slice slice_from(const char *s)
{
	return (struct slice){s, s ? strlen(s) : 0};
}
static inline struct slice strbuf_slice(const struct strbuf *b)
{
	return (struct slice){b->ptr ? b->ptr : "", b->len};
}
static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
bool slice_is(struct slice a, const char *lit);
bool slice_starts_with(struct slice a, const char *prefix);
bool slice_ends_with(struct slice a, const char *suffix);
int slice_cmp(struct slice a, struct slice b); /* bytewise, as memcmp */
struct slice slice_trim(struct slice a);       /* ASCII white space */
/* Cuts *rest at the first `sep`; returns what was before it. false at the end. */
bool slice_split(struct slice *rest, char sep, struct slice *ret_part);
/* The next word between white space. false at the end, the word is empty then. */
bool slice_word(struct slice *rest, struct slice *ret_word);

void strbuf_append_grow(struct strbuf *b, const void *data, size_t len);
static inline void strbuf_append(struct strbuf *b, const void *data, size_t len)
{
	if (len == 0 || len >= b->cap - b->len) {
		strbuf_append_grow(b, data, len);
		return;
	}
	memcpy(b->ptr + b->len, data, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}
void strbuf_puts(struct strbuf *b, const char *s);
void strbuf_putc(struct strbuf *b, char c);
static inline void strbuf_slice_append(struct strbuf *b, struct slice s)
{
	strbuf_append(b, s.ptr, s.len);
}
void strbuf_printf(struct strbuf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* Room for `extra` more bytes; returns where they go. Then strbuf_grew. */
char *strbuf_reserve(struct strbuf *b, size_t extra);
void strbuf_grew(struct strbuf *b, size_t n);
void strbuf_truncate(struct strbuf *b, size_t len);
void strbuf_drop_front(struct strbuf *b, size_t n);
char *strbuf_steal(struct strbuf *b); /* yours to free(); b is empty after */
void strbuf_release(struct strbuf *b);
/* As release, but overwrites the bytes first: for secrets. */
void strbuf_wipe(struct strbuf *b);

/* malloc family that aborts when memory is out. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
/* for CLEANUP(free_ptr) char *p */
void free_ptr(void *pp);
