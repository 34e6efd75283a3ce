/* Which handlers a task notifies, whose names may be templates. */
#include "../emit.h"
#include "../strand/strand.h"
#include "../variables/scope.h"
#include "flight.h"

/* A name that the item of a loop makes is notified for each item that was done. */
static void notify_template(struct flight *f, const struct value *notify, enum notified how)
{
	for (size_t i = 0; i < f->nitems; i++) {
		struct scope sc;
		struct err err = {0};
		const char *name;
		if (f->items[i].skipped)
			continue;
		scope_init(&sc, &f->arena, f->strand->host, f->strand, f->node,
			   f->items[i].loop_vars);
		if (scope_string(&sc, notify, &name, &err) < 0)
			emit_warning(f->strand->step->run, notify->at, "notify: %s", err.msg);
		else if (name && *name)
			strand_notify(f->strand, f->node, value_cstr(&f->arena, name), how);
		scope_release(&sc);
	}
}

void outcome_notify(struct flight *f)
{
	const struct plan_node *n = f->node;
	enum notified how = f->status == REPORT_CHANGED ? NOTIFIED_YES : NOTIFIED_MAYBE;
	bool never = n->changed_when.len == 1 && n->changed_when.at[0]->type == VALUE_BOOL &&
		     !n->changed_when.at[0]->boolean;
	if (f->status != REPORT_CHANGED && (f->status != REPORT_UNKNOWN || never))
		return;
	for (size_t i = 0; i < n->notify.len; i++) {
		const struct value *notify = n->notify.at[i];
		if (notify->type == VALUE_STRING && template_has_markup(notify->str))
			notify_template(f, notify, how);
		else
			strand_notify(f->strand, n, notify, how);
	}
}
