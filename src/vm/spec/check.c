/* What only all hosts together, or the driver, tell. */
#include "spec.h"

#include "../network/network.h"
#include "rollout/base/strmap.h"

#include <ctype.h>
#include <stdio.h>

static int check_nspawn(const struct vm_spec *s, struct err *err)
{
	if (s->ndisks > 0)
		return err_at(err, ERR_UNSUPPORTED, s->places.disks,
			      "host %s: vm: disks: systemd-nspawn machines have no disks of their "
			      "own; use the driver qemu",
			      s->name);
	if (s->arch == vm_arch_own())
		return 0;
	return err_at(err, ERR_INVALID, s->places.arch.file ? s->places.arch : s->at,
		      "host %s: vm: arch: a systemd-nspawn machine runs on this machine's own "
		      "architecture; use the driver qemu",
		      s->name);
}

/* Two of a kind: `what` "address 10.1.2.3" belongs to one only. */
static int check_once(struct strmap *seen, const struct vm_spec *s, const char *what,
		      struct srcloc at, struct err *err)
{
	const struct vm_spec *first = strmap_get(seen, slice_from(what));
	if (first)
		return err_at(err, ERR_EXISTS, at, "host %s: vm: %s is also that of %s", s->name,
			      what, first->name);
	strmap_set(seen, slice_from(what), (void *)s);
	return 0;
}

static int check_duplicates(struct strmap *seen, const struct vm_spec *s, struct err *err)
{
	char name[80], address[40], port[40];
	snprintf(name, sizeof(name), "the name %s", s->name);
	for (char *c = name; *c; c++) /* names of machines and of DNS have no case */
		*c = (char)tolower((unsigned char)*c);
	snprintf(address, sizeof(address), "address %s", s->address ? s->address : "");
	snprintf(port, sizeof(port), "ssh_port %u", s->ssh_port);
	int r = check_once(seen, s, name, s->at, err);
	if (r == 0 && s->address)
		r = check_once(seen, s, address, s->places.address, err);
	if (r == 0 && s->ssh_port)
		r = check_once(seen, s, port, s->places.ssh_port, err);
	return r;
}

static int check_address(const struct vm_topology *t, const struct vm_spec *s, struct err *err)
{
	uint32_t network, address;
	unsigned prefix;
	const struct srcloc at = s->places.address;
	if (!s->address)
		return 0;
	if (!t->subnet)
		return err_at(err, ERR_INVALID, at,
			      "host %s: vm: address %s needs a fixed network: vm_network: {subnet: "
			      "…}",
			      s->name, s->address);
	int r = vm_subnet_parse(t->subnet, &network, &prefix, err);
	if (r < 0)
		return err_locate(err, r, t->network_at);
	if (!vm_address_parse(s->address, &address))
		return err_at(err, ERR_INVALID, at,
			      "host %s: vm: address %s is not an IPv4 address", s->name,
			      s->address);
	uint32_t host_bits = ~0u >> prefix, host = address & host_bits;
	if ((address & ~host_bits) != network)
		return err_at(err, ERR_INVALID, at, "host %s: vm: address %s is not in %s", s->name,
			      s->address, t->subnet);
	if (host == 0 || host == 1 || host == host_bits)
		return err_at(err, ERR_INVALID, at, "host %s: vm: address %s is the %s of %s",
			      s->name, s->address,
			      host == 0	  ? "network's own"
			      : host == 1 ? "gateway's"
					  : "broadcast address",
			      t->subnet);
	return 0;
}

int vm_topology_check(const struct vm_topology *t, struct err *err)
{
	struct strmap seen = {0};
	int r = 0;
	if (t->specs.len > VM_MAX)
		return err_at(err, ERR_LIMIT, t->specs.at[VM_MAX]->at,
			      "%zu VMs; a project has at most %u", t->specs.len, VM_MAX);
	for (size_t i = 0; i < t->specs.len && r == 0; i++) {
		r = check_duplicates(&seen, t->specs.at[i], err);
		if (r == 0)
			r = check_address(t, t->specs.at[i], err);
		if (r == 0 && t->driver == VM_DRIVER_NSPAWN)
			r = check_nspawn(t->specs.at[i], err);
	}
	strmap_release(&seen);
	return r;
}
