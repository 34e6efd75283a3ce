/*
 * Sections: an ansible.cfg, the environment (NAME=value, one a line). Files that it
 * names may be looked for, none is read.
 */
#include "../../src/cli/options.h"
#include "input.h"

#define NAMES_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each key once in its section, and every place in the text. */
static void check_entries(struct slice text)
{
	struct arena a = {0};
	config_entries entries = {0};
	struct err err = {0};
	size_t lines = 1;
	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	int r = config_parse(&a, "ansible.cfg", text, &entries, &err);
	if ((r < 0) != (err.code != 0) || (r < 0 && entries.len))
		abort();
	for (size_t i = 0; i < entries.len; i++) {
		const struct config_entry *e = &entries.at[i];
		if (e->key.len == 0 || e->section.len == 0 || e->at.line < 1 ||
		    e->at.line > lines || e->at.column < 1 || strlen(e->value.ptr) != e->value.len)
			abort();
		for (size_t k = 0; k < i && i < 200; k++)
			if (slice_eq(entries.at[k].key, e->key) &&
			    slice_eq(entries.at[k].section, e->section))
				abort();
	}
	vec_release(&entries);
	arena_release(&a);
}

static void apply(const char *path, char *const *environment)
{
	struct options o = {0};
	struct err err = {0};
	char message[sizeof(err.msg) + 200];
	CLEANUP(strbuf_release) struct strbuf unknown = {0};
	if (config_apply(&o, path, environment, &unknown, &err) < 0)
		err_format(&err, message, sizeof(message));
	options_release(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file file;
	struct slice rest = {(const char *)data, size}, name;
	struct slice text = input_section(&rest), names = input_section(&rest);
	char *environment[NAMES_MAX + 1] = {0};
	size_t n = 0;
	while (n < NAMES_MAX && slice_split(&names, '\n', &name))
		environment[n++] = xstrndup(name.ptr, name.len);
	memory_file_set(&file, text);
	check_entries(text);
	apply(file.path, environment);
	for (size_t i = 0; i < n; i++)
		free(environment[i]);
	return 0;
}
