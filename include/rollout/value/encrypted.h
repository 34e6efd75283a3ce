#pragma once
/*
 * What is encrypted with Ansible Vault, as it stands in files: an envelope.
 * This layer knows its header alone; who has passwords sets a decryptor, once
 * a process, before anything is read (vault/vault.h has one).
 *
 * A `!vault` value is a string with VALUE_ENCRYPTED whose text is the envelope.
 * The template layer opens it where it is used; then it is secret, unsafe (as
 * Ansible, no template in it is evaluated) and bears VALUE_VAULTED.
 */
#include "rollout/value/value.h"

#define ENCRYPTED_HEADER "$ANSIBLE_VAULT;"
#define ENCRYPTED_MAX_BYTES (256u << 20) /* of an envelope, about four times its text */

struct decryptor_ops {
	/* Appends the plain text. Errors have the place `at`. */
	int (*decrypt)(void *self, struct slice envelope, struct srcloc at, struct strbuf *out,
		       struct err *err);
};
struct decryptor {
	const struct decryptor_ops *ops; /* NULL: no passwords */
	void *self;
	bool eager; /* encrypted_check opens what it finds */
};

/* Its ops and self must last. A zeroed one takes it away. */
void encrypted_set_decryptor(struct decryptor d);

bool encrypted_is(struct slice text);
/* Is it of a version and cipher that can be opened at all? */
int encrypted_check_header(struct slice text, struct srcloc at, struct err *err);
int encrypted_open(struct slice envelope, struct srcloc at, struct strbuf *out, struct err *err);
/* The value in the clear; any other value is returned as it is. */
int encrypted_value_open(struct arena *a, const struct value *v, const struct value **ret,
			 struct err *err);
/* Opens every encrypted value of the tree, where the decryptor is eager: a
 * wrong password shows before it matters. */
int encrypted_check(const struct value *tree, struct err *err);
/* Is an encrypted value in the tree? */
bool encrypted_holds(const struct value *tree);

/* As file_read; a file that begins with the header is decrypted and
 * *ret_secret is set (else it stays). max_bytes is of the plain text. */
int encrypted_file_read(const char *path, size_t max_bytes, struct strbuf *out, bool *ret_secret,
			struct err *err);
/* encrypted_check of a file. */
int encrypted_check_file(const char *path, struct err *err);
/* Does the decryptor open what is checked? */
bool encrypted_is_eager(void);
/* Does the file begin with the header? false also when it cannot be read. */
bool encrypted_file_is(const char *path);
