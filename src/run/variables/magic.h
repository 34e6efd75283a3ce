#pragma once
/* Parts of magic.c: the variables that tell of roles and folders. Each gives NULL
 * where the scope has none. */
#include "scope.h"

enum role_names { ROLE_NAMES_PLAY, ROLE_NAMES_DEPENDENT, ROLE_NAMES_ALL };
const struct value *magic_role_names(const struct scope *sc, struct arena *a,
				     enum role_names which);
/* Of the roles whose task included the one at hand, inner first: their names or folders. */
const struct value *magic_parent_roles(const struct scope *sc, struct arena *a, bool folders);
/* Where a lookup of the task searches: the roles, the task's folder, playbook_dir. */
const struct value *magic_search_path(const struct scope *sc, struct arena *a);
/* playbook_dir */
const char *magic_playbook_dir(const struct scope *sc);
