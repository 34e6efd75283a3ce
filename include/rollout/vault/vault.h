#pragma once
/*
 * Ansible Vault's format 1.1 and 1.2: a header with the vault id, then in hex
 * a salt, an HMAC and the ciphertext. AES-256-CTR with PKCS7 padding under
 * keys from PBKDF2-HMAC-SHA256 (10000 rounds), HMAC-SHA256 over the ciphertext.
 * Source: Ansible, "Encrypting content with Ansible Vault", "Format of files
 * encrypted with Ansible Vault".
 *
 *     struct vault *v = vault_new();
 *     vault_add(v, "default", password);
 *     encrypted_set_decryptor(vault_decryptor(v, true));  … vault_free(v)
 */
#include "rollout/value/encrypted.h"

#define VAULT_ID_DEFAULT "default"
#define VAULT_ID_MAX 255u
#define VAULT_PASSWORD_MAX 4096u
#define VAULT_SECRETS_MAX 256u

/* The header, and the hex that follows; borrowed from the text. */
struct vault_envelope {
	struct slice id; /* "default" in format 1.1, which has none; may be empty in 1.2 */
	struct slice body;
};
/* ERR_SYNTAX, or ERR_UNSUPPORTED for another version or cipher. */
int vault_envelope_parse(struct slice text, struct srcloc at, struct vault_envelope *ret,
			 struct err *err);

/* No ';' and no line end, at most VAULT_ID_MAX bytes. */
int vault_id_check(struct slice id, struct err *err);

/* One password, no list. `salt` empty: 32 random bytes. The text is appended;
 * the id "default" makes format 1.1, others 1.2. */
int vault_encrypt(struct slice plain, struct slice password, struct slice id, struct slice salt,
		  struct strbuf *out, struct err *err);
/* ERR_CRYPTO where the password is wrong, ERR_SYNTAX where the text is broken. */
int vault_decrypt(struct slice envelope, struct slice password, struct srcloc at,
		  struct strbuf *out, struct err *err);

/* The passwords of a process, and what they have opened. */
struct vault;
struct vault *vault_new(void);
void vault_free(struct vault *v); /* overwrites passwords and texts */
int vault_add(struct vault *v, struct slice id, struct slice password, struct err *err);
/* Only passwords of the envelope's own id: ANSIBLE_VAULT_ID_MATCH. */
void vault_match_ids(struct vault *v, bool only_matching);
size_t vault_count(const struct vault *v);
/* In the order in which they were added. */
struct slice vault_id(const struct vault *v, size_t i);
struct slice vault_password(const struct vault *v, size_t i);
/* The passwords of the envelope's id first, then all others. Texts are kept:
 * each envelope is decrypted once. ret_index (may be NULL): whose password. */
int vault_open(struct vault *v, struct slice envelope, struct srcloc at, struct strbuf *out,
	       size_t *ret_index, struct err *err);
/* vault_open for value/encrypted.h; v must outlive it. */
struct decryptor vault_decryptor(struct vault *v, bool eager);
