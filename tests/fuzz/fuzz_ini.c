/*
 * Sections: an INI inventory, what a program printed for --list, a constructed
 * plugin's configuration. A host's variables that are merged are those of its origins.
 */
#include "../../src/inventory/internal.h"
#include "input.h"
#include "rollout/inventory/inventory.h"
#include "rollout/value/json.h"
#include "rollout/value/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find(void *ctx, const struct inv_origin *o)
{
	const struct inv_host *h = ctx;
	if (!value_find(h->vars, o->key))
		abort();
}

static int load(struct inventory *inv, struct slice rest, struct err *err)
{
	struct slice ini = input_section(&rest), list = input_section(&rest),
		     config = input_section(&rest);
	const struct value *tree;
	int r = inventory_read_ini(inv, "fuzz", ini, err);
	if (r == 0 && list.len > 0) {
		r = json_parse(&inv->arena, "fuzz", list, &tree, err);
		if (r == 0)
			r = inventory_read_list(inv, tree, NULL, err);
	}
	if (r == 0 && config.len > 0) {
		r = yaml_parse(&inv->arena, "fuzz", config, &tree, err);
		if (r == 0 && tree->type == VALUE_DICT)
			r = inventory_read_constructed(inv, tree, err);
	}
	return r < 0 ? r : inventory_finish(inv, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inventory *inv = inventory_new();
	struct err err = {0};
	char message[sizeof(err.msg) + 200];
	int r = load(inv, (struct slice){(const char *)data, size}, &err);
	if (r < 0 && !err.msg[0])
		abort();
	if (r < 0)
		err_format(&err, message, sizeof(message));
	for (size_t i = 0; r == 0 && i < inv->hosts.len && i < 50; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		if (inventory_each_origin(inv, h, find, h, &err) < 0)
			abort();
	}
	inventory_free(inv);
	return 0;
}
