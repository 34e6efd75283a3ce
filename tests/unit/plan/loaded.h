#pragma once
/* A plan out of a project's files: loaded_open, project_file for each of them, loaded_load. */
#include "project.h"

#include "rollout/plan/plan.h"

struct loaded {
	struct project project;
	struct inventory *inv;
	struct template_env *env;
	struct plan *plan;
	struct err err;
	int r; /* of plan_load */
};

/* w1 and w2 are the group web, d1 is the group db. */
void loaded_open(struct loaded *l);
/* `site` is a name in the project, and takes opts' place of it. */
void loaded_load(struct loaded *l, const char *site, struct plan_options opts);
void loaded_close(struct loaded *l);
