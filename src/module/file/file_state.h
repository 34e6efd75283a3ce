#pragma once
/* One call of the file module: file.c has the states, file_links.c the links. */
#include "rollout/module/attributes.h"

struct file_call {
	struct module_call *call;
	const char *path, *state;
	struct host_stat was; /* no link followed */
};

void file_state_diff(struct module_call *call, const char *path, const char *before,
		     const char *after);
/* Owner, group, mode and times of what is there; with touch the times are now. */
int file_attributes(struct module_call *call, const char *path, bool touch, struct err *err);

int file_ensure_link(struct file_call *f, struct err *err);
int file_ensure_hard(struct file_call *f, struct err *err);
