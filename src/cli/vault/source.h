#pragma once
/* Where a vault password comes from: a file, the output of a program, the user. */
#include "rollout/vault/vault.h"

/* The file's text, or what it prints where it is executable; a client script
 * (NAME-client, whatever its ending) is told --vault-id ID. `v` opens a file
 * that is itself encrypted. The caller wipes *out. */
int vault_source_read(struct vault *v, const char *path, struct slice id, struct strbuf *out,
		      struct err *err);
