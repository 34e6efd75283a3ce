#pragma once
/*
 * Small content that waiting tasks will want, asked for before they begin, so that
 * all of it costs one round trip instead of one each. A guess: what is not guessed,
 * or guessed in vain, costs time and nothing else.
 */
#include "rollout/base/digest.h"
#include "rollout/base/vec.h"
#include "rollout/wire/task.h"

#define AHEAD_TASK_MAX 16384u	 /* contents that are guessed and not asked for */
#define AHEAD_WINDOW (4u << 20)	 /* bytes that were asked for and not used */
#define AHEAD_WINDOW_COUNT 2048u /* and how many */

struct ahead_content {
	char sha256[SHA256_HEX_SIZE]; /* empty: it was used */
	uint32_t id, size;
};

struct ahead {
	VEC(struct ahead_content) all; /* in the order of the tasks */
	size_t head, next;	       /* the first not used; the first not asked for */
	size_t bytes;		       /* of what was asked for and not used */
};

/* Guesses what the task wants of what the host does not have. */
void ahead_guess(struct ahead *h, uint32_t id, const struct wire_task *t);
/* It was wanted indeed. */
void ahead_used(struct ahead *h, const char *sha256);
/* Appends CONTENT_WANTED where there is room for more. `is_over`: the task is done. */
void ahead_ask(struct ahead *h, bool (*is_over)(void *ctx, uint32_t id), void *ctx,
	       struct strbuf *out);
void ahead_release(struct ahead *h);
