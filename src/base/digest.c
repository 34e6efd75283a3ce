#include "rollout/base/digest.h"

#include <assert.h>
#include <errno.h>
#include <md5.h>
#include <sha1.h>
#include <sha2.h>
#include <stdlib.h>
#include <unistd.h>

#define DIGEST_READ_BYTES 65536u
#define DIGEST_RAW_MAX 64u

struct digest {
	enum digest_algorithm alg;
	union {
		MD5_CTX md5;
		SHA1_CTX sha1;
		SHA2_CTX sha2;
	};
};

static const struct {
	const char *name;
	size_t size;
} algorithms[] = {
	[DIGEST_MD5] = {"md5", 16},	  [DIGEST_SHA1] = {"sha1", 20},
	[DIGEST_SHA224] = {"sha224", 28}, [DIGEST_SHA256] = {"sha256", 32},
	[DIGEST_SHA384] = {"sha384", 48}, [DIGEST_SHA512] = {"sha512", 64},
};

bool digest_by_name(struct slice name, enum digest_algorithm *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (slice_is(name, algorithms[i].name)) {
			*ret = (enum digest_algorithm)i;
			return true;
		}
	}
	return false;
}

/* FIPS 180-4 section 5.3.2: SHA-224 is SHA-256 from another initial state,
 * cut to 28 bytes. libmd has it only from 1.1 on. */
static void sha224_init(SHA2_CTX *ctx)
{
	static const uint32_t initial[8] = {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939,
					    0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4};
	SHA256Init(ctx);
	memcpy(ctx->state.st32, initial, sizeof(initial));
}

static void state_init(struct digest *s, enum digest_algorithm alg)
{
	assert((size_t)alg < ARRAY_LEN(algorithms));
	s->alg = alg;
	switch (alg) {
	case DIGEST_MD5:
		MD5Init(&s->md5);
		return;
	case DIGEST_SHA1:
		SHA1Init(&s->sha1);
		return;
	case DIGEST_SHA224:
		sha224_init(&s->sha2);
		return;
	case DIGEST_SHA256:
		SHA256Init(&s->sha2);
		return;
	case DIGEST_SHA384:
		SHA384Init(&s->sha2);
		return;
	case DIGEST_SHA512:
		SHA512Init(&s->sha2);
		return;
	}
}

static void state_update(struct digest *s, const uint8_t *data, size_t len)
{
	switch (s->alg) {
	case DIGEST_MD5:
		MD5Update(&s->md5, data, len);
		return;
	case DIGEST_SHA1:
		SHA1Update(&s->sha1, data, len);
		return;
	case DIGEST_SHA224:
	case DIGEST_SHA256:
		SHA256Update(&s->sha2, data, len);
		return;
	case DIGEST_SHA384:
		SHA384Update(&s->sha2, data, len);
		return;
	case DIGEST_SHA512:
		SHA512Update(&s->sha2, data, len);
		return;
	}
}

static void state_final(struct digest *s, uint8_t raw[DIGEST_RAW_MAX])
{
	switch (s->alg) {
	case DIGEST_MD5:
		MD5Final(raw, &s->md5);
		return;
	case DIGEST_SHA1:
		SHA1Final(raw, &s->sha1);
		return;
	case DIGEST_SHA224:
	case DIGEST_SHA256:
		SHA256Final(raw, &s->sha2);
		return;
	case DIGEST_SHA384:
		SHA384Final(raw, &s->sha2);
		return;
	case DIGEST_SHA512:
		SHA512Final(raw, &s->sha2);
		return;
	}
}

static void state_hex(struct digest *s, char hex[DIGEST_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[DIGEST_RAW_MAX];
	size_t size = algorithms[s->alg].size;
	state_final(s, raw);
	for (size_t i = 0; i < size; i++) {
		hex[2 * i] = digits[raw[i] >> 4];
		hex[2 * i + 1] = digits[raw[i] & 15];
	}
	hex[2 * size] = '\0';
}

void digest_bytes(enum digest_algorithm alg, const void *data, size_t len, char hex[DIGEST_HEX_MAX])
{
	struct digest s;
	state_init(&s, alg);
	if (len > 0)
		state_update(&s, data, len);
	state_hex(&s, hex);
}

int digest_fd(enum digest_algorithm alg, int fd, char hex[DIGEST_HEX_MAX], struct err *err)
{
	struct digest s;
	uint8_t buf[DIGEST_READ_BYTES];
	state_init(&s, alg);
	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			break;
		state_update(&s, buf, (size_t)n);
	}
	state_hex(&s, hex);
	return 0;
}

struct digest *digest_new(enum digest_algorithm alg)
{
	struct digest *d = xmalloc(sizeof(*d));
	state_init(d, alg);
	return d;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	if (len > 0)
		state_update(d, data, len);
}

void digest_end(struct digest *d, char hex[DIGEST_HEX_MAX])
{
	state_hex(d, hex);
}

void digest_free(struct digest *d)
{
	free(d);
}
