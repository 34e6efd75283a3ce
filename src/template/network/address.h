#pragma once
/* IP addresses, networks and hardware addresses, as numbers. */
#include "rollout/base/str.h"

struct wide { /* 128 bits */
	uint64_t hi, lo;
};
struct network {
	struct wide ip; /* with its host bits */
	uint8_t prefix, version;
};

struct wide wide_add(struct wide a, int64_t n);
struct wide wide_plus(struct wide a, struct wide b);
struct wide wide_shift(struct wide a, unsigned left);
int wide_cmp(struct wide a, struct wide b);
void wide_print(struct strbuf *out, struct wide w); /* decimal */
/* Decimal digits; false: too many of them. */
bool wide_parse(struct slice s, struct wide *ret);

/* "10.0.0.1", "10.0.0.1/24", "10.0.0.1/255.255.255.0", "fe80::1/64". version 0: any. */
bool network_parse(struct slice s, unsigned version, struct network *ret);
unsigned network_width(const struct network *n);
struct wide network_hostmask(const struct network *n);
struct wide network_mask(const struct network *n);
struct wide network_first(const struct network *n);
struct wide network_last(const struct network *n);
struct wide network_size(const struct network *n); /* of ::/0: one less than it is */
bool network_contains(const struct network *outer, const struct network *inner);
/* Within one of the networks of the text, which are separated by spaces. */
bool network_within(const struct network *n, const char *networks);
void network_print_ip(struct strbuf *out, struct wide ip, unsigned version);

bool mac_parse(struct slice s, uint64_t *ret);
