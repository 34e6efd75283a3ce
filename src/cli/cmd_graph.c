/* rollout graph SITE: the steps and what they wait for. */
#include "cli.h"

#include <stdio.h>

static void print_after(const struct plan *plan, const struct plan_step *s)
{
	for (size_t i = 0; i < s->after.len; i++)
		printf("%s%s", i ? ", " : "  after ", plan->steps.at[s->after.at[i]]->name);
}

/* How many steps have to be over one after the other before this one. The plan
 * has no cycles. */
static unsigned level_of(const struct plan *plan, const struct plan_step *s, unsigned *levels)
{
	unsigned level = 0;
	if (levels[s->index])
		return levels[s->index] - 1;
	for (size_t i = 0; i < s->after.len; i++) {
		unsigned l = level_of(plan, plan->steps.at[s->after.at[i]], levels) + 1;
		level = l > level ? l : level;
	}
	levels[s->index] = level + 1;
	return level;
}

static int name_width(const struct plan *plan)
{
	size_t widest = 4;
	for (size_t i = 0; i < plan->steps.len; i++) {
		size_t n = strlen(plan->steps.at[i]->name);
		widest = n > widest ? n : widest;
	}
	return (int)widest;
}

static void print_text(const struct plan *plan)
{
	CLEANUP(free_ptr) unsigned *levels = xcalloc(plan->steps.len + 1, sizeof(*levels));
	int width = name_width(plan);
	size_t printed = 0;
	for (unsigned level = 0; printed < plan->steps.len; level++) {
		for (size_t i = 0; i < plan->steps.len; i++) {
			const struct plan_step *s = plan->steps.at[i];
			if (level_of(plan, s, levels) != level)
				continue;
			printf("%u  %-*s  %4zu host%s  %4zu task%s", level + 1, width, s->name,
			       s->hosts.len, s->hosts.len == 1 ? " " : "s", s->ntasks,
			       s->ntasks == 1 ? (s->after.len ? " " : "") : "s");
			print_after(plan, s);
			printf("\n");
			printed++;
		}
	}
}

static void print_quoted(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void print_dot(const struct plan *plan)
{
	printf("digraph ");
	print_quoted(plan->name);
	printf(" {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (size_t i = 0; i < plan->steps.len; i++) {
		const struct plan_step *s = plan->steps.at[i];
		printf("\t");
		print_quoted(s->name);
		printf(" [tooltip=\"%zu hosts, %zu tasks\"];\n", s->hosts.len, s->ntasks);
		for (size_t k = 0; k < s->after.len; k++) {
			printf("\t");
			print_quoted(plan->steps.at[s->after.at[k]]->name);
			printf(" -> ");
			print_quoted(s->name);
			printf(";\n");
		}
	}
	printf("}\n");
}

int cmd_graph(const struct options *o, struct err *err)
{
	CLEANUP(loaded_release) struct loaded l = {.looks = true};
	const char *format = o->format ? o->format : "text";
	bool dot = strcmp(format, "dot") == 0;
	if (o->words.len != 1)
		return err_set(err, ERR_USAGE, "which site file? rollout graph site.roles");
	if (!dot && strcmp(format, "text") != 0)
		return err_set(err, ERR_USAGE, "--format is text or dot, not '%s'", format);
	int r = load_site(o, o->words.at[0], &l, err);
	if (r < 0)
		return r;
	if (dot)
		print_dot(l.plan);
	else
		print_text(l.plan);
	return RUN_EXIT_OK;
}
