#include "pip_packages.h"

#include "../call.h"

#include <ctype.h>

#define OPERATORS "=<>!~"

const char *const *pip_specs(struct module_call *call, size_t *ret_count)
{
	static const char *const none[] = {NULL};
	const char *const *names = call_names(call, "name", ret_count);
	const char *version = arg_str(call, "version");
	if (!names)
		return none;
	if (!version || *ret_count != 1)
		return names;
	const char **out = ARENA_ARRAY(call->arena, const char *, 2);
	out[0] = arena_printf(call->arena, "%s%s%s", names[0],
			      strchr(OPERATORS, version[0]) ? "" : "==", version);
	return out;
}

/* Lower case, one - for each run of -, _ and . (PEP 503). */
static char *normal_name(struct module_call *call, struct slice name)
{
	char *out = arena_strndup(call->arena, name.ptr, name.len), *to = out;
	for (const char *c = out; *c; c++) {
		bool separator = strchr("-_.", *c);
		if (separator && to > out && to[-1] == '-')
			continue;
		*to++ = separator ? '-' : (char)tolower((unsigned char)*c);
	}
	*to = '\0';
	return out;
}

/* The installed version of a name; NULL: none. */
static const char *version_of(struct module_call *call, struct slice have, const char *name)
{
	struct slice line;
	while (slice_split(&have, '\n', &line)) {
		const char *equals = memmem(line.ptr, line.len, "==", 2);
		if (!equals)
			continue;
		struct slice found = {line.ptr, (size_t)(equals - line.ptr)};
		if (strcmp(normal_name(call, found), name) == 0) {
			struct slice v = {equals + 2, line.len - found.len - 2};
			return arena_slice(call->arena, slice_trim(v)).ptr;
		}
	}
	return NULL;
}

/* name, name[extra]: the name, and what follows it. */
static const char *name_of(struct module_call *call, const char *spec, const char **ret_rest)
{
	size_t len = strcspn(spec, "[ ;@/:" OPERATORS);
	const char *rest = spec + len;
	if (*rest == '[')
		rest = strchr(rest, ']') ? strchr(rest, ']') + 1 : rest;
	while (*rest == ' ')
		rest++;
	*ret_rest = rest;
	return normal_name(call, (struct slice){spec, len});
}

static bool is_installed(struct module_call *call, struct slice have, const char *spec)
{
	const char *rest, *name = name_of(call, spec, &rest);
	const char *version = version_of(call, have, name);
	if (!version)
		return false;
	if (!*rest)
		return true;
	if (strncmp(rest, "==", 2) != 0 || strpbrk(rest, ",;*") || rest[2] == '=')
		return false;
	return strcmp(slice_trim(slice_from(rest + 2)).ptr, version) == 0;
}

bool pip_all_installed(struct module_call *call, struct slice have, const char *const *specs)
{
	if (arg_bool(call, "editable"))
		return false;
	for (; *specs; specs++)
		if (!is_installed(call, have, *specs))
			return false;
	return true;
}

bool pip_any_installed(struct module_call *call, struct slice have, const char *const *specs)
{
	for (; *specs; specs++) {
		const char *rest, *name = name_of(call, *specs, &rest);
		if (version_of(call, have, name))
			return true;
	}
	return false;
}
