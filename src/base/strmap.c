#include "rollout/base/strmap.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define STRMAP_MIN_SLOTS 16

/* A host or a file must not be able to choose keys that all fall into one slot, so
 * both numbers are drawn anew in each process. A product's upper half depends on all
 * of the secret factor: no difference between two keys is sure to vanish. */
static uint64_t seed, factor;

static void draw(void)
{
	uint64_t drawn[2] = {0x9e3779b97f4a7c15u, 0xcbf29ce484222325u};
	if (getrandom(drawn, sizeof(drawn), GRND_NONBLOCK) < 0)
		drawn[1] ^= (uint64_t)getpid();
	seed = drawn[1];
	factor = drawn[0] | 1;
}

__extension__ typedef unsigned __int128 product;

static uint64_t mix(uint64_t h, uint64_t word)
{
	product p = (product)(h ^ word) * factor;
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Eight bytes at a time; the length tells an end of zeros from none. */
uint64_t hash_bytes(const void *p, size_t len)
{
	const unsigned char *c = p;
	if (!factor)
		draw();
	uint64_t h = seed ^ len, word;
	for (; len >= sizeof(word); len -= sizeof(word), c += sizeof(word)) {
		memcpy(&word, c, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)c[i] << (8 * i);
	return mix(mix(h, word), 0);
}

/* The slot of the key, or the empty one where it would go. */
static size_t find_slot(const struct strmap *m, struct slice key, uint64_t hash)
{
	size_t mask = m->nslots - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		if (m->slots[i] == 0)
			return i;
		const struct strmap_entry *e = &m->entries[m->slots[i] - 1];
		if (e->hash == hash && slice_eq(e->key, key))
			return i;
	}
}

static struct strmap_entry *find(const struct strmap *m, struct slice key)
{
	if (m->len == 0)
		return NULL;
	uint32_t index = m->slots[find_slot(m, key, hash_bytes(key.ptr, key.len))];
	return index ? &m->entries[index - 1] : NULL;
}

static void rebuild(struct strmap *m)
{
	memset(m->slots, 0, m->nslots * sizeof(*m->slots));
	for (size_t i = 0; i < m->len; i++)
		m->slots[find_slot(m, m->entries[i].key, m->entries[i].hash)] = (uint32_t)(i + 1);
}

static void grow(struct strmap *m)
{
	assert(m->len < UINT32_MAX / 2);
	if (m->len == m->cap) {
		m->cap = m->cap ? m->cap * 2 : STRMAP_MIN_SLOTS / 2;
		m->entries = xrealloc(m->entries, m->cap * sizeof(*m->entries));
	}
	if ((m->len + 1) * 2 > m->nslots) {
		m->nslots = m->nslots ? m->nslots * 2 : STRMAP_MIN_SLOTS;
		m->slots = xrealloc(m->slots, m->nslots * sizeof(*m->slots));
		rebuild(m);
	}
}

void *strmap_get(const struct strmap *m, struct slice key)
{
	const struct strmap_entry *e = find(m, key);
	return e ? e->value : NULL;
}

bool strmap_has(const struct strmap *m, struct slice key)
{
	return find(m, key) != NULL;
}

static struct slice copy_key(struct slice key)
{
	char *copy = xmalloc(key.len + 1);
	if (key.len > 0)
		memcpy(copy, key.ptr, key.len);
	copy[key.len] = '\0';
	return (struct slice){copy, key.len};
}

void strmap_set(struct strmap *m, struct slice key, void *value)
{
	struct strmap_entry *e = find(m, key);
	if (e) {
		e->value = value;
		return;
	}
	grow(m);
	uint64_t hash = hash_bytes(key.ptr, key.len);
	size_t slot = find_slot(m, key, hash);
	assert(m->entries);
	m->entries[m->len] = (struct strmap_entry){copy_key(key), value, hash};
	m->slots[slot] = (uint32_t)++m->len;
}

bool strmap_remove(struct strmap *m, struct slice key)
{
	struct strmap_entry *e = find(m, key);
	if (!e)
		return false;
	free((char *)e->key.ptr);
	size_t after = (size_t)(m->entries + m->len - (e + 1));
	memmove(e, e + 1, after * sizeof(*e));
	m->len--;
	rebuild(m);
	return true;
}

void strmap_release(struct strmap *m)
{
	for (size_t i = 0; i < m->len; i++)
		free((char *)m->entries[i].key.ptr);
	free(m->entries);
	free(m->slots);
	*m = (struct strmap){0};
}
