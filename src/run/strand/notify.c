/* Which handlers a host has notified. */
#include "../emit.h"
#include "../variables/scope.h"
#include "strand.h"

#include <stdlib.h>

static bool handler_listens(const struct plan_node *h, const struct value *name)
{
	for (size_t i = 0; i < h->listen.len; i++)
		if (value_is_str(name, h->listen.at[i]))
			return true;
	return false;
}

/* Its name, or its role's and its own. A number is no text of the same digits. */
static bool is_name_of(const struct plan_node *h, const struct value *own, const struct value *name)
{
	struct strbuf full CLEANUP(strbuf_release) = {0};
	if (value_equal(own, name))
		return true;
	if (!h->role || name->type != VALUE_STRING)
		return false;
	strbuf_printf(&full, "%s : ", h->role->name);
	value_print(&full, own);
	return slice_eq(strbuf_slice(&full), name->str);
}

static bool handler_named(struct strand *s, const struct plan_node *h, const struct value *name)
{
	if (!h->name)
		return false;
	if (h->name->type != VALUE_STRING || !template_has_markup(h->name->str))
		return is_name_of(h, h->name, name);
	struct scope sc;
	struct arena a = {0};
	const char *text = NULL;
	struct err ignored = {0};
	scope_init(&sc, &a, s->host, s, h, NULL);
	bool known = scope_string(&sc, h->name, &text, &ignored) == 0 && text;
	bool equal = is_name_of(h, known ? value_cstr(&a, text) : h->name, name);
	scope_release(&sc);
	arena_release(&a);
	return equal;
}

/* Of handlers with one name, the last role's; in that role, the first, but where it is used
 * with several files of handlers (handlers_from) that of the use that notifies. */
static size_t find_named(struct strand *s, const struct plan_node *by, const struct value *name)
{
	size_t best = s->nnotified;
	for (size_t i = 0; i < s->nnotified; i++) {
		const struct plan_node *h = s->step->plan->handlers.at[i];
		bool own = by->role_use && h->role_use == by->role_use;
		if (best < s->nnotified && !own &&
		    h->role == s->step->plan->handlers.at[best]->role)
			continue;
		if (best < s->nnotified && own &&
		    s->step->plan->handlers.at[best]->role_use == by->role_use)
			continue;
		if (handler_named(s, h, name))
			best = i;
	}
	return best;
}

void strand_notify(struct strand *s, const struct plan_node *by, const struct value *name,
		   enum notified how)
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
	size_t named = find_named(s, by, name);
	for (size_t i = 0; i < s->nnotified; i++) {
		if (i != named && !handler_listens(s->step->plan->handlers.at[i], name))
			continue;
		found = true;
		if (s->notified[i] < how)
			s->notified[i] = how;
	}
	if (found)
		return;
	struct strbuf text CLEANUP(strbuf_release) = {0};
	value_print(&text, name);
	emit_warning(s->step->run, s->step->plan->at, "no handler is named '%.*s'",
		     SLICE_ARG(strbuf_slice(&text)));
}

bool strand_any_notified(const struct strand *s)
{
	for (size_t i = 0; i < s->nnotified; i++)
		if (s->notified[i])
			return true;
	return false;
}
