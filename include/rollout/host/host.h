#pragma once
/*
 * The operating system of one machine, as an interface. Modules read and
 * change a host only through this: `host_real_new` is the machine the process
 * runs on, `host_overlay_new` is check mode (reads see the machine under what
 * earlier tasks would have changed; changes stay in the overlay), tests bring
 * a fake. All calls block. Functions that change return 0 when the change is
 * made (or, in the overlay, recorded).
 *
 * Strings returned live in the arena given. Paths are absolute.
 */
#include "rollout/base/arena.h"
#include "rollout/base/digest.h"
#include "rollout/base/err.h"
#include "rollout/host/stream.h"

#include <sys/types.h>

#define HOST_FILE_MAX (1u << 30)    /* the largest file read into memory */
#define HOST_OUTPUT_MAX (16u << 20) /* of stdout and of stderr each; the rest is dropped and said */
#define HOST_TIMEOUT_DEFAULT_MS 3600000 /* of a command */

struct host;

enum host_file_type {
	HOST_ABSENT,
	HOST_FILE,
	HOST_DIR,
	HOST_LINK,
	HOST_FIFO,
	HOST_SOCKET,
	HOST_CHARDEV,
	HOST_BLOCKDEV
};

struct host_stat {
	enum host_file_type type; /* HOST_ABSENT is a success of stat */
	mode_t mode;		  /* permission bits, 07777 */
	uid_t uid;
	gid_t gid;
	uint64_t size, inode, device, nlink;
	int64_t mtime_ns, atime_ns, ctime_ns;
	const char *link_target; /* of a HOST_LINK */
	bool assumed; /* overlay: exists because an unknown effect (a package, a command) is assumed to make it */
};

/* What a new or replaced file shall be. -1 keeps: the old owner and mode on
 * replacement; on creation the process's own ids and 0666 & ~umask. */
struct host_attr {
	int mode; /* -1 keeps */
	int64_t uid, gid;
	int64_t mtime_ns, atime_ns; /* -1: not set */
};
#define HOST_ATTR_KEEP ((struct host_attr){-1, -1, -1, -1, -1})

struct host_write {
	struct slice content;
	const char *source_path;	  /* not NULL: content is this file on the host */
	const struct host_stream *stream; /* not NULL: content is this, read once */
	struct host_attr attr;
	/* not NULL: a command with %s for the temporary file; the rename happens
	 * only when it exits 0. Run without a shell, words split as a shell's. */
	const char *validate;
	bool unsafe_in_place; /* write into the existing inode (bind mounts) */
	/* Overlay only, instead of content: what the content will be. Reading it
	 * later is ERR_UNKNOWN; its size and SHA-256 are known. */
	const char *promised_sha256;
	uint64_t promised_size;
};

struct host_command {
	const char *const *argv; /* NULL-terminated; looked for in PATH */
	struct slice stdin_bytes;
	int stdin_fd;		/* > 0: its input is this file instead, from the start */
	const char *cwd;	/* NULL: "/" for root's agent, else home */
	const char *const *env; /* "K=V", added to the process's own; NULL-terminated or NULL */
	int mode_umask;		/* -1 keeps */
	int64_t timeout_ms;	/* 0: HOST_TIMEOUT_DEFAULT_MS */
	/* Called with output as it comes; may be NULL. stream 1 or 2. */
	void (*on_output)(void *ctx, int stream, struct slice bytes);
	void *ctx;
};
struct host_command_result {
	int exit_code; /* 128 + signal when killed */
	bool timed_out;
	bool unknown; /* overlay: it was not run */
	bool truncated;
	struct strbuf out, err; /* host_command_result_release */
};
void host_command_result_release(struct host_command_result *r);

/* In the overlay, a user that would be created has an id of this range until
 * the real run gives it one; so has a name that is only `assumed`. */
#define HOST_ID_PROVISIONAL_MIN 0x7f000000u
static inline bool host_id_is_provisional(uint32_t id)
{
	return id >= HOST_ID_PROVISIONAL_MIN && id < 0x80000000u;
}

/* `assumed` without `exists`: not there, but an unknown effect may make it; its
 * id is provisional. */
struct host_user {
	bool exists;
	const char *name, *gecos, *home, *shell;
	uid_t uid;
	gid_t gid;
	const char *password_hash; /* from /etc/shadow when readable, else NULL */
	const char *const *groups; /* supplementary, NULL-terminated, sorted */
	bool assumed;
};
struct host_group {
	bool exists;
	const char *name;
	gid_t gid;
	bool assumed;
};

/* NULL / -1 fields keep what is. */
struct host_user_spec {
	const char *name, *gecos, *home, *shell, *group, *password_hash;
	int64_t uid;
	const char *const *groups; /* NULL: not touched */
	bool append_groups, system, create_home, move_home, non_unique;
	const char *skeleton, *umask; /* of a new home */
};
struct host_group_spec {
	const char *name;
	int64_t gid;
	bool system, non_unique;
};
/* How a user goes: with the home; although processes of theirs run. */
enum host_user_remove { HOST_USER_REMOVE_HOME = 1, HOST_USER_REMOVE_FORCE = 2 };

struct host_package {
	bool installed;
	bool has_config;       /* removed, but for its configuration files */
	const char *version;   /* installed version, or NULL */
	const char *candidate; /* what would be installed, or NULL when not known */
	bool assumed;
};
struct host_package_change {
	const char *const
		*names; /* "name" or "name=version", or a path to a .deb; NULL-terminated */
	enum { HOST_PACKAGE_PRESENT, HOST_PACKAGE_LATEST, HOST_PACKAGE_ABSENT } state;
	bool purge, autoremove, recommends, no_recommends, allow_downgrade, force;
	bool allow_held, allow_unauthenticated;
	bool no_remove;			 /* fail rather than remove another package */
	const char *const *dpkg_options; /* without --; NULL: force-confdef, force-confold */
	const char *default_release;	 /* apt-get -t; NULL: as the host has it */
	int policy_rc_d; /* -1, or the exit code that keeps maintainer scripts from starting units (101) */
	int64_t lock_timeout_ms;
};

struct host_unit {
	bool exists;		  /* LoadState is not "not-found" */
	const char *load_state;	  /* loaded, not-found, masked, error */
	const char *active_state; /* active, inactive, failed, activating, … */
	const char *sub_state;
	const char *unit_file_state; /* enabled, disabled, static, masked, "" … */
	bool assumed;
};
enum host_unit_action {
	HOST_UNIT_START,
	HOST_UNIT_STOP,
	HOST_UNIT_RESTART,
	HOST_UNIT_RELOAD,
	HOST_UNIT_ENABLE,
	HOST_UNIT_DISABLE,
	HOST_UNIT_MASK,
	HOST_UNIT_UNMASK,
};

/* The names of a directory; sorted; without . and .. */
struct host_names {
	const char **at;
	size_t len;
};

struct host_ops {
	void (*free)(struct host *h);
	int (*stat)(struct host *h, struct arena *a, const char *path, bool follow,
		    struct host_stat *ret, struct err *err);
	/* Appends content to out; more than max_bytes is ERR_LIMIT; absent is ERR_NOT_FOUND. */
	int (*read)(struct host *h, const char *path, size_t max_bytes, struct strbuf *out,
		    struct err *err);
	/* For reading, from the start; yours to close. The overlay has none of what
	 * it holds itself: ERR_UNKNOWN. */
	int (*open)(struct host *h, const char *path, int *ret_fd, struct err *err);
	int (*digest)(struct host *h, const char *path, enum digest_algorithm alg,
		      char hex[DIGEST_HEX_MAX], struct err *err);
	int (*list)(struct host *h, struct arena *a, const char *path, struct host_names *ret,
		    struct err *err);
	/* Atomic: temporary file in the same folder with its final owner and mode,
	 * fsync, validate, rename. A symlink as the last component is replaced, not followed. */
	int (*write)(struct host *h, const char *path, const struct host_write *w, struct err *err);
	int (*mkdir)(struct host *h, const char *path, const struct host_attr *attr,
		     struct err *err); /* one level */
	int (*symlink)(struct host *h, const char *target, const char *path,
		       struct err *err); /* replaces atomically */
	int (*link)(struct host *h, const char *target, const char *path, struct err *err);
	int (*remove)(struct host *h, const char *path, bool recursive,
		      struct err *err); /* absent is fine */
	int (*rename)(struct host *h, const char *from, const char *to, struct err *err);
	int (*set_attr)(struct host *h, const char *path, bool follow, const struct host_attr *attr,
			struct err *err);

	/* The flags of an inode, FS_*_FL of linux/fs.h (chattr(1)); ERR_UNSUPPORTED where
	 * the file system has none. A symbolic link is followed. */
	int (*flags)(struct host *h, const char *path, uint32_t *ret, struct err *err);
	int (*set_flags)(struct host *h, const char *path, uint32_t flags, struct err *err);

	/* A command that may change anything. The overlay does not run it and sets result->unknown. */
	int (*run)(struct host *h, const struct host_command *cmd,
		   struct host_command_result *result, struct err *err);
	/* A command that only reads: the overlay runs it too. */
	int (*probe)(struct host *h, const struct host_command *cmd,
		     struct host_command_result *result, struct err *err);

	int (*user)(struct host *h, struct arena *a, const char *name, struct host_user *ret,
		    struct err *err);
	int (*user_by_id)(struct host *h, struct arena *a, uid_t uid, struct host_user *ret,
			  struct err *err);
	int (*group)(struct host *h, struct arena *a, const char *name, struct host_group *ret,
		     struct err *err);
	int (*group_by_id)(struct host *h, struct arena *a, gid_t gid, struct host_group *ret,
			   struct err *err);
	int (*user_set)(struct host *h, const struct host_user_spec *spec,
			struct err *err); /* add or change */
	int (*user_remove)(struct host *h, const char *name, unsigned how, struct err *err);
	int (*group_set)(struct host *h, const struct host_group_spec *spec, struct err *err);
	int (*group_remove)(struct host *h, const char *name, struct err *err);

	/* Packages of apt and dpkg. */
	int (*package)(struct host *h, struct arena *a, const char *name, struct host_package *ret,
		       struct err *err);
	/* What would be installed now; NULL: none is known. Slow (a process). */
	int (*package_candidate)(struct host *h, struct arena *a, const char *name,
				 const char **ret_version, struct err *err);
	int (*package_change)(struct host *h, const struct host_package_change *c,
			      struct strbuf *output, struct err *err);
	/* Refreshes the lists when they are older than max_age_s (0: always). *ret_updated. */
	int (*package_refresh)(struct host *h, int64_t max_age_s, bool *ret_updated,
			       struct err *err);

	/* systemd units; scope "system", or "user"/"global" */
	int (*unit)(struct host *h, struct arena *a, const char *name, const char *scope,
		    struct host_unit *ret, struct err *err);
	int (*unit_act)(struct host *h, const char *name, const char *scope,
			enum host_unit_action action, bool no_block, struct err *err);
	int (*daemon_reload)(struct host *h, const char *scope, struct err *err);
};

/* Every implementation starts with this. */
struct host {
	const struct host_ops *ops;
	bool is_overlay;
};

struct host *host_real_new(void);
/* `under` is not owned and must outlive the overlay. */
struct host *host_overlay_new(struct host *under);
/* Overlay: an effect that cannot be known happened (a command would have run):
 * from now on missing parents, users and units are `assumed` rather than errors. */
void host_overlay_assume(struct host *overlay, const char *why);
/* Why effects are unknown on this host ("the package etcd would be installed"),
 * or NULL: none are, or it is not an overlay. What is missing then may exist
 * after the real run. */
const char *host_assumes(const struct host *h);
void host_free(struct host *h);
