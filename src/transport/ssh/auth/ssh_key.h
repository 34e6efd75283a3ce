#pragma once
/* What a key file is, before libssh2 is asked to use it, so that what
 * is wrong with it can be told. Blocks for the read of a small file. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#define SSH_KEY_FILE_MAX (256u << 10)

struct ssh_key {
	struct strbuf blob; /* the public key as it travels; empty when not known */
	/* OpenSSH's own format; may be RSA (of the other formats not all say); has a passphrase */
	bool openssh, maybe_rsa, encrypted;
	struct strbuf secret; /* maybe_rsa: the private section of OpenSSH's format, or the PEM */
};

/* ERR_NOT_FOUND; ERR_SYS when it cannot be read; ERR_INVALID when others may
 * read it or it holds no private key. */
int ssh_key_inspect(const char *path, struct ssh_key *ret, struct err *err);
/* The public key alone, as it travels, into *ret, for whom the private one may be an
 * agent's: of the file, which may hold no more than that, or of path.pub. False: neither
 * has it. Source: ssh_config(5), IdentityFile. */
bool ssh_key_public(const char *path, struct strbuf *ret);
void ssh_key_release(struct ssh_key *k);
