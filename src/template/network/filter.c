/* The filters of networks and hardware addresses beside ipaddr. */
#include "ipaddr.h"

#include <stdlib.h>

/* The network that value is in; false: it is no address. */
static bool network_of(struct call *c, const struct value *v, struct network *ret)
{
	struct subject s;
	if (!ipaddr_subject(c->ev, v, 0, &s))
		return false;
	*ret = s.net;
	return true;
}

static int wrap_one(struct call *c, const struct value *v, struct slice query,
		    const struct value **ret)
{
	const struct value *got;
	*ret = v;
	if (ipaddr_query(c->ev, v, query, 0, &got, NULL) < 0 || !value_truthy(got) ||
	    ipaddr_query(c->ev, got, SLICE_LIT("wrap"), 0, &got, NULL) < 0)
		return 0;
	*ret = got;
	return 0;
}

FN(f_ipwrap)
{
	struct slice query;
	int r = call_text(c, 0, "", &query, err);
	if (r < 0 || !is_list(c->in))
		return r < 0 ? r : wrap_one(c, c->in, query, ret);
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < c->in->list.len; i++) {
		const struct value *one;
		wrap_one(c, c->in->list.at[i], query, &one);
		list_push(c->ev, out, one);
	}
	*ret = out;
	return 0;
}

/* How many, or the index-th, subnet of the size. */
static int subnet(struct call *c, const struct network *n, unsigned prefix,
		  const struct value **ret, struct err *err)
{
	struct network sub = {network_first(n), (uint8_t)prefix, n->version};
	CLEANUP(strbuf_release) struct strbuf b = {0};
	unsigned bits = prefix - n->prefix;
	int64_t index;
	if (prefix < n->prefix && (!c->arg[1] || c->arg[1]->type == VALUE_NULL))
		return err_set(err, ERR_INVALID, "the network is smaller than /%u", prefix);
	/* Around a smaller one there is one: itself, with the other prefix. */
	if (prefix < n->prefix)
		bits = 0;
	struct wide count = wide_shift((struct wide){0, 1}, bits);
	if (!c->arg[1] || c->arg[1]->type == VALUE_NULL) {
		wide_print(&b, count);
		*ret = str_buf(c->ev, &b);
		return 0;
	}
	int r = call_int(c, 1, 0, &index, err);
	if (r < 0)
		return r;
	*ret = value_bool(false);
	if (prefix < n->prefix && index != 0)
		return 0;
	struct wide at = index < 0 ? wide_add(count, index) : (struct wide){0, (uint64_t)index};
	if (bits < 128 && wide_cmp(at, count) >= 0)
		return 0;
	sub.ip = wide_plus(sub.ip, wide_shift(at, network_width(n) - prefix));
	*ret = ipaddr_cidr(c->ev, sub.ip, &sub);
	return 0;
}

/* Of the networks around an address, from the size on, the index-th. */
static int supernet(struct call *c, const struct network *n, unsigned prefix,
		    const struct value **ret, struct err *err)
{
	int64_t index, width = network_width(n), count = width - prefix;
	int r = call_int(c, 1, 0, &index, err);
	if (r < 0)
		return r;
	*ret = value_bool(false);
	if (c->arg[1] && (index > width + 1 - index || index < (int64_t)prefix - width))
		return 0;
	index += index < 0 ? count : 0;
	if (index < 0 || index >= count)
		return err_set(err, ERR_INVALID, "there is no such network");
	struct network sup = {n->ip, (uint8_t)(prefix + index), n->version};
	*ret = ipaddr_cidr(c->ev, network_first(&sup), &sup);
	return 0;
}

/* Which of the networks of its size the value is within the query, from 1 on. */
static int rank(struct call *c, const struct network *n, struct slice query,
		const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct network outer;
	if (!network_parse(query, 0, &outer))
		return err_set(err, ERR_INVALID, "'%.*s' is not a network", SLICE_ARG(query));
	if (!network_contains(&outer, n))
		return err_set(err, ERR_INVALID, "it is not within %.*s", SLICE_ARG(query));
	struct wide host = network_hostmask(&outer), at = network_first(n);
	at = (struct wide){at.hi & host.hi, at.lo & host.lo};
	for (unsigned i = network_width(n) - n->prefix; i > 0; i--)
		at = (struct wide){at.hi >> 1, at.lo >> 1 | at.hi << 63};
	wide_print(&b, wide_add(at, 1));
	*ret = str_buf(c->ev, &b);
	return 0;
}

FN(f_ipsubnet)
{
	struct network n;
	struct slice query;
	int64_t prefix;
	int r = call_text(c, 0, "", &query, err);
	if (r < 0)
		return r;
	*ret = value_bool(false);
	if (!network_of(c, c->in, &n))
		return 0;
	if (query.len == 0) {
		*ret = ipaddr_cidr(c->ev, network_first(&n), &n);
		return 0;
	}
	n.ip = network_first(&n);
	if (!text_to_int(query, 10, &prefix))
		return rank(c, &n, query, ret, err);
	if (prefix < 0 || prefix > network_width(&n))
		return 0;
	return n.prefix == network_width(&n) ? supernet(c, &n, (unsigned)prefix, ret, err)
					     : subnet(c, &n, (unsigned)prefix, ret, err);
}

FN(f_ipmath)
{
	struct network n;
	int64_t by;
	if (!is_str(c->in) || !network_of(c, c->in, &n))
		return type_error(err, "an address is needed", c->in);
	if (c->arg[0]->type != VALUE_INT)
		return type_error(err, "an integer is needed", c->arg[0]);
	by = c->arg[0]->integer;
	struct wide ip = wide_add(n.ip, by);
	bool over = by < 0 ? wide_cmp(ip, n.ip) > 0 : wide_cmp(ip, n.ip) < 0;
	if (over || (n.version == 4 && (ip.hi || ip.lo > UINT32_MAX)))
		return err_set(err, ERR_INVALID, "there is no such address");
	*ret = ipaddr_text(c->ev, ip, n.version);
	return 0;
}

static int nth_usable(struct call *c, int sign, const struct value **ret, struct err *err)
{
	struct network n;
	struct wide first, last;
	*ret = value_bool(false);
	if (c->arg[0]->type != VALUE_INT)
		return type_error(err, "an integer is needed", c->arg[0]);
	if (!network_of(c, c->in, &n))
		return 0;
	*ret = value_null();
	/* What is written as a network is one, host bits or not. */
	bool host = wide_cmp(n.ip, network_first(&n)) != 0;
	n.ip = host ? n.ip : network_first(&n);
	struct wide ip = wide_add(n.ip, sign * c->arg[0]->integer);
	if (ipaddr_usable(&n, &first, &last) && wide_cmp(first, ip) <= 0 && wide_cmp(ip, last) <= 0)
		*ret = ipaddr_text(c->ev, ip, n.version);
	return 0;
}
FN(f_next_nth_usable)
{
	return nth_usable(c, 1, ret, err);
}
FN(f_previous_nth_usable)
{
	return nth_usable(c, -1, ret, err);
}

FN(f_nthhost)
{
	struct network n;
	struct slice query;
	int64_t i;
	int r = call_text(c, 0, "", &query, err);
	if (r < 0)
		return r;
	*ret = value_bool(false);
	if (!network_of(c, c->in, &n) || !text_to_int(query, 10, &i))
		return 0;
	struct wide size = network_size(&n), far = {0, i < 0 ? 0 - (uint64_t)i : (uint64_t)i};
	if (wide_cmp(far, size) > (i < 0 ? 0 : -1))
		return i < 0 ? err_set(err, ERR_INVALID, "there is no such address") : 0;
	*ret = ipaddr_text(
		c->ev, i < 0 ? wide_add(network_last(&n), i + 1) : wide_add(network_first(&n), i),
		n.version);
	return 0;
}

/* first <= test's first, test's last <= last */
static bool within(const struct network *outer, const struct network *inner, bool usable)
{
	struct wide first = network_first(outer), last = network_last(outer);
	if (usable)
		ipaddr_usable(outer, &first, &last);
	return outer->version == inner->version && wide_cmp(first, network_first(inner)) <= 0 &&
	       wide_cmp(network_last(inner), last) <= 0;
}
static int in_network(struct call *c, bool usable, const struct value **ret)
{
	struct network outer, inner;
	if (!network_of(c, c->in, &outer) || !network_of(c, c->arg[0], &inner))
		*ret = value_bool(false);
	else
		*ret = value_bool(within(&outer, &inner, usable));
	return 0;
}
FN(f_network_in_network)
{
	return in_network(c, false, ret);
}
FN(f_network_in_usable)
{
	return in_network(c, true, ret);
}

FN(f_reduce_on_network)
{
	struct network outer, n;
	const struct value_list *list;
	struct value *out = list_new(c->ev);
	int r = in_list(c, &list, err);
	if (r < 0)
		return r;
	if (!network_of(c, c->arg[0], &outer))
		return type_error(err, "a network is needed", c->arg[0]);
	for (size_t i = 0; i < list->len; i++) {
		if (!network_of(c, list->at[i], &n))
			return type_error(err, "addresses are needed", list->at[i]);
		if (within(&outer, &n, false))
			list_push(c->ev, out, list->at[i]);
	}
	*ret = out;
	return 0;
}

struct range {
	struct wide first, last;
	struct network net;
	bool merged;
};

static int compare_ranges(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;
	if (a->net.version != b->net.version)
		return a->net.version - b->net.version;
	int r = wide_cmp(a->last, b->last);
	return r ? r : wide_cmp(a->first, b->first);
}

/* The fewest networks from first to last. */
static void push_networks(struct call *c, struct value *out, const struct range *g)
{
	struct wide at = g->first;
	for (;;) {
		struct network n = {at, (uint8_t)network_width(&g->net), g->net.version};
		while (n.prefix > 0) {
			struct network wider = n;
			wider.prefix--;
			if (wide_cmp(network_first(&wider), at) ||
			    wide_cmp(network_last(&wider), g->last) > 0)
				break;
			n = wider;
		}
		list_push(c->ev, out, ipaddr_cidr(c->ev, at, &n));
		if (wide_cmp(network_last(&n), g->last) >= 0)
			return;
		at = wide_add(network_last(&n), 1);
	}
}

static void merge(struct call *c, struct range *g, size_t n, struct value *out)
{
	qsort(g, n, sizeof(*g), compare_ranges);
	for (size_t i = n; i-- > 1;) {
		struct wide before = g[i].first;
		if (before.hi || before.lo)
			before = wide_add(before, -1);
		if (g[i].net.version != g[i - 1].net.version || wide_cmp(before, g[i - 1].last) > 0)
			continue;
		if (wide_cmp(g[i].first, g[i - 1].first) < 0)
			g[i - 1].first = g[i].first;
		g[i - 1].last = g[i].last;
		g[i - 1].merged = true;
		memmove(g + i, g + i + 1, (n - i - 1) * sizeof(*g));
		n--;
	}
	for (size_t i = 0; i < n; i++) {
		if (g[i].merged)
			push_networks(c, out, &g[i]);
		else
			list_push(c->ev, out, ipaddr_cidr(c->ev, g[i].net.ip, &g[i].net));
	}
}

static int span(struct call *c, const struct range *g, size_t n, const struct value **ret,
		struct err *err)
{
	const struct range *low = g, *high = g;
	*ret = n ? ipaddr_cidr(c->ev, g->net.ip, &g->net) : value_null();
	if (n < 2)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (g[i].net.version != g->net.version)
			return err_set(err, ERR_INVALID, "IPv4 and IPv6 have no common network");
		if (wide_cmp(g[i].first, low->first) < 0)
			low = &g[i];
		if (wide_cmp(g[i].last, high->last) > 0)
			high = &g[i];
	}
	struct network sum = {high->last, high->net.prefix, high->net.version};
	while (sum.prefix > 0 && wide_cmp(network_first(&sum), low->first) > 0)
		sum.prefix--;
	*ret = ipaddr_cidr(c->ev, network_first(&sum), &sum);
	return 0;
}

FN(f_cidr_merge)
{
	const struct value_list *list;
	struct slice action;
	int r;
	if ((r = in_list(c, &list, err)) < 0 || (r = call_text(c, 0, "merge", &action, err)) < 0 ||
	    (r = eval_step(c->ev, list->len, err)) < 0)
		return r;
	if (!slice_is(action, "merge") && !slice_is(action, "span"))
		return err_set(err, ERR_INVALID, "the action is merge or span");
	struct range *g = ARENA_ARRAY(c->ev->arena, struct range, list->len + 1);
	for (size_t i = 0; i < list->len; i++) {
		if (!is_str(list->at[i]) || !network_parse(list->at[i]->str, 0, &g[i].net))
			return type_error(err, "addresses or networks are needed", list->at[i]);
		g[i].first = network_first(&g[i].net);
		g[i].last = network_last(&g[i].net);
	}
	if (slice_is(action, "span"))
		return span(c, g, list->len, ret, err);
	struct value *out = list_new(c->ev);
	merge(c, g, list->len, out);
	*ret = out;
	return 0;
}

FN(f_ip4_hex)
{
	struct slice s, sep;
	struct network n;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "", &sep, err)) < 0)
		return r;
	if (!network_parse(s, 4, &n))
		return type_error(err, "an IPv4 address is needed", c->in);
	uint32_t v = (uint32_t)n.ip.lo;
	*ret = value_fmt(c->ev->arena, "%02x%.*s%02x%.*s%02x%.*s%02x", v >> 24, SLICE_ARG(sep),
			 v >> 16 & 0xff, SLICE_ARG(sep), v >> 8 & 0xff, SLICE_ARG(sep), v & 0xff);
	return 0;
}

FN(f_usable_range)
{
	struct network n;
	struct value *ips = list_new(c->ev), *out = dict_new(c->ev);
	struct slice s;
	int r = in_text(c, &s, err);
	if (r < 0)
		return r;
	if (!network_parse(s, 0, &n) || wide_cmp(n.ip, network_first(&n)))
		return type_error(err, "a network is needed", c->in);
	struct wide size = network_size(&n);
	if ((r = limit_items(size.hi ? UINT64_MAX : size.lo, err)) < 0 ||
	    (r = eval_step(c->ev, size.lo, err)) < 0)
		return r;
	for (uint64_t i = 0; i < size.lo; i++)
		list_push(c->ev, ips, ipaddr_text(c->ev, wide_add(n.ip, (int64_t)i), n.version));
	value_dict_put(c->ev->arena, out, "usable_ips", ips);
	value_dict_put(c->ev->arena, out, "number_of_ips", int_new(c->ev, (int64_t)size.lo));
	*ret = out;
	return 0;
}

/* Formats of hardware addresses. */
static const struct mac_format {
	const char *name, *separator;
	unsigned bytes, digits; /* of a group; its least digits */
	bool upper;
} mac_formats[] = {
	{"bare", "", 6, 12, true},   {"cisco", ".", 2, 4, false}, {"eui48", "-", 1, 2, true},
	{"linux", ":", 1, 2, false}, {"pgsql", ":", 3, 6, false}, {"postgresql", ":", 3, 6, false},
	{"psql", ":", 3, 6, false},  {"unix", ":", 1, 1, false},  {"win", "-", 1, 2, true},
};

static const struct value *format_mac(struct call *c, uint64_t mac, const struct mac_format *f)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	uint64_t mask = ((uint64_t)1 << (f->bytes * 8)) - 1;
	for (unsigned left = 6; left > 0; left -= f->bytes) {
		unsigned long long group = mac >> ((left - f->bytes) * 8) & mask;
		if (left < 6)
			strbuf_puts(&b, f->separator);
		if (f->upper)
			strbuf_printf(&b, "%0*llX", (int)f->digits, group);
		else
			strbuf_printf(&b, "%0*llx", (int)f->digits, group);
	}
	return str_buf(c->ev, &b);
}

FN(f_hwaddr)
{
	struct slice s, query;
	uint64_t mac;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "", &query, err)) < 0)
		return r;
	bool plain = query.len == 0 || slice_is(query, "bool");
	if (!mac_parse(s, &mac)) {
		*ret = value_null();
		return plain ? 0 : err_set(err, ERR_INVALID, "not a hardware address");
	}
	*ret = slice_is(query, "bool")	? value_bool(mac != 0)
	       : slice_is(query, "int") ? int_new(c->ev, (int64_t)mac)
					: c->in;
	if (plain || slice_is(query, "int"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(mac_formats); i++) {
		if (slice_is(query, mac_formats[i].name)) {
			*ret = format_mac(c, mac, &mac_formats[i]);
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "there is no query '%.*s'", SLICE_ARG(query));
}

/* RFC 4862 with the interface identifier of RFC 4291, appendix A. */
FN(f_slaac)
{
	struct network n;
	struct slice query;
	uint64_t mac;
	int r = call_text(c, 0, "", &query, err);
	*ret = value_bool(false);
	if (r < 0 || !network_of(c, c->in, &n) || n.version != 6 || !mac_parse(query, &mac))
		return r;
	uint64_t id =
		(mac >> 24 ^ (uint64_t)2 << 16) << 40 | (uint64_t)0xfffe << 24 | (mac & 0xffffff);
	*ret = ipaddr_text(c->ev, wide_plus(network_first(&n), (struct wide){0, id}), 6);
	return 0;
}

const struct function filters_network[] = {
	{"ipwrap", "query", 0, 0, f_ipwrap},
	{"ipsubnet", "query,index", 0, 0, f_ipsubnet},
	{"ipmath", "amount", 1, 0, f_ipmath},
	{"next_nth_usable", "offset", 1, 0, f_next_nth_usable},
	{"previous_nth_usable", "offset", 1, 0, f_previous_nth_usable},
	{"nthhost", "query", 0, 0, f_nthhost},
	{"network_in_network", "test", 1, 0, f_network_in_network},
	{"network_in_usable", "test", 1, 0, f_network_in_usable},
	{"reduce_on_network", "network", 1, 0, f_reduce_on_network},
	{"cidr_merge", "action", 0, 0, f_cidr_merge},
	{"ip4_hex", "delimiter", 0, 0, f_ip4_hex},
	{"usable_range", "", 0, 0, f_usable_range},
	{"hwaddr", "query,alias", 0, 0, f_hwaddr},
	{"macaddr", "query", 0, 0, f_hwaddr},
	{"slaac", "query", 0, 0, f_slaac},
	{0},
};
