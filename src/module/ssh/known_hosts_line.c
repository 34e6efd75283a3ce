#include "known_hosts_line.h"

#include "rollout/base/digest.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/random.h>

#define HASH_MARK "|1|"
#define SALT_SIZE 20
#define HMAC_BLOCK 64
#define SHA1_SIZE 20

bool known_hosts_parse(struct slice line, struct known_hosts_line *ret)
{
	struct known_hosts_line l = {0};
	line = slice_trim(line);
	if (!line.len || line.ptr[0] == '#')
		return false;
	if (line.ptr[0] == '@' && !slice_word(&line, &l.marker))
		return false;
	if (!slice_word(&line, &l.hosts) || !slice_word(&line, &l.type) ||
	    !slice_word(&line, &l.key))
		return false;
	*ret = l;
	return true;
}

static void unhex(const char *hex, unsigned char *out, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
		out[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
}

static void sha1(const void *data, size_t len, unsigned char out[SHA1_SIZE])
{
	char hex[DIGEST_HEX_MAX];
	digest_bytes(DIGEST_SHA1, data, len, hex);
	unhex(hex, out, SHA1_SIZE);
}

/* RFC 2104, with a salt that is no longer than a block. */
static void hmac_sha1(const unsigned char *salt, size_t salt_len, struct slice text,
		      unsigned char out[SHA1_SIZE])
{
	CLEANUP(strbuf_release) struct strbuf inner = {0}, outer = {0};
	unsigned char digest[SHA1_SIZE];
	for (size_t i = 0; i < HMAC_BLOCK; i++) {
		unsigned char byte = i < salt_len ? salt[i] : 0;
		strbuf_putc(&inner, (char)(byte ^ 0x36));
		strbuf_putc(&outer, (char)(byte ^ 0x5c));
	}
	strbuf_slice_append(&inner, text);
	sha1(inner.ptr, inner.len, digest);
	strbuf_append(&outer, digest, sizeof(digest));
	sha1(outer.ptr, outer.len, out);
}

static bool hash_names(struct slice hashed, const char *host)
{
	CLEANUP(strbuf_release) struct strbuf salt = {0}, hash = {0};
	unsigned char have[SHA1_SIZE];
	struct slice rest = {hashed.ptr + strlen(HASH_MARK), hashed.len - strlen(HASH_MARK)}, part;
	if (!slice_split(&rest, '|', &part) || base64_decode(&salt, part, NULL) < 0 ||
	    salt.len > HMAC_BLOCK || base64_decode(&hash, rest, NULL) < 0 || hash.len != SHA1_SIZE)
		return false;
	hmac_sha1((const unsigned char *)strbuf_slice(&salt).ptr, salt.len, slice_from(host), have);
	return memcmp(have, hash.ptr, SHA1_SIZE) == 0;
}

bool known_hosts_names(const struct known_hosts_line *l, const char *host)
{
	struct slice rest = l->hosts, part;
	bool named = false;
	if (slice_starts_with(l->hosts, HASH_MARK))
		return hash_names(l->hosts, host);
	while (slice_split(&rest, ',', &part)) {
		bool negated = part.len && part.ptr[0] == '!';
		CLEANUP(free_ptr) char *pattern = xstrndup(part.ptr + negated, part.len - negated);
		/* [host]:port is a name, no set of characters. */
		bool match = pattern[0] == '[' ? strcasecmp(pattern, host) == 0
					       : fnmatch(pattern, host, FNM_NOESCAPE) == 0 ||
							 strcasecmp(pattern, host) == 0;
		if (match && negated)
			return false;
		named |= match;
	}
	return named;
}

int known_hosts_hash(struct arena *a, const char *host, const char **ret, struct err *err)
{
	unsigned char salt[SALT_SIZE], hash[SHA1_SIZE];
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
		return err_sys(err, "random bytes");
	hmac_sha1(salt, sizeof(salt), slice_from(host), hash);
	strbuf_puts(&text, HASH_MARK);
	base64_encode(&text, salt, sizeof(salt));
	strbuf_putc(&text, '|');
	base64_encode(&text, hash, sizeof(hash));
	*ret = arena_slice(a, strbuf_slice(&text)).ptr;
	return 0;
}
