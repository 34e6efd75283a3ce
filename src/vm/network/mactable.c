#include "mactable.h"

#include "rollout/base/strmap.h"

static struct mac_entry *bucket_of(const struct mac_table *t, const unsigned char *mac)
{
	return (struct mac_entry *)t->entries[hash_bytes(mac, MAC_SIZE) % MAC_BUCKETS];
}

bool mac_is_multicast(const unsigned char *mac)
{
	return mac[0] & 1;
}

/* The entry of the station; else the one to take for it: a free one, or the oldest. */
static struct mac_entry *entry_for(struct mac_entry *bucket, const unsigned char *mac)
{
	struct mac_entry *best = bucket;
	for (struct mac_entry *e = bucket; e < bucket + MAC_WAYS; e++) {
		if (e->used && memcmp(e->mac, mac, MAC_SIZE) == 0)
			return e;
		if (best->used && (!e->used || e->seen_ms < best->seen_ms))
			best = e;
	}
	return best;
}

void mac_table_learn(struct mac_table *t, const unsigned char *mac, size_t port, int64_t now_ms)
{
	if (mac_is_multicast(mac))
		return;
	struct mac_entry *e = entry_for(bucket_of(t, mac), mac);
	memcpy(e->mac, mac, MAC_SIZE);
	e->used = 1;
	e->port = (uint16_t)port;
	e->seen_ms = now_ms;
}

bool mac_table_find(const struct mac_table *t, const unsigned char *mac, int64_t now_ms,
		    size_t *ret_port)
{
	const struct mac_entry *bucket = bucket_of(t, mac);
	for (const struct mac_entry *e = bucket; e < bucket + MAC_WAYS; e++) {
		if (!e->used || memcmp(e->mac, mac, MAC_SIZE) != 0)
			continue;
		*ret_port = e->port;
		return now_ms - e->seen_ms <= MAC_AGE_MS;
	}
	return false;
}

void mac_table_forget_port(struct mac_table *t, size_t port)
{
	for (size_t b = 0; b < MAC_BUCKETS; b++)
		for (size_t w = 0; w < MAC_WAYS; w++)
			if (t->entries[b][w].port == port)
				t->entries[b][w].used = 0;
}
