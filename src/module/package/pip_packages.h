#pragma once
/* Names and versions of Python packages (PEP 503, PEP 508), as far as they can
 * be compared without pip: plain names and name==version. */
#include "../program.h"
#include "rollout/base/shellwords.h"

/* name, with version where that is given apart. NULL-terminated, never NULL. */
const char *const *pip_specs(struct module_call *call, size_t *ret_count);
/* `have` is what pip list --format=freeze prints. A spec that only pip can
 * judge (>=, URLs, paths, editable ones) counts as not installed. */
bool pip_all_installed(struct module_call *call, struct slice have, const char *const *specs);
bool pip_any_installed(struct module_call *call, struct slice have, const char *const *specs);
