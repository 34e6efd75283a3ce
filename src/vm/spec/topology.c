#include "spec.h"

#include "../network/network.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/utsname.h>

#define DEFAULT_USER "rollout"
#define DEFAULT_MEMORY (1ll << 30)
#define DEFAULT_DISK (10ll << 30)

struct vm_topology *vm_topology_new(void)
{
	struct vm_topology *t = xcalloc(1, sizeof(*t));
	t->nat = true;
	return t;
}

void vm_topology_free(struct vm_topology *t)
{
	if (!t)
		return;
	vec_release(&t->specs);
	arena_release(&t->arena);
	free(t);
}

enum vm_arch vm_arch_own(void)
{
	struct utsname u;
	return uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? VM_ARCH_ARM64 : VM_ARCH_AMD64;
}

/* RFC 1123 section 2.1, RFC 952: one label. The name is also a folder's. */
const char *vm_host_name_bad(const char *name)
{
	size_t len = strlen(name);
	bool good = len > 0 && len <= 63 && name[0] != '-' && name[len - 1] != '-';
	for (size_t i = 0; good && i < len; i++)
		good = isalnum((unsigned char)name[i]) || name[i] == '-';
	return good ? NULL
		    : "a VM's host name has letters, digits and '-', at most 63, and neither "
		      "begins nor ends with '-'";
}

/* ---- vm_network ---- */

struct network {
	enum vm_network_mode mode;
	const char *subnet; /* NULL: auto */
	bool nat;
};

static int key_mode(const struct field *f, void *into, struct err *err)
{
	static const char *const names[] = {
		[VM_NETWORK_USER] = "user", [VM_NETWORK_BRIDGE] = "bridge"};
	struct network *n = into;
	unsigned i = 0;
	int r = vm_field_choice(f, names, ARRAY_LEN(names), &i, err);
	n->mode = (enum vm_network_mode)i;
	return r;
}

static int key_subnet(const struct field *f, void *into, struct err *err)
{
	struct network *n = into;
	const char *text;
	uint32_t network;
	unsigned prefix;
	if (value_is_str(f->value, "auto"))
		return 0;
	int r = vm_field_text(f, &text, err);
	if (r == 0)
		r = err_wrap(err, vm_subnet_parse(text, &network, &prefix, err), "%s", f->name);
	if (r < 0)
		return err_locate(err, r, f->value->at);
	n->subnet = text;
	return 0;
}

static int key_nat(const struct field *f, void *into, struct err *err)
{
	struct network *n = into;
	return vm_field_bool(f, &n->nat, err);
}

static int read_network(struct arena *a, const struct value *v, struct network *ret,
			struct err *err)
{
	static const struct field_key keys[] = {
		{"mode", key_mode}, {"subnet", key_subnet}, {"nat", key_nat}};
	const struct field_reader reader = {a, ""};
	struct network n = {.nat = true};
	int r = 0;
	if (v && v->type != VALUE_NULL)
		r = vm_fields_read(&reader, v, keys, ARRAY_LEN(keys), &n, err);
	if (r == 0)
		*ret = n;
	return err_wrap(err, r, "vm_network");
}

static bool same_network(const struct vm_topology *t, const struct network *n)
{
	bool both = t->subnet && n->subnet;
	return t->mode == n->mode && t->nat == n->nat &&
	       (both ? strcmp(t->subnet, n->subnet) == 0 : t->subnet == n->subnet);
}

static int agree_on_network(const struct vm_topology *t, const struct network *n, struct srcloc at,
			    struct err *err)
{
	if (t->specs.len == 0 || same_network(t, n))
		return 0;
	return err_at(
		err, ERR_INVALID, at,
		"vm_network is {mode: %s, subnet: %s, nat: %s}, but {mode: %s, subnet: %s, "
		"nat: %s} for %s: set it once, for all VMs",
		n->mode == VM_NETWORK_USER ? "user" : "bridge", n->subnet ? n->subnet : "auto",
		n->nat ? "true" : "false", t->mode == VM_NETWORK_USER ? "user" : "bridge",
		t->subnet ? t->subnet : "auto", t->nat ? "true" : "false", t->specs.at[0]->name);
}

/* ---- a host ---- */

static int read_host(struct vm_topology *t, const char *host, const char *user,
		     const struct value *vm, struct vm_spec **ret, struct err *err)
{
	struct vm_spec *s = ARENA_NEW(&t->arena, struct vm_spec);
	static const char *const none[] = {NULL};
	const char *bad = vm_host_name_bad(host);
	if (bad)
		return err_at(err, ERR_INVALID, vm->at, "%s", bad);
	*s = (struct vm_spec){.name = arena_strdup(&t->arena, host),
			      .at = vm->at,
			      .arch = vm_arch_own(),
			      .cpus = 1,
			      .memory_bytes = DEFAULT_MEMORY,
			      .disk_bytes = DEFAULT_DISK,
			      .user = arena_strdup(&t->arena, user ? user : DEFAULT_USER),
			      .authorized_keys = none,
			      .packages = none};
	int r = vm_spec_read(&t->arena, vm, s, err);
	if (r < 0)
		return err_wrap(err, r, "vm");
	bad = vm_login_name_bad(s->user);
	if (bad)
		return err_at(err, ERR_INVALID, vm->at, "the user '%.80s' is not %s; set vm.user",
			      s->user, bad);
	*ret = s;
	return 0;
}

static int add(struct vm_topology *t, const char *host, const char *user, const struct value *vm,
	       const struct value *network, struct err *err)
{
	struct network n = {0};
	struct vm_spec *s = NULL;
	struct srcloc network_at = network && network->at.file ? network->at : vm->at;
	int r = read_network(&t->arena, network, &n, err);
	if (r == 0)
		r = agree_on_network(t, &n, network_at, err);
	if (r == 0)
		r = read_host(t, host, user, vm, &s, err);
	if (r < 0)
		return r;
	if (t->specs.len == 0) {
		t->mode = n.mode;
		t->subnet = n.subnet;
		t->nat = n.nat;
		t->network_at = network_at;
	}
	vec_push(&t->specs, s);
	return 0;
}

int vm_topology_add(struct vm_topology *t, const char *host, const char *user,
		    const struct value *vm, const struct value *network, struct err *err)
{
	if (!vm || vm->type == VALUE_NULL || (vm->type == VALUE_BOOL && !vm->boolean))
		return 0;
	int r = add(t, host, user, vm, network, err);
	return r < 0 ? err_locate(err, err_wrap(err, r, "host %.80s", host), vm->at) : 0;
}
