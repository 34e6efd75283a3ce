#pragma once
/*
 * Check mode: what earlier tasks would have changed, over a machine that is
 * only read. A node stands for one path that differs from the machine's.
 */
#include "rollout/base/strmap.h"
#include "rollout/host/host.h"

#define OVERLAY_LINKS_MAX 40 /* symbolic links in one path, as the kernel's */

struct node {
	struct host_stat st; /* HOST_ABSENT: removed */
	bool hides;	     /* what the machine has below the path does not show */
	/* Content of a HOST_FILE: the machine's file, or these bytes, or a promise. */
	const char *backing, *promised_sha256;
	struct slice content;
};

struct overlay {
	struct host base;
	struct host *under;
	struct arena arena;
	struct strmap nodes;	/* canonical path to struct node */
	struct strmap flags;	/* canonical path to uint32_t */
	struct strmap users;	/* name to struct host_user; exists false: removed */
	struct strmap groups;	/* name to struct host_group */
	struct strmap packages; /* name to struct host_package */
	struct strmap units;	/* "scope/name" to struct host_unit */
	const char *why;	/* effects are unknown because of it; NULL: none are */
	uint32_t next_id;
	uint64_t next_inode;
	bool lists_refreshed, reloaded;
	bool package_pending, services_start; /* packages start their units */
};
static inline struct overlay *overlay_of(struct host *h)
{
	return (struct overlay *)h;
}

/* A path after its symbolic links. */
struct place {
	const char *path;  /* canonical; with missing, as far as it could be followed */
	struct node *node; /* NULL: the machine's own */
	struct host_stat st;
	int missing;	      /* errno of a parent that is not there or no directory; else 0 */
	const char *stranger; /* why root changes nothing there (real/place.c), or NULL */
};

/* paths.c */
int overlay_find(struct overlay *o, struct arena *a, const char *path, bool follow,
		 struct place *ret, struct err *err);
bool overlay_is_hidden(const struct overlay *o, const char *canonical);
/* The node of a place that exists, made from the machine's when there is none. */
struct node *overlay_touch(struct overlay *o, const struct place *p);
/* A new node in the place of whatever was there. */
struct node *overlay_put(struct overlay *o, const char *canonical, enum host_file_type type);
/* Makes sure of the parent: assumed when effects are unknown, else the error
 * that the machine would give for `verb path`. */
int overlay_need_parent(struct overlay *o, struct arena *a, const struct place *p, const char *verb,
			struct err *err);
/* ERR_INVALID where root changes nothing. */
int overlay_may_change(const struct place *p, const char *verb, const char *path, struct err *err);
void overlay_forget_below(struct overlay *o, const char *canonical);

/* files.c */
int overlay_stat(struct host *h, struct arena *a, const char *path, bool follow,
		 struct host_stat *ret, struct err *err);
int overlay_read(struct host *h, const char *path, size_t max_bytes, struct strbuf *out,
		 struct err *err);
int overlay_open(struct host *h, const char *path, int *ret_fd, struct err *err);
int overlay_digest(struct host *h, const char *path, enum digest_algorithm alg,
		   char hex[DIGEST_HEX_MAX], struct err *err);
int overlay_list(struct host *h, struct arena *a, const char *path, struct host_names *ret,
		 struct err *err);
int overlay_node_read(struct overlay *o, const struct node *n, const char *path, size_t max_bytes,
		      struct strbuf *out, struct err *err);

/* write.c */
int overlay_write(struct host *h, const char *path, const struct host_write *w, struct err *err);

/* tree.c */
int overlay_mkdir(struct host *h, const char *path, const struct host_attr *attr, struct err *err);
int overlay_symlink(struct host *h, const char *target, const char *path, struct err *err);
int overlay_link(struct host *h, const char *target, const char *path, struct err *err);
int overlay_remove(struct host *h, const char *path, bool recursive, struct err *err);
int overlay_rename(struct host *h, const char *from, const char *to, struct err *err);
int overlay_set_attr(struct host *h, const char *path, bool follow, const struct host_attr *attr,
		     struct err *err);
void stat_apply(struct host_stat *st, const struct host_attr *attr);

/* flags.c */
int overlay_flags(struct host *h, const char *path, uint32_t *ret, struct err *err);
int overlay_set_flags(struct host *h, const char *path, uint32_t flags, struct err *err);

/* accounts.c */
int overlay_user(struct host *h, struct arena *a, const char *name, struct host_user *ret,
		 struct err *err);
int overlay_user_by_id(struct host *h, struct arena *a, uid_t uid, struct host_user *ret,
		       struct err *err);
int overlay_group(struct host *h, struct arena *a, const char *name, struct host_group *ret,
		  struct err *err);
int overlay_group_by_id(struct host *h, struct arena *a, gid_t gid, struct host_group *ret,
			struct err *err);
int overlay_user_set(struct host *h, const struct host_user_spec *spec, struct err *err);
int overlay_user_remove(struct host *h, const char *name, unsigned how, struct err *err);
int overlay_group_set(struct host *h, const struct host_group_spec *spec, struct err *err);
int overlay_group_remove(struct host *h, const char *name, struct err *err);

/* packages.c */
int overlay_package(struct host *h, struct arena *a, const char *name, struct host_package *ret,
		    struct err *err);
int overlay_package_candidate(struct host *h, struct arena *a, const char *name,
			      const char **ret_version, struct err *err);
int overlay_package_change(struct host *h, const struct host_package_change *c,
			   struct strbuf *output, struct err *err);
int overlay_package_refresh(struct host *h, int64_t max_age_s, bool *ret_updated, struct err *err);

/* units.c */
int overlay_unit(struct host *h, struct arena *a, const char *name, const char *scope,
		 struct host_unit *ret, struct err *err);
int overlay_unit_act(struct host *h, const char *name, const char *scope,
		     enum host_unit_action action, bool no_block, struct err *err);
int overlay_daemon_reload(struct host *h, const char *scope, struct err *err);
