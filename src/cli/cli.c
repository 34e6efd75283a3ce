/* Which command, and what its outcome means to the shell. */
#include "cli.h"

#include "complaint.h"
#include "rollout/agent/image.h"
#include "rollout/base/nearest.h"
#include "vault/passwords.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

const struct command commands[] = {
	{"run", "[run] SITE", "run SITE's roles, or playbooks (the default)", FOR_RUN, cmd_run,
	 NULL},
	{"inventory", "inventory", "--list, --graph, or --host H: what the inventory says",
	 FOR_INVENTORY, cmd_inventory, NULL},
	{"graph", "graph SITE", "SITE's steps and what they wait for; --format dot", FOR_GRAPH,
	 cmd_graph, NULL},
	{"up", "up SITE", "boot the VMs, run SITE on each as soon as it is up",
	 FOR_RUN | FOR_VM_BOOT, cmd_up, NULL},
	{"vm", "vm VERB [NAME...]", "the inventory's VMs: up, status, ssh, halt, destroy ...",
	 FOR_VM, cmd_vm, vm_help},
	{"vault", "vault VERB [FILE...]", "encrypt, view, edit, rekey what Ansible Vault keeps",
	 FOR_VAULT, cmd_vault, vault_help},
	{"doc", "doc [MODULE]", "modules and their parameters", FOR_DOC, cmd_doc, NULL},
	{"version", "version", "the version, and the agents it carries", FOR_DOC, cmd_version,
	 NULL},
	{"help", "help [COMMAND]", "this, or a command's options", FOR_DOC, cmd_help, NULL},
};
const size_t command_count = ARRAY_LEN(commands);

static const char *program_version = "unknown";

const char *cli_version(void)
{
	return program_version;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int cmd_version(const struct options *o UNUSED, struct err *err UNUSED)
{
	printf("rollout %s\n", cli_version());
	for (size_t i = 0; i < agent_images_len; i++)
		printf("agent %s %zu bytes sha256:%s\n", agent_images[i].arch,
		       agent_images[i].raw_size, agent_images[i].sha256);
	if (agent_images_len == 0)
		printf("without agents: no host can be configured by this build\n");
	return RUN_EXIT_OK;
}

static int show_help(const struct command *c, const char *verb, struct err *err)
{
	if (c->help)
		return c->help(verb, err);
	help_command(c);
	return RUN_EXIT_OK;
}

static bool near_command(const char *word, char *hint, size_t size)
{
	struct nearest n;
	nearest_init(&n, slice_from(word));
	for (size_t i = 0; i < command_count; i++)
		nearest_offer(&n, slice_from(commands[i].name));
	nearest_hint(&n, hint, size);
	return n.best.len > 0;
}

int cmd_help(const struct options *o, struct err *err)
{
	if (o->words.len == 0) {
		help_overview();
		return RUN_EXIT_OK;
	}
	const struct command *c = command_find(o->words.at[0]);
	if (!c) {
		char hint[128];
		near_command(o->words.at[0], hint, sizeof(hint));
		return err_set(err, ERR_USAGE, "there is no command '%s'%s", o->words.at[0], hint);
	}
	return show_help(c, o->words.len > 1 ? o->words.at[1] : NULL, err);
}

/* The first word when it is a command's name; else it is a site file. */
static const struct command *take_command(struct options *o)
{
	const struct command *c = o->words.len > 0 ? command_find(o->words.at[0]) : NULL;
	if (!c)
		return &commands[0];
	vec_remove(&o->words, 0);
	o->plain_words -= o->plain_words > 0;
	o->words.at[o->words.len] = NULL;
	return c;
}

/* A word that is no file, and nearly a command. */
static int check_site_name(const struct options *o, struct err *err)
{
	char hint[128];
	const char *word = o->words.len > 0 ? o->words.at[0] : NULL;
	if (!word || strpbrk(word, "./") || access(word, F_OK) == 0 ||
	    !near_command(word, hint, sizeof(hint)))
		return 0;
	return err_set(err, ERR_USAGE, "there is no command and no site file '%s'%s", word, hint);
}

static int exit_code(int result)
{
	if (result >= 0)
		return result;
	if (result == ERR_USAGE)
		return RUN_EXIT_USAGE;
	return result == ERR_CANCELLED ? RUN_EXIT_INTERRUPTED : RUN_EXIT_ERROR;
}

static int dispatch(struct options *o, struct err *err)
{
	bool bare = o->words.len == 0;
	const struct command *c = take_command(o);
	if (o->version)
		return cmd_version(o, err);
	if (o->help && bare) {
		help_overview();
		return RUN_EXIT_OK;
	}
	if (o->help)
		return show_help(c, o->words.len > 0 ? o->words.at[0] : NULL, err);
	if (c == &commands[0] && check_site_name(o, err) < 0)
		return err->code;
	const char *misfit = options_misfit(o, c->mask);
	if (misfit)
		return err_set(err, ERR_USAGE, "'rollout %s' has no option '--%s'", c->name,
			       misfit);
	int r = c->mask & (FOR_LOADING | FOR_VM | FOR_VAULT) ? config_load(o, err) : 0;
	return r < 0 ? r : c->run(o, err);
}

/* What was printed must have arrived; a reader that has seen enough is fine. */
static bool flush_failed(struct err *err)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return false;
	if (errno == EPIPE || errno == 0)
		return false;
	err_sys(err, "write to standard output");
	return true;
}

int cli_main(int argc, char **argv, const char *version)
{
	struct options o = {0};
	struct err err = {0};
	program_version = version;
	int r = options_parse(argc, argv, &o, &err);
	if (r == 0) {
		r = dispatch(&o, &err);
		options_release(&o);
	}
	if (r >= 0 && flush_failed(&err))
		r = ERR_SYS;
	if (r < 0)
		complaint_print(&err);
	vault_passwords_forget();
	if (r == ERR_USAGE)
		fprintf(stderr, "rollout --help tells more\n");
	return exit_code(r);
}
