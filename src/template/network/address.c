#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

struct wide wide_plus(struct wide a, struct wide b)
{
	struct wide r = {a.hi + b.hi, a.lo + b.lo};
	r.hi += r.lo < a.lo;
	return r;
}

struct wide wide_add(struct wide a, int64_t n)
{
	return wide_plus(a, (struct wide){n < 0 ? UINT64_MAX : 0, (uint64_t)n});
}

struct wide wide_shift(struct wide a, unsigned left)
{
	if (left == 0)
		return a;
	if (left >= 128)
		return (struct wide){0};
	if (left >= 64)
		return (struct wide){a.lo << (left - 64), 0};
	return (struct wide){a.hi << left | a.lo >> (64 - left), a.lo << left};
}

int wide_cmp(struct wide a, struct wide b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* Divides by 10 in 32-bit steps. */
void wide_print(struct strbuf *out, struct wide w)
{
	uint32_t part[4] = {(uint32_t)(w.hi >> 32), (uint32_t)w.hi, (uint32_t)(w.lo >> 32),
			    (uint32_t)w.lo};
	char buf[40];
	size_t at = sizeof(buf);
	do {
		uint64_t rest = 0;
		for (unsigned i = 0; i < 4; i++) {
			rest = rest << 32 | part[i];
			part[i] = (uint32_t)(rest / 10);
			rest %= 10;
		}
		buf[--at] = (char)('0' + rest);
	} while (part[0] || part[1] || part[2] || part[3]);
	strbuf_append(out, buf + at, sizeof(buf) - at);
}

bool wide_parse(struct slice s, struct wide *ret)
{
	struct wide w = {0};
	if (s.len == 0 || s.len > 38)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
		w = wide_plus(wide_shift(w, 3), wide_shift(w, 1));
		w = wide_add(w, s.ptr[i] - '0');
	}
	*ret = w;
	return true;
}

static bool parse_ip(struct slice s, unsigned version, struct wide *ret)
{
	char buf[INET6_ADDRSTRLEN];
	unsigned char b[16] = {0};
	size_t n = version == 4 ? 4 : 16;
	if (s.len == 0 || s.len >= sizeof(buf) || memchr(s.ptr, 0, s.len))
		return false;
	memcpy(buf, s.ptr, s.len);
	buf[s.len] = 0;
	if (inet_pton(version == 4 ? AF_INET : AF_INET6, buf, b) != 1)
		return false;
	*ret = (struct wide){0};
	for (size_t i = 0; i < n; i++)
		*ret = wide_add(wide_shift(*ret, 8), b[i]);
	return true;
}

/* A netmask or a hostmask. */
static bool parse_mask(struct slice s, struct network *n)
{
	struct wide mask;
	if (!parse_ip(s, n->version, &mask))
		return false;
	for (unsigned i = 0; i <= network_width(n); i++) {
		n->prefix = (uint8_t)i;
		if (!wide_cmp(mask, network_mask(n)) || !wide_cmp(mask, network_hostmask(n)))
			return true;
	}
	return false;
}

static bool parse_prefix(struct slice s, struct network *n)
{
	struct wide w;
	if (!wide_parse(s, &w))
		return parse_mask(s, n);
	if (w.hi || w.lo > network_width(n))
		return false;
	n->prefix = (uint8_t)w.lo;
	return true;
}

bool network_parse(struct slice s, unsigned version, struct network *ret)
{
	const char *slash = s.len ? memchr(s.ptr, '/', s.len) : NULL;
	struct slice ip = {s.ptr, slash ? (size_t)(slash - s.ptr) : s.len};
	struct network n = {0};
	for (n.version = 4; n.version <= 6; n.version += 2)
		if ((!version || version == n.version) && parse_ip(ip, n.version, &n.ip))
			break;
	if (n.version > 6)
		return false;
	n.prefix = (uint8_t)network_width(&n);
	if (slash && !parse_prefix((struct slice){slash + 1, s.len - ip.len - 1}, &n))
		return false;
	*ret = n;
	return true;
}

unsigned network_width(const struct network *n)
{
	return n->version == 4 ? 32 : 128;
}

struct wide network_hostmask(const struct network *n)
{
	unsigned bits = network_width(n) - n->prefix;
	if (bits >= 128)
		return (struct wide){UINT64_MAX, UINT64_MAX};
	return wide_add(wide_shift((struct wide){0, 1}, bits), -1);
}

struct wide network_mask(const struct network *n)
{
	struct wide host = network_hostmask(n);
	if (n->version == 4)
		return (struct wide){0, ~host.lo & UINT32_MAX};
	return (struct wide){~host.hi, ~host.lo};
}

struct wide network_first(const struct network *n)
{
	struct wide mask = network_mask(n);
	return (struct wide){n->ip.hi & mask.hi, n->ip.lo & mask.lo};
}

struct wide network_last(const struct network *n)
{
	struct wide host = network_hostmask(n);
	return (struct wide){n->ip.hi | host.hi, n->ip.lo | host.lo};
}

struct wide network_size(const struct network *n)
{
	struct wide host = network_hostmask(n);
	return n->version == 6 && n->prefix == 0 ? host : wide_add(host, 1);
}

bool network_contains(const struct network *outer, const struct network *inner)
{
	return outer->version == inner->version &&
	       wide_cmp(network_first(outer), network_first(inner)) <= 0 &&
	       wide_cmp(network_last(inner), network_last(outer)) <= 0;
}

bool network_within(const struct network *n, const char *networks)
{
	struct slice rest = slice_from(networks), part;
	struct network outer;
	while (rest.len && slice_split(&rest, ' ', &part))
		if (network_parse(part, n->version, &outer) && network_contains(&outer, n))
			return true;
	return false;
}

void network_print_ip(struct strbuf *out, struct wide ip, unsigned version)
{
	char buf[INET6_ADDRSTRLEN];
	unsigned char b[16];
	size_t n = version == 4 ? 4 : 16;
	for (size_t i = n; i > 0; i--) {
		b[i - 1] = (unsigned char)ip.lo;
		ip = (struct wide){ip.hi >> 8, ip.lo >> 8 | ip.hi << 56};
	}
	inet_ntop(version == 4 ? AF_INET : AF_INET6, b, buf, sizeof(buf));
	strbuf_puts(out, buf);
}

/* Groups of hexadecimal digits: 6 by ':' or '-', 3 by '.' or ':' or '-', or one of 12. */
bool mac_parse(struct slice s, uint64_t *ret)
{
	char sep = 0;
	uint64_t v = 0;
	unsigned groups = 1, digits = 0;
	for (size_t i = 0; i < s.len; i++)
		if (strchr(":-.", s.ptr[i]) && s.ptr[i]) {
			if (sep && sep != s.ptr[i])
				return false;
			sep = s.ptr[i];
			groups++;
		}
	unsigned most = groups == 6 ? 2 : groups == 3 ? 4 : groups == 2 ? 6 : groups == 1 ? 12 : 0;
	if (most == 0 || (sep == '.' && groups != 3))
		return false;
	uint64_t group = 0;
	for (size_t i = 0; i <= s.len; i++) {
		if (i == s.len || s.ptr[i] == sep) {
			if (digits == 0 || digits > most || (groups < 3 && digits != most))
				return false;
			v = v << (most * 4) | group;
			group = digits = 0;
			continue;
		}
		unsigned char c = (unsigned char)tolower((unsigned char)s.ptr[i]);
		if (!isxdigit(c))
			return false;
		group = group << 4 | (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
		digits++;
	}
	*ret = v;
	return true;
}
