#include "options.h"

#include "cli.h"
#include "rollout/base/nearest.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_MAX 100000

struct words {
	int argc, next;
	char **argv;
};

/* The command's own where there is one, else the first of the table. */
static const struct option_spec *find_letter(char letter, unsigned mask)
{
	const struct option_spec *first = NULL;
	for (size_t i = 0; i < option_count; i++) {
		if (!letter || option_table[i].letter != letter)
			continue;
		if (option_table[i].commands & mask)
			return &option_table[i];
		first = first ? first : &option_table[i];
	}
	return first;
}

/* What the words so far say about the command. */
static unsigned command_of(const struct options *o)
{
	const struct command *c = o->words.len > 0 ? command_find(o->words.at[0]) : NULL;
	return c ? c->mask : FOR_ALL;
}

static bool has_name(const struct option_spec *spec, struct slice name)
{
	return slice_is(name, spec->name) || (spec->alias && slice_is(name, spec->alias));
}

static const struct option_spec *find_name(struct slice name, unsigned mask)
{
	const struct option_spec *first = NULL;
	for (size_t i = 0; i < option_count; i++) {
		if (!has_name(&option_table[i], name))
			continue;
		if (option_table[i].commands & mask)
			return &option_table[i];
		first = first ? first : &option_table[i];
	}
	return first;
}

static int unknown_name(struct slice name, struct err *err)
{
	char hint[256] = "";
	struct nearest n;
	nearest_init(&n, name);
	for (size_t i = 0; i < option_count; i++)
		nearest_offer(&n, slice_from(option_table[i].name));
	if (n.best.len > 0)
		snprintf(hint, sizeof(hint), "; did you mean '--%.*s'?", SLICE_ARG(n.best));
	return err_set(err, ERR_USAGE, "there is no option '--%.*s'%s", SLICE_ARG(name), hint);
}

static bool takes_value(const struct option_spec *spec)
{
	return spec->kind != OPTION_FLAG && spec->kind != OPTION_COUNT;
}

static int set_number(unsigned *ret, const struct option_spec *spec, const char *text,
		      struct err *err)
{
	char *end;
	assert(text); /* its caller saw to it that there is a value */
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > NUMBER_MAX)
		return err_set(err, ERR_USAGE, "--%s is a number from 1 to %d, not '%s'",
			       spec->name, NUMBER_MAX, text);
	*ret = (unsigned)n;
	return 0;
}

static void split_commas(struct options *o, option_texts *list, const char *text)
{
	struct slice rest = slice_from(text), part;
	while (slice_split(&rest, ',', &part)) {
		part = slice_trim(part);
		if (part.len > 0)
			vec_push(list, arena_strndup(&o->arena, part.ptr, part.len));
	}
}

static int set_option(struct options *o, const struct option_spec *spec, const char *value,
		      struct err *err)
{
	void *field = (char *)o + spec->offset;
	vec_push(&o->given, spec);
	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_COUNT:
		++*(unsigned *)field;
		return 0;
	case OPTION_STRING:
		*(const char **)field = value;
		return 0;
	case OPTION_NUMBER:
		return set_number(field, spec, value, err);
	case OPTION_LIST:
		vec_push((option_texts *)field, value);
		return 0;
	case OPTION_COMMAS:
		split_commas(o, field, value);
		return 0;
	}
	return 0;
}

static int value_missing(const struct option_spec *spec, struct err *err)
{
	return err_set(err, ERR_USAGE, "--%s needs a value: --%s %s", spec->name, spec->name,
		       spec->arg);
}

static int take_long(struct options *o, struct words *w, const char *text, struct err *err)
{
	struct slice rest = slice_from(text), name;
	slice_split(&rest, '=', &name);
	const struct option_spec *spec = find_name(name, command_of(o));
	const char *value = rest.ptr;
	if (!spec)
		return unknown_name(name, err);
	if (!takes_value(spec) && value)
		return err_set(err, ERR_USAGE, "--%s takes no value", spec->name);
	if (takes_value(spec) && !value && w->next < w->argc)
		value = w->argv[w->next++];
	if (takes_value(spec) && !value)
		return value_missing(spec, err);
	return set_option(o, spec, value, err);
}

static int take_letters(struct options *o, struct words *w, const char *letters, struct err *err)
{
	for (const char *p = letters; *p; p++) {
		const struct option_spec *spec = find_letter(*p, command_of(o));
		const char *value = NULL;
		if (!spec)
			return err_set(err, ERR_USAGE, "there is no option '-%c'", *p);
		if (takes_value(spec)) {
			value = p[1] ? p + 1 : w->next < w->argc ? w->argv[w->next++] : NULL;
			if (!value)
				return value_missing(spec, err);
		}
		int r = set_option(o, spec, value, err);
		if (r < 0 || value)
			return r;
	}
	return 0;
}

static int take_all(struct options *o, struct words *w, struct err *err)
{
	bool only_words = false;
	while (w->next < w->argc) {
		const char *text = w->argv[w->next++];
		int r = 0;
		if (only_words || text[0] != '-' || !text[1]) {
			vec_push(&o->words, text);
			o->plain_words += !only_words;
		} else if (strcmp(text, "--") == 0)
			only_words = true;
		else if (text[1] == '-')
			r = take_long(o, w, text + 2, err);
		else
			r = take_letters(o, w, text + 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A NULL after the last, not counted. */
static void terminate(option_texts *list)
{
	vec_push(list, NULL);
	list->len--;
}

int options_parse(int argc, char **argv, struct options *ret, struct err *err)
{
	struct options o = {0};
	struct words w = {.argc = argc, .next = 1, .argv = argv};
	int r = take_all(&o, &w, err);
	if (r < 0) {
		options_release(&o);
		return r;
	}
	terminate(&o.vault_ids);
	terminate(&o.vault_password_files);
	terminate(&o.string_names);
	terminate(&o.inventory);
	terminate(&o.tags);
	terminate(&o.skip_tags);
	terminate(&o.extra_vars);
	terminate(&o.packages);
	terminate(&o.words);
	*ret = o;
	return 0;
}

void options_release(struct options *o)
{
	vec_release(&o->vault_ids);
	vec_release(&o->vault_password_files);
	vec_release(&o->string_names);
	vec_release(&o->inventory);
	vec_release(&o->tags);
	vec_release(&o->skip_tags);
	vec_release(&o->extra_vars);
	vec_release(&o->packages);
	vec_release(&o->words);
	vec_release(&o->given);
	arena_release(&o->arena);
}

const char *options_misfit(const struct options *o, unsigned mask)
{
	for (size_t i = 0; i < o->given.len; i++)
		if (!(o->given.at[i]->commands & mask))
			return o->given.at[i]->name;
	return NULL;
}
