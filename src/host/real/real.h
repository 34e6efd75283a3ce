#pragma once
/* The machine this process runs on. One file per part of the interface. */
#include "rollout/host/host.h"

#include <sys/stat.h>

#define REAL_PROBE_TIMEOUT_MS 60000

struct dpkg_index;

/* Where the machine keeps things; tests put other paths here. */
struct real_paths {
	const char *passwd, *group, *shadow;
	const char *dpkg_status, *apt_stamp, *apt_lists;
	const char *policy_rc_d;
};
struct host_real {
	struct host base;
	struct real_paths paths;
	struct dpkg_index *dpkg; /* of paths.dpkg_status as last read */
};
static inline struct host_real *real_of(struct host *h)
{
	return (struct host_real *)h;
}

/* files.c: reading */
int real_stat(struct host *h, struct arena *a, const char *path, bool follow, struct host_stat *ret,
	      struct err *err);
int real_read(struct host *h, const char *path, size_t max_bytes, struct strbuf *out,
	      struct err *err);
int real_open_file(struct host *h, const char *path, int *ret_fd, struct err *err);
int real_digest(struct host *h, const char *path, enum digest_algorithm alg,
		char hex[DIGEST_HEX_MAX], struct err *err);
int real_list(struct host *h, struct arena *a, const char *path, struct host_names *ret,
	      struct err *err);
void stat_from_sys(const struct stat *st, struct host_stat *ret);
/* Opens for reading, and refuses what is neither a file nor a block device nor /dev/null. */
int real_open(const char *path, struct err *err);

/*
 * place.c: where a path is changed. As root no link in the middle of it is
 * followed that somebody else made to what is not theirs; `at` is then the name
 * below the folder that was found, for system calls of this process alone.
 * Messages begin with "VERB PATH".
 */
struct real_place {
	int fd;
	struct strbuf at;
};
#define REAL_PLACE_NONE                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}
int real_place_enter(const char *verb, const char *path, struct real_place *ret, struct err *err);
/* The file itself, through a link at the end too: `at` leads to it, to be followed. */
int real_place_reach(const char *verb, const char *path, struct real_place *ret, struct err *err);
void real_place_leave(struct real_place *p);

/* command.c: in a child between fork and exec, async-signal-safe: a process group of
 * its own, signals as they are by default. */
void real_child_begin(void);

/* write.c */
int real_write(struct host *h, const char *path, const struct host_write *w, struct err *err);

/* guard.c: a file with a name that goes when this process is killed.
 *     r = guard_begin(&g, path, err);   before it is made
 *     guard_end(&g);                    it has its own name, or is gone
 */
struct guard {
	int fd; /* as long as it is open the file may be there */
	pid_t pid;
};
int guard_begin(struct guard *g, const char *path, struct err *err);
void guard_end(struct guard *g);

/* tree.c: directories, links, removal, attributes */
/* A name beside path that does not exist yet. */
void real_temporary_name(const char *path, struct strbuf *out);
int real_mkdir(struct host *h, const char *path, const struct host_attr *attr, struct err *err);
int real_symlink(struct host *h, const char *target, const char *path, struct err *err);
int real_link(struct host *h, const char *target, const char *path, struct err *err);
int real_remove(struct host *h, const char *path, bool recursive, struct err *err);
int real_rename(struct host *h, const char *from, const char *to, struct err *err);
int real_set_attr(struct host *h, const char *path, bool follow, const struct host_attr *attr,
		  struct err *err);

/* flags.c */
int real_flags(struct host *h, const char *path, uint32_t *ret, struct err *err);
int real_set_flags(struct host *h, const char *path, uint32_t flags, struct err *err);

/* command.c */
int real_run(struct host *h, const struct host_command *cmd, struct host_command_result *result,
	     struct err *err);

/* accounts.c, accounts_set.c */
int real_user(struct host *h, struct arena *a, const char *name, struct host_user *ret,
	      struct err *err);
int real_user_by_id(struct host *h, struct arena *a, uid_t uid, struct host_user *ret,
		    struct err *err);
int real_group(struct host *h, struct arena *a, const char *name, struct host_group *ret,
	       struct err *err);
int real_group_by_id(struct host *h, struct arena *a, gid_t gid, struct host_group *ret,
		     struct err *err);
int real_user_set(struct host *h, const struct host_user_spec *spec, struct err *err);
int real_user_remove(struct host *h, const char *name, unsigned how, struct err *err);
int real_group_set(struct host *h, const struct host_group_spec *spec, struct err *err);
int real_group_remove(struct host *h, const char *name, struct err *err);

/* packages.c (dpkg's database), apt.c (changes) */
int real_package(struct host *h, struct arena *a, const char *name, struct host_package *ret,
		 struct err *err);
int real_package_candidate(struct host *h, struct arena *a, const char *name,
			   const char **ret_version, struct err *err);
int real_package_change(struct host *h, const struct host_package_change *c, struct strbuf *output,
			struct err *err);
int real_package_refresh(struct host *h, int64_t max_age_s, bool *ret_updated, struct err *err);
void dpkg_index_free(struct dpkg_index *x);

/* units.c */
int real_unit(struct host *h, struct arena *a, const char *name, const char *scope,
	      struct host_unit *ret, struct err *err);
int real_unit_act(struct host *h, const char *name, const char *scope, enum host_unit_action action,
		  bool no_block, struct err *err);
int real_daemon_reload(struct host *h, const char *scope, struct err *err);
