#pragma once
/* rollout vault: what its verbs share. */
#include "../options.h"
#include "rollout/vault/vault.h"

#define VAULT_FILE_MAX (ENCRYPTED_MAX_BYTES / 4 - 1024)

struct vault_task {
	const struct options *options;
	const char *const *files; /* the words after the verb; NULL-terminated */
	size_t nfiles;
	struct vault *v; /* the passwords to open with, or to encrypt with */
	/* What encrypts: set for verbs that do. */
	struct slice id, password;
};

/* A verb returns 0 or an error. */
int vault_verb_create(const struct vault_task *t, struct err *err);
int vault_verb_edit(const struct vault_task *t, struct err *err);
int vault_verb_view(const struct vault_task *t, struct err *err);
int vault_verb_encrypt(const struct vault_task *t, struct err *err);
int vault_verb_decrypt(const struct vault_task *t, struct err *err);
int vault_verb_encrypt_string(const struct vault_task *t, struct err *err);
int vault_verb_rekey(const struct vault_task *t, struct err *err);

/* ---- file.c ---- */
/* "-" is standard input. */
int vault_file_read(const char *path, struct strbuf *out, struct err *err);
/* Atomically; "-" is standard output. The file behind a symbolic link is the
 * one that is replaced. mode 0: that of the file that is there, else 0600. */
int vault_file_write(const char *path, struct slice data, mode_t mode, struct err *err);
/* Overwrites what the file holds, where it has no second name. */
void vault_file_wipe(int fd);
/* The file's text; ret_index: whose password opened it. */
int vault_file_open(const struct vault_task *t, const char *path, struct strbuf *out,
		    size_t *ret_index, struct strbuf *ret_id, struct err *err);
void vault_say(const char *text);

/* ---- editor.c ---- */
/* The text as the user leaves it in $EDITOR; `path` lends its ending. */
int vault_edit_text(const char *path, struct slice text, struct strbuf *out, struct err *err);
