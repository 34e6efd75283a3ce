#pragma once
/* The filter ipaddr, which the others of its family are made of. */
#include "../filter/filter.h"
#include "address.h"

/* What a value means as an address; false: nothing. */
struct subject {
	struct network net;
	bool is_network;	   /* was written with its prefix */
	const struct value *value; /* as given, numbers as addresses */
};
bool ipaddr_subject(struct eval *ev, const struct value *v, unsigned version, struct subject *ret);
/* ipaddr(value, query): *ret is false or none where there is no answer. */
int ipaddr_query(struct eval *ev, const struct value *v, struct slice query, unsigned version,
		 const struct value **ret, struct err *err);
const struct value *ipaddr_text(struct eval *ev, struct wide ip, unsigned version);
/* "ip/prefix" */
const struct value *ipaddr_cidr(struct eval *ev, struct wide ip, const struct network *n);
/* The first and last address that a host may have; false: there is one address alone. */
bool ipaddr_usable(const struct network *n, struct wide *ret_first, struct wide *ret_last);

/* query.c: the queries. */
struct ipaddr_question {
	struct eval *ev;
	const struct subject *s;
	struct err *err; /* set where it cannot be asked; the answer is NULL then */
};
/* NULL is Python's None. */
typedef const struct value *ipaddr_answer(struct ipaddr_question *q);
ipaddr_answer *ipaddr_find(struct slice query);
const struct value *ipaddr_empty(struct ipaddr_question *q);
