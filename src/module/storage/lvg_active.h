#pragma once
/* lvg's states active and inactive: whether the volumes of a group can be used, now and,
 * where LVM has autoactivation, after the host has started. */
#include "../program.h"

/* For a group that is there; *ret_changes: something was, or would be, changed. */
int lvg_activate(struct module_call *call, const char *vg, bool active, bool *ret_changes,
		 struct err *err);
/* For a group that vgcreate makes; vg_options may say it already. */
int lvg_create_active(struct program *vgcreate, bool active, struct err *err);
