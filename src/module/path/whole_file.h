#pragma once
/* A file that a module makes as a whole: a list of sources, a key, a certificate. */
#include "rollout/module/module.h"

/* Rows of modules that put a file in another's place. */
#define FILE_BACKUP_PARAM                                                                          \
	{                                                                                          \
		.name = "backup", .type = MODULE_BOOL, .fallback = "false",                        \
		.doc = "Keeps a copy of the old file, with a timestamp."                           \
	}
#define FILE_VALIDATE_PARAM                                                                        \
	{                                                                                          \
		.name = "validate", .type = MODULE_STR,                                            \
		.doc = "Command that checks the new file, %s, before it takes the old one's "      \
		       "place."                                                                    \
	}
#define FILE_UNSAFE_WRITES_PARAM                                                                   \
	{                                                                                          \
		.name = "unsafe_writes", .type = MODULE_BOOL, .fallback = "false",                 \
		.doc = "Writes into the file that is there, for mount points."                     \
	}

/* Brings path to the content; mode is that of a new file and, unless it is -1,
 * of an old one. Reports changed and a diff. *ret_changed may be NULL. */
int whole_file_put(struct module_call *call, const char *path, struct slice content, int mode,
		   bool *ret_changed, struct err *err);
/* As whole_file_put, and owner, group and mode are as the call's arguments say from
 * the moment at which the file is there; mode: where they say none. A secret
 * content is in no diff. */
int whole_file_settle(struct module_call *call, const char *path, struct slice content, int mode,
		      bool secret, struct err *err);
/* Removes it where it is there. */
int whole_file_remove(struct module_call *call, const char *path, bool *ret_changed,
		      struct err *err);
/* Is there anything at path? */
int whole_file_exists(struct module_call *call, const char *path, bool *ret, struct err *err);
