#include "rollout/base/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define STRBUF_MIN_CAP 64

char *strbuf_reserve(struct strbuf *b, size_t extra)
{
	assert(extra < SIZE_MAX / 2 - b->len);
	size_t need = b->len + extra + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : STRBUF_MIN_CAP;
		while (cap < need)
			cap *= 2;
		b->ptr = xrealloc(b->ptr, cap);
		b->cap = cap;
		b->ptr[b->len] = '\0';
	}
	return b->ptr + b->len;
}

void strbuf_grew(struct strbuf *b, size_t n)
{
	assert(n < b->cap - b->len);
	b->len += n;
	b->ptr[b->len] = '\0';
}

void strbuf_append_grow(struct strbuf *b, const void *data, size_t len)
{
	char *to = strbuf_reserve(b, len);
	if (len > 0)
		memcpy(to, data, len);
	strbuf_grew(b, len);
}

void strbuf_puts(struct strbuf *b, const char *s)
{
	strbuf_append(b, s, strlen(s));
}

void strbuf_putc(struct strbuf *b, char c)
{
	strbuf_append(b, &c, 1);
}

void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	char *to = strbuf_reserve(b, STRBUF_MIN_CAP);
	int n = vsnprintf(to, b->cap - b->len, fmt, ap);
	assert(n >= 0);
	if ((size_t)n >= b->cap - b->len) {
		to = strbuf_reserve(b, (size_t)n);
		vsnprintf(to, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	strbuf_grew(b, (size_t)n);
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	strbuf_vprintf(b, fmt, ap);
	va_end(ap);
}

void strbuf_truncate(struct strbuf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->ptr)
		b->ptr[len] = '\0';
}

void strbuf_drop_front(struct strbuf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->ptr, b->ptr + n, b->len - n);
	strbuf_truncate(b, b->len - n);
}

char *strbuf_steal(struct strbuf *b)
{
	char *p = strbuf_reserve(b, 0) - b->len;
	*b = (struct strbuf){0};
	return p;
}

void strbuf_release(struct strbuf *b)
{
	free(b->ptr);
	*b = (struct strbuf){0};
}

void strbuf_wipe(struct strbuf *b)
{
	if (b->ptr)
		explicit_bzero(b->ptr, b->cap);
	strbuf_release(b);
}
