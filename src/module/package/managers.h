#pragma once
/* The package managers, as `package` picks one. */
#include "rollout/module/module.h"

int dnf_run(struct module_call *call, const char *program, struct err *err);
int apk_run(struct module_call *call, struct err *err);
