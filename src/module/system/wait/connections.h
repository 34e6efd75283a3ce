#pragma once
/* Open TCP connections to a port of this host, from /proc/net/tcp and tcp6. */
#include "address.h"

struct connections_query {
	uint16_t port;
	const struct addresses *local;	 /* one of these, or any where one is 0.0.0.0 or :: */
	const struct addresses *exclude; /* not from these */
	const char *const *states;	 /* ESTABLISHED, SYN_SENT … NULL-terminated */
};

int connections_count(struct module_call *call, const struct connections_query *q, size_t *ret,
		      struct err *err);
