#include "interfaces.h"

#include "../call.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>

static const char *text_of(struct facts *f, int family, const void *address)
{
	char buf[INET6_ADDRSTRLEN];
	return inet_ntop(family, address, buf, sizeof(buf)) ? arena_strdup(f->a, buf) : "";
}

static struct slice sys_read(struct facts *f, const char *name, const char *file)
{
	return call_read_trimmed(f->call, arena_printf(f->a, "/sys/class/net/%s/%s", name, file));
}

static bool sys_exists(struct facts *f, const char *name, const char *file)
{
	return facts_exists(f, arena_printf(f->a, "/sys/class/net/%s/%s", name, file));
}

static const char *type_of(struct facts *f, const char *name)
{
	switch (strtol(sys_read(f, name, "type").ptr, NULL, 10)) {
	case ARPHRD_ETHER:
		return "ether";
	case ARPHRD_LOOPBACK:
		return "loopback";
	case ARPHRD_INFINIBAND:
		return "infiniband";
	case ARPHRD_PPP:
		return "ppp";
	case ARPHRD_NONE:
		return "tunnel";
	default:
		return "unknown";
	}
}

static void put_bridge(struct facts *f, struct value *d, const char *name)
{
	struct host *host = f->call->host;
	struct host_names ports = {0};
	struct value *list = value_list_new(f->a);
	if (host->ops->list(host, f->a, arena_printf(f->a, "/sys/class/net/%s/brif", name), &ports,
			    NULL) < 0)
		ports.len = 0;
	for (size_t i = 0; i < ports.len; i++)
		value_list_push(f->a, list, value_cstr(f->a, ports.at[i]));
	value_dict_put(f->a, d, "type", value_cstr(f->a, "bridge"));
	value_dict_put(f->a, d, "interfaces", list);
	value_dict_put(f->a, d, "id", value_str(f->a, sys_read(f, name, "bridge/bridge_id")));
	value_dict_put(f->a, d, "stp",
		       value_bool(slice_is(sys_read(f, name, "bridge/stp_state"), "1")));
}

/* "802.3ad 4": its name. */
static void put_bonding(struct facts *f, struct value *d, const char *name)
{
	static const char *const words[] = {"mode", "miimon", "lacp_rate"};
	struct slice slaves = sys_read(f, name, "bonding/slaves"), word;
	struct value *list = value_list_new(f->a);
	while (slice_word(&slaves, &word))
		value_list_push(f->a, list, value_str(f->a, word));
	value_dict_put(f->a, d, "type", value_cstr(f->a, "bonding"));
	value_dict_put(f->a, d, "slaves", list);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *file = arena_printf(f->a, "bonding/%s", words[i]);
		struct slice text = sys_read(f, name, file);
		word = SLICE_LIT("");
		slice_word(&text, &word);
		value_dict_put(f->a, d, words[i], value_str(f->a, word));
	}
	struct slice primary = sys_read(f, name, "bonding/primary");
	if (!primary.len)
		return;
	value_dict_put(f->a, d, "primary", value_str(f->a, primary));
	value_dict_put(f->a, d, "all_slaves_active",
		       value_bool(slice_is(sys_read(f, name, "bonding/all_slaves_active"), "1")));
}

/* The last part of where a link below the interface's folder leads. */
static void put_link(struct facts *f, struct value *d, const char *key, const char *path)
{
	struct host_stat st;
	struct host *host = f->call->host;
	if (host->ops->stat(host, f->a, path, false, &st, NULL) < 0 || st.type != HOST_LINK)
		return;
	const char *slash = strrchr(st.link_target, '/');
	value_dict_put(f->a, d, key, value_cstr(f->a, slash ? slash + 1 : st.link_target));
}

static struct value *interface_new(struct facts *f, const char *name)
{
	struct value *d = value_dict_new(f->a);
	struct slice mac = sys_read(f, name, "address"), mtu = sys_read(f, name, "mtu");
	struct slice speed = sys_read(f, name, "speed"), state = sys_read(f, name, "operstate");
	struct slice flags = sys_read(f, name, "flags");
	value_dict_put(f->a, d, "device", value_cstr(f->a, name));
	value_dict_put(f->a, d, "active", value_bool(!slice_is(state, "down")));
	value_dict_put(f->a, d, "promisc",
		       value_bool(flags.len && (strtoul(flags.ptr, NULL, 16) & IFF_PROMISC)));
	value_dict_put(f->a, d, "type", value_cstr(f->a, type_of(f, name)));
	if (mac.len && !slice_is(mac, "00:00:00:00:00:00"))
		value_dict_put(f->a, d, "macaddress", value_str(f->a, mac));
	if (mtu.len)
		value_dict_put(f->a, d, "mtu", value_int(f->a, strtoll(mtu.ptr, NULL, 10)));
	if (speed.len)
		value_dict_put(f->a, d, "speed", value_int(f->a, strtoll(speed.ptr, NULL, 10)));
	if (sys_exists(f, name, "bridge"))
		put_bridge(f, d, name);
	if (sys_exists(f, name, "bonding"))
		put_bonding(f, d, name);
	if (sys_exists(f, name, "bonding_slave"))
		value_dict_put(f->a, d, "perm_macaddress",
			       value_str(f->a, sys_read(f, name, "bonding_slave/perm_hwaddr")));
	put_link(f, d, "pciid", arena_printf(f->a, "/sys/class/net/%s/device", name));
	put_link(f, d, "module",
		 arena_printf(f->a, "/sys/class/net/%s/device/driver/module", name));
	return d;
}

static unsigned prefix_of(const uint8_t *mask, size_t size)
{
	unsigned bits = 0;
	for (size_t i = 0; i < size; i++)
		for (unsigned bit = 0x80; bit && (mask[i] & bit); bit >>= 1)
			bits++;
	return bits;
}

/* An address without one has its own or its peer's there. */
static bool broadcasts(const struct ifaddrs *ifa, struct in_addr mask)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ifa->ifa_addr;
	const struct sockaddr_in *all = (const struct sockaddr_in *)ifa->ifa_broadaddr;
	return (ifa->ifa_flags & IFF_BROADCAST) && all &&
	       all->sin_addr.s_addr != in->sin_addr.s_addr &&
	       ((all->sin_addr.s_addr ^ in->sin_addr.s_addr) & mask.s_addr) == 0;
}

static const struct value *row4(struct facts *f, const struct ifaddrs *ifa)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ifa->ifa_addr;
	const struct sockaddr_in *mask = (const struct sockaddr_in *)ifa->ifa_netmask;
	const struct sockaddr_in *all = (const struct sockaddr_in *)ifa->ifa_broadaddr;
	struct in_addr bits = {mask ? mask->sin_addr.s_addr : 0xffffffff};
	struct in_addr network = {in->sin_addr.s_addr & bits.s_addr};
	struct value *d = value_dict_new(f->a);
	unsigned prefix = mask ? prefix_of((const uint8_t *)&mask->sin_addr, 4) : 32;
	value_dict_put(f->a, d, "address", value_cstr(f->a, text_of(f, AF_INET, &in->sin_addr)));
	value_dict_put(
		f->a, d, "broadcast",
		value_cstr(f->a, broadcasts(ifa, bits) ? text_of(f, AF_INET, &all->sin_addr) : ""));
	value_dict_put(
		f->a, d, "netmask",
		value_cstr(f->a, mask ? text_of(f, AF_INET, &mask->sin_addr) : "255.255.255.255"));
	value_dict_put(f->a, d, "network", value_cstr(f->a, text_of(f, AF_INET, &network)));
	value_dict_put(f->a, d, "prefix", value_fmt(f->a, "%u", prefix));
	return d;
}

static const struct value *row6(struct facts *f, const struct ifaddrs *ifa)
{
	const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)ifa->ifa_addr;
	const struct sockaddr_in6 *mask = (const struct sockaddr_in6 *)ifa->ifa_netmask;
	const struct in6_addr *a6 = &in->sin6_addr;
	unsigned prefix = mask ? prefix_of(mask->sin6_addr.s6_addr, 16) : 128;
	const char *scope = IN6_IS_ADDR_LINKLOCAL(a6)	? "link"
			    : IN6_IS_ADDR_LOOPBACK(a6)	? "host"
			    : IN6_IS_ADDR_SITELOCAL(a6) ? "site"
							: "global";
	struct value *d = value_dict_new(f->a);
	value_dict_put(f->a, d, "address", value_cstr(f->a, text_of(f, AF_INET6, a6)));
	value_dict_put(f->a, d, "prefix", value_fmt(f->a, "%u", prefix));
	value_dict_put(f->a, d, "scope", value_cstr(f->a, scope));
	return d;
}

/* Built while it is read, so the lists inside are still ours to grow. */
static void push_row(struct facts *f, struct value *d, const char *key, const struct value *row)
{
	struct value *list = (struct value *)value_get(d, key);
	if (!list) {
		list = value_list_new(f->a);
		value_dict_put(f->a, d, key, list);
	}
	value_list_push(f->a, list, row);
}

static void take_address(struct facts *f, struct value *d, const struct ifaddrs *ifa)
{
	if (ifa->ifa_addr->sa_family == AF_INET6) {
		push_row(f, d, "ipv6", row6(f, ifa));
	} else if (ifa->ifa_addr->sa_family == AF_INET) {
		const struct value *row = row4(f, ifa);
		push_row(f, d, "_ipv4", row);
		if (!value_get(d, "ipv4"))
			value_dict_put(f->a, d, "ipv4", row);
		else
			push_row(f, d, "ipv4_secondaries", row);
	}
}

const struct value *interfaces_read(struct facts *f)
{
	struct value *all = value_dict_new(f->a);
	struct ifaddrs *list = NULL;
	if (getifaddrs(&list) < 0)
		return all;
	for (const struct ifaddrs *ifa = list; ifa; ifa = ifa->ifa_next) {
		/* eth0:1 is eth0 with a label. */
		const char *name = arena_strndup(f->a, ifa->ifa_name, strcspn(ifa->ifa_name, ":"));
		struct value *d = (struct value *)value_get(all, name);
		if (!d) {
			d = interface_new(f, name);
			value_dict_put(f->a, all, name, d);
		}
		if (ifa->ifa_addr)
			take_address(f, d, ifa);
	}
	freeifaddrs(list);
	return all;
}
