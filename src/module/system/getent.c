/* getent: entries of the host's name service databases, as facts. */
#include "../call.h"

static const struct module_param params[] = {
	{.name = "database",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "passwd, group, hosts, services, …"},
	{.name = "key", .type = MODULE_STR, .doc = "The entry; all of them without it."},
	{.name = "split", .type = MODULE_STR, .doc = "What separates an entry's fields."},
	{.name = "service", .type = MODULE_STR, .doc = "The service to ask (getent -s)."},
	{.name = "fail_key",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Fails where the key is not found."},
	{0},
};

static const char *separator(const struct module_call *call, const char *database)
{
	static const char *const with_colon[] = {"passwd", "shadow", "group", "gshadow"};
	if (arg_has(call, "split"))
		return arg_str(call, "split");
	for (size_t i = 0; i < ARRAY_LEN(with_colon); i++)
		if (strcmp(database, with_colon[i]) == 0)
			return ":";
	return NULL; /* white space */
}

static bool next_field(struct slice *rest, const char *separators, struct slice *ret)
{
	if (separators) {
		return slice_split(rest, separators[0], ret);
	}
	*rest = slice_trim(*rest);
	size_t n = 0;
	while (n < rest->len && !strchr(" \t", rest->ptr[n]))
		n++;
	*ret = (struct slice){rest->ptr, n};
	*rest = (struct slice){rest->ptr + n, rest->len - n};
	return n > 0;
}

static void put_entry(struct module_call *call, struct value *entries, struct slice line,
		      const char *separators)
{
	struct slice key, field;
	struct value *fields = value_list_new(call->arena);
	if (!next_field(&line, separators, &key))
		return;
	while (next_field(&line, separators, &field))
		value_list_push(call->arena, fields, value_str(call->arena, field));
	value_dict_set(call->arena, entries, value_str(call->arena, key), fields);
}

static int check_exit(const struct module_call *call, int exit_code, const char *key,
		      struct err *err)
{
	if (exit_code == 0)
		return 0;
	if (exit_code == 2 && !arg_bool(call, "fail_key"))
		return 0;
	if (exit_code == 2)
		return err_set(err, ERR_NOT_FOUND, "%s was not found in the database",
			       key ? key : "One or more of the supplied keys");
	return err_set(err, ERR_INVALID,
		       exit_code == 3 ? "Enumeration not supported on this database"
				      : "Missing arguments, or database unknown");
}

static int run(struct module_call *call, struct err *err)
{
	const char *database = arg_str(call, "database"), *key = arg_str(call, "key");
	const char *service = arg_str(call, "service"), *argv[8] = {"getent"};
	struct slice out, line;
	size_t n = 1;
	int exit_code;
	if (service) {
		argv[n++] = "-s";
		argv[n++] = service;
	}
	argv[n++] = "--"; /* a key may begin with a dash */
	argv[n++] = database;
	if (key)
		argv[n++] = key;
	int r = call_probe(call, argv, &exit_code, &out, err);
	if (r == 0)
		r = check_exit(call, exit_code, key, err);
	if (r < 0)
		return r;
	struct value *entries = value_dict_new(call->arena), *facts = value_dict_new(call->arena);
	if (exit_code == 2)
		result_put_str(call, "msg",
			       "One or more supplied key could not be found in the database.");
	if (key && exit_code == 2)
		value_dict_put(call->arena, entries, key, value_null());
	while (slice_split(&out, '\n', &line))
		put_entry(call, entries, line, separator(call, database));
	value_dict_put(call->arena, facts, arena_printf(call->arena, "getent_%s", database),
		       entries);
	result_put(call, "ansible_facts", facts);
	return 0;
}

const struct module module_getent = {
	.name = "getent",
	.full_name = "ansible.builtin.getent",
	.doc = "Reads entries of passwd, group, hosts and the like.",
	.flags = MODULE_BRINGS_FACTS,
	.params = params,
	.run = run,
};
