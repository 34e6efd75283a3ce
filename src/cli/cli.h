#pragma once
/* The program: its commands, and what they share. */
#include "options.h"
#include "rollout/inventory/inventory.h"
#include "rollout/plan/plan.h"
#include "rollout/run/run.h"

struct command {
	const char *name, *words, *doc;
	unsigned mask; /* enum command_mask: whose options it takes */
	/* Returns the exit code; an error that it did not show is in *err, and
	 * then the exit code is the error's. */
	int (*run)(const struct options *o, struct err *err);
	/* Of a command that has verbs: the help of one, or of all (NULL). */
	int (*help)(const char *verb, struct err *err);
};
extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(const char *name);

/* main without the process: dispatch, errors shown. Returns the exit code. */
int cli_main(int argc, char **argv, const char *version);
const char *cli_version(void);

int cmd_run(const struct options *o, struct err *err);
int cmd_up(const struct options *o, struct err *err);
int cmd_inventory(const struct options *o, struct err *err);
int cmd_graph(const struct options *o, struct err *err);
int cmd_doc(const struct options *o, struct err *err);
int cmd_vm(const struct options *o, struct err *err);
int cmd_vault(const struct options *o, struct err *err);
int cmd_version(const struct options *o, struct err *err);
int cmd_help(const struct options *o, struct err *err);

/* help.c */
void help_overview(void);
void help_command(const struct command *c);
void help_options(unsigned mask); /* enum command_mask */
int vault_help(const char *verb, struct err *err);
int vm_help(const char *verb, struct err *err);

/* listing.c: --list-hosts, --list-tasks, --list-tags, as far as asked for */
void listing_print(const struct options *o, const struct plan *plan);
/* … of playbooks, in ansible-playbook's form */
void listing_print_playbooks(const struct options *o, const struct plan *plan);

/* What is loaded before anything happens. */
struct loaded {
	struct arena arena;
	struct inventory *inv;
	struct template_env *env;
	const struct value *extra_vars; /* -e, or NULL */
	struct plan *plan;
	bool looks; /* set before: nothing will be run */
};
/* The inventory, env and extra_vars, from what -i, $ANSIBLE_INVENTORY or the working directory name.
 * `site` NULL: without a site's group_vars and host_vars. */
int load_inventory(const struct options *o, const char *site, struct loaded *ret, struct err *err);
/* The same without what the state of VMs tells: how they are reached. */
int load_hosts(const struct options *o, const char *site, struct loaded *ret, struct err *err);
/* The plan, once the inventory is there; load_site does both. */
int load_plan(const struct options *o, const char *site, struct loaded *l, struct err *err);
int load_site(const struct options *o, const char *site, struct loaded *ret, struct err *err);

/* cmd_run.c: one site file, and options that fit each other */
int cli_check_site(const struct options *o, struct err *err);
/* … carried out. `gate` NULL: every host is there. Returns the exit code. */
int cli_execute(const struct options *o, struct loaded *l, const struct run_gate *gate,
		struct err *err);
void loaded_release(struct loaded *l);
