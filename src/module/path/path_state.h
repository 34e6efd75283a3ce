#pragma once
/* A path as results show it, and what several modules do with one. */
#include "rollout/module/module.h"

#define PATH_DIFF_MAX (1u << 20) /* larger contents are not compared line by line */

/* "absent", "file", "directory", "link", "hard" */
const char *path_type_name(const struct host_stat *st);
/* Ansible's add_path_info: uid, gid, owner, group, mode, state, size. */
int path_state_put(struct module_call *call, const char *path, struct err *err);
const char *path_mode_text(struct module_call *call, mode_t mode); /* "0644" */
/* NULL: the id has no name. */
const char *path_owner_name(struct module_call *call, uid_t uid);
const char *path_group_name(struct module_call *call, gid_t gid);

/* Is it no symbolic link, or one to be followed by who changes what it leads to:
 * of root, of the own user, or to a file of the link's owner? */
int path_trusted(struct module_call *call, const char *path, struct err *err);
/* The same path after the links in its last component, which are to be trusted; a
 * dangling link's target. */
int path_real(struct module_call *call, const char *path, const char **ret, struct err *err);
/* The same for who only looks. */
int path_link_end(struct module_call *call, const char *path, const char **ret, struct err *err);
/* "a/b" in the call's arena. */
const char *path_below(struct module_call *call, const char *dir, const char *name);
/* The folder of a path, in the call's arena. */
const char *path_folder(struct module_call *call, const char *path);
/* mkdir -p with attr (a NULL one: defaults) for each new folder; an assumed or
 * existing one is fine. */
int path_make_folders(struct module_call *call, const char *path, const struct host_attr *attr,
		      struct err *err);
/* The folder that a new file needs is not there, and nothing may bring it. */
int path_need_folder(struct module_call *call, const char *path, struct err *err);

/* A copy with the same owner, mode and times as PATH.pid.date@time~; sets
 * result.backup_file. Nothing in check mode. */
int path_backup(struct module_call *call, const char *path, struct err *err);
/* result.diff of a file's content; nothing for large or binary ones. */
void path_diff(struct module_call *call, const char *path, struct slice before, struct slice after);
/* The content for a diff; empty where there is none, it is large, or not known. */
void path_read_for_diff(struct module_call *call, const char *path, struct strbuf *out);
