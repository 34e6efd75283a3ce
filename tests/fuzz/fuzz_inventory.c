/*
 * Sections: a YAML inventory, host patterns (one a line), a "host1,host2," list.
 * Each host that a pattern gives is given once.
 */
#include "../../src/inventory/internal.h"
#include "input.h"
#include "rollout/inventory/inventory.h"
#include "rollout/value/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(struct inventory *inv, struct slice pattern)
{
	inv_hosts hosts = {0};
	struct err err = {0};
	if (memchr(pattern.ptr, '@', pattern.len)) /* reads a file */
		return;
	if (inventory_match(inv, pattern, (struct srcloc){"fuzz", 1, 1}, &hosts, &err) < 0 &&
	    hosts.len)
		abort();
	for (size_t i = 0; i < hosts.len && i < 100; i++)
		for (size_t k = 0; k < i; k++)
			if (hosts.at[i] == hosts.at[k])
				abort();
	vec_release(&hosts);
}

static int load(struct inventory *inv, struct slice text, struct slice list, struct err *err)
{
	const struct value *tree;
	int r = yaml_parse(&inv->arena, "fuzz", text, &tree, err);
	if (r == 0)
		r = inventory_read_tree(inv, "fuzz", tree, err);
	char *hosts = xstrndup(list.ptr, list.len);
	if (r == 0 && strchr(hosts, ','))
		r = inventory_add_source(inv, hosts, err);
	free(hosts);
	return r < 0 ? r : inventory_finish(inv, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size}, pattern;
	struct slice text = input_section(&rest), patterns = input_section(&rest);
	struct inventory *inv = inventory_new();
	struct err err = {0};
	char message[sizeof(err.msg) + 200];
	if (load(inv, text, input_section(&rest), &err) < 0)
		err_format(&err, message, sizeof(message));
	else
		while (slice_split(&patterns, '\n', &pattern))
			match(inv, pattern);
	inventory_free(inv);
	return 0;
}
