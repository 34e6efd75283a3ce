/* What ipaddr can be asked about an address or network. */
#include "../value/bigint.h"
#include "ipaddr.h"

const struct value *ipaddr_text(struct eval *ev, struct wide ip, unsigned version)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	network_print_ip(&b, ip, version);
	return str_buf(ev, &b);
}

static const struct value *joined(struct eval *ev, struct wide ip, const char *sep,
				  const struct network *n, struct wide mask)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	network_print_ip(&b, ip, n->version);
	strbuf_puts(&b, sep);
	if (*sep == '/')
		strbuf_printf(&b, "%u", n->prefix);
	else
		network_print_ip(&b, mask, n->version);
	return str_buf(ev, &b);
}

const struct value *ipaddr_cidr(struct eval *ev, struct wide ip, const struct network *n)
{
	return joined(ev, ip, "/", n, ip);
}

static const struct value *number(struct eval *ev, struct wide w)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (!w.hi && w.lo <= INT64_MAX)
		return int_new(ev, (int64_t)w.lo);
	const struct value *v;
	wide_print(&b, w);
	return bigint_parse(ev, strbuf_slice(&b), 10, &v, NULL) < 0 ? str_buf(ev, &b) : v;
}

static bool is_zero(struct wide w)
{
	return !w.hi && !w.lo;
}
static bool is_one(const struct network *n)
{
	return n->prefix == network_width(n);
}
static bool is_two(const struct network *n)
{
	return n->prefix + 1u == network_width(n);
}
static bool at_first(const struct network *n)
{
	return !wide_cmp(n->ip, network_first(n));
}
static bool has_broadcast(const struct network *n)
{
	return n->version == 6 ? !is_zero(network_last(n)) : !is_one(n) && !is_two(n);
}

bool ipaddr_usable(const struct network *n, struct wide *ret_first, struct wide *ret_last)
{
	*ret_first = network_first(n);
	*ret_last = network_last(n);
	if (!is_one(n) && !is_two(n)) {
		*ret_first = wide_add(*ret_first, 1);
		*ret_last = wide_add(*ret_last, -1);
	}
	return !is_one(n);
}

const struct value *ipaddr_empty(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	return q->s->is_network ? ipaddr_cidr(q->ev, n->ip, n)
				: ipaddr_text(q->ev, n->ip, n->version);
}
static const struct value *q_address(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	bool is = is_one(n) || !at_first(n) || !has_broadcast(n) || n->version == 6;
	return is ? ipaddr_text(q->ev, n->ip, n->version) : NULL;
}
static const struct value *q_address_prefix(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	bool end = at_first(n) || (has_broadcast(n) && !wide_cmp(n->ip, network_last(n)));
	if (!is_one(n) && !is_two(n) && end)
		return value_bool(false);
	return ipaddr_cidr(q->ev, n->ip, n);
}
static const struct value *q_bool(struct ipaddr_question *q)
{
	(void)q;
	return value_bool(true);
}
static const struct value *q_broadcast(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	return is_one(n) || is_two(n) ? NULL : ipaddr_text(q->ev, network_last(n), n->version);
}
static const struct value *q_cidr(struct ipaddr_question *q)
{
	return ipaddr_cidr(q->ev, q->s->net.ip, &q->s->net);
}
static const struct value *no_network(struct ipaddr_question *q, const char *msg)
{
	err_set(q->err, ERR_INVALID, "%s", msg);
	return NULL;
}
static const struct value *usable_end(struct ipaddr_question *q, bool last)
{
	struct wide a, b;
	if (!q->s->is_network)
		return no_network(q, "not a network address");
	if (!ipaddr_usable(&q->s->net, &a, &b))
		return NULL;
	return ipaddr_text(q->ev, last ? b : a, q->s->net.version);
}
static const struct value *q_first_usable(struct ipaddr_question *q)
{
	return usable_end(q, false);
}
static const struct value *q_last_usable(struct ipaddr_question *q)
{
	return usable_end(q, true);
}
static const struct value *neighbour(struct ipaddr_question *q, int by)
{
	struct wide a, b, ip = wide_add(q->s->net.ip, by);
	if (!q->s->is_network)
		return no_network(q, "not a network address");
	if (!ipaddr_usable(&q->s->net, &a, &b) || wide_cmp(ip, a) < 0 || wide_cmp(ip, b) > 0)
		return NULL;
	return ipaddr_text(q->ev, ip, q->s->net.version);
}
static const struct value *q_next_usable(struct ipaddr_question *q)
{
	return neighbour(q, 1);
}
static const struct value *q_previous_usable(struct ipaddr_question *q)
{
	return neighbour(q, -1);
}
static const struct value *q_range_usable(struct ipaddr_question *q)
{
	CLEANUP(strbuf_release) struct strbuf s = {0};
	struct wide a, b;
	if (!q->s->is_network)
		return no_network(q, "not a network address");
	if (!ipaddr_usable(&q->s->net, &a, &b))
		return NULL;
	network_print_ip(&s, a, q->s->net.version);
	strbuf_putc(&s, '-');
	network_print_ip(&s, b, q->s->net.version);
	return str_buf(q->ev, &s);
}
static const struct value *q_peer(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	struct wide ip = n->ip;
	unsigned bits = network_width(n) - n->prefix;
	if (!q->s->is_network)
		return no_network(q, "not a network address");
	if (bits != 1 && bits != 2)
		return no_network(q, "not a point-to-point network");
	if (bits == 2 && (ip.lo % 4 == 0 || ip.lo % 4 == 3))
		return no_network(q, "the ends of a /30 have no peer");
	ip.lo ^= bits == 1 ? 1 : 3;
	return ipaddr_text(q->ev, ip, n->version);
}
static const struct value *q_host(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	bool is = is_one(n) || !at_first(n) || !has_broadcast(n);
	return is ? ipaddr_cidr(q->ev, n->ip, n) : NULL;
}
static const struct value *q_hostmask(struct ipaddr_question *q)
{
	return ipaddr_text(q->ev, network_hostmask(&q->s->net), q->s->net.version);
}
static const struct value *q_int(struct ipaddr_question *q)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (!q->s->is_network)
		return number(q->ev, q->s->net.ip);
	wide_print(&b, q->s->net.ip);
	strbuf_printf(&b, "/%u", q->s->net.prefix);
	return str_buf(q->ev, &b);
}
static bool is_host_of_network(const struct network *n)
{
	return is_two(n) || (!is_one(n) && !at_first(n));
}
static const struct value *q_ip_prefix(struct ipaddr_question *q)
{
	return is_host_of_network(&q->s->net) ? q_cidr(q) : NULL;
}
static const struct value *q_ip_netmask(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	return is_host_of_network(n) ? joined(q->ev, n->ip, " ", n, network_mask(n)) : NULL;
}
static const struct value *q_ipv4(struct ipaddr_question *q)
{
	struct network n = q->s->net;
	if (n.version == 4)
		return q->s->value;
	uint64_t high = n.ip.lo >> 32;
	if (n.ip.hi || (high && high != 0xffff) || n.prefix < 96)
		return value_bool(false);
	n.version = 4;
	n.prefix = (uint8_t)(n.prefix - 96);
	n.ip.lo &= UINT32_MAX;
	return ipaddr_cidr(q->ev, n.ip, &n);
}
static const struct value *q_ipv6(struct ipaddr_question *q)
{
	struct network n = q->s->net;
	if (n.version == 6)
		return q->s->value;
	n.version = 6;
	n.prefix = (uint8_t)(n.prefix + 96);
	n.ip.lo |= (uint64_t)0xffff << 32;
	return ipaddr_cidr(q->ev, n.ip, &n);
}

static const char multicast[] = "224.0.0.0/4 ff00::/8", loopback[] = "127.0.0.0/8 ::1",
		  link_local[] = "169.254.0.0/16 fe80::/10",
		  private[] = "10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 "
			      "198.18.0.0/15 239.0.0.0/8 169.254.0.0/16 fc00::/7 fec0::/10 "
			      "fe80::/10";

static struct network address_of(const struct network *n)
{
	return (struct network){n->ip, (uint8_t)network_width(n), n->version};
}
static const struct value *if_address_in(struct ipaddr_question *q, const char *networks)
{
	struct network ip = address_of(&q->s->net);
	return network_within(&ip, networks) ? q->s->value : NULL;
}
static const struct value *q_link_local(struct ipaddr_question *q)
{
	return if_address_in(q, link_local);
}
static const struct value *q_loopback(struct ipaddr_question *q)
{
	return if_address_in(q, loopback);
}
static const struct value *q_multicast(struct ipaddr_question *q)
{
	return network_within(&q->s->net, multicast) ? q->s->value : NULL;
}
static const struct value *q_unicast(struct ipaddr_question *q)
{
	return network_within(&q->s->net, multicast) ? NULL : q->s->value;
}
static const struct value *q_private(struct ipaddr_question *q)
{
	return network_within(&q->s->net, private) ? q->s->value : NULL;
}
/* Ones, then zeros; or zeros, then ones. */
static bool is_mask(const struct network *n)
{
	struct network m = *n;
	for (unsigned i = 0; i <= network_width(n); i++) {
		m.prefix = (uint8_t)i;
		if (!wide_cmp(n->ip, network_mask(&m)) || !wide_cmp(n->ip, network_hostmask(&m)))
			return true;
	}
	return false;
}
static const struct value *q_public(struct ipaddr_question *q)
{
	struct network ip = address_of(&q->s->net);
	bool is = !network_within(&ip, multicast) && !network_within(&ip, private) &&
		  !network_within(&ip, loopback) && !is_mask(&ip);
	return is ? q->s->value : NULL;
}
static const struct value *q_net(struct ipaddr_question *q)
{
	return !is_one(&q->s->net) && at_first(&q->s->net) ? q_cidr(q) : NULL;
}
static const struct value *q_netmask(struct ipaddr_question *q)
{
	return ipaddr_text(q->ev, network_mask(&q->s->net), q->s->net.version);
}
static const struct value *q_network(struct ipaddr_question *q)
{
	return ipaddr_text(q->ev, network_first(&q->s->net), q->s->net.version);
}
static const struct value *q_subnet(struct ipaddr_question *q)
{
	return ipaddr_cidr(q->ev, network_first(&q->s->net), &q->s->net);
}
static const struct value *q_network_netmask(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	return joined(q->ev, network_first(n), " ", n, network_mask(n));
}
static const struct value *q_network_wildcard(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	return joined(q->ev, network_first(n), " ", n, network_hostmask(n));
}
static const struct value *q_prefix(struct ipaddr_question *q)
{
	return int_new(q->ev, q->s->net.prefix);
}
static const struct value *q_revdns(struct ipaddr_question *q)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct wide ip = q->s->net.ip;
	bool four = q->s->net.version == 4;
	for (unsigned i = 0; i < (four ? 4u : 32u); i++) {
		strbuf_printf(&b, four ? "%u." : "%x.", (unsigned)(ip.lo & (four ? 0xff : 0xf)));
		unsigned by = four ? 8 : 4;
		ip = (struct wide){ip.hi >> by, ip.lo >> by | ip.hi << (64 - by)};
	}
	strbuf_puts(&b, four ? "in-addr.arpa." : "ip6.arpa.");
	return str_buf(q->ev, &b);
}
static const struct value *q_size(struct ipaddr_question *q)
{
	return number(q->ev, network_size(&q->s->net));
}
static const struct value *q_size_usable(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	if (is_one(n) || is_two(n))
		return int_new(q->ev, is_one(n) ? 0 : 2);
	return number(q->ev, wide_add(network_size(n), -2));
}
static const struct value *q_type(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	return str_lit(q->ev, is_one(n) || !at_first(n) ? "address" : "network");
}
static const struct value *q_version(struct ipaddr_question *q)
{
	return int_new(q->ev, q->s->net.version);
}
static const struct value *q_wrap(struct ipaddr_question *q)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (q->s->net.version == 4)
		return q->s->value;
	strbuf_putc(&b, '[');
	network_print_ip(&b, q->s->net.ip, 6);
	strbuf_putc(&b, ']');
	if (q->s->is_network)
		strbuf_printf(&b, "/%u", q->s->net.prefix);
	return str_buf(q->ev, &b);
}
static const struct value *q_6to4(struct ipaddr_question *q)
{
	const struct network *n = &q->s->net;
	struct network ip = address_of(n);
	if (n->version == 4) {
		uint32_t v = (uint32_t)n->ip.lo;
		if ((!is_one(n) && at_first(n)) || network_within(&ip, loopback) ||
		    network_within(&ip, "224.0.0.0/5 232.0.0.0/6 236.0.0.0/7 238.0.0.0/8") ||
		    (is_mask(&ip) && !network_within(&ip, private)))
			return value_bool(false);
		return value_fmt(q->ev->arena, "2002:%02x%02x:%02x%02x::1/48", v >> 24,
				 v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff);
	}
	bool is = network_within(&ip, "2002::/16") && (!q->s->is_network || !at_first(n));
	return is ? q->s->value : value_bool(false);
}

static const struct {
	const char *name;
	ipaddr_answer *fn;
} queries[] = {
	{"", ipaddr_empty},
	{"6to4", q_6to4},
	{"address", q_address},
	{"address/prefix", q_address_prefix},
	{"bool", q_bool},
	{"broadcast", q_broadcast},
	{"cidr", q_cidr},
	{"first_usable", q_first_usable},
	{"gateway", q_address_prefix},
	{"gw", q_address_prefix},
	{"host", q_host},
	{"host/prefix", q_address_prefix},
	{"hostmask", q_hostmask},
	{"hostnet", q_address_prefix},
	{"int", q_int},
	{"ip", q_address},
	{"ip/prefix", q_ip_prefix},
	{"ip_netmask", q_ip_netmask},
	{"ipv4", q_ipv4},
	{"ipv6", q_ipv6},
	{"last_usable", q_last_usable},
	{"link-local", q_link_local},
	{"lo", q_loopback},
	{"loopback", q_loopback},
	{"multicast", q_multicast},
	{"net", q_net},
	{"netmask", q_netmask},
	{"network", q_network},
	{"network/prefix", q_subnet},
	{"network_id", q_network},
	{"network_netmask", q_network_netmask},
	{"network_wildcard", q_network_wildcard},
	{"next_usable", q_next_usable},
	{"peer", q_peer},
	{"prefix", q_prefix},
	{"previous_usable", q_previous_usable},
	{"private", q_private},
	{"public", q_public},
	{"range_usable", q_range_usable},
	{"revdns", q_revdns},
	{"router", q_address_prefix},
	{"size", q_size},
	{"size_usable", q_size_usable},
	{"subnet", q_subnet},
	{"type", q_type},
	{"unicast", q_unicast},
	{"v4", q_ipv4},
	{"v6", q_ipv6},
	{"version", q_version},
	{"wildcard", q_hostmask},
	{"wrap", q_wrap},
};

ipaddr_answer *ipaddr_find(struct slice query)
{
	for (size_t i = 0; i < ARRAY_LEN(queries); i++)
		if (slice_is(query, queries[i].name))
			return queries[i].fn;
	return NULL;
}
