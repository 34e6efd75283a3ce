#pragma once
/*
 * Vault passwords as the command line and the configuration name them, in
 * Ansible's order: vault_identity_list, --vault-id, --vault-password-file,
 * vault_password_file, --ask-vault-pass.
 */
#include "../options.h"
#include "rollout/vault/vault.h"

struct vault_request {
	const char *const *ids; /* "label@source"; NULL-terminated, or NULL */
	const char *const *files;
	const char *identity_list; /* before `ids`; NULL: none */
	const char *last_file;	   /* after all of them; NULL: none */
	bool only_matching;	   /* an envelope is opened with its own id's password alone */
	bool ask, ask_when_none;
	bool is_new; /* prompts say so, and ask twice */
};
/* From the options and the configuration. */
struct vault_request vault_request_of(const struct options *o);
/* ERR where not one of the sources named gives a password; others are warned of. */
int vault_passwords_collect(const struct vault_request *rq, struct vault **ret, struct err *err);

/* For what the program reads from now on: once a process. */
int vault_passwords_load(const struct options *o, struct err *err);
/* Whether what selected tasks use must be opened before they run, even where
 * no password was given; before vault_passwords_load. */
void vault_passwords_demand(bool demand);
/* Overwrites all of them, and the secrets that were opened. */
void vault_passwords_forget(void);
