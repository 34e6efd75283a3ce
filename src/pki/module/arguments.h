#pragma once
/* The arguments that the pki modules share, read from a call. */
#include "../issuance/issuance.h"
#include "rollout/module/module.h"

/* dir (absolute), host, arena, now. */
int arguments_store(struct module_call *call, struct store *ret, struct err *err);
/* A name that becomes a file's: checked. */
int arguments_name(struct module_call *call, const char *argument, const char **ret,
		   struct err *err);
/* An argument that is given and not empty, else NULL. */
const char *arguments_text(struct module_call *call, const char *argument);
/* subject, key_type, days, renew_before_days, force, now; the rest is the module's. */
int arguments_spec(struct module_call *call, const struct store *store, int64_t days_default,
		   struct certificate_spec *ret, struct err *err);
