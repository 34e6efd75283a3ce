#pragma once
/* Message digests (libmd) and base64 (RFC 4648 section 4). */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

enum digest_algorithm {
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA224,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512
};
#define DIGEST_HEX_MAX 129 /* 64 bytes in hex, and the terminator */
#define SHA1_HEX_SIZE 41
#define SHA256_HEX_SIZE 65

/* "sha256" to its enum; false when there is none of that name. */
bool digest_by_name(struct slice name, enum digest_algorithm *ret);
/* Lower-case hex into hex[DIGEST_HEX_MAX]. */
void digest_bytes(enum digest_algorithm alg, const void *data, size_t len,
		  char hex[DIGEST_HEX_MAX]);
/* Of an open file from its current offset to its end. */
int digest_fd(enum digest_algorithm alg, int fd, char hex[DIGEST_HEX_MAX], struct err *err);

/* Of bytes that come one piece after another. */
struct digest;
struct digest *digest_new(enum digest_algorithm alg);
void digest_add(struct digest *d, const void *data, size_t len);
/* Once, after all of them. */
void digest_end(struct digest *d, char hex[DIGEST_HEX_MAX]);
void digest_free(struct digest *d);

void base64_encode(struct strbuf *out, const void *data, size_t len);
int base64_decode(struct strbuf *out, struct slice text,
		  struct err *err); /* white space is skipped */
