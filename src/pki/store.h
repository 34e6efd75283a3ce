#pragma once
/*
 * Where keys and certificates lie (docs/pki.md), read and written through the
 * host of the call, so that check mode's overlay sees and takes them too.
 *
 *     <dir>/<ca>/                  0700
 *     <dir>/<ca>/ca.key            0600, PKCS#8
 *     <dir>/<ca>/issuer            the issuing CA's name; absent: self-signed
 *     <dir>/<ca>/ca.crt            0644, written last
 *     <dir>/<ca>/issued/           0700
 *     <dir>/<ca>/issued/<name>.key and <name>.crt
 *     <dir>/keys/<name>.key and <name>.pub
 */
#include "certificate.h"
#include "rollout/host/host.h"

#define STORE_FILE_MAX 65536u
#define STORE_NAME_MAX 128u

struct store {
	struct host *host;
	struct arena *arena; /* of paths and results */
	const char *dir;
	int64_t now_s;
};

/* ERR_INVALID: not [A-Za-z0-9._-], or a leading dot, or too long. `what` is the argument. */
int store_name_check(const char *what, const char *name, struct err *err);

const char *store_ca_folder(const struct store *s, const char *ca);
const char *store_issued_folder(const struct store *s, const char *ca);
const char *store_keys_folder(const struct store *s);
const char *store_file(const struct store *s, const char *folder, const char *name,
		       const char *suffix);

/* Makes a folder and what is above it, 0700; takes group's and others' access
 * away from one that is there. *changed is set, never cleared. */
int store_mkdir(const struct store *s, const char *folder, bool *changed, struct err *err);

/* ERR_NOT_FOUND when there is none. */
int store_read(const struct store *s, const char *path, struct strbuf *out, struct err *err);
int store_write(const struct store *s, const char *path, struct slice content, int mode,
		struct err *err);

/* *ret is NULL when there is no such file. */
int store_read_certificate(const struct store *s, const char *path, X509 **ret, struct err *err);
int store_write_certificate(const struct store *s, const char *path, X509 *cert, struct err *err);

struct stored_key {
	EVP_PKEY *key;	/* NULL: there is none */
	bool encrypted; /* at rest */
	bool exposed;	/* others than the owner may read it */
};
int store_read_key(const struct store *s, const char *path, const char *passphrase,
		   struct stored_key *ret, struct err *err);
int store_write_key(const struct store *s, const char *path, const EVP_PKEY *key,
		    const char *passphrase, struct err *err);
