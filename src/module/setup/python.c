/* The host's Python 3. rollout needs none; roles choose names of packages by its
 * version. Without one they get those of a Python 3 of no minor version. */
#include "../call.h"
#include "facts.h"

#include <stdlib.h>

#define PYTHON "/usr/bin/python3"

/* "Python 3.11.2" */
static void read_version(struct facts *f, int64_t version[3])
{
	const char *const argv[] = {PYTHON, "-V", NULL};
	struct slice out, part;
	int exit_code;
	if (call_probe(f->call, argv, &exit_code, &out, NULL) < 0 || exit_code != 0)
		return;
	out = slice_trim(out);
	if (!slice_starts_with(out, "Python 3."))
		return;
	out = (struct slice){out.ptr + 7, out.len - 7};
	for (size_t i = 0; i < 3 && slice_split(&out, '.', &part); i++)
		version[i] = strtol(part.ptr, NULL, 10);
}

static void put_python(struct facts *f, const int64_t version[3])
{
	static const char *const names[] = {"major", "minor", "micro"};
	struct value *python = value_dict_new(f->a), *d = value_dict_new(f->a),
		     *info = value_list_new(f->a);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		value_dict_put(f->a, d, names[i], value_int(f->a, version[i]));
		value_list_push(f->a, info, value_int(f->a, version[i]));
	}
	value_dict_put(f->a, d, "releaselevel", value_cstr(f->a, "final"));
	value_dict_put(f->a, d, "serial", value_int(f->a, 0));
	value_list_push(f->a, info, value_cstr(f->a, "final"));
	value_list_push(f->a, info, value_int(f->a, 0));
	value_dict_put(f->a, python, "version", d);
	value_dict_put(f->a, python, "version_info", info);
	value_dict_put(f->a, python, "executable", value_cstr(f->a, PYTHON));
	value_dict_put(f->a, python, "has_sslcontext", value_bool(true));
	value_dict_put(f->a, python, "type", value_cstr(f->a, "cpython"));
	facts_put(f, "python", python);
}

static void collect(struct facts *f)
{
	int64_t version[3] = {3, 0, 0};
	read_version(f, version);
	facts_put_str(f, "python_version",
		      arena_printf(f->a, "%lld.%lld.%lld", (long long)version[0],
				   (long long)version[1], (long long)version[2]));
	put_python(f, version);
}

static const char *const names[] = {"python", "python_version", NULL};
const struct collector facts_python = {.subset = "min", .names = names, .collect = collect};
