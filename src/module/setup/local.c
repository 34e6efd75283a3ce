/* Local facts: *.fact files of fact_path, JSON or INI; when executable, programs
 * that print it. */
#include "../call.h"
#include "../program.h"
#include "../text/ini_values.h"
#include "facts.h"
#include "rollout/value/json.h"

/* As in Ansible, what went wrong is the fact's value. */
static const struct value *run_fact(struct facts *f, const char *path, struct slice *ret_text)
{
	struct program p;
	struct err err = {0};
	program_init(&p, f->call, path);
	int r = program_probe(&p, &err);
	if (r < 0)
		return value_fmt(f->a, "Could not execute fact script (%s): %s", path, err.msg);
	if (p.exit_code != 0)
		return value_fmt(f->a, "Failure executing fact script (%s), rc: %d, err: %.*s",
				 path, p.exit_code, SLICE_ARG(p.err));
	*ret_text = p.out;
	return NULL;
}

static const struct value *load_one(struct facts *f, const char *path)
{
	struct host_stat st;
	struct slice text = {"", 0};
	struct err err = {0};
	const struct value *v = NULL;
	struct host *host = f->call->host;
	if (host->ops->stat(host, f->a, path, true, &st, &err) < 0)
		return value_fmt(f->a, "Could not stat fact (%s): %s", path, err.msg);
	if (st.mode & 0100)
		v = run_fact(f, path, &text);
	else
		text = call_read_trimmed(f->call, path);
	if (v)
		return v;
	if (slice_trim(text).len && json_parse(f->a, path, text, &v, NULL) == 0)
		return v;
	v = ini_parse(f->a, text);
	return v ? v
		 : value_fmt(f->a, "error loading facts as JSON or ini - please check content: %s",
			     path);
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
		if (!slice_ends_with(name, ".fact") || name.ptr[0] == '.')
			continue;
		name.len -= strlen(".fact");
		value_dict_set(f->a, local, value_str(f->a, name),
			       load_one(f, arena_printf(f->a, "%s/%s", folder, files.at[i])));
	}
	facts_put(f, "local", local);
}

static const char *const names[] = {"local", NULL};
const struct collector facts_local = {"min", names, collect};
