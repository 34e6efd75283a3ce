/* rollout inventory: what the inventory says, and where it says so. */
#include "inventory/view.h"

static int check_options(const struct options *o, struct err *err)
{
	if (o->list + o->graph + (o->host != NULL) != 1)
		return err_set(err, ERR_USAGE, "one of --list, --graph, --host HOST");
	if (o->explain && !o->host)
		return err_set(err, ERR_USAGE, "--explain goes with --host HOST");
	if (o->words.len > 0 && !o->explain && !o->graph)
		return err_set(err, ERR_USAGE, "what is '%s'? The inventory is named by -i",
			       o->words.at[0]);
	if (o->graph && o->words.len > 1)
		return err_set(err, ERR_USAGE, "--graph shows one group, not '%s' and '%s'",
			       o->words.at[0], o->words.at[1]);
	return 0;
}

int cmd_inventory(const struct options *o, struct err *err)
{
	CLEANUP(loaded_release) struct loaded l = {0};
	int r = check_options(o, err);
	if (r == 0)
		r = load_inventory(o, NULL, &l, err);
	if (r < 0)
		return r;
	if (o->host)
		return inventory_print_host(l.inv, o, l.extra_vars, err);
	if (o->graph)
		return inventory_print_graph(l.inv, o, l.extra_vars, err);
	inventory_print_list(l.inv, o, l.extra_vars);
	return RUN_EXIT_OK;
}
