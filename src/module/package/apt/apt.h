#pragma once
/* What package does is a part of what apt does. */
#include "rollout/module/module.h"

int apt_run(struct module_call *call, struct err *err);
