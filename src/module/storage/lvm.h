#pragma once
/* What LVM's programs say of groups and volumes; sizes in bytes. */
#include "../program.h"

#define LVM_ROWS_MAX 4096u
#define LVM_FIELDS_MAX 5u

/* The rows that lvg and lvol share. */
#define LVM_PARAMS(states_, force_doc_)                                                            \
	{.name = "state",                                                                          \
	 .type = MODULE_STR,                                                                       \
	 .fallback = "present",                                                                    \
	 .choices = states_,                                                                       \
	 .doc = "Whether it is there."},                                                           \
	{                                                                                          \
		.name = "force", .type = MODULE_BOOL, .fallback = "false", .doc = force_doc_       \
	}

struct lvm_row {
	const char *field[LVM_FIELDS_MAX]; /* "" where there is none */
};
struct lvm_table {
	struct lvm_row *at;
	size_t len;
	bool failed; /* the program ended with an error; err says why */
	struct slice err;
};

/* `pvs -o fields [what]` and its kind. The exit code is no error: table.failed. */
int lvm_read(struct module_call *call, const char *program, const char *fields, const char *what,
	     struct lvm_table *ret, struct err *err);
/* A size as lvm_read has it. */
uint64_t lvm_size(const char *text);
/* As lvm_read makes of a device's name what it is in the end: /dev/dm-0. */
int lvm_real_path(struct module_call *call, const char *dev, const char **ret, struct err *err);
/* Check mode: later tasks find /dev/GROUP, or /dev/GROUP/VOLUME as a file. NULL: the group. */
int lvm_foresee(struct module_call *call, const char *group, const char *volume, struct err *err);
/* One that an earlier task would make. */
int lvm_is_foreseen(struct module_call *call, const char *group, const char *volume, bool *ret,
		    struct err *err);
/* A name of a group or volume: no option, no blank. */
int lvm_check_name(const char *what, const char *name, struct err *err);
