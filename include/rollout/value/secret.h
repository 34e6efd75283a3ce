#pragma once
/*
 * Texts that must not be shown, wherever they turn up: a decrypted value in a
 * command's output has lost its mark. Process-wide; not thread-safe.
 */
#include "rollout/value/value.h"

#define SECRET_MIN_BYTES 4u  /* shorter ones would hide half of all output */
#define SECRET_MIN_DIGITS 6u /* of a number: ports and years are no passwords */
#define SECRET_MAX_WORD 7u   /* so many small letters alone are a word, no password */
#define SECRET_MAX_TEXTS 4096u
#define SECRET_STAND_IN "********"

/* The text, and each of its lines of at least twice the minimum. */
void secret_remember(struct slice text);
/* Of the tree: strings that are neither template nor word, and long numbers. */
void secret_remember_tree(const struct value *tree);
/* Appends `text` with the secrets in it replaced; false, and nothing appended,
 * when there are none. */
bool secret_hide(struct strbuf *out, struct slice text);
/* The tree with every secret value, and every secret in a string, replaced. */
const struct value *secret_hide_tree(struct arena *a, const struct value *tree);
void secret_forget(void); /* overwrites and frees */
