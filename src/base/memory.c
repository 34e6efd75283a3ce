#include "rollout/base/str.h"

#include <stdio.h>
#include <stdlib.h>

static void *checked(void *p)
{
	if (p)
		return p;
	fputs("rollout: out of memory\n", stderr);
	abort();
}

void *xmalloc(size_t n)
{
	return checked(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
	return checked(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	n = strnlen(s, n);
	char *copy = xmalloc(n + 1);
	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

void free_ptr(void *pp)
{
	free(*(void **)pp);
}
