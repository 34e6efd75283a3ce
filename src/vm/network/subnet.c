#include "network.h"

#include "rollout/base/file.h"
#include "rollout/base/vec.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX_MIN 8u
#define PREFIX_MAX 24u
#define ROUTES_MAX_BYTES (1u << 20)

/* Where subnets are chosen from, counted in networks of /24. Around them lie what the
 * machines' own software uses unless it is told otherwise: 10.0.2.0/24 QEMU's NAT,
 * 10.32.0.0/12 Weave and k3s, 10.96.0.0/12 and 10.244.0.0/16 Kubernetes,
 * 172.17.0.0 to 172.31.0.0 Docker, 192.168.0.0/16 Calico. */
static const struct pool {
	uint32_t first, count;
} pools[] = {
	{0x0a140000, 12u << 8}, /* 10.20.0.0 to 10.31.255.0 */
	{0x0a300000, 32u << 8}, /* 10.48.0.0 to 10.79.255.0 */
};
/* For where a route to all of 10.0.0.0/8 (a VPN) takes those away. */
static const struct pool last_pool = {0xac100000, 1u << 8}; /* 172.16.0.0/16 */

/* Something of this host that a subnet must not overlap. */
struct used {
	uint32_t network;
	unsigned prefix;
	char why[128];
};
typedef VEC(struct used) used_list;

static uint32_t mask_of(unsigned prefix)
{
	return prefix ? ~0u << (32 - prefix) : 0;
}

static bool overlap(uint32_t a, unsigned a_prefix, uint32_t b, unsigned b_prefix)
{
	uint32_t mask = mask_of(a_prefix < b_prefix ? a_prefix : b_prefix);
	return (a & mask) == (b & mask);
}

/* ---- texts ---- */

void vm_address_format(uint32_t address, char ret[16])
{
	snprintf(ret, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		 address & 255);
}

bool vm_address_parse(const char *text, uint32_t *ret)
{
	struct in_addr a;
	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*ret = ntohl(a.s_addr);
	return true;
}

/* One or two digits. */
static bool parse_prefix(const char *text, unsigned *ret)
{
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len > 2 || text[len])
		return false;
	*ret = (unsigned)strtoul(text, NULL, 10);
	return true;
}

static bool split(const char *text, uint32_t *ret_address, unsigned *ret_prefix)
{
	char address[16];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;
	if (len == 0 || len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	return parse_prefix(slash + 1, ret_prefix) && vm_address_parse(address, ret_address);
}

int vm_subnet_parse(const char *text, uint32_t *ret_network, unsigned *ret_prefix, struct err *err)
{
	uint32_t address;
	unsigned prefix;
	char first[16];
	if (!split(text, &address, &prefix))
		return err_set(err, ERR_INVALID,
			       "'%s' is not an IPv4 network; write it like 10.20.30.0/24", text);
	if (prefix < PREFIX_MIN || prefix > PREFIX_MAX)
		return err_set(err, ERR_INVALID, "'%s': the prefix must be between /%u and /%u",
			       text, PREFIX_MIN, PREFIX_MAX);
	if (address >> 24 == 0 || address >> 24 == 127 || address >> 24 >= 224)
		return err_set(err, ERR_INVALID, "'%s' is not a network for machines", text);
	vm_address_format(address & mask_of(prefix), first);
	if (address & ~mask_of(prefix))
		return err_set(err, ERR_INVALID,
			       "'%s' is an address inside of a network; the network is %s/%u", text,
			       first, prefix);
	*ret_network = address;
	*ret_prefix = prefix;
	return 0;
}

/* ---- what this host uses ---- */

static void push_used(used_list *list, uint32_t address, uint32_t mask, const char *interface,
		      bool is_route)
{
	struct used u = {address & mask, (unsigned)__builtin_popcount(mask), ""};
	char text[16];
	vm_address_format(address, text);
	snprintf(u.why, sizeof(u.why),
		 is_route ? "there is a route to %3$s/%2$u by %1$s" : "%1$s has %3$s/%2$u",
		 interface, u.prefix, text);
	vec_push(list, u);
}

static void add_addresses(used_list *list, const char *own)
{
	struct ifaddrs *all;
	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct sockaddr_in address, mask;
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask ||
		    (own && strcmp(i->ifa_name, own) == 0))
			continue;
		memcpy(&address, i->ifa_addr, sizeof(address));
		memcpy(&mask, i->ifa_netmask, sizeof(mask));
		push_used(list, ntohl(address.sin_addr.s_addr), ntohl(mask.sin_addr.s_addr),
			  i->ifa_name, false);
	}
	freeifaddrs(all);
}

/* "eth0 0002000A 00000000 0001 …", with tabs (proc(5)): interface, destination and, as
 * the eighth, the mask, as they are in memory. Routes to a quarter of the Internet or
 * more are default routes. */
static void add_route(used_list *list, char *line, const char *own)
{
	const char *fields[8];
	char *rest = line;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!(fields[i] = strtok_r(NULL, " \t", &rest)))
			return;
	uint32_t to = (uint32_t)strtoul(fields[1], NULL, 16);
	uint32_t mask = (uint32_t)strtoul(fields[7], NULL, 16);
	if (__builtin_popcount(mask) > 2 && !(own && strcmp(fields[0], own) == 0))
		push_used(list, ntohl(to), ntohl(mask), fields[0], true);
}

/* Only Linux has the file; elsewhere the addresses must do. */
static void add_routes(used_list *list, const char *own)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct slice rest, line;
	if (file_read("/proc/net/route", ROUTES_MAX_BYTES, &text, NULL) < 0)
		return;
	rest = strbuf_slice(&text);
	while (slice_split(&rest, '\n', &line)) {
		CLEANUP(free_ptr) char *copy = xstrndup(line.ptr, line.len);
		add_route(list, copy, own);
	}
}

static const struct used *find_overlap(const used_list *list, uint32_t network, unsigned prefix)
{
	for (size_t i = 0; i < list->len; i++)
		if (overlap(network, prefix, list->at[i].network, list->at[i].prefix))
			return &list->at[i];
	return NULL;
}

bool vm_subnet_collides(uint32_t network, unsigned prefix, const char *own_bridge,
			char ret_why[128])
{
	used_list list = {0};
	add_addresses(&list, own_bridge);
	add_routes(&list, own_bridge);
	const struct used *u = find_overlap(&list, network, prefix);
	if (u)
		memcpy(ret_why, u->why, sizeof(u->why));
	vec_release(&list);
	return u != NULL;
}

/* ---- choosing ---- */

/* Pools one after the other, as if they were one. */
static uint32_t nth_of(const struct pool *from, size_t npools, uint32_t n)
{
	size_t i = 0;
	while (i + 1 < npools && n >= from[i].count)
		n -= from[i++].count;
	return from[i].first + (n << 8);
}

static bool choose_from(const used_list *list, const struct pool *from, size_t npools,
			uint32_t hint, uint32_t *ret)
{
	uint32_t total = 0;
	for (size_t i = 0; i < npools; i++)
		total += from[i].count;
	for (uint32_t i = 0; i < total; i++) {
		*ret = nth_of(from, npools, (hint % total + i) % total);
		if (!find_overlap(list, *ret, 24))
			return true;
	}
	return false;
}

int vm_subnet_choose(uint32_t hint, char ret_subnet[16], struct err *err)
{
	used_list list = {0};
	uint32_t network;
	add_addresses(&list, NULL);
	add_routes(&list, NULL);
	bool found = choose_from(&list, pools, ARRAY_LEN(pools), hint, &network) ||
		     choose_from(&list, &last_pool, 1, hint, &network);
	vec_release(&list);
	if (!found)
		return err_set(err, ERR_NOT_FOUND,
			       "addresses or routes of this host use all of 10.20.0.0 to "
			       "10.79.255.255 and 172.16.0.0/16; name a free network: "
			       "vm_network: {subnet: 192.168.77.0/24}");
	vm_address_format(network, ret_subnet);
	return 0;
}
