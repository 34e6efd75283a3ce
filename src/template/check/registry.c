#include "registry.h"

#include "rollout/base/nearest.h"

/* Each table ends with a NULL name. */
extern const struct function filters_string[], filters_text[], filters_sequence[], filters_select[],
	filters_set[], filters_dict[], filters_number[], filters_json[], filters_encode[],
	filters_base64[], filters_regex[], filters_path[], filters_time[], filters_value[],
	filters_url[], filters_password[], filters_vault[], filters_ipaddr[], filters_network[],
	filters_path_windows[], filters_community[], filters_urlize[], filters_diff[];
extern const struct function tests_value[], tests_ansible[], tests_path[], tests_network[];
extern const struct function lookups_file[], lookups_data[], lookups_value[], lookups_table[],
	lookups_password[], lookups_vault[], lookups_url[], lookups_config[], lookups_hashi_vault[];

static const struct function *const filters[] = {
	filters_string,	   filters_text,   filters_sequence, filters_select,
	filters_set,	   filters_dict,   filters_number,   filters_json,
	filters_encode,	   filters_base64, filters_regex,    filters_path,
	filters_time,	   filters_value,  filters_url,	     filters_password,
	filters_vault,	   filters_ipaddr, filters_network,  filters_path_windows,
	filters_community, filters_urlize, filters_diff,     NULL};
static const struct function *const tests[] = {tests_value, tests_ansible, tests_path,
					       tests_network, NULL};
static const struct function *const lookups[] = {
	lookups_file,  lookups_data, lookups_value,  lookups_table,	  lookups_password,
	lookups_vault, lookups_url,  lookups_config, lookups_hashi_vault, NULL};

/* Fully qualified names of what is built in. */
static struct slice strip_collection(struct slice name)
{
	static const char *const prefixes[] = {"ansible.builtin.",   "ansible.legacy.",
					       "ansible.utils.",     "ansible.netcommon.",
					       "community.general.", "community.hashi_vault."};
	for (size_t i = 0; name.len && memchr(name.ptr, '.', name.len) && i < ARRAY_LEN(prefixes);
	     i++) {
		size_t n = strlen(prefixes[i]);
		if (slice_starts_with(name, prefixes[i]))
			return (struct slice){name.ptr + n, name.len - n};
	}
	return name;
}

static const struct function *find(const struct function *const *tables, struct slice name)
{
	name = strip_collection(name);
	for (; *tables; tables++)
		for (const struct function *f = *tables; name.len && f->name; f++)
			if (*f->name == *name.ptr && slice_is(name, f->name))
				return f;
	return NULL;
}

const struct function *registry_filter(struct slice name)
{
	return find(filters, name);
}
const struct function *registry_test(struct slice name)
{
	return find(tests, name);
}
const struct function *registry_lookup(struct slice name)
{
	return find(lookups, name);
}

const char *registry_hint(char kind, struct slice name, char *buf, size_t size)
{
	struct nearest near;
	nearest_init(&near, strip_collection(name));
	for (const struct function *const *t = kind == 'f'   ? filters
					       : kind == 't' ? tests
							     : lookups;
	     *t; t++)
		for (const struct function *f = *t; f->name; f++)
			nearest_offer(&near, slice_from(f->name));
	return nearest_hint(&near, buf, size);
}

int function_param(const struct function *f, struct slice name)
{
	struct slice rest = slice_from(f->params ? f->params : ""), part;
	for (int i = 0; rest.len > 0 && slice_split(&rest, ',', &part); i++)
		if (slice_eq(part, name))
			return i;
	return -1;
}

size_t function_takes(const struct function *f, size_t given)
{
	const char *p = f->params;
	size_t n = p && *p && given > 0;
	while (n > 0 && n < given && (p = strchr(p, ','))) {
		p++;
		n++;
	}
	return n;
}

unsigned function_max_args(const struct function *f)
{
	unsigned n = f->params && *f->params;
	for (const char *p = f->params; p && *p; p++)
		n += *p == ',';
	return n;
}
