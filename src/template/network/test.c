/* Tests of addresses, from the collection ansible.utils. */
#include "ipaddr.h"

static bool parse(const struct value *v, struct network *ret)
{
	return is_str(v) && network_parse(v->str, 0, ret);
}

/* A network without host bits, or an address. */
static bool parse_strict(const struct value *v, struct network *ret)
{
	return parse(v, ret) && !wide_cmp(ret->ip, network_first(ret));
}

static bool is_within(const struct value *inner, const struct value *outer)
{
	struct network a, b;
	return parse_strict(inner, &a) && parse_strict(outer, &b) && network_contains(&b, &a);
}

FN(t_in_network)
{
	*ret = value_bool(is_within(c->in, c->arg[0]));
	return 0;
}
FN(t_supernet_of)
{
	*ret = value_bool(is_within(c->arg[0], c->in));
	return 0;
}
FN(t_in_any_network)
{
	bool is = false;
	for (size_t i = 0; is_list(c->arg[0]) && i < c->arg[0]->list.len; i++)
		is |= is_within(c->in, c->arg[0]->list.at[i]);
	*ret = value_bool(is);
	return 0;
}
FN(t_in_one_network)
{
	bool is = true;
	for (size_t i = 0; is_list(c->in) && i < c->in->list.len; i++)
		is &= is_within(c->in->list.at[i], c->arg[0]);
	*ret = value_bool(is);
	return 0;
}

static int is_version(struct call *c, unsigned version, bool address, const struct value **ret)
{
	struct network n;
	bool is = address ? parse(c->in, &n) && !memchr(c->in->str.ptr, '/', c->in->str.len)
			  : parse_strict(c->in, &n);
	*ret = value_bool(is && (!version || n.version == version));
	return 0;
}
FN(t_ip)
{
	return is_version(c, 0, false, ret);
}
FN(t_ipv4)
{
	return is_version(c, 4, false, ret);
}
FN(t_ipv6)
{
	return is_version(c, 6, false, ret);
}
FN(t_ip_address)
{
	return is_version(c, 0, true, ret);
}
FN(t_ipv4_address)
{
	return is_version(c, 4, true, ret);
}
FN(t_ipv6_address)
{
	return is_version(c, 6, true, ret);
}

static int asks(struct call *c, const char *query, const struct value **ret)
{
	struct network n;
	const struct value *v;
	*ret = value_bool(parse(c->in, &n) &&
			  ipaddr_query(c->ev, c->in, slice_from(query), 0, &v, NULL) == 0 &&
			  value_truthy(v));
	return 0;
}
FN(t_private)
{
	return asks(c, "private", ret);
}
FN(t_public)
{
	return asks(c, "public", ret);
}
FN(t_loopback)
{
	return asks(c, "loopback", ret);
}
FN(t_multicast)
{
	return asks(c, "multicast", ret);
}
FN(t_mac)
{
	uint64_t mac;
	*ret = value_bool(is_str(c->in) && mac_parse(c->in->str, &mac));
	return 0;
}

const struct function tests_network[] = {
	{"in_network", "network", 1, 0, t_in_network},
	{"subnet_of", "network", 1, 0, t_in_network},
	{"supernet_of", "network", 1, 0, t_supernet_of},
	{"in_any_network", "networks", 1, 0, t_in_any_network},
	{"in_one_network", "network", 1, 0, t_in_one_network},
	{"ip", "", 0, 0, t_ip},
	{"ipv4", "", 0, 0, t_ipv4},
	{"ipv6", "", 0, 0, t_ipv6},
	{"ip_address", "", 0, 0, t_ip_address},
	{"ipv4_address", "", 0, 0, t_ipv4_address},
	{"ipv6_address", "", 0, 0, t_ipv6_address},
	{"private", "", 0, 0, t_private},
	{"public", "", 0, 0, t_public},
	{"loopback", "", 0, 0, t_loopback},
	{"multicast", "", 0, 0, t_multicast},
	{"mac", "", 0, 0, t_mac},
	{0},
};
