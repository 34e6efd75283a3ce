#include "state.h"

#include "../network/network.h"
#include "project.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VERSION 1
#define FILE_MAX_BYTES (1u << 20)

/* ---- reading ---- */

static struct vm_decided *host_of(struct vm_project_state *s, const char *name)
{
	struct vm_decided *found = (struct vm_decided *)vm_state_find(s, name);
	if (found)
		return found;
	vec_push(&s->hosts, ((struct vm_decided){.name = name}));
	return &s->hosts.at[s->hosts.len - 1];
}

const struct vm_decided *vm_state_find(const struct vm_project_state *s, const char *name)
{
	for (size_t i = 0; i < s->hosts.len; i++)
		if (strcmp(s->hosts.at[i].name, name) == 0)
			return &s->hosts.at[i];
	return NULL;
}

/* An entry that makes no sense counts as not decided. */
static void read_numbers(struct vm_project_state *s, const struct value *dict, bool ports)
{
	const int64_t min = ports ? 1 : VM_NUMBER_MIN, max = ports ? 65535 : VM_NUMBER_MAX;
	if (!dict || dict->type != VALUE_DICT)
		return;
	for (size_t i = 0; i < dict->dict.len; i++) {
		const struct value *name = dict->dict.at[i].key, *n = dict->dict.at[i].value;
		if (name->type != VALUE_STRING || n->type != VALUE_INT || n->integer < min ||
		    n->integer > max)
			continue;
		struct vm_decided *host = host_of(s, name->str.ptr);
		*(ports ? &host->port : &host->number) = (unsigned)n->integer;
	}
}

static const char *text_of(const struct value *tree, const char *key)
{
	const struct value *v = value_get(tree, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : NULL;
}

static int read_tree(struct vm_project_state *s, const char *path, const struct value *tree,
		     struct err *err)
{
	const struct value *version = value_get(tree, "version");
	uint32_t network;
	unsigned prefix;
	if (!version || version->type != VALUE_INT)
		return err_set(err, ERR_INVALID,
			       "%s is damaged; without it the project chooses its addresses anew",
			       path);
	if (version->integer != VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s has version %lld: another version of rollout wrote it", path,
			       (long long)version->integer);
	s->mode = text_of(tree, "mode");
	s->subnet = text_of(tree, "subnet");
	if (s->subnet && vm_subnet_parse(s->subnet, &network, &prefix, NULL) < 0)
		s->subnet = NULL;
	read_numbers(s, value_get(tree, "addresses"), false);
	read_numbers(s, value_get(tree, "ports"), true);
	return 0;
}

int vm_state_read(struct vm_project *p, struct vm_project_state *ret, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_project_path(p, "project.json");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct vm_project_state s = {0};
	const struct value *tree = NULL;
	if (access(path, F_OK) < 0) {
		*ret = s;
		return 0;
	}
	int r = file_read(path, FILE_MAX_BYTES, &text, err);
	if (r == 0)
		r = json_parse(&p->arena, path, strbuf_slice(&text), &tree, err);
	if (r == 0)
		r = read_tree(&s, path, tree, err);
	if (r == 0)
		*ret = s;
	return r;
}

void vm_state_release(struct vm_project_state *s)
{
	vec_release(&s->hosts);
}

/* ---- to the project ---- */

int vm_assign_address(struct vm_machine *m, struct err *err)
{
	struct vm_project *p = m->project;
	uint32_t network;
	char text[16];
	if (m->spec->address) {
		m->address = m->spec->address;
		return 0;
	}
	if (!vm_address_parse(p->subnet, &network))
		return err_set(err, ERR_INVALID, "%s is not a network", p->subnet);
	vm_address_format(network + m->number, text);
	m->address = arena_strdup(&p->arena, text);
	return 0;
}

static int apply_machine(struct vm_machine *m, const struct vm_decided *d, struct err *err)
{
	const struct vm_project *p = m->project;
	if (!d || !d->number || !m->host_key || !m->machine_id[0] || !p->subnet || !p->public_key)
		return 0;
	if (vm_project_uses_ports(p) && !d->port && !m->spec->ssh_port)
		return 0;
	m->number = d->number;
	if (vm_project_uses_ports(p))
		m->ssh_port = m->spec->ssh_port ? m->spec->ssh_port : d->port;
	return vm_assign_address(m, err);
}

int vm_state_apply(struct vm_project *p, const struct vm_project_state *s, struct err *err)
{
	uint32_t network;
	char text[16];
	int r = 0;
	if (!s->subnet)
		return 0;
	r = vm_subnet_parse(s->subnet, &network, &p->prefix, err);
	if (r < 0)
		return r;
	vm_address_format(network, text);
	p->subnet = arena_strdup(&p->arena, text);
	vm_address_format(network + 1, text);
	p->gateway = arena_strdup(&p->arena, text);
	for (size_t i = 0; i < p->machines.len && r == 0; i++) {
		struct vm_machine *m = p->machines.at[i];
		r = apply_machine(m, vm_state_find(s, m->spec->name), err);
	}
	return r;
}

/* ---- writing ---- */

static unsigned number_of(const struct vm_machine *m, bool ports)
{
	return ports ? m->ssh_port : m->number;
}

/* Its number went to another when all were gone. */
static bool is_given_away(const struct vm_project *p, const char *name, unsigned number, bool ports)
{
	for (size_t i = 0; i < p->machines.len; i++)
		if (number_of(p->machines.at[i], ports) == number &&
		    strcmp(p->machines.at[i]->spec->name, name) != 0)
			return true;
	return false;
}

static struct value *numbers(struct arena *a, const struct vm_project *p,
			     const struct vm_project_state *s, bool ports)
{
	struct value *dict = value_dict_new(a);
	for (size_t i = 0; i < s->hosts.len; i++) {
		unsigned n = ports ? s->hosts.at[i].port : s->hosts.at[i].number;
		if (n && !is_given_away(p, s->hosts.at[i].name, n, ports))
			value_dict_put(a, dict, s->hosts.at[i].name, value_int(a, n));
	}
	for (size_t i = 0; i < p->machines.len; i++) {
		const struct vm_machine *m = p->machines.at[i];
		unsigned n = number_of(m, ports);
		if (n)
			value_dict_put(a, dict, m->spec->name, value_int(a, n));
	}
	return dict;
}

int vm_state_write(const struct vm_project *p, const struct vm_project_state *s, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_project_path(p, "project.json");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(arena_release) struct arena a = {0};
	const struct vm_topology *t = p->topology;
	struct value *tree = value_dict_new(&a);
	value_dict_put(&a, tree, "version", value_int(&a, VERSION));
	value_dict_put(&a, tree, "driver",
		       value_cstr(&a, t->driver == VM_DRIVER_QEMU ? "qemu" : "nspawn"));
	value_dict_put(&a, tree, "mode",
		       value_cstr(&a, t->mode == VM_NETWORK_USER ? "user" : "bridge"));
	value_dict_put(&a, tree, "subnet", value_fmt(&a, "%s/%u", p->subnet, p->prefix));
	value_dict_put(&a, tree, "addresses", numbers(&a, p, s, false));
	value_dict_put(&a, tree, "ports", numbers(&a, p, s, true));
	json_emit(&text, tree, JSON_PRETTY);
	strbuf_putc(&text, '\n');
	return vm_write_changed(path, strbuf_slice(&text), 0600, err);
}
