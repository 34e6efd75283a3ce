#pragma once
/*
 * A patch laid over an object. Strategic merge: lists of the built-in kinds are
 * merged by a key of their members (Kubernetes, "Update API Objects in Place Using
 * kubectl patch"; the keys are the API's patchMergeKey). JSON merge: RFC 7386.
 */
#include "rollout/value/value.h"

#define MERGE_MAX_DEPTH 128u

/* Whether the kind is one of Kubernetes' own: others know no strategic merge. */
bool merge_is_strategic(const struct value *object);
/* A tree that may share parts of both. */
const struct value *merge_patch(struct arena *a, const struct value *object,
				const struct value *patch, bool strategic);
