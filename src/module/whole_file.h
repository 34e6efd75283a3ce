#pragma once
/* A file that a module makes as a whole: a list of sources, a key, a certificate. */
#include "rollout/module/module.h"

/* Brings path to the content; mode is that of a new file and, unless it is -1,
 * of an old one. Reports changed and a diff. *ret_changed may be NULL. */
int whole_file_put(struct module_call *call, const char *path, struct slice content, int mode,
		   bool *ret_changed, struct err *err);
/* As whole_file_put, but the content is in no diff. */
int whole_file_put_secret(struct module_call *call, const char *path, struct slice content,
			  int mode, struct err *err);
/* Removes it where it is there. */
int whole_file_remove(struct module_call *call, const char *path, bool *ret_changed,
		      struct err *err);
/* Is there anything at path? */
int whole_file_exists(struct module_call *call, const char *path, bool *ret, struct err *err);
