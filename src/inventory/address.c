/*
 * "name:port" of an inventory: where the name is a host's name, an IPv4 or a
 * bracketed IPv6 address, each of which may hold ranges. What is none of these is
 * a name as a whole, colons too.
 * Source: Ansible's "How to build your inventory", "Adding ranges of hosts".
 */
#include "rollout/inventory/inventory.h"

#include <arpa/inet.h>
#include <ctype.h>

#define PORT_MAX 65535

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The text with each range as `stand_in`; false where a bracket holds no range. */
static bool without_ranges(struct slice text, char stand_in, struct strbuf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == ']')
			return false;
		if (text.ptr[i] != '[') {
			strbuf_putc(out, text.ptr[i]);
			continue;
		}
		const char *close = memchr(text.ptr + i, ']', text.len - i);
		if (!close || !memchr(text.ptr + i, ':', (size_t)(close - text.ptr) - i))
			return false;
		for (i++; text.ptr + i < close; i++)
			if (!isalnum((unsigned char)text.ptr[i]) && text.ptr[i] != ':')
				return false;
		strbuf_putc(out, stand_in);
	}
	return out->len > 0;
}

static bool is_hostname(struct slice s)
{
	struct slice label;
	if (s.len == 0 || s.ptr[s.len - 1] == '.')
		return false;
	while (slice_split(&s, '.', &label)) {
		if (label.len == 0 || !is_word(label.ptr[0]) || label.ptr[label.len - 1] == '-' ||
		    label.ptr[label.len - 1] == '_')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!is_word(label.ptr[i]) && label.ptr[i] != '-')
				return false;
	}
	return true;
}

static bool is_host(struct slice text)
{
	CLEANUP(strbuf_release) struct strbuf plain = {0};
	struct in6_addr v6;
	return without_ranges(text, '1', &plain) &&
	       (is_hostname(strbuf_slice(&plain)) || inet_pton(AF_INET6, plain.ptr, &v6) == 1);
}

/* Cuts ":port" off: after a "[…]" of the whole name, or after a name without colons. */
static int take_port(struct slice *name)
{
	const char *colon = memrchr(name->ptr, ':', name->len);
	struct slice before = {name->ptr, colon ? (size_t)(colon - name->ptr) : 0};
	size_t depth = 0;
	int port = 0;
	if (!colon || colon == name->ptr || colon + 1 == name->ptr + name->len)
		return INVENTORY_PORT_NONE;
	for (const char *p = colon + 1; p < name->ptr + name->len; p++) {
		if (!isdigit((unsigned char)*p) || port > PORT_MAX)
			return INVENTORY_PORT_NONE;
		port = port * 10 + (*p - '0');
	}
	if (before.ptr[0] == '[' && before.ptr[before.len - 1] == ']' && before.len > 2) {
		struct slice inner = {before.ptr + 1, before.len - 2};
		if (is_host(inner)) {
			*name = inner;
			return port;
		}
	}
	for (size_t i = 0; i < before.len; i++) {
		depth += before.ptr[i] == '[';
		if (before.ptr[i] == ']' && depth-- == 0)
			return INVENTORY_PORT_NONE;
		if (before.ptr[i] == ':' && depth == 0)
			return INVENTORY_PORT_NONE;
	}
	if (depth || !is_host(before))
		return INVENTORY_PORT_NONE;
	*name = before;
	return port;
}

int inventory_expand_host(struct arena *a, struct slice text, struct srcloc at, const char ***ret,
			  size_t *ret_len, int *ret_port, struct err *err)
{
	struct slice name = text;
	int port = text.len ? take_port(&name) : INVENTORY_PORT_NONE;
	if (port > PORT_MAX)
		return err_at(err, ERR_INVALID, at, "'%.*s': a port is a number up to %d",
			      SLICE_ARG(text), PORT_MAX);
	if (port == INVENTORY_PORT_NONE && text.len && text.ptr[text.len - 1] == ':')
		return err_at(err, ERR_INVALID, at, "'%.*s' ends in ':', which begins a port",
			      SLICE_ARG(text));
	int r = inventory_expand_range(a, name, at, ret, ret_len, err);
	if (r == 0)
		*ret_port = port;
	return r;
}
