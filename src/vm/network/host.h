#pragma once
/*
 * What bridges and links need of this host: names, iproute2, and one lock for all
 * projects, since they share the forwarding switch and /run/netns.
 */
#include "network.h"

/* Interface names have at most 15 characters, and hold the project's whole id. */
void vm_bridge_name(const struct vm_project *p, char ret[16]);
void vm_tap_name(const struct vm_machine *m, char ret[16]);
void vm_veth_name(const struct vm_machine *m, char ret[16]);
void vm_netns_name(const struct vm_machine *m, char ret[32]);

bool vm_interface_exists(const char *name);
/* ERR_SYS (EPERM) that names what needs root and what does without. */
int vm_need_root(const char *what, struct err *err);
int vm_host_lock(int *ret_fd, struct err *err); /* waits; fd_close() unlocks */
/* Lines for `ip -batch`, in one process; netns NULL: the host. */
int vm_ip_batch(const char *netns, struct slice lines, struct err *err);

/* Forwarding between interfaces. Off again when no bridge is left that could need it,
 * if it was a project that turned it on. With the host's lock held. */
int vm_forwarding_enable(struct err *err);
void vm_forwarding_restore(void);

/* Lets the bridge's frames through a firewall that drops what is forwarded (iptables,
 * where there is one). Idempotent. With the host's lock held. */
int vm_firewall_open(const struct vm_project *p, const char *bridge, struct err *err);
void vm_firewall_close(const char *bridge);
