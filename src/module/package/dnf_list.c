/* The argument list of dnf and yum: what `repoquery` and `repolist` print. */
#include "managers.h"

#define FIELDS 6u
#define FORMAT "%{name}|%{arch}|%{epoch}|%{release}|%{version}|%{repoid}\\n"

static void put(struct module_call *call, struct value *d, const char *key, struct slice text)
{
	value_dict_put(call->arena, d, key, value_str(call->arena, text));
}

/* A line of FORMAT; NULL for what is none: programs warn among their output. */
static struct value *package_of(struct module_call *call, struct slice line, bool installed)
{
	static const char *const keys[] = {"name", "arch", "epoch", "release", "version", "repo"};
	struct value *d = value_dict_new(call->arena);
	struct slice field[FIELDS], rest = line;
	for (size_t i = 0; i < FIELDS; i++)
		if (!slice_split(&rest, '|', &field[i]))
			return NULL;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		put(call, d, keys[i], field[i]);
	const struct value *envra = value_fmt(
		call->arena, "%.*s:%.*s-%.*s-%.*s.%.*s", SLICE_ARG(field[2]), SLICE_ARG(field[0]),
		SLICE_ARG(field[4]), SLICE_ARG(field[3]), SLICE_ARG(field[1]));
	value_dict_put(call->arena, d, "envra", envra);
	value_dict_put(call->arena, d, "nevra", envra);
	value_dict_put(call->arena, d, "yumstate",
		       value_cstr(call->arena, installed ? "installed" : "available"));
	return d;
}

/* option: --installed, --available, --upgrades; name: NULL for all. */
static int query(struct module_call *call, const char *program, const char *option,
		 const char *name, struct value *out, struct err *err)
{
	struct program p;
	struct slice line;
	dnf_begin(call, program, &p);
	const char *const words[] = {"--quiet", "repoquery", option, "--queryformat",
				     FORMAT,	name,	     NULL};
	program_add_all(&p, words);
	int r = dnf_when_unlocked(&p, program_read, err);
	while (r == 0 && slice_split(&p.out, '\n', &line)) {
		struct value *d =
			package_of(call, slice_trim(line), strcmp(option, "--installed") == 0);
		if (d)
			value_list_push(call->arena, out, d);
	}
	return r;
}

/* A heading, and a repository a line: its id is the first word. */
static int repositories(struct module_call *call, const char *program, struct value *out,
			struct err *err)
{
	struct program p;
	struct slice line, id;
	bool begun = false;
	dnf_begin(call, program, &p);
	const char *const words[] = {"--quiet", "repolist", "--enabled", NULL};
	program_add_all(&p, words);
	int r = dnf_when_unlocked(&p, program_read, err);
	while (r == 0 && slice_split(&p.out, '\n', &line)) {
		bool heading = slice_starts_with(line, "repo id");
		if (begun && !heading && slice_word(&line, &id)) {
			struct value *d = value_dict_new(call->arena);
			put(call, d, "repoid", id);
			put(call, d, "state", SLICE_LIT("enabled"));
			value_list_push(call->arena, out, d);
		}
		begun |= heading;
	}
	return r;
}

int dnf_list(struct module_call *call, const char *program, struct err *err)
{
	static const struct {
		const char *list, *option;
	} queries[] = {
		{"installed", "--installed"},
		{"available", "--available"},
		{"updates", "--upgrades"},
		{"upgrades", "--upgrades"},
	};
	struct value *out = value_list_new(call->arena);
	const char *what = arg_str(call, "list");
	result_put(call, "results", out);
	if (strcmp(what, "repos") == 0 || strcmp(what, "repositories") == 0)
		return repositories(call, program, out, err);
	for (size_t i = 0; i < ARRAY_LEN(queries); i++)
		if (strcmp(queries[i].list, what) == 0)
			return query(call, program, queries[i].option, NULL, out, err);
	int r = query(call, program, "--installed", what, out, err);
	return r < 0 ? r : query(call, program, "--available", what, out, err);
}
