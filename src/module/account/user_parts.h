#pragma once
/* The parts of an account that the user module sees to one by one. */
#include "rollout/module/module.h"

/* groups: and append:. *ret is NULL where nothing has to change, else what to
 * give to user_set. A group that does not exist is an error that names it. */
int user_groups(struct module_call *call, const struct host_user *now, const char *const **ret,
		struct err *err);
/* A group by name or id; *ret_gid is -1 where it is only assumed to exist. */
int user_group_id(struct module_call *call, const char *name, int64_t *ret_gid, struct err *err);

/* expires, password_lock, password_expire_min, _max, _warn. */
int user_shadow(struct module_call *call, struct err *err);

/* generate_ssh_key and what goes with it. */
int user_ssh_key(struct module_call *call, const struct host_user *now, struct err *err);
