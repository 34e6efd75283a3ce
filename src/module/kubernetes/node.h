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

struct node_drain {
	bool ignore_daemonsets, delete_emptydir_data, force, disable_eviction;
	const char *pod_selector; /* NULL: all */
	int64_t grace_s;	  /* below 0: the pods' own */
	int64_t timeout_s;
};
/* As NODE_PARAMS say. */
struct node_drain node_drain_of(const struct module_call *call);

/* state: cordoned, uncordoned, drained; of the node that the argument name names. */
int node_apply(struct module_call *call, const char *state, const struct node_drain *d,
	       struct err *err);
