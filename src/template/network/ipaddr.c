/* ansible.utils.ipaddr: one address or network, and a query about it. */
#include "ipaddr.h"

static bool from_number(struct eval *ev, struct slice s, unsigned version, struct subject *ret)
{
	struct wide w;
	if (!wide_parse(s, &w))
		return false;
	bool four = !w.hi && w.lo <= UINT32_MAX && version != 6;
	ret->net = (struct network){w, four ? 32 : 128, four ? 4 : 6};
	ret->value = ipaddr_cidr(ev, w, &ret->net);
	return true;
}

bool ipaddr_subject(struct eval *ev, const struct value *v, unsigned version, struct subject *ret)
{
	*ret = (struct subject){.value = v};
	if (v->type == VALUE_INT && v->integer > 0)
		return from_number(ev, value_fmt(ev->arena, "%lld", (long long)v->integer)->str,
				   version, ret);
	if (!is_str(v) || v->str.len == 0)
		return false;
	if (from_number(ev, v->str, version, ret))
		return true;
	ret->is_network = memchr(v->str.ptr, '/', v->str.len);
	return network_parse(v->str, 0, &ret->net);
}

/* The n-th address of the network. */
static const struct value *nth(struct ipaddr_question *q, struct slice query)
{
	const struct network *n = &q->s->net;
	int64_t i;
	if (n->prefix == network_width(n))
		return ipaddr_empty(q);
	if (!text_to_int(query, 10, &i))
		return value_bool(false);
	struct wide size = network_size(n), far = {0, i < 0 ? 0 - (uint64_t)i : (uint64_t)i};
	if (wide_cmp(far, size) > (i < 0 ? 0 : -1))
		return value_bool(false);
	struct wide ip = i < 0 ? wide_add(network_last(n), i + 1) : wide_add(network_first(n), i);
	return ipaddr_cidr(q->ev, ip, n);
}

static int answer(struct ipaddr_question *q, struct slice query, const struct value **ret)
{
	struct err err = {0}, *outer = q->err;
	struct network net;
	ipaddr_answer *fn = ipaddr_find(query);
	if (fn) {
		q->err = &err;
		*ret = fn(q);
		q->err = outer;
		if (!*ret && err.code)
			return err_set(outer, ERR_INVALID, "%s", err.msg);
		*ret = *ret ? *ret : value_null();
		return 0;
	}
	if (network_parse(query, 0, &net)) {
		*ret = network_contains(&net, &q->s->net) ? q->s->value : value_null();
		return 0;
	}
	double d;
	if (!text_to_float(query, &d))
		return err_set(outer, ERR_INVALID, "there is no query '%.*s'", SLICE_ARG(query));
	*ret = nth(q, query);
	return 0;
}

static int query_list(struct eval *ev, const struct value *v, struct slice query, unsigned version,
		      const struct value **ret, struct err *err)
{
	struct value *out = list_new(ev);
	int r = eval_step(ev, v->list.len, err);
	for (size_t i = 0; i < v->list.len && r == 0; i++) {
		const struct value *one;
		if (is_list(v->list.at[i]))
			return type_error(err, "a list of addresses is needed", v->list.at[i]);
		r = ipaddr_query(ev, v->list.at[i], query, version, &one, err);
		if (r == 0 && value_truthy(one))
			list_push(ev, out, one);
	}
	*ret = out;
	return r;
}

int ipaddr_query(struct eval *ev, const struct value *v, struct slice query, unsigned version,
		 const struct value **ret, struct err *err)
{
	struct subject s;
	struct ipaddr_question q = {ev, &s, err};
	int r = eval_use(ev, v, err);
	if (r < 0)
		return r;
	if (is_list(v))
		return query_list(ev, v, query, version, ret, err);
	if (!is_str(v) && v->type != VALUE_INT && v->type != VALUE_BOOL)
		return type_error(err, "an address or a list of them is needed", v);
	*ret = value_bool(false);
	if (!ipaddr_subject(ev, v, version, &s) || (version && s.net.version != version))
		return 0;
	return answer(&q, query, ret);
}

static int filter(struct call *c, unsigned version, const struct value **ret, struct err *err)
{
	struct slice query;
	int64_t asked = version;
	int r = call_text(c, 0, "", &query, err);
	if (r == 0 && version == 0 && c->arg[1] && value_truthy(c->arg[1]))
		r = call_int(c, 1, 0, &asked, err);
	return r < 0 ? r : ipaddr_query(c->ev, c->in, query, (unsigned)asked, ret, err);
}
FN(f_ipaddr)
{
	return filter(c, 0, ret, err);
}
FN(f_ipv4)
{
	return filter(c, 4, ret, err);
}
FN(f_ipv6)
{
	return filter(c, 6, ret, err);
}

const struct function filters_ipaddr[] = {
	{"ipaddr", "query,version,alias", 0, 0, f_ipaddr},
	{"ipv4", "query", 0, 0, f_ipv4},
	{"ipv6", "query", 0, 0, f_ipv6},
	{0},
};
