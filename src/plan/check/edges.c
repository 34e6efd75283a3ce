/* What waits for what: `after`, and the proof that nothing waits in a circle. */
#include "../internal.h"
#include "rollout/base/nearest.h"

static struct plan_step *find_step(struct plan *plan, struct slice name)
{
	for (size_t i = 0; i < plan->steps.len; i++)
		if (slice_is(name, plan->steps.at[i]->name))
			return plan->steps.at[i];
	return NULL;
}

static int add_edge(struct plan *plan, struct plan_step *step, const struct value *name,
		    struct err *err)
{
	if (name->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, name->at, "'after' names steps, not a %s",
			      value_type_name(name));
	struct plan_step *first = find_step(plan, name->str);
	if (!first) {
		struct nearest near;
		char hint[160];
		nearest_init(&near, name->str);
		for (size_t i = 0; i < plan->steps.len; i++)
			nearest_offer(&near, slice_from(plan->steps.at[i]->name));
		return err_at(err, ERR_NOT_FOUND, name->at,
			      "step '%s' waits for '%.*s', which is not a step of this site%s",
			      step->name, SLICE_ARG(name->str),
			      nearest_hint(&near, hint, sizeof(hint)));
	}
	vec_push(&step->after, first->index);
	vec_push(&first->before, step->index);
	return 0;
}

enum colour { WHITE, GREY, BLACK };

struct search {
	struct plan *plan;
	enum colour *colours;
	VEC(struct plan_step *) path;
};

static int report_cycle(const struct search *s, const struct plan_step *back_to, struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	size_t i = 0;
	while (s->path.at[i] != back_to)
		i++;
	for (; i < s->path.len; i++)
		strbuf_printf(&text, "%s (%s:%u:%u) waits for ", s->path.at[i]->name,
			      s->path.at[i]->at.file, s->path.at[i]->at.line,
			      s->path.at[i]->at.column);
	return err_at(err, ERR_INVALID, back_to->at, "steps wait for each other in a circle: %s%s",
		      text.ptr, back_to->name);
}

static int visit(struct search *s, struct plan_step *step, struct err *err)
{
	int r = 0;
	if (s->colours[step->index] == BLACK)
		return 0;
	if (s->colours[step->index] == GREY)
		return report_cycle(s, step, err);
	s->colours[step->index] = GREY;
	vec_push(&s->path, step);
	for (size_t i = 0; i < step->after.len && r == 0; i++)
		r = visit(s, s->plan->steps.at[step->after.at[i]], err);
	s->path.len--;
	s->colours[step->index] = BLACK;
	return r;
}

int edges_compile(struct plan *plan, const struct value *steps, struct err *err)
{
	struct search s = {.plan = plan};
	int r = 0;
	for (size_t i = 0; i < plan->steps.len && r == 0; i++) {
		const struct value *after = value_get(steps->dict.at[i].value, "after");
		if (!after || after->type == VALUE_NULL)
			continue;
		if (after->type != VALUE_LIST)
			r = plan_go_on(plan, add_edge(plan, plan->steps.at[i], after, err), err);
		for (size_t k = 0; after->type == VALUE_LIST && k < after->list.len && r == 0; k++)
			r = plan_go_on(plan,
				       add_edge(plan, plan->steps.at[i], after->list.at[k], err),
				       err);
	}
	s.colours = xcalloc(plan->steps.len + 1, sizeof(*s.colours));
	for (size_t i = 0; i < plan->steps.len && r == 0; i++)
		r = visit(&s, plan->steps.at[i], err);
	free(s.colours);
	vec_release(&s.path);
	return r;
}
