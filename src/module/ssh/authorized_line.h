#pragma once
/* A line of an authorized_keys file (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
#include "rollout/base/str.h"

struct authorized_line {
	struct slice options, type, key, comment; /* options, comment: len 0 where there are none */
};

/* false: a comment, an empty line, or no key. */
bool authorized_parse(struct slice line, struct authorized_line *ret);
/* The same options, in whatever order. */
bool authorized_options_eq(struct slice a, struct slice b);
