#pragma once
/* A node of a cluster: cordoned, uncordoned, drained. */
#include "rollout/module/module.h"

#define NODE_PARAMS                                                                                \
	{.name = "ignore_daemonsets",                                                              \
	 .type = MODULE_BOOL,                                                                      \
	 .fallback = "true",                                                                       \
	 .doc = "drained: pods of daemon sets stay."},                                             \
		{.name = "delete_emptydir_data",                                                   \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "false",                                                              \
		 .doc = "drained: pods may lose their emptyDir."},                                 \
		{.name = "force",                                                                  \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "false",                                                              \
		 .doc = "drained: deletes pods that nothing makes anew."},                         \
	{                                                                                          \
		.name = "grace_period", .type = MODULE_INT,                                        \
		.doc = "drained: seconds that pods get to end; their own without it."              \
	}

/* state: cordoned, uncordoned, drained. */
int node_apply(struct module_call *call, const char *state, struct err *err);
