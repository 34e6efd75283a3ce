#pragma once
/* What apt does to the host as a whole. */
#include "rollout/module/module.h"

/* update_cache, cache_valid_time; cache_updated and cache_update_time. */
int apt_refresh(struct module_call *call, struct err *err);
/* Older than max_age seconds, or 0; tried as update_cache_retries says. */
int apt_refresh_lists(struct module_call *call, int64_t max_age, bool *ret_updated,
		      struct err *err);
/* kind: yes, safe, full, dist */
int apt_upgrade(struct module_call *call, const char *kind, struct err *err);
/* autoremove and autoclean where no package is named. */
int apt_tidy(struct module_call *call, struct err *err);
int apt_clean(struct module_call *call, struct err *err);
/* state: build-dep, of the packages named; state: fixed. */
int apt_build_dep(struct module_call *call, struct err *err);
int apt_fix(struct module_call *call, struct err *err);
/* stdout, stdout_lines, stderr, stderr_lines */
void apt_put_output(struct module_call *call, struct slice text);
