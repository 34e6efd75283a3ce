/* The help: one screen of overview, and per command its options by group. */
#include "cli.h"

#include <stdio.h>

#define OPTION_COLUMNS 33

void help_overview(void)
{
	printf("Usage: rollout [OPTIONS] SITE       run SITE's roles on the inventory's hosts\n"
	       "       rollout COMMAND [OPTIONS] ...\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < command_count; i++)
		printf("  %-20s  %s\n", commands[i].words, commands[i].doc);
	printf("\n"
	       "Most used (all of them: rollout help run):\n"
	       "  -i, --inventory PATH  hosts and variables (./inventory.yaml)\n"
	       "  -l, --limit PATTERN   only these hosts\n"
	       "  -t, --tags TAGS       only these tasks\n"
	       "  -e, --extra-vars VARS k=v, YAML or JSON text, or @file\n"
	       "  -C, --check           change nothing, tell what would change; -D shows diffs\n"
	       "  -b, --become          as root; -K asks for sudo's password\n"
	       "  -v, --verbose         more; --json: one object per event per line\n\n"
	       "Exit: 0 done, 1 error, 2 a host failed, 4 unreachable, 5 usage, 99 interrupted\n");
}

static void print_option(const struct option_spec *s)
{
	CLEANUP(strbuf_release) struct strbuf left = {0};
	if (s->letter)
		strbuf_printf(&left, "  -%c, ", s->letter);
	else
		strbuf_puts(&left, "      ");
	strbuf_printf(&left, "--%s%s%s", s->name, s->arg ? " " : "", s->arg ? s->arg : "");
	if (left.len < OPTION_COLUMNS)
		printf("%-*s%s\n", OPTION_COLUMNS, left.ptr, s->doc);
	else
		printf("%s\n%*s%s\n", left.ptr, OPTION_COLUMNS, "", s->doc);
}

/* The groups in the order in which the table first names them. */
static bool is_first_of_group(size_t index, unsigned mask)
{
	for (size_t i = 0; i < index; i++)
		if (option_table[i].group == option_table[index].group &&
		    (option_table[i].commands & mask))
			return false;
	return true;
}

void help_options(unsigned mask)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *s = &option_table[i];
		if (!(s->commands & mask) || !is_first_of_group(i, mask))
			continue;
		printf("\n%s:\n", s->group);
		for (size_t k = i; k < option_count; k++)
			if (option_table[k].group == s->group && (option_table[k].commands & mask))
				print_option(&option_table[k]);
	}
}

void help_command(const struct command *c)
{
	printf("Usage: rollout %s\n%s\n", c->words, c->doc);
	help_options(c->mask);
}
