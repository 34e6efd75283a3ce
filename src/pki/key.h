#pragma once
/*
 * Private keys: made, and kept as PEM (PKCS#8, RFC 5208). With a passphrase
 * they are encrypted with AES-256-CBC under PBKDF2-HMAC-SHA256 (RFC 8018).
 */
#include "openssl.h"

#define KEY_KDF_ITERATIONS 200000
#define KEY_PASSPHRASE_MIN 8
#define KEY_PASSPHRASE_MAX 1024

enum key_type { KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_RSA_2048, KEY_RSA_4096, KEY_ED25519 };

bool key_type_by_name(const char *name, enum key_type *ret);
const char *key_type_name(enum key_type type);

int key_generate(enum key_type type, EVP_PKEY **ret, struct err *err);
bool key_is_type(const EVP_PKEY *key, enum key_type type);
/* RSA keys also encipher keys; the others only sign. */
bool key_is_rsa(const EVP_PKEY *key);
/* What a signature by this key is made over; NULL for Ed25519, which chooses itself. */
const EVP_MD *key_digest(const EVP_PKEY *key);

/* ERR_INVALID when it is too short or too long; NULL is fine. */
int key_passphrase_check(const char *passphrase, struct err *err);
/* Appends PEM; plain with passphrase NULL. */
int key_to_pem(const EVP_PKEY *key, const char *passphrase, struct strbuf *out, struct err *err);
int key_public_to_pem(const EVP_PKEY *key, struct strbuf *out, struct err *err);
/* `path` is for messages. ERR_AUTH: encrypted, and the passphrase is missing or wrong. */
int key_from_pem(struct slice pem, const char *passphrase, const char *path, EVP_PKEY **ret,
		 struct err *err);
bool key_pem_is_encrypted(struct slice pem);
