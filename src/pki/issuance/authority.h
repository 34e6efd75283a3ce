#pragma once
/* A CA as it lies in the store, and the chain above it. */
#include "../store.h"

#define AUTHORITY_DEPTH_MAX 8 /* CAs in a chain, root included */

struct authority {
	const char *name;
	X509 *cert;
	/* From this one up to the root; chain[0] is `cert`, borrowed by it. */
	X509 *chain[AUTHORITY_DEPTH_MAX];
	size_t depth;
	bool complete; /* the last of the chain is self-signed */
};
void authority_release(struct authority *a);

/* ERR_NOT_FOUND: there is no such CA, with the advice to make it first. */
int authority_load(const struct store *s, const char *name, struct authority *ret, struct err *err);
/* Its private key. ERR_NOT_FOUND: kept elsewhere (an offline root). */
int authority_key(const struct store *s, const char *name, const char *passphrase, EVP_PKEY **ret,
		  struct err *err);
/* The longest path_length that a CA below this one can have: -1 when nothing
 * limits it, -2 when there can be none. */
int authority_room(const struct authority *a);

/* PEM of the chain, from `from` (0: this CA), with or without a self-signed last one. */
void authority_chain_pem(const struct authority *a, size_t from, bool with_root,
			 struct strbuf *out);
