#pragma once
/* Links to jump hosts, shared by all that go the same way. */
#include "link.h"

/* The link to the last hop of "[user@]host[:port],…", through those before it;
 * a running one where there is one that can take another channel. `from` is
 * the link that needs it. NULL and *err when the text is not such a list. */
struct ssh_link *jump_join(struct ssh_link *from, const char *hops, struct ssh_link_user *user,
			   struct err *err);
/* No new users: it died or is stuck. */
void jump_forget(struct ssh_link *link);
