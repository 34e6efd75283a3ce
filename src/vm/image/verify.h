#pragma once
/* Whether a file has the digest that was asked for. */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"

/* ERR_INVALID when it is not of the form "sha256:<hex>" or "sha512:<hex>". */
int vm_digest_check(const char *digest, struct err *err);
/* `digest` is "sha256:<hex>" or "sha512:<hex>"; a file with another one is
 * ERR_INVALID, with both digests. Reads the whole file. */
int vm_verify(const char *path, const char *digest, struct err *err);
/* The same for a file of the user: the verdict is remembered in the cache folder
 * as long as the file's inode, size and times stay. */
int vm_verify_local(struct arena *a, const char *path, const char *digest, struct err *err);
/* "sha256:<hex>" of a file, in the arena. */
int vm_digest_file(struct arena *a, const char *path, const char **ret, struct err *err);
