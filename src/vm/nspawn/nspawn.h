#pragma once
/*
 * A machine as a systemd-nspawn container. Its folder holds, besides what
 * driver.h names:
 *
 *   tree           → the root tree that its disk is laid over
 *   disk/upper     what differs from the tree: its disk
 *   disk/work      overlayfs' own
 *   disk/binds     folders of the machine that must not lie on an overlay
 *   disk/snapshots/NAME/{upper,binds}
 *   root           where the overlay is mounted, in the runner's mount namespace only
 *   cgroups        one a line, while it runs
 *
 * Where the folder itself lies on an overlay (in a container), `disk` is a tmpfs.
 *
 * Source: systemd-nspawn(1), systemd's "Container Interface".
 */
#include "../driver.h"

#define VM_NSPAWN_LOCK "running.lock"

/* ---- disk.c ---- */

/* A blank disk over `tree`; one that is there goes, with its snapshots. */
int vm_nspawn_disk_make(const struct vm_machine *m, const char *tree, struct err *err);
bool vm_nspawn_disk_exists(const struct vm_machine *m);
int vm_nspawn_disk_remove(const struct vm_machine *m, struct err *err);
/* Mounts it on root: in a mount namespace of the caller's own. Changes the working
 * directory to the machine's folder. */
int vm_nspawn_disk_mount(const struct vm_machine *m, struct err *err);
int vm_nspawn_remove_tree(const char *path, struct err *err);

/* ---- user_data.c: what user_data asks of a machine that has no cloud-init ---- */

struct vm_nspawn_wishes {
	const char *hostname;
	VEC(const char *) packages;
	VEC(const char *) commands; /* shell */
	VEC(struct vm_file) files;
	const struct value
		*cloud_init; /* for the tree's own cloud-init; NULL: it is switched off */
};
/* What the spec and its user_data want together. Strings are borrowed or in the arena. */
int vm_nspawn_wishes(const struct vm_machine *m, const char *tree, struct arena *a,
		     struct vm_nspawn_wishes *ret, struct err *err);
void vm_nspawn_wishes_release(struct vm_nspawn_wishes *w);

/* ---- identity.c: what makes the disk this machine ---- */

int vm_nspawn_identify(const struct vm_machine *m, const struct vm_nspawn_wishes *w,
		       struct err *err);

/* ---- inside.c: the machine's files, from a process whose root is the disk ---- */

/* A process of its own calls fn(ctx) with the disk as its root folder. */
int vm_nspawn_inside(const struct vm_machine *m, int (*fn)(void *ctx, struct err *err), void *ctx,
		     struct err *err);
/* The rest: only within fn. A file replaces what is there, links included. */
int vm_nspawn_put_text(const char *path, const char *text, mode_t mode, struct err *err);
int vm_nspawn_put_file(const struct vm_file *f, struct err *err);
int vm_nspawn_put_user(const char *name, const char *const *keys, struct err *err);

/* ---- first_boot.c: packages and commands, once, by a unit of the machine ---- */

int vm_nspawn_put_first_boot(const struct vm_nspawn_wishes *w, struct err *err); /* within fn */
/* Before it runs: takes away what a failure at its last boot has left. */
void vm_nspawn_expect_first_boot(const struct vm_machine *m);
/* Waits until the running machine is through with it, if it has such a thing. */
int vm_nspawn_await_first_boot(const struct vm_machine *m, const struct vm_reporter *r,
			       struct err *err);

/* ---- command.c ---- */

/* argv of nspawn, in the arena. */
const char *const *vm_nspawn_command(const struct vm_machine *m, const char *netns,
				     struct arena *a);
const char *const *vm_nspawn_environment(const struct vm_machine *m);
int vm_nspawn_make_binds(const struct vm_machine *m, struct err *err); /* their sources */

/* ---- runner.c ---- */

/* Returns when the machine's init runs. ERR_EXISTS: it runs already. */
int vm_nspawn_run(const struct vm_machine *m, const char *netns, struct err *err);

/* ---- running.c: told by the lock ---- */

bool vm_nspawn_is_running(const struct vm_machine *m);
int vm_nspawn_runner_pid(const struct vm_machine *m); /* 0: none */
int vm_nspawn_init_pid(const struct vm_machine *m);   /* the machine's PID 1; 0: none */

/* ---- cgroup.c: a group of its own in every hierarchy (v1, hybrid, v2) ---- */

/* Makes them anew and writes their names to the folder. */
int vm_nspawn_cgroups_make(const struct vm_machine *m, const char *name, struct err *err);
int vm_nspawn_cgroups_join(const struct vm_machine *m, struct err *err);
int vm_nspawn_cgroups_freeze(const struct vm_machine *m, bool freeze, struct err *err);
bool vm_nspawn_cgroups_frozen(const struct vm_machine *m);
void vm_nspawn_cgroups_kill(const struct vm_machine *m);
void vm_nspawn_cgroups_remove(const struct vm_machine *m);
/* Whatever a runner that was killed has left: thawed, killed, removed. */
void vm_nspawn_cgroups_end(const struct vm_machine *m);

/* ---- power.c, snapshot.c: verbs of driver.h ---- */

int vm_nspawn_halt(struct vm_machine *m, bool force, int64_t limit_ms, const struct vm_reporter *r,
		   struct err *err);
int vm_nspawn_suspend(struct vm_machine *m, struct err *err);
int vm_nspawn_resume(struct vm_machine *m, struct err *err);
int vm_nspawn_console(struct vm_machine *m, struct err *err);
int vm_nspawn_snapshot_save(struct vm_machine *m, const char *name, struct err *err);
int vm_nspawn_snapshot_restore(struct vm_machine *m, const char *name, struct err *err);
int vm_nspawn_snapshot_delete(struct vm_machine *m, const char *name, struct err *err);
int vm_nspawn_snapshots(struct vm_machine *m, struct arena *a, struct vm_snapshot **ret,
			size_t *ret_len, struct err *err);
