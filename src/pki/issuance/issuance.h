#pragma once
/*
 * Brings one certificate and its key in the store to what they shall be: the
 * work that pki_ca and pki_cert share.
 *
 * The key is written before the certificate, so that a process killed between
 * the two leaves a certificate that does not belong to its key, which the next
 * run sees and issues anew. A new certificate keeps the key unless its type
 * changed or new_key is set: a host that has one new file and one old one,
 * in the midst of a run, still has a pair.
 */
#include "authority.h"

struct issuance {
	const struct store *store;
	const char *folder, *name; /* <folder>/<name>.key and .crt */
	struct certificate_spec spec;
	const struct authority *issuer; /* NULL: self-signed */
	const char *issuer_passphrase, *passphrase;
	bool new_key;
	bool may_lack_key; /* an offline CA: fine as long as nothing must be signed */
	/* Results, owned. */
	const char *cert_path, *key_path;
	X509 *cert;	    /* what is there now */
	X509 *old;	    /* what was there before, when it was replaced */
	EVP_PKEY *key;	    /* NULL when may_lack_key */
	const char *reason; /* of the issue; NULL: not issued */
	bool changed;	    /* anything in the store */
	bool clamped;	    /* ends with its issuer, before the days asked */
	bool held;	    /* its end is near and the issuer allows no later one */
};
void issuance_release(struct issuance *i);

int issuance_ensure(struct issuance *i, struct err *err);
