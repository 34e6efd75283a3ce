#pragma once
/*
 * The networks of a project.
 *
 * user:   a cluster segment at layer 2 without root: a switch process per project,
 *         Unix datagram sockets, one frame a datagram. QEMU's end is
 *         machines/NAME/segment.sock, the switch's is machines/NAME/uplink.sock, one
 *         for each machine, since a sender's name is relative to its own folder and so
 *         tells nothing. QEMU's working directory is machines/NAME:
 *           -netdev dgram,id=seg,local.type=unix,local.path=segment.sock,\
 *                   remote.type=unix,remote.path=uplink.sock
 *         Neither end needs the other to be there first; a switch that was restarted
 *         serves machines that kept running. A port exists for each machine whose
 *         running.lock is held.
 * bridge: a Linux bridge "rl-<id>" with the gateway's address, taps or veth pairs,
 *         NAT by nftables (root).
 */
#include "../driver.h"

/* A free /24 for the project: not overlapping any address or route of this host,
 * 10.0.2.0/24 (QEMU's NAT), or Kubernetes' usual ranges; `hint` spreads projects.
 * ERR_NOT_FOUND when all collide. */
int vm_subnet_choose(uint32_t hint, char ret_subnet[16], struct err *err);
/* "10.1.2.0/24" → network, first address, prefix; ERR_INVALID. Prefix 8 to 24. */
int vm_subnet_parse(const char *text, uint32_t *ret_network, unsigned *ret_prefix, struct err *err);
void vm_address_format(uint32_t address, char ret[16]);
bool vm_address_parse(const char *text, uint32_t *ret);
/* Does this host use the network already (but for the project's own bridge)? The
 * text says by what: "eth0 has 10.1.2.3/24". */
bool vm_subnet_collides(uint32_t network, unsigned prefix, const char *own_bridge,
			char ret_why[128]);
/* A TCP port of 127.0.0.1 that can be bound now: `wanted`, or any from 2200 up that
 * is not in taken[]. ERR_EXISTS when wanted is in use. */
int vm_port_choose(unsigned wanted, const unsigned *taken, size_t ntaken, unsigned *ret,
		   struct err *err);

/* Starts the switch unless it runs. It ends by itself when no machine of the
 * project has run for a few seconds, or by vm_switch_stop. */
int vm_switch_ensure(const struct vm_project *p, struct err *err);
void vm_switch_stop(const struct vm_project *p);
bool vm_switch_is_running(const struct vm_project *p);

/* Bridge mode: idempotent. */
int vm_bridge_ensure(const struct vm_project *p, struct err *err);
void vm_bridge_remove(const struct vm_project *p);
/* A tap device of the machine on the bridge; its name goes to ret. */
int vm_tap_ensure(const struct vm_machine *m, char ret[16], struct err *err);
/* A veth pair, one end on the bridge, the other in the network namespace of the
 * machine (made here, path "/run/netns/<ret>"), named host0 there, with address and
 * default route. Made anew unless running.lock is held: a machine that starts finds
 * nothing of its last run. */
int vm_veth_ensure(const struct vm_machine *m, char ret_netns[32], struct err *err);
void vm_links_remove(const struct vm_machine *m); /* tap, veth, namespace, whichever is there */
