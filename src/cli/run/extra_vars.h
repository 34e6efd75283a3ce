#pragma once
/* -e: "k=v k2='v 2'" (strings, as in Ansible), YAML or JSON text, @file. */
#include "rollout/value/value.h"

/* Later ones replace earlier ones' keys. *ret is NULL without any. */
int extra_vars_load(struct arena *a, const char *const *texts, size_t count,
		    const struct value **ret, struct err *err);
