#pragma once
/* Names and connections without the C library's name service, which a static
 * program must not call. */
#include "rollout/module/module.h"

#include <sys/socket.h>

#define ADDRESSES_MAX 16

struct addresses {
	struct sockaddr_storage at[ADDRESSES_MAX]; /* AF_INET or AF_INET6, with the port */
	size_t len;
};

/* A literal address, else /etc/hosts, else `getent ahosts`. ERR_NOT_FOUND. */
int addresses_find(struct module_call *call, const char *name, uint16_t port, struct addresses *ret,
		   struct err *err);
/* A connected, non-blocking descriptor to the first that answers, or -1. */
int addresses_connect(const struct addresses *a, int64_t timeout_ms);
