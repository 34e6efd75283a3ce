/* Local facts: *.fact files of fact_path, JSON or, when executable, programs
 * that print it. */
#include "../call.h"
#include "facts.h"
#include "rollout/value/json.h"

static const struct value *load_one(struct facts *f, const char *path)
{
	const char *const argv[] = {path, NULL};
	struct host_stat st;
	struct slice text = {"", 0};
	struct err err = {0};
	const struct value *v = value_null();
	struct host *host = f->call->host;
	int r = host->ops->stat(host, f->a, path, true, &st, &err);
	if (r == 0 && (st.mode & 0111))
		r = call_probe(f->call, argv, NULL, &text, &err);
	else if (r == 0)
		text = call_read_trimmed(f->call, path);
	if (r == 0)
		r = json_parse(f->a, path, text, &v, &err);
	/* As in Ansible, what went wrong is the fact's value. */
	return r < 0 ? value_fmt(f->a, "error loading fact %s: %s", path, err.msg) : v;
}

static void collect(struct facts *f)
{
	const char *folder = arg_str(f->call, "fact_path");
	struct host_names files = {0};
	struct value *local = value_dict_new(f->a);
	struct host *host = f->call->host;
	if (folder && host->ops->list(host, f->a, folder, &files, NULL) < 0)
		files.len = 0;
	for (size_t i = 0; i < files.len; i++) {
		struct slice name = slice_from(files.at[i]);
		if (!slice_ends_with(name, ".fact"))
			continue;
		name.len -= strlen(".fact");
		value_dict_set(f->a, local, value_str(f->a, name),
			       load_one(f, arena_printf(f->a, "%s/%s", folder, files.at[i])));
	}
	facts_put(f, "local", local);
}

static const char *const names[] = {"local", NULL};
const struct collector facts_local = {"min", names, collect};
