#pragma once
/*
 * The command line, by one table: ansible-playbook's names wherever it has one.
 *
 *     options_parse(argc, argv, &o, err) … options_release(&o)
 *
 * Short options combine (-CDvv), values follow as -i X, -iX, --opt X, --opt=X.
 * A letter may mean one thing before or without a command and another after it:
 * -f is --forks, and --force after `vm`.
 */
#include "config/config.h"
#include "rollout/base/arena.h"
#include "rollout/base/err.h"
#include "rollout/base/vec.h"

enum command_mask {
	FOR_RUN = 1,
	FOR_INVENTORY = 2,
	FOR_GRAPH = 4,
	FOR_DOC = 8,
	FOR_LOADING = FOR_RUN | FOR_INVENTORY | FOR_GRAPH,
	/* The verbs of `rollout vm`, by what they take. */
	FOR_VM_BOOT = 0x100,  /* up, reload, recreate */
	FOR_VM_ORDER = 0x200, /* suspend, resume, snapshot */
	FOR_VM_STOP = 0x400,  /* halt, destroy */
	FOR_VM_STATUS = 0x800,
	FOR_VM_MACHINE = 0x1000, /* ssh, ssh-config, console */
	FOR_VM_LOG = 0x2000,
	FOR_VM_IMAGE = 0x4000,
	FOR_VM_ORDERS = FOR_VM_BOOT | FOR_VM_ORDER | FOR_VM_STOP,
	FOR_VM = FOR_VM_ORDERS | FOR_VM_STATUS | FOR_VM_MACHINE | FOR_VM_LOG | FOR_VM_IMAGE,
	/* The verbs of `rollout vault`, by what they take. */
	FOR_VAULT_PASSWORD = 0x10000, /* every one */
	FOR_VAULT_OUTPUT = 0x20000,   /* encrypt, decrypt, encrypt_string */
	FOR_VAULT_ENCRYPT = 0x40000,  /* those that encrypt */
	FOR_VAULT_STRING = 0x80000,   /* encrypt_string */
	FOR_VAULT_REKEY = 0x100000,
	FOR_VAULT = FOR_VAULT_PASSWORD | FOR_VAULT_OUTPUT | FOR_VAULT_ENCRYPT | FOR_VAULT_STRING |
		    FOR_VAULT_REKEY,
	FOR_ALL = 0xFFFFFF,
};

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_COUNT,  /* unsigned */
	OPTION_STRING, /* const char *; the last one wins */
	OPTION_NUMBER, /* unsigned, at least 1 */
	OPTION_LIST,   /* option_texts: one each time */
	OPTION_COMMAS, /* option_texts: split at commas */
};

typedef VEC(const char *) option_texts; /* NULL after the last once parsed */

struct option_spec;
struct options {
	struct arena arena; /* of texts that were split */
	option_texts vault_ids, vault_password_files, string_names;
	option_texts inventory, tags, skip_tags, extra_vars, packages, words;
	size_t plain_words; /* those before `--`; all when there is none */
	const char *limit, *user, *private_key, *connection, *ssh_common_args;
	const char *become_user, *become_method, *become_password_file, *connection_password_file;
	const char *start_at_task, *roles_path, *format, *host;
	const char *playbook_dir;
	const char *driver, *accel, *mirror, *hook, *output;
	const char *encrypt_vault_id, *new_vault_id, *new_vault_password_file, *stdin_name;
	unsigned forks, timeout_s, verbosity, parallel, boot_timeout_s, lines;
	bool become, ask_become_pass, ask_pass, check, diff, json;
	bool force_handlers, step;
	bool list_hosts, list_tasks, list_tags, syntax_check, list, graph, force;
	bool yaml, export, vars, explain;
	bool ask_vault_pass, prompt, show_input;
	bool help, version;
	struct config config;		       /* what only ansible.cfg and the environment say */
	VEC(const struct option_spec *) given; /* in the command line's order */
};

struct option_spec {
	char letter; /* 0: none */
	const char *name, *alias;
	enum option_kind kind;
	size_t offset;
	unsigned commands; /* enum command_mask */
	const char *group; /* its heading in the help */
	const char *arg;   /* what the help calls its value */
	const char *doc;
};
extern const struct option_spec option_table[];
extern const size_t option_count;

/* ERR_USAGE names the option, and the nearest one to it. The texts are argv's. */
int options_parse(int argc, char **argv, struct options *ret, struct err *err);
void options_release(struct options *o);
/* The first option given that is for none of the commands in `mask`; NULL: all fit. */
const char *options_misfit(const struct options *o, unsigned mask);
