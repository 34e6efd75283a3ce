#pragma once
/* A line of an ssh_known_hosts file (sshd(8)). */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"

struct known_hosts_line {
	struct slice marker; /* "@cert-authority", "@revoked"; ptr NULL: none */
	struct slice hosts, type, key;
};

/* false: a comment, an empty line, or none at all. */
bool known_hosts_parse(struct slice line, struct known_hosts_line *ret);
/* Does the line name the host, plain, by a pattern or hashed? */
bool known_hosts_names(const struct known_hosts_line *l, const char *host);
/* "|1|salt|hash" with a salt of its own. */
int known_hosts_hash(struct arena *a, const char *host, const char **ret, struct err *err);
