/* rollout doc [MODULE]: from the modules' own parameter tables. */
#include "cli.h"
#include "rollout/module/module.h"

#include <stdio.h>

#define DOC_COLUMNS 79u

/* Words of `text`, wrapped, each line after the first indented. */
static void print_wrapped(const char *text, unsigned indent, unsigned used)
{
	struct slice rest = slice_from(text), word;
	while (slice_split(&rest, ' ', &word)) {
		if (used + word.len + 1 > DOC_COLUMNS) {
			printf("\n%*s", (int)indent, "");
			used = indent;
		}
		printf("%.*s%s", SLICE_ARG(word), rest.ptr ? " " : "");
		used += (unsigned)word.len + 1;
	}
	printf("\n");
}

static const char *type_name(enum module_param_type t)
{
	static const char *const names[] = {
		[MODULE_STR] = "str",	  [MODULE_BOOL] = "bool", [MODULE_INT] = "int",
		[MODULE_FLOAT] = "float", [MODULE_PATH] = "path", [MODULE_MODE] = "mode",
		[MODULE_LIST] = "list",	  [MODULE_DICT] = "dict", [MODULE_RAW] = "any",
	};
	return names[t];
}

static void print_names(const char *label, const char *const *names)
{
	if (!names || !names[0])
		return;
	printf("        %s: ", label);
	for (size_t i = 0; names[i]; i++)
		printf("%s%s", i ? ", " : "", names[i]);
	printf("\n");
}

static void print_param(const struct module_param *p)
{
	printf("  %s (%s", p->name, type_name(p->type));
	if (p->type == MODULE_LIST)
		printf(" of %s", type_name(p->element));
	printf("%s)", p->required ? ", required" : "");
	if (p->fallback)
		printf(" = %s", p->fallback);
	printf("\n");
	if (p->doc) {
		printf("        ");
		print_wrapped(p->doc, 8, 8);
	}
	print_names("choices", p->choices);
	print_names("also", p->aliases);
}

static void print_module(const struct module *m)
{
	printf("%s (%s)\n", m->name, m->full_name);
	if (m->doc)
		print_wrapped(m->doc, 0, 0);
	if (m->flags & MODULE_FREE_FORM)
		printf("Takes its text free form: %s: TEXT\n", m->name);
	if (m->flags & MODULE_ANY_ARGS)
		printf("Takes any keys.\n");
	printf("%s", m->params && m->params[0].name ? "\n" : "");
	for (const struct module_param *p = m->params; p && p->name; p++)
		print_param(p);
	for (size_t i = 0; m->required_one_of && m->required_one_of[i]; i++)
		printf("\nAt least one of: %s\n", m->required_one_of[i]);
	for (size_t i = 0; m->mutually_exclusive && m->mutually_exclusive[i]; i++)
		printf("\nAt most one of: %s\n", m->mutually_exclusive[i]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct module *const *)a)->name,
		      (*(const struct module *const *)b)->name);
}

static void print_all(void)
{
	size_t count;
	const struct module *const *all = module_all(&count);
	CLEANUP(free_ptr) const struct module **sorted = xcalloc(count, sizeof(*sorted));
	memcpy(sorted, all, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++) {
		printf("%-16s  ", sorted[i]->name);
		print_wrapped(sorted[i]->doc ? sorted[i]->doc : "", 18, 18);
	}
}

int cmd_doc(const struct options *o, struct err *err)
{
	if (o->words.len == 0)
		print_all();
	for (size_t i = 0; i < o->words.len; i++) {
		const struct module *m = module_find(slice_from(o->words.at[i]));
		char hint[128];
		if (!m)
			return err_set(err, ERR_NOT_FOUND, "there is no module '%s'%s",
				       o->words.at[i],
				       module_hint(slice_from(o->words.at[i]), hint, sizeof(hint)));
		printf("%s", i ? "\n" : "");
		print_module(m);
	}
	return RUN_EXIT_OK;
}
