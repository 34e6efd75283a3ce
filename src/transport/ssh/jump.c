#include "jump.h"

#include "rollout/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static struct ssh_link *shared; /* of all loops; links go when their last user does */

struct hop {
	struct slice user, host;
	int port;
};

static bool parse_port(struct slice text, int *ret)
{
	int n = 0;
	if (text.len == 0 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		n = n * 10 + (text.ptr[i] - '0');
	}
	*ret = n;
	return n > 0 && n <= 65535;
}

static bool parse_hop(struct slice text, struct hop *ret)
{
	struct hop hop = {0};
	if (slice_starts_with(text, "ssh://"))
		text = (struct slice){text.ptr + 6, text.len - 6};
	const char *at = memrchr(text.ptr, '@', text.len);
	if (at) {
		hop.user = (struct slice){text.ptr, (size_t)(at - text.ptr)};
		text = (struct slice){at + 1, text.len - hop.user.len - 1};
	}
	const char *close = text.len && text.ptr[0] == '[' ? memchr(text.ptr, ']', text.len) : NULL;
	const char *colon = memrchr(text.ptr, ':', text.len);
	size_t end = text.len;
	if (colon && (!close || colon > close) &&
	    (close || memchr(text.ptr, ':', text.len) == colon)) {
		end = (size_t)(colon - text.ptr);
		if (!parse_port((struct slice){colon + 1, text.len - end - 1}, &hop.port))
			return false;
	}
	hop.host = close ? (struct slice){text.ptr + 1, (size_t)(close - text.ptr) - 1}
			 : (struct slice){text.ptr, end};
	*ret = hop;
	return hop.host.len > 0 && hop.host.ptr[0] != '-';
}

/* All that could make the session another one. */
static char *sharing_key(const struct ssh_link *from, const char *hops)
{
	struct strbuf key = {0};
	const struct transport_target *t = from->spec.target;
	strbuf_printf(&key, "%s\n%d\n%s\n%s", hops, (int)t->host_key_checking,
		      t->ssh_args ? t->ssh_args : "", t->ssh_config_file ? t->ssh_config_file : "");
	for (const char **k = from->key_files; k && *k; k++)
		strbuf_printf(&key, "\n%s", *k);
	return strbuf_steal(&key);
}

static bool can_take_more(const struct ssh_link *l)
{
	return !l->stuck && (!l->opener || clock_now_ms() - l->opener_since_ms < LINK_OPENER_MS);
}

struct ssh_link *jump_join(struct ssh_link *from, const char *hops, struct ssh_link_user *user,
			   struct err *err)
{
	struct hop hop;
	const char *comma = strrchr(hops, ',');
	struct slice last = slice_trim(slice_from(comma ? comma + 1 : hops));
	if (from->spec.depth >= LINK_JUMPS_MAX || !parse_hop(last, &hop)) {
		err_set(err, ERR_INVALID, "ProxyJump %s: %s", hops,
			from->spec.depth >= LINK_JUMPS_MAX
				? "too many hops; does one lead to itself?"
				: "not [user@]host[:port],…");
		return NULL;
	}
	CLEANUP(free_ptr) char *key = sharing_key(from, hops);
	for (struct ssh_link *l = shared; l; l = l->next) {
		if (l->loop != from->loop || strcmp(l->shared_key, key) != 0 || !can_take_more(l))
			continue;
		ssh_link_join(l, user);
		return l;
	}
	CLEANUP(free_ptr) char *host = xstrndup(hop.host.ptr, hop.host.len);
	CLEANUP(free_ptr) char *name = hop.user.len ? xstrndup(hop.user.ptr, hop.user.len) : NULL;
	CLEANUP(free_ptr) char *before = comma ? xstrndup(hops, (size_t)(comma - hops)) : NULL;
	struct ssh_link_spec spec = {.host = host,
				     .user = name,
				     .port = hop.port,
				     .target = from->spec.target,
				     .is_jump = true,
				     .jumps = before,
				     .depth = from->spec.depth + 1};
	struct ssh_link *link = ssh_link_open(from->loop, &spec, user);
	link->shared_key = key;
	key = NULL;
	link->next = shared;
	shared = link;
	return link;
}

void jump_forget(struct ssh_link *link)
{
	for (struct ssh_link **l = &shared; *l; l = &(*l)->next) {
		if (*l != link)
			continue;
		*l = link->next;
		link->next = NULL;
		return;
	}
}
