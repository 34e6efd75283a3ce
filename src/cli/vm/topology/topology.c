#include "topology.h"

#include "magic.h"
#include "rollout/base/nearest.h"
#include "rollout/inventory/vars.h"
#include "rollout/template/template.h"

/* The topology while it is made. */
struct builder {
	const struct vm_source *source;
	struct vm_topology *topology;
	struct arena *arena; /* of what was rendered: the inventory's */
	bool chosen;	     /* topology->driver, by an option or by a host before */
	struct slice first;  /* the host that chose it */
};

bool vm_driver_by_name(struct slice name, enum vm_driver_kind *ret)
{
	for (int kind = VM_DRIVER_QEMU; kind <= VM_DRIVER_NSPAWN; kind++) {
		if (!slice_is(name, vm_driver_kind_name((enum vm_driver_kind)kind)))
			continue;
		*ret = (enum vm_driver_kind)kind;
		return true;
	}
	return false;
}

const char *vm_driver_kind_name(enum vm_driver_kind kind)
{
	return kind == VM_DRIVER_NSPAWN ? "nspawn" : "qemu";
}

/* What YAML cannot mean as a VM. `vm: false` takes a host out of its group's. */
static bool is_absent(const struct value *vm)
{
	return !vm || vm->type == VALUE_NULL || (vm->type == VALUE_BOOL && !vm->boolean);
}

static bool is_local(const struct inv_host *h, const struct value *connection)
{
	if (connection && connection->type == VALUE_STRING)
		return slice_is(connection->str, "local");
	return strcmp(h->name, "localhost") == 0;
}

/* Without keys whose value is `omit`, and with what the command line says. */
static const struct value *adapt(struct builder *b, const struct value *vm)
{
	if (vm->type != VALUE_DICT)
		return vm;
	struct value *out = value_dict_new(b->arena);
	out->at = vm->at;
	for (size_t i = 0; i < vm->dict.len; i++)
		if (!template_is_omit(vm->dict.at[i].value))
			value_dict_set(b->arena, out, vm->dict.at[i].key, vm->dict.at[i].value);
	if (b->source->accel)
		value_dict_put(b->arena, out, "accel", value_cstr(b->arena, b->source->accel));
	return out;
}

static int unknown_driver(const struct value *v, struct err *err)
{
	struct nearest n;
	char hint[128] = "";
	if (v->type == VALUE_STRING) {
		nearest_init(&n, v->str);
		nearest_offer(&n, SLICE_LIT("qemu"));
		nearest_offer(&n, SLICE_LIT("nspawn"));
		return err_at(err, ERR_INVALID, v->at, "vm_driver: qemu or nspawn, not '%.*s'%s",
			      SLICE_ARG(v->str), nearest_hint(&n, hint, sizeof(hint)));
	}
	return err_at(err, ERR_INVALID, v->at, "vm_driver: qemu or nspawn, not a %s",
		      value_type_name(v));
}

static int choose_driver(struct builder *b, const struct inv_host *h, const struct value *wanted,
			 struct err *err)
{
	enum vm_driver_kind kind = VM_DRIVER_QEMU;
	bool says = wanted && wanted->type != VALUE_NULL;
	if (b->source->driver)
		return 0;
	if (says && (wanted->type != VALUE_STRING || !vm_driver_by_name(wanted->str, &kind)))
		return unknown_driver(wanted, err);
	if (b->first.len > 0 && kind != b->topology->driver)
		return err_at(err, ERR_INVALID, says ? wanted->at : h->at,
			      "host %s: vm_driver is %s, but %s for %.*s: set it once, for all VMs",
			      h->name, vm_driver_kind_name(kind),
			      vm_driver_kind_name(b->topology->driver), SLICE_ARG(b->first));
	b->topology->driver = kind;
	b->chosen = b->chosen || says;
	b->first = slice_from(h->name);
	return 0;
}

/* The variables of a host that make it a VM. */
struct host_values {
	const struct value *vm, *network, *driver, *user, *connection;
};

static int read_values(struct vars *v, struct host_values *ret, struct err *err)
{
	const struct {
		const char *name;
		const struct value **to;
	} all[] = {{"ansible_connection", &ret->connection},
		   {"vm", &ret->vm},
		   {"vm_network", &ret->network},
		   {"vm_driver", &ret->driver},
		   {"ansible_user", &ret->user}};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int r = vars_get(v, all[i].name, all[i].to, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_values(struct builder *b, const struct inv_host *h, const struct host_values *values,
		      struct err *err)
{
	const struct value *user = values->user;
	if (is_absent(values->vm) || is_local(h, values->connection))
		return 0;
	if (user && user->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, user->at, "host %s: ansible_user is a name, not %s",
			      h->name, value_type_name(user));
	int r = choose_driver(b, h, values->driver, err);
	return r < 0 ? r
		     : vm_topology_add(b->topology, h->name, user ? user->str.ptr : NULL,
				       adapt(b, values->vm), values->network, err);
}

static int add_host(struct builder *b, const struct inv_host *h, struct err *err)
{
	const struct loaded *l = b->source->loaded;
	struct host_values values = {0};
	struct vars vars;
	struct host_magic magic = {.inv = l->inv, .host = h};
	/* Nothing of a host without `vm` is evaluated: it may hold what only a run knows. */
	if (!value_get(h->vars, "vm") && !value_get(l->extra_vars, "vm"))
		return 0;
	vars_init(&vars, l->env, b->arena, host_magic_init(&magic));
	vars_set_level(&vars, VARS_INVENTORY, h->vars);
	vars_set_level(&vars, VARS_EXTRA, l->extra_vars);
	int r = read_values(&vars, &values, err);
	if (r < 0)
		err_wrap(err, r, "host %s", h->name);
	if (r == 0)
		r = add_values(b, h, &values, err);
	vars_release(&vars);
	return r;
}

int vm_topology_from_inventory(const struct vm_source *source, struct vm_topology **ret,
			       bool *ret_chosen, struct err *err)
{
	struct inventory *inv = source->loaded->inv;
	struct builder b = {.source = source, .topology = vm_topology_new(), .arena = &inv->arena};
	int r = 0;
	if (source->driver)
		b.chosen = vm_driver_by_name(slice_from(source->driver), &b.topology->driver);
	for (size_t i = 0; r == 0 && i < inv->hosts.len; i++) {
		const struct inv_host *h = inv->hosts.entries[i].value;
		r = h->implicit ? 0 : add_host(&b, h, err);
	}
	if (r < 0) {
		vm_topology_free(b.topology);
		return r;
	}
	*ret = b.topology;
	*ret_chosen = b.chosen;
	return 0;
}
