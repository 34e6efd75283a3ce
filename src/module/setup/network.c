/* Interfaces, addresses, default routes: getifaddrs(3), /sys/class/net,
 * /proc/net. */
#include "../call.h"
#include "facts.h"
#include "interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* The address that packets to `to` would leave from; false without a route.
 * Connecting a datagram socket sends nothing. */
static bool source_address(int family, const char *to, char text[INET6_ADDRSTRLEN])
{
	struct sockaddr_storage ss = {.ss_family = (sa_family_t)family};
	struct sockaddr_in *in4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	void *address = family == AF_INET ? (void *)&in4->sin_addr : (void *)&in6->sin6_addr;
	socklen_t size = family == AF_INET ? sizeof(*in4) : sizeof(*in6);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	in4->sin_port = htons(53);
	inet_pton(family, to, address);
	bool ok = connect(fd, (struct sockaddr *)&ss, size) == 0 &&
		  getsockname(fd, (struct sockaddr *)&ss, &size) == 0 &&
		  inet_ntop(family, address, text, INET6_ADDRSTRLEN);
	close(fd);
	return ok;
}

/* The column'th word of a line of /proc/net/route. */
static struct slice word_at(struct slice line, size_t column)
{
	struct slice word = {"", 0};
	for (size_t i = 0; i <= column; i++)
		slice_word(&line, &word);
	return word;
}

/* Hexadecimal in host order; "" when the device has no default route. */
static const char *gateway4(struct facts *f, const char *device)
{
	struct slice text = call_read_trimmed(f->call, "/proc/net/route"), line;
	while (slice_split(&text, '\n', &line)) {
		char buf[INET_ADDRSTRLEN];
		struct in_addr in;
		if (!slice_is(word_at(line, 0), device) || !slice_is(word_at(line, 1), "00000000"))
			continue;
		in.s_addr = (in_addr_t)strtoul(word_at(line, 2).ptr, NULL, 16);
		if (in.s_addr && inet_ntop(AF_INET, &in, buf, sizeof(buf)))
			return arena_strdup(f->a, buf);
	}
	return "";
}

static const char *gateway6(struct facts *f, const char *device)
{
	struct slice text = call_read_trimmed(f->call, "/proc/net/ipv6_route"), line;
	while (slice_split(&text, '\n', &line)) {
		struct in6_addr in;
		char buf[INET6_ADDRSTRLEN];
		struct slice hop = word_at(line, 4);
		if (!slice_is(word_at(line, 9), device) || !slice_is(word_at(line, 1), "00") ||
		    hop.len != 32)
			continue;
		for (size_t i = 0; i < 16; i++) {
			const char digits[] = {hop.ptr[2 * i], hop.ptr[2 * i + 1], '\0'};
			in.s6_addr[i] = (uint8_t)strtoul(digits, NULL, 16);
		}
		if (!IN6_IS_ADDR_UNSPECIFIED(&in) && inet_ntop(AF_INET6, &in, buf, sizeof(buf)))
			return arena_strdup(f->a, buf);
	}
	return "";
}

static const struct value *find_by_address(const struct value *list, const char *address)
{
	for (size_t i = 0; list && i < list->list.len; i++)
		if (value_is_str(value_get(list->list.at[i], "address"), address))
			return list->list.at[i];
	return NULL;
}

static void copy_keys(struct facts *f, struct value *to, const struct value *from)
{
	for (size_t i = 0; i < from->dict.len; i++)
		value_dict_set(f->a, to, from->dict.at[i].key, from->dict.at[i].value);
}

/* default_ipv4 or default_ipv6: the interface that has the address. */
static void put_default(struct facts *f, const struct value *interfaces, bool six)
{
	char address[INET6_ADDRSTRLEN];
	struct value *d = value_dict_new(f->a);
	const char *fact = six ? "default_ipv6" : "default_ipv4";
	static const char *const same[] = {"macaddress", "mtu", "type"};
	bool found = six ? source_address(AF_INET6, "2404:6800:400a:800::1012", address)
			 : source_address(AF_INET, "8.8.8.8", address);
	for (size_t i = 0; found && i < interfaces->dict.len; i++) {
		const struct value *one = interfaces->dict.at[i].value;
		const char *device = interfaces->dict.at[i].key->str.ptr;
		const struct value *row =
			find_by_address(value_get(one, six ? "ipv6" : "_ipv4"), address);
		if (!row)
			continue;
		copy_keys(f, d, row);
		value_dict_put(f->a, d, "interface", value_cstr(f->a, device));
		if (!six)
			value_dict_put(f->a, d, "alias", value_cstr(f->a, device));
		const char *gateway = six ? gateway6(f, device) : gateway4(f, device);
		if (*gateway)
			value_dict_put(f->a, d, "gateway", value_cstr(f->a, gateway));
		for (size_t k = 0; k < ARRAY_LEN(same); k++)
			if (value_get(one, same[k]))
				value_dict_put(f->a, d, same[k], value_get(one, same[k]));
		break;
	}
	facts_put(f, fact, d);
}

/* Containers' ends of a host can be hundreds. */
static bool is_hidden(const struct facts *f, const char *name, const char *fact,
		      const struct value *interface)
{
	static const char *const prefixes[] = {"veth", "cali", "lxc"};
	if ((f->only && facts_wants(f, fact)) || value_get(interface, "ipv4"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts_with(slice_from(name), prefixes[i]))
			return true;
	return false;
}

static const char *fact_name(struct facts *f, const char *interface)
{
	char *name = arena_strdup(f->a, interface);
	for (char *p = name; *p; p++)
		if (strchr("-:.", *p))
			*p = '_';
	return name;
}

static void push_addresses(struct facts *f, struct value *to, const struct value *rows,
			   const char *but)
{
	for (size_t i = 0; rows && i < rows->list.len; i++) {
		const struct value *address = value_get(rows->list.at[i], "address");
		if (!slice_starts_with(address->str, but))
			value_list_push(f->a, to, address);
	}
}

static void collect(struct facts *f)
{
	const struct value *interfaces = interfaces_read(f);
	struct value *names = value_list_new(f->a), *all4 = value_list_new(f->a);
	struct value *all6 = value_list_new(f->a);
	for (size_t i = 0; i < interfaces->dict.len; i++) {
		const struct value *name = interfaces->dict.at[i].key;
		const struct value *one = interfaces->dict.at[i].value;
		const char *fact = fact_name(f, name->str.ptr);
		if (is_hidden(f, name->str.ptr, fact, one))
			continue;
		value_list_push(f->a, names, name);
		push_addresses(f, all4, value_get(one, "_ipv4"), "127.");
		push_addresses(f, all6, value_get(one, "ipv6"), "::1");
		struct value *shown = value_dict_dup(f->a, one);
		value_dict_remove(shown, SLICE_LIT("_ipv4"));
		facts_put(f, fact, shown);
	}
	facts_put(f, "interfaces", names);
	facts_put(f, "all_ipv4_addresses", all4);
	facts_put(f, "all_ipv6_addresses", all6);
	if (facts_wants(f, "default_ipv4"))
		put_default(f, interfaces, false);
	if (facts_wants(f, "default_ipv6"))
		put_default(f, interfaces, true);
}

static const char *const network_names[] = {"interfaces",	  "all_ipv4_addresses",
					    "all_ipv6_addresses", "default_ipv4",
					    "default_ipv6",	  NULL};
const struct collector facts_network = {"network", network_names, collect};
