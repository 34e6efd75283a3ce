#pragma once
/* Becoming root, so that the agent runs as root: sudo or su. */
#include "rollout/base/str.h"
#include "rollout/transport/transport.h"

bool become_is_su(const struct transport_target *t);
/* " sudo -H … -u root" or " su …": what a wrapper's "$@" starts. */
void become_put_words(const struct transport_target *t, struct strbuf *out);
/* What the wrapper does with the script "$s" and the caller's LC_ALL "$l", up to
 * the script's further arguments. */
const char *become_wrapper(const struct transport_target *t);
/* What it writes to stderr when it wants the password. */
struct slice become_prompt(const struct transport_target *t);
/* What `errors` says of why it did not, and what to do. False: nothing. */
bool become_explain(const struct transport_target *t, struct slice errors, int status,
		    struct err *err);
/* The password was asked for again, or there is none. */
void become_refused(const struct transport_target *t, bool password_sent, struct err *err);
