#pragma once
/* The host's kubectl and what a kubectl task gives it. */
#include "../program.h"

struct kubectl_manifest {
	const char *path;  /* -f path; NULL: by standard input */
	struct slice text; /* may hold secrets: it is in no list of processes */
};

/* kubectl with kubeconfig, context and namespace, and its verb. */
void kubectl_begin(struct module_call *call, const char *verb, struct program *p);
/* definition or src; neither is an error. */
int kubectl_manifest(struct module_call *call, struct kubectl_manifest *ret, struct err *err);
void kubectl_put_manifest(struct program *p, const struct kubectl_manifest *m);

/* kubectl's unified diff as result.diff; its temporary folders are left out. */
void kubectl_put_diff(struct module_call *call, struct slice diff);
/* Until what the manifest has is ready: rollouts, jobs, pods, CRDs. */
int kubectl_wait(struct module_call *call, const struct kubectl_manifest *m, struct err *err);
