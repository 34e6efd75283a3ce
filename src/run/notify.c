/* Which handlers a host has notified. */
#include "state.h"

#include <stdlib.h>

static bool handler_listens(const struct plan_node *h, struct slice name)
{
	for (size_t i = 0; i < h->listen.len; i++)
		if (slice_is(name, h->listen.at[i]))
			return true;
	return false;
}

static bool handler_named(struct strand *s, const struct plan_node *h, struct slice name)
{
	if (!h->name || h->name->type != VALUE_STRING)
		return false;
	struct slice own = h->name->str;
	struct scope sc;
	struct arena a = {0};
	const char *rendered = NULL;
	struct err ignored;
	bool equal;
	if (template_has_markup(own)) {
		scope_init(&sc, &a, s->host, s, h, NULL);
		if (scope_string(&sc, h->name, &rendered, &ignored) == 0 && rendered)
			own = slice_from(rendered);
		scope_release(&sc);
	}
	equal = slice_eq(own, name);
	if (!equal && h->role) {
		const char *full = arena_printf(&a, "%s : %.*s", h->role->name, SLICE_ARG(own));
		equal = slice_is(name, full);
	}
	arena_release(&a);
	return equal;
}

/* Of handlers with one name, the last role's; in that role, the first. */
static size_t find_named(struct strand *s, struct slice name)
{
	size_t best = s->nnotified;
	for (size_t i = 0; i < s->nnotified; i++) {
		const struct plan_node *h = s->step->plan->handlers.at[i];
		if (best < s->nnotified && h->role == s->step->plan->handlers.at[best]->role)
			continue;
		if (handler_named(s, h, name))
			best = i;
	}
	return best;
}

void strand_notify(struct strand *s, struct slice name, enum notified how)
{
	bool found = false;
	/* an included role may have brought more */
	if (s->nnotified < s->step->plan->handlers.len) {
		s->notified = xrealloc(s->notified,
				       (s->step->plan->handlers.len + 1) * sizeof(*s->notified));
		for (size_t i = s->nnotified; i < s->step->plan->handlers.len; i++)
			s->notified[i] = NOTIFIED_NO;
		s->nnotified = s->step->plan->handlers.len;
	}
	size_t named = find_named(s, name);
	for (size_t i = 0; i < s->nnotified; i++) {
		if (i != named && !handler_listens(s->step->plan->handlers.at[i], name))
			continue;
		found = true;
		if (s->notified[i] < how)
			s->notified[i] = how;
	}
	if (!found)
		emit_warning(s->step->run, s->step->plan->at, "no handler is named '%.*s'",
			     SLICE_ARG(name));
}

bool strand_any_notified(const struct strand *s)
{
	for (size_t i = 0; i < s->nnotified; i++)
		if (s->notified[i])
			return true;
	return false;
}
