/* A connection that has to be made anew: for root, or because a task says so. */
#include "../run.h"
#include "parts.h"
#include "sending.h"

void link_renew(struct link *l)
{
	if (l->transport)
		l->renewing = true;
	else
		l->target = (struct transport_target){0};
}

void link_want_root(struct link *l)
{
	if (l->root)
		return;
	l->root = true;
	if (l->target.name && !l->target.become)
		link_renew(l);
}

/* What was sent is waited for, then BYE is the last that is said. */
bool link_renews(struct link *l)
{
	if (!l->renewing || l->state != LINK_UP)
		return false;
	for (size_t i = 0; i < l->requests.len; i++)
		if (l->requests.at[i]->sent)
			return true;
	if (!l->parting)
		sending_message(l, WIRE_BYE, 0, NULL, 0);
	l->parting = true;
	transport_close(l->transport);
	return true;
}

void link_connect_anew(struct link *l)
{
	l->renewing = false;
	l->target = (struct transport_target){0};
	l->state = LINK_DOWN;
	if (l->requests.len)
		link_connect(l);
	run_drain(l->run);
}
