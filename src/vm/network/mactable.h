#pragma once
/*
 * Which port of the switch a station was last seen on (IEEE 802.1D §7.8). Bounded:
 * in a full bucket the station not heard of for longest is forgotten, and its
 * frames are flooded until it speaks again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAC_SIZE 6
#define MAC_WAYS 4u
#define MAC_BUCKETS 1024u /* 4096 stations */
#define MAC_AGE_MS 300000

struct mac_entry {
	unsigned char mac[MAC_SIZE];
	uint16_t used, port;
	int64_t seen_ms;
};
struct mac_table {
	struct mac_entry entries[MAC_BUCKETS][MAC_WAYS];
};

/* A station that moved is on its new port at once; a multicast address is no station. */
void mac_table_learn(struct mac_table *t, const unsigned char *mac, size_t port, int64_t now_ms);
bool mac_table_find(const struct mac_table *t, const unsigned char *mac, int64_t now_ms,
		    size_t *ret_port);
void mac_table_forget_port(struct mac_table *t, size_t port);
bool mac_is_multicast(const unsigned char *mac); /* broadcast too */
