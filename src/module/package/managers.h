#pragma once
/* The package managers, as `package` picks one. */
#include "../program.h"

/* dnf or yum with the options that the call's arguments are. */
void dnf_begin(struct module_call *call, const char *program, struct program *p);
/* Another one that works is waited for as long as lock_timeout says. */
int dnf_when_unlocked(struct program *p, int (*launch)(struct program *p, struct err *err),
		      struct err *err);
/* dnf_list.c: the argument list. */
int dnf_list(struct module_call *call, const char *program, struct err *err);
int dnf_run(struct module_call *call, const char *program, struct err *err);
int apk_run(struct module_call *call, struct err *err);
