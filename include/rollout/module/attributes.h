#pragma once
/* owner, group, mode, and their change: what file, copy, template, get_url,
 * unarchive and lineinfile share. */
#include "rollout/module/module.h"

/* The rows to put in a parameter table. */
#define MODULE_ATTRIBUTE_PARAMS                                                                    \
	{.name = "mode", .type = MODULE_MODE, .doc = "Permissions, octal or symbolic."},           \
		{.name = "owner", .type = MODULE_STR, .doc = "User that owns it, by name or id."}, \
		{.name = "group",                                                                  \
		 .type = MODULE_STR,                                                               \
		 .doc = "Group that owns it, by name or id."},                                     \
		{.name = "attributes",                                                             \
		 .type = MODULE_STR,                                                               \
		 .aliases = module_attributes_aliases,                                             \
		 .doc = "Attributes as chattr has them: i, +a, -i."},                              \
		{.name = "seuser",                                                                 \
		 .type = MODULE_STR,                                                               \
		 .doc = "Accepted where the host has no SELinux, and refused where it has."},      \
		{.name = "serole", .type = MODULE_STR, .doc = "As seuser."},                       \
		{.name = "setype", .type = MODULE_STR, .doc = "As seuser."},                       \
	{                                                                                          \
		.name = "selevel", .type = MODULE_STR, .doc = "As seuser."                         \
	}
extern const char *const module_attributes_aliases[];

/* From the call's arguments: mode resolved against `current` (a symbolic mode
 * needs it), names looked up on the host. A user that does not exist is an error
 * that names it (assumed ones in check mode have id -1). */
int attributes_wanted(struct module_call *call, const struct host_stat *current,
		      struct host_attr *ret, struct err *err);
/* Brings an existing path to `want`; reports changed and a diff of what differs. */
int attributes_apply(struct module_call *call, const char *path, const struct host_attr *want,
		     struct err *err);

/* `attributes` and the SELinux parameters alone, of what was just written with
 * the attributes that were wanted. */
int attributes_flags(struct module_call *call, const char *path, struct err *err);

/* Reports what the path, which was as `was` says, got with its new content. */
void attributes_note(struct module_call *call, const char *path, const struct host_stat *was,
		     const struct host_attr *want);

/* Octal or symbolic ("u=rw,go=r", "a+rX", "-x") against what `current` is; an
 * absent one counts as a new file (0644). "preserve" and NULL give -1. */
int attributes_mode(const char *text, const struct host_stat *current, int *ret, struct err *err);
