#pragma once
/* synchronize with mode: pull, the host's half: include/rollout/module/synchronize.h. */
#include "rollout/module/module.h"

int pull_run(struct module_call *call, struct err *err);
