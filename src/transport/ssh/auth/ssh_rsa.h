#pragma once
/*
 * Signatures of RSA keys by SHA-512 (rsa-sha2-512, RFC 8332). libssh2 before
 * 1.11 makes only those by SHA-1, which today's sshd refuses, and takes the
 * name of the signature's algorithm from the key. sshd takes that name for the
 * type of an RSA key as well (sshkey_type_from_name), so the key goes under it.
 */
#include "ssh_key.h"

#define SSH_RSA_ALGORITHM "rsa-sha2-512"

struct ssh_rsa;

/* ERR_NOT_FOUND: it is no RSA key; ERR_AUTH: the passphrase does not open it, or
 * is missing; ERR_UNSUPPORTED: encrypted as only OpenSSH does; ERR_INVALID. */
int ssh_rsa_new(const struct ssh_key *key, const char *passphrase, struct ssh_rsa **ret,
		struct err *err);
struct slice ssh_rsa_blob(const struct ssh_rsa *rsa); /* the public key under the name above */
int ssh_rsa_sign(const struct ssh_rsa *rsa, struct slice data, struct strbuf *out, struct err *err);
void ssh_rsa_free(struct ssh_rsa *rsa);

/* The public key of a blob of type ssh-rsa under the name above; false: another type. */
bool ssh_rsa_rename(struct slice blob, struct strbuf *out);
