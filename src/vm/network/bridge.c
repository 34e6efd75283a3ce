#include "../tool.h"
#include "host.h"

#include "rollout/base/file.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the bridge ---- */

/* The address, and no other. */
static bool has_gateway(const struct vm_project *p, const char *bridge)
{
	struct ifaddrs *all;
	size_t right = 0, wrong = 0;
	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct sockaddr_in address, mask;
		char text[16];
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask ||
		    strcmp(i->ifa_name, bridge) != 0)
			continue;
		memcpy(&address, i->ifa_addr, sizeof(address));
		memcpy(&mask, i->ifa_netmask, sizeof(mask));
		vm_address_format(ntohl(address.sin_addr.s_addr), text);
		if (strcmp(text, p->gateway) == 0 &&
		    (unsigned)__builtin_popcount(mask.sin_addr.s_addr) == p->prefix)
			right++;
		else
			wrong++;
	}
	freeifaddrs(all);
	return right == 1 && wrong == 0;
}

/* A MAC address of its own: else it would be the lowest of its ports', and change
 * whenever a machine comes or goes. */
static int make_bridge(const struct vm_project *p, const char *bridge, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	const char *id = p->id;
	if (!vm_interface_exists(bridge))
		strbuf_printf(&lines, "link add %s address 02:72:%.2s:%.2s:%.2s:%.2s type bridge\n",
			      bridge, id, id + 2, id + 4, id + 6);
	if (!has_gateway(p, bridge))
		strbuf_printf(&lines, "addr flush dev %s scope global\naddr add %s/%u dev %s\n",
			      bridge, p->gateway, p->prefix, bridge);
	strbuf_printf(&lines, "link set %s up\n", bridge);
	return vm_ip_batch(NULL, strbuf_slice(&lines), err);
}

/* ---- NAT ---- */

static int run_nft(struct slice rules, struct err *err)
{
	static const char *const argv[] = {"nft", "-f", "-", NULL};
	const struct tool_call call = {.argv = argv, .input = rules};
	return vm_tool_run(&call, NULL, err);
}

/* Added before it is deleted, so that it is deleted whether it was there or not; all
 * of it is one transaction. */
static int make_nat(const struct vm_project *p, const char *bridge, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf rules = {0};
	strbuf_printf(&rules,
		      "add table ip rollout_%s\n"
		      "delete table ip rollout_%s\n"
		      "table ip rollout_%s {\n"
		      "	chain postrouting {\n"
		      "		type nat hook postrouting priority 100; policy accept;\n"
		      "		ip saddr %s/%u oifname != \"%s\" masquerade\n"
		      "	}\n"
		      "}\n",
		      p->id, p->id, p->id, p->subnet, p->prefix, bridge);
	int r = run_nft(strbuf_slice(&rules), err);
	return r < 0 ? r : vm_forwarding_enable(err);
}

static void remove_nat(const struct vm_project *p)
{
	CLEANUP(strbuf_release) struct strbuf rules = {0};
	strbuf_printf(&rules, "delete table ip rollout_%s\n", p->id);
	run_nft(strbuf_slice(&rules), NULL);
}

/* ---- both ---- */

static int ensure_all(const struct vm_project *p, const char *bridge, struct err *err)
{
	int r = make_bridge(p, bridge, err);
	if (r < 0)
		return r;
	if (p->topology->nat)
		r = make_nat(p, bridge, err);
	else
		remove_nat(p);
	return r < 0 ? r : vm_firewall_open(p, bridge, err);
}

int vm_bridge_ensure(const struct vm_project *p, struct err *err)
{
	CLEANUP(fd_close) int lock = -1;
	char bridge[16];
	assert(p->subnet && p->gateway);
	vm_bridge_name(p, bridge);
	int r = vm_need_root(bridge, err);
	if (r == 0)
		r = vm_host_lock(&lock, err);
	if (r == 0)
		r = ensure_all(p, bridge, err);
	return r;
}

void vm_bridge_remove(const struct vm_project *p)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	CLEANUP(fd_close) int lock = -1;
	char bridge[16];
	if (geteuid() != 0 || vm_host_lock(&lock, NULL) < 0)
		return;
	vm_bridge_name(p, bridge);
	strbuf_printf(&line, "link del %s\n", bridge);
	if (vm_interface_exists(bridge))
		vm_ip_batch(NULL, strbuf_slice(&line), NULL);
	remove_nat(p);
	vm_firewall_close(bridge);
	vm_forwarding_restore();
}
