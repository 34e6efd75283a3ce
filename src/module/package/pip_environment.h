#pragma once
/*
 * What is in a virtual environment, so that an installation that fails half way
 * can be taken back: pip leaves the files of it that it has written.
 *
 *     pip_environment_look(&e, call, "/opt/env");
 *     … pip fails …
 *     pip_environment_take_back(&e);
 */
#include "rollout/base/vec.h"
#include "rollout/module/module.h"

struct pip_folder {
	const char *path;
	struct host_names names;
};
struct pip_environment {
	struct module_call *call;
	VEC(struct pip_folder) folders;
};

/* path NULL: nothing is known, and nothing taken back. */
void pip_environment_look(struct pip_environment *e, struct module_call *call, const char *path);
/* Removes what was not there. */
void pip_environment_take_back(const struct pip_environment *e);
/* What says that pip is there, in an environment without its program: else nobody
 * puts it there again. */
void pip_environment_forget_pip(struct module_call *call, const char *path);
void pip_environment_release(struct pip_environment *e);
