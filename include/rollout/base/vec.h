#pragma once
/*
 * A growing typed array on the heap.
 *
 *     VEC(struct host *) hosts = {0};
 *     vec_push(&hosts, h);
 *     for (size_t i = 0; i < hosts.len; i++) use(hosts.at[i]);
 *     vec_release(&hosts);
 */
#include "rollout/base/str.h"

#include <stdlib.h>

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *at;                                                                          \
		size_t len, cap;                                                                   \
	}

#define vec_push(v, x)                                                                             \
	do {                                                                                       \
		if ((v)->len == (v)->cap) {                                                        \
			(v)->cap = (v)->cap ? (v)->cap * 2 : 8;                                    \
			(v)->at = xrealloc((v)->at, (v)->cap * sizeof(*(v)->at));                  \
		}                                                                                  \
		(v)->at[(v)->len++] = (x);                                                         \
	} while (0)

#define vec_remove(v, i)                                                                           \
	do {                                                                                       \
		memmove(&(v)->at[i], &(v)->at[(i) + 1], ((v)->len - (i)-1) * sizeof(*(v)->at));    \
		(v)->len--;                                                                        \
	} while (0)

#define vec_release(v)                                                                             \
	do {                                                                                       \
		free((v)->at);                                                                     \
		(v)->at = NULL;                                                                    \
		(v)->len = (v)->cap = 0;                                                           \
	} while (0)
