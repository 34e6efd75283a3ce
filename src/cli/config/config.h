#pragma once
/*
 * Ansible's configuration: ansible.cfg and the ANSIBLE_… variables of the environment.
 * The command line wins over the environment, that over the file.
 *
 *     options_parse → config_load (fills what the command line left open) → the command
 *
 * The file is the first that there is of $ANSIBLE_CONFIG, ./ansible.cfg (not in a folder
 * that all may write to), ~/.ansible.cfg, /etc/ansible/ansible.cfg.
 * Source: Ansible's "Ansible Configuration Settings". docs/inventory.md lists which count.
 */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"
#include "rollout/base/vec.h"

#define CONFIG_MAX_BYTES (1u << 20)

/* Where ansible-galaxy puts things when nothing is configured. */
#define CONFIG_ROLES_PATH "~/.ansible/roles:/usr/share/ansible/roles:/etc/ansible/roles"
#define CONFIG_COLLECTIONS_PATH "~/.ansible/collections:/usr/share/ansible/collections"

struct options;
struct value;

/* What the settings say that no option of the command line stands for. */
struct config {
	const char *path; /* of the file that was read; NULL: none */
	const char *roles_path, *collections_path;
	const char *hash_behaviour; /* "replace", "merge" or NULL */
	bool no_host_keys;	    /* host_key_checking = False */
	/* Vaults: "label@source" each, as --vault-id has them, and the rest. */
	const char *vault_password_file, *vault_identity_list, *vault_identity,
		*vault_encrypt_identity;
	bool ask_vault_pass, vault_id_match;
};

/* One line of an ansible.cfg. */
struct config_entry {
	struct slice section, key, value; /* the key in lower case */
	struct srcloc at;		  /* of the value */
	bool known;
};
typedef VEC(struct config_entry) config_entries;

/* The file's entries, in `a`. Source: Python's configparser. */
int config_parse(struct arena *a, const char *path, struct slice text, config_entries *ret,
		 struct err *err);
/* Finds, reads and applies; `environment` as environ(7). Settings that rollout does not
 * have are named in *ret_unknown, commas between. */
int config_apply(struct options *o, const char *path, char *const *environment,
		 struct strbuf *ret_unknown, struct err *err);
/* The file's path, in `a`, or NULL. */
const char *config_find(struct arena *a);
/* The settings that count, under Ansible's names, for templates; in `a`. */
const struct value *config_values(struct arena *a, const struct options *o);
/* All of it, with one warning for the settings that are not known. */
int config_load(struct options *o, struct err *err);
