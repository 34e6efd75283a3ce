#pragma once
/* Small files that an apt host fetches by apt's own means (apt-helper), so
 * that it needs no curl: keys. Works in check mode, too, and leaves nothing. */
#include "rollout/module/module.h"

#define APT_HELPER "/usr/lib/apt/apt-helper"

/* In the call's arena. */
int download(struct module_call *call, const char *url, struct slice *ret, struct err *err);
