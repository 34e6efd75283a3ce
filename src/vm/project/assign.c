/* What the project decides: its subnet, the machines' numbers, ports and MACs. */
#include "../network/network.h"
#include "project.h"
#include "rollout/base/digest.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>

/* Ports are spread, so that projects that run side by side seldom want the same;
 * below what the kernel gives to outgoing connections. */
#define PORT_FIRST 22000u
#define PORT_SPREAD 100u
#define PORT_STEP 100u

static uint32_t hint_of(const struct vm_project *p)
{
	return (uint32_t)strtoul(p->id, NULL, 16);
}

/* ---- subnet ---- */

static const char *mode_name(const struct vm_project *p)
{
	return p->topology->mode == VM_NETWORK_USER ? "user" : "bridge";
}

/* Machines that are there were made for the network as it was. */
static int check_unchanged(const struct vm_project *p, const struct vm_project_state *s,
			   const char *subnet, struct err *err)
{
	const bool moved = s->subnet && strcmp(s->subnet, subnet) != 0;
	if (!moved && (!s->mode || strcmp(s->mode, mode_name(p)) == 0))
		return 0;
	if (!vm_project_has_machines(p))
		return 0;
	return err_at(err, ERR_INVALID, p->topology->network_at,
		      "vm_network: there are VMs made for {mode: %s, subnet: %s}, not {mode: %s, "
		      "subnet: %s}: put that back, or destroy them first",
		      s->mode ? s->mode : mode_name(p), s->subnet ? s->subnet : subnet,
		      mode_name(p), subnet);
}

static bool is_usable(const struct vm_project *p, const char *subnet)
{
	uint32_t network;
	unsigned prefix;
	char bridge[16], why[128];
	snprintf(bridge, sizeof(bridge), "rl-%s", p->id);
	return vm_subnet_parse(subnet, &network, &prefix, NULL) == 0 &&
	       (vm_project_has_machines(p) || !vm_subnet_collides(network, prefix, bridge, why));
}

static int find_subnet(struct vm_project *p, const struct vm_project_state *s, const char **ret,
		       struct err *err)
{
	char chosen[16];
	if (p->topology->subnet || (s->subnet && is_usable(p, s->subnet))) {
		*ret = p->topology->subnet ? p->topology->subnet : s->subnet;
		return 0;
	}
	int r = vm_subnet_choose(hint_of(p), chosen, err);
	if (r < 0)
		return r;
	*ret = arena_printf(&p->arena, strchr(chosen, '/') ? "%s" : "%s/24", chosen);
	return 0;
}

int vm_assign_subnet(struct vm_project *p, const struct vm_project_state *s, struct err *err)
{
	const char *subnet = NULL;
	uint32_t network;
	char text[16];
	int r = find_subnet(p, s, &subnet, err);
	if (r == 0)
		r = vm_subnet_parse(subnet, &network, &p->prefix, err);
	if (r == 0)
		r = check_unchanged(p, s, subnet, err);
	if (r < 0)
		return r;
	vm_address_format(network, text);
	p->subnet = arena_strdup(&p->arena, text);
	vm_address_format(network + 1, text);
	p->gateway = arena_strdup(&p->arena, text);
	return 0;
}

/* ---- numbers ---- */

struct numbering {
	const struct vm_machine *written[256]; /* whose `address` is .n */
	const struct vm_machine *used[256];
	bool absent[256]; /* a host's that the inventory has no more */
	uint32_t network;
};

static void note_written(struct numbering *n, const struct vm_machine *m)
{
	uint32_t address;
	if (m->spec->address && vm_address_parse(m->spec->address, &address) &&
	    address - n->network < 256)
		n->written[address - n->network] = m;
}

static bool is_free(const struct numbering *n, unsigned number, const struct vm_machine *m)
{
	const struct vm_machine *written = n->written[number];
	return !n->used[number] && (!written || written == m);
}

/* Its number of last time, unless somebody else wrote that address. A machine that
 * is there has it in its disk already. */
static int keep_number(struct numbering *n, struct vm_machine *m, const struct vm_decided *d,
		       struct err *err)
{
	m->number = 0;
	if (!d || !d->number)
		return 0;
	if (is_free(n, d->number, m) || (m->spec->address && !n->used[d->number])) {
		m->number = d->number;
		n->used[m->number] = m;
		return 0;
	}
	if (n->used[d->number] || !vm_machine_exists(m))
		return 0;
	const struct vm_spec *other = n->written[d->number]->spec;
	return err_at(err, ERR_EXISTS, other->places.address,
		      "host %s: vm: address %s is what %s got: choose another, or destroy %s first",
		      other->name, other->address, m->spec->name, m->spec->name);
}

static unsigned next_free(const struct numbering *n, const struct vm_machine *m, bool take_absent)
{
	for (unsigned i = VM_NUMBER_FIRST; i < VM_NUMBER_FIRST + VM_MAX; i++)
		if (is_free(n, i, m) && (take_absent || !n->absent[i]))
			return i;
	return 0;
}

static int give_number(struct numbering *n, struct vm_machine *m, struct err *err)
{
	for (unsigned i = VM_NUMBER_MIN; i <= VM_NUMBER_MAX && !m->number; i++)
		if (n->written[i] == m && !n->used[i])
			m->number = i;
	if (!m->number)
		m->number = next_free(n, m, false);
	if (!m->number)
		m->number = next_free(n, m, true);
	if (!m->number)
		return err_at(err, ERR_LIMIT, m->spec->at, "host %s: no address is left in %s/%u",
			      m->spec->name, m->project->subnet, m->project->prefix);
	n->used[m->number] = m;
	return 0;
}

static int number_all(struct vm_project *p, struct numbering *n, const struct vm_project_state *s,
		      struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < p->machines.len; i++)
		note_written(n, p->machines.at[i]);
	for (size_t i = 0; i < s->hosts.len; i++)
		if (!vm_project_find(p, s->hosts.at[i].name))
			n->absent[s->hosts.at[i].number] = true;
	for (size_t i = 0; i < p->machines.len && r == 0; i++)
		r = keep_number(n, p->machines.at[i],
				vm_state_find(s, p->machines.at[i]->spec->name), err);
	for (size_t i = 0; i < p->machines.len && r == 0; i++)
		if (!p->machines.at[i]->number)
			r = give_number(n, p->machines.at[i], err);
	for (size_t i = 0; i < p->machines.len && r == 0; i++)
		r = vm_assign_address(p->machines.at[i], err);
	return r;
}

int vm_assign_numbers(struct vm_project *p, const struct vm_project_state *s, struct err *err)
{
	struct numbering n = {0};
	if (!vm_address_parse(p->subnet, &n.network))
		return err_set(err, ERR_INVALID, "%s is not a network", p->subnet);
	return number_all(p, &n, s, err);
}

/* ---- ports ---- */

typedef VEC(unsigned) ports;

static bool has_port(const ports *taken, unsigned port)
{
	for (size_t i = 0; i < taken->len; i++)
		if (taken->at[i] == port)
			return true;
	return false;
}

/* Written ones first: nobody else may get them. */
static void take_written(struct vm_project *p, ports *taken)
{
	for (size_t i = 0; i < p->machines.len; i++) {
		struct vm_machine *m = p->machines.at[i];
		m->ssh_port = m->spec->ssh_port;
		if (m->ssh_port)
			vec_push(taken, m->ssh_port);
	}
}

static int port_is_held(const struct vm_project *p, const struct vm_machine *m, unsigned port,
			struct err *err)
{
	for (size_t i = 0; i < p->machines.len; i++) {
		const struct vm_spec *s = p->machines.at[i]->spec;
		if (s->ssh_port == port)
			return err_at(
				err, ERR_EXISTS, s->places.ssh_port,
				"host %s: vm: ssh_port %u is in use by %s, which runs: choose "
				"another, or halt %s first",
				s->name, port, m->spec->name, m->spec->name);
	}
	return 0;
}

/* The port of last time: for a machine that runs, or when it can still be bound. */
static int keep_port(struct vm_machine *m, const struct vm_decided *d, ports *taken,
		     struct err *err)
{
	unsigned port;
	if (m->ssh_port || !d || !d->port)
		return 0;
	bool runs = vm_machine_runs(m);
	if (has_port(taken, d->port))
		return runs ? port_is_held(m->project, m, d->port, err) : 0;
	if (!runs && vm_port_choose(d->port, NULL, 0, &port, NULL) < 0)
		return 0;
	m->ssh_port = d->port;
	vec_push(taken, m->ssh_port);
	return 0;
}

static int give_port(struct vm_machine *m, ports *taken, struct err *err)
{
	const unsigned first = PORT_FIRST + hint_of(m->project) % PORT_SPREAD * PORT_STEP;
	unsigned port = 0;
	for (unsigned i = 0; i < PORT_STEP && !port; i++)
		if (!has_port(taken, first + i))
			vm_port_choose(first + i, taken->at, taken->len, &port, NULL);
	int r = port ? 0 : vm_port_choose(0, taken->at, taken->len, &port, err);
	if (r < 0)
		return err_wrap(err, r, "host %s", m->spec->name);
	m->ssh_port = port;
	vec_push(taken, port);
	return 0;
}

int vm_assign_ports(struct vm_project *p, const struct vm_project_state *s, struct err *err)
{
	ports taken = {0};
	int r = 0;
	for (size_t i = 0; i < p->machines.len; i++)
		p->machines.at[i]->ssh_port = 0;
	if (!vm_project_uses_ports(p))
		return 0;
	take_written(p, &taken);
	for (size_t i = 0; i < p->machines.len && r == 0; i++)
		r = keep_port(p->machines.at[i], vm_state_find(s, p->machines.at[i]->spec->name),
			      &taken, err);
	for (size_t i = 0; i < s->hosts.len; i++) /* of hosts that may come back */
		if (s->hosts.at[i].port && !vm_project_find(p, s->hosts.at[i].name))
			vec_push(&taken, s->hosts.at[i].port);
	for (size_t i = 0; i < p->machines.len && r == 0; i++)
		if (!p->machines.at[i]->ssh_port)
			r = give_port(p->machines.at[i], &taken, err);
	vec_release(&taken);
	return r;
}

/* ---- MACs ---- */

static bool mac_is_taken(const struct vm_project *p, const struct vm_machine *until,
			 const char *mac)
{
	for (size_t i = 0; i <= until->index; i++)
		if (strcmp(p->machines.at[i]->mac_nat, mac) == 0 ||
		    strcmp(p->machines.at[i]->mac_segment, mac) == 0)
			return true;
	return false;
}

/* 52:54:00 is what QEMU uses; the rest from what the machine is called. */
static void make_mac(const struct vm_machine *m, const char *interface, char ret[18])
{
	char hex[DIGEST_HEX_MAX], mac[18];
	for (unsigned attempt = 0;; attempt++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		strbuf_printf(&text, "%s\n%s\n%s\n%u", m->project->dir, m->spec->name, interface,
			      attempt);
		digest_bytes(DIGEST_SHA256, text.ptr, text.len, hex);
		snprintf(mac, sizeof(mac), "52:54:00:%.2s:%.2s:%.2s", hex, hex + 2, hex + 4);
		if (!mac_is_taken(m->project, m, mac))
			break;
	}
	memcpy(ret, mac, sizeof(mac));
}

void vm_assign_macs(struct vm_project *p)
{
	for (size_t i = 0; i < p->machines.len; i++) {
		struct vm_machine *m = p->machines.at[i];
		make_mac(m, "nat", m->mac_nat);
		make_mac(m, "segment", m->mac_segment);
	}
}
