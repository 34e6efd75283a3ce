#pragma once
/* What `meta` can be told to do. Source: Ansible, ansible.builtin.meta. */
#include "rollout/module/module.h"

enum plan_meta_action {
	PLAN_META_NOOP,
	PLAN_META_CLEAR_FACTS,
	PLAN_META_CLEAR_HOST_ERRORS,
	PLAN_META_END_BATCH,
	PLAN_META_END_HOST,
	PLAN_META_END_PLAY,
	PLAN_META_FLUSH_HANDLERS,
	PLAN_META_RESET_CONNECTION,
};

struct plan_meta {
	const char *name;
	enum plan_meta_action action;
	bool for_all; /* done once: the first host's `when` counts */
	bool ends;    /* hosts may leave before the next task */
};

/* Of a task's module and its arguments; NULL: no meta, or none that is known. */
const struct plan_meta *plan_meta_of(const struct module *m, const struct value *args);
