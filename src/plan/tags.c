/* Names of --tags and --skip-tags that no task bears: nothing else would tell. */
#include "internal.h"
#include "rollout/base/nearest.h"

static bool is_special(const char *tag)
{
	static const char *const special[] = {"all", "always", "never", "tagged", "untagged"};
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strcmp(tag, special[i]) == 0)
			return true;
	return false;
}

static bool is_borne(const struct plan *plan, const char *tag, struct nearest *near)
{
	for (size_t i = 0; i < plan->nodes.len; i++) {
		const struct plan_attrs *attrs = &plan->nodes.at[i]->attrs;
		for (size_t k = 0; k < attrs->tags.len; k++) {
			if (strcmp(attrs->tags.at[k], tag) == 0)
				return true;
			nearest_offer(near, slice_from(attrs->tags.at[k]));
		}
	}
	return false;
}

/* Tasks that only the run will know may have any tag. */
static bool has_open_includes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nodes.len; i++) {
		const struct plan_node *n = plan->nodes.at[i];
		if (include_is_of_tasks(n) && !include_is_literal(n))
			return true;
	}
	return false;
}

static void warn_unknown(struct plan *plan, const char *option, const char *const *tags)
{
	for (; tags && *tags; tags++) {
		struct nearest near;
		char hint[200];
		nearest_init(&near, slice_from(*tags));
		if (is_special(*tags) || is_borne(plan, *tags, &near))
			continue;
		plan_warn(plan, (struct srcloc){0}, "%s: no task has the tag '%s'%s", option, *tags,
			  nearest_hint(&near, hint, sizeof(hint)));
	}
}

void tags_check(struct plan *plan)
{
	if (has_open_includes(plan))
		return;
	warn_unknown(plan, "--tags", plan->tags);
	warn_unknown(plan, "--skip-tags", plan->skip_tags);
}
