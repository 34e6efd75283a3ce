/* A connection that has to be made anew: for root, or because a task says so. */
#include "state.h"

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
