/* Python's random.Random: the Mersenne Twister, seeded as Python does, so that
 * `random(seed=inventory_hostname)` gives what Ansible gave.
 * Source: Matsumoto and Nishimura, "Mersenne Twister"; Python's Lib/random.py. */
#include "../filter/filter.h"

#include "rollout/base/digest.h"

#include <stdlib.h>
#include <sys/random.h>

#define N 624
#define M 397

static void init_genrand(struct mersenne *m, uint32_t s)
{
	m->state[0] = s;
	for (unsigned i = 1; i < N; i++)
		m->state[i] = 1812433253u * (m->state[i - 1] ^ (m->state[i - 1] >> 30)) + i;
	m->at = N;
}

static void init_by_array(struct mersenne *m, const uint32_t *key, size_t len)
{
	uint32_t *mt = m->state;
	init_genrand(m, 19650218u);
	size_t i = 1, j = 0;
	for (size_t k = N > len ? N : len; k; k--) {
		mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1664525u)) + key[j] +
			(uint32_t)j;
		if (++i >= N) {
			mt[0] = mt[N - 1];
			i = 1;
		}
		if (++j >= len)
			j = 0;
	}
	for (size_t k = N - 1; k; k--) {
		mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1566083941u)) - (uint32_t)i;
		if (++i >= N) {
			mt[0] = mt[N - 1];
			i = 1;
		}
	}
	mt[0] = 0x80000000u;
}

static uint32_t next_word(struct mersenne *m)
{
	uint32_t *mt = m->state;
	if (m->at >= N) {
		for (unsigned k = 0; k < N; k++) {
			uint32_t y = (mt[k] & 0x80000000u) | (mt[(k + 1) % N] & 0x7fffffffu);
			mt[k] = mt[(k + M) % N] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
		}
		m->at = 0;
	}
	uint32_t y = mt[m->at++];
	y ^= y >> 11;
	y ^= (y << 7) & 0x9d2c5680u;
	y ^= (y << 15) & 0xefc60000u;
	return y ^ (y >> 18);
}

/* The big-endian number `bytes` as words, least first. */
static void seed_bytes(struct mersenne *m, const unsigned char *bytes, size_t len)
{
	while (len > 0 && *bytes == 0) {
		bytes++;
		len--;
	}
	size_t n = (len + 3) / 4;
	uint32_t *key = xcalloc(n + 1, sizeof(*key));
	for (size_t i = 0; i < len; i++)
		key[i / 4] |= (uint32_t)bytes[len - 1 - i] << (8 * (i % 4));
	init_by_array(m, key, n ? n : 1);
	free(key);
}

static void seed_text(struct mersenne *m, struct slice s)
{
	char hex[DIGEST_HEX_MAX];
	CLEANUP(strbuf_release) struct strbuf b = {0};
	strbuf_slice_append(&b, s);
	digest_bytes(DIGEST_SHA512, s.ptr, s.len, hex);
	for (size_t i = 0; i < 64; i++) {
		const char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
		strbuf_putc(&b, (char)strtol(pair, NULL, 16));
	}
	seed_bytes(m, (const unsigned char *)b.ptr, b.len);
}

void mersenne_seed(struct mersenne *m, struct eval *ev, const struct value *seed)
{
	unsigned char bytes[32] = {0};
	(void)ev;
	if (seed && seed->type == VALUE_STRING) {
		seed_text(m, seed->str);
		return;
	}
	if (seed && is_number(seed)) {
		int64_t i = as_int(seed);
		uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
		for (int k = 0; k < 8; k++)
			bytes[31 - k] = (unsigned char)(u >> (8 * k));
	} else if (getrandom(bytes, sizeof(bytes), 0) < 0) {
		abort();
	}
	seed_bytes(m, bytes, sizeof(bytes));
}

/* getrandbits(k) until it is below n. */
uint64_t mersenne_below(struct mersenne *m, uint64_t n)
{
	unsigned bits = 0;
	while (bits < 64 && n >> bits)
		bits++;
	for (;;) {
		uint64_t v = bits <= 32 ? next_word(m) >> (32 - bits) : next_word(m);
		if (bits > 32)
			v |= (uint64_t)(next_word(m) >> (64 - bits)) << 32;
		if (v < n)
			return v;
	}
}
