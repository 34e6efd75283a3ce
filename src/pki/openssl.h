#pragma once
/* What this folder adds to OpenSSL's own interface: cleanups and errors. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* CLEANUP(x509_free) X509 *c = NULL; */
static inline void x509_free(X509 **p)
{
	X509_free(*p);
}
static inline void pkey_free(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}
static inline void bio_free(BIO **p)
{
	BIO_free(*p);
}
static inline void bignum_free(BIGNUM **p)
{
	BN_free(*p);
}
static inline void x509_name_free(X509_NAME **p)
{
	X509_NAME_free(*p);
}
static inline void general_names_free(GENERAL_NAMES **p)
{
	GENERAL_NAMES_free(*p);
}

/* ERR_CRYPTO: the text, then the last reason of OpenSSL's queue, which is emptied. */
int openssl_err(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Appends what a memory BIO holds. */
void openssl_bio_text(BIO *bio, struct strbuf *out);
