#include "connections.h"

#include <netinet/in.h>
#include <stdlib.h>

#define TABLE_MAX (64u << 20)
#define HEX_SIZE 33
#define MAPPED "0000000000000000FFFF0000" /* an IPv4 address in IPv6's table */

/* As /proc writes it: words of 32 bits in the machine's order. */
static void address_hex(const struct sockaddr_storage *s, char hex[HEX_SIZE])
{
	const struct sockaddr_in *v4 = (const void *)s;
	const struct sockaddr_in6 *v6 = (const void *)s;
	bool is6 = s->ss_family == AF_INET6;
	uint32_t words[4] = {v4->sin_addr.s_addr};
	if (is6)
		memcpy(words, &v6->sin6_addr, sizeof(words));
	for (size_t i = 0; i < (is6 ? 4u : 1u); i++)
		for (size_t n = 0; n < 8; n++)
			hex[8 * i + n] = "0123456789ABCDEF"[words[i] >> (28 - 4 * n) & 15];
	hex[is6 ? 32 : 8] = '\0';
}

static bool is_any(const char *hex)
{
	return hex[strspn(hex, "0")] == '\0';
}

static bool is_among(const struct addresses *all, struct slice ip, bool any)
{
	char hex[HEX_SIZE];
	bool mapped = slice_starts_with(ip, MAPPED);
	size_t skip = mapped ? strlen(MAPPED) : 0;
	struct slice v4 = {ip.ptr + skip, ip.len - skip};
	for (size_t i = 0; all && i < all->len; i++) {
		address_hex(&all->at[i], hex);
		bool same_family = strlen(hex) == ip.len || mapped;
		if (slice_is(ip, hex) || (mapped && slice_is(v4, hex)) ||
		    (any && same_family && is_any(hex)))
			return true;
	}
	return false;
}

static bool has_state(struct slice field, const char *const *states)
{
	static const struct {
		const char *name, *id;
	} ids[] = {
		{"ESTABLISHED", "01"}, {"SYN_SENT", "02"},  {"SYN_RECV", "03"},
		{"FIN_WAIT1", "04"},   {"FIN_WAIT2", "05"}, {"TIME_WAIT", "06"},
	};
	for (; *states; states++)
		for (size_t i = 0; i < ARRAY_LEN(ids); i++)
			if (strcmp(ids[i].name, *states) == 0 && slice_is(field, ids[i].id))
				return true;
	return false;
}

/* "N: LOCAL:PORT REMOTE:PORT STATE …" */
static bool counts(const struct connections_query *q, struct slice line)
{
	struct slice number, local, remote, state, ip, from;
	if (!slice_word(&line, &number) || !slice_word(&line, &local) ||
	    !slice_word(&line, &remote) || !slice_word(&line, &state) ||
	    !slice_split(&local, ':', &ip) || !has_state(state, q->states))
		return false;
	CLEANUP(free_ptr) char *digits = xstrndup(local.ptr ? local.ptr : "", local.len);
	if (strtoul(digits, NULL, 16) != q->port || !is_among(q->local, ip, true))
		return false;
	return slice_split(&remote, ':', &from) && !is_among(q->exclude, from, false);
}

int connections_count(struct module_call *call, const struct connections_query *q, size_t *ret,
		      struct err *err)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	struct host *h = call->host;
	*ret = 0;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		struct err e = {0};
		struct slice line;
		int r = h->ops->read(h, tables[i], TABLE_MAX, &text, &e);
		if (r < 0 && r != ERR_NOT_FOUND) {
			*err = e;
			return r;
		}
		struct slice rest = strbuf_slice(&text);
		while (slice_split(&rest, '\n', &line))
			*ret += counts(q, line);
	}
	return 0;
}
