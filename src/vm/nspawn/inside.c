#include "nspawn.h"

#include "../tool.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- getting there ---- */

static int enter(const struct vm_machine *m, struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, "make a mount namespace");
	int r = vm_nspawn_disk_mount(m, err);
	if (r < 0)
		return r;
	if (mount("/dev", "root/dev", NULL, MS_BIND, NULL) < 0)
		return err_sys(err, "mount /dev in the machine's tree");
	if (chroot("root") < 0 || chdir("/") < 0)
		return err_sys(err, "enter the machine's tree");
	return 0;
}

int vm_nspawn_inside(const struct vm_machine *m, int (*fn)(void *ctx, struct err *err), void *ctx,
		     struct err *err)
{
	struct err told = {0};
	int ends[2], status;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	CLEANUP(fd_close) int hear = ends[0];
	CLEANUP(fd_close) int tell = ends[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a create that is killed ends whole */
		int r = enter(m, &told);
		if (r == 0)
			r = fn(ctx, &told);
		struct err none = {0};
		_exit(r < 0 && fd_write_all(tell, &told, sizeof(told), &none) < 0 ? 1 : r < 0);
	}
	fd_close(&tell);
	ssize_t n = read(hear, &told, sizeof(told));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	if (n != (ssize_t)sizeof(told))
		return err_set(err, ERR_SYS, "what prepares the machine's files was killed");
	if (err)
		*err = told;
	return told.code;
}

/* ---- files ---- */

static int write_new(const char *path, struct slice content, mode_t mode, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf folder = {0};
	strbuf_slice_append(&folder, path_dirname(path));
	int r = dir_create_all(folder.ptr, 0755, err);
	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, "replace %s in the machine", path);
	CLEANUP(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create %s in the machine", path);
	r = fd_write_all(fd, content.ptr, content.len, err);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = err_sys(err, "chmod");
	return r < 0 ? err_wrap(err, r, "%s in the machine", path) : 0;
}

int vm_nspawn_put_text(const char *path, const char *text, mode_t mode, struct err *err)
{
	return write_new(path, slice_from(text), mode, err);
}

/* The C library's own look-ups would load modules from the machine's tree. */
static bool find_user(const char *name, struct passwd *ret)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *p = NULL;
	while (f && (p = fgetpwent(f)) && strcmp(p->pw_name, name) != 0)
		;
	if (f)
		fclose(f);
	if (p)
		*ret = *p; /* its strings stay until the next look */
	return p != NULL;
}

static bool find_group(const char *name, gid_t *ret)
{
	FILE *f = fopen("/etc/group", "re");
	struct group *g = NULL;
	while (f && (g = fgetgrent(f)) && strcmp(g->gr_name, name) != 0)
		;
	if (f)
		fclose(f);
	if (g)
		*ret = g->gr_gid;
	return g != NULL;
}

static bool is_number(const char *s, unsigned *ret)
{
	char *end;
	errno = 0;
	unsigned long n = strtoul(s, &end, 10);
	*ret = (unsigned)n;
	return *s >= '0' && *s <= '9' && *end == '\0' && errno == 0 && n < ~0u;
}

/* "user", "user:group", numbers too. Without a group: the user's own. */
static int find_owner(const struct vm_file *f, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
	CLEANUP(free_ptr) char *user = xstrdup(f->owner);
	char *group = strchr(user, ':');
	struct passwd p;
	if (group)
		*group++ = '\0';
	if (find_user(user, &p)) {
		*ret_uid = p.pw_uid;
		*ret_gid = p.pw_gid;
	} else if (is_number(user, ret_uid)) {
		*ret_gid = *ret_uid;
	} else {
		return err_set(err, ERR_NOT_FOUND, "%s: the machine has no user '%s'", f->path,
			       user);
	}
	if (group && *group && !find_group(group, ret_gid) && !is_number(group, ret_gid))
		return err_set(err, ERR_NOT_FOUND, "%s: the machine has no group '%s'", f->path,
			       group);
	return 0;
}

static int parse_mode(const struct vm_file *f, mode_t *ret, struct err *err)
{
	char *end = NULL;
	unsigned long mode = f->mode ? strtoul(f->mode, &end, 8) : 0644;
	if (end && (end == f->mode || *end || mode > 07777))
		return err_set(err, ERR_INVALID, "%s: '%s' is not an octal mode like 0644", f->path,
			       f->mode);
	*ret = (mode_t)mode;
	return 0;
}

int vm_nspawn_put_file(const struct vm_file *f, struct err *err)
{
	uid_t uid = 0;
	gid_t gid = 0;
	mode_t mode = 0;
	if (f->path[0] != '/')
		return err_set(err, ERR_INVALID, "'%s' is not an absolute path", f->path);
	int r = parse_mode(f, &mode, err);
	if (r == 0 && f->owner)
		r = find_owner(f, &uid, &gid, err);
	if (r == 0)
		r = write_new(f->path, f->content, mode, err);
	if (r == 0 && (uid || gid)) {
		/* chown takes the set-id bits away */
		if (chown(f->path, uid, gid) < 0 || chmod(f->path, mode) < 0)
			r = err_sys(err, "chown %s in the machine", f->path);
	}
	return r;
}

/* ---- users ---- */

/* '*' and not '!': no password either, but no account that sshd takes for locked. */
static int add_user(const char *name, struct err *err)
{
	const char *shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
	const char *const argv[] = {"useradd", "--create-home", "--user-group", "--password", "*",
				    "--shell", shell,		"--",		name,	      NULL};
	struct tool_call call = {.argv = argv};
	int r = vm_tool_run(&call, NULL, err);
	return r < 0 ? err_wrap(err, r, "in the machine's tree") : 0;
}

static int make_owned_folder(const char *path, const struct passwd *p, struct err *err)
{
	if ((mkdir(path, 0700) < 0 && errno != EEXIST) || chown(path, p->pw_uid, p->pw_gid) < 0)
		return err_sys(err, "make %s in the machine", path);
	return 0;
}

static int put_keys(const struct passwd *p, const char *const *keys, struct err *err)
{
	CLEANUP(free_ptr) char *home = xstrdup(p->pw_dir);
	CLEANUP(free_ptr) char *folder = path_join(home, ".ssh");
	CLEANUP(free_ptr) char *file = path_join(folder, "authorized_keys");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct stat st;
	for (; *keys; keys++)
		strbuf_printf(&text, "%s\n", *keys);
	int r = stat(home, &st) == 0 ? 0 : make_owned_folder(home, p, err);
	if (r == 0)
		r = make_owned_folder(folder, p, err);
	if (r == 0)
		r = vm_nspawn_put_text(file, text.ptr ? text.ptr : "", 0600, err);
	if (r == 0 && chown(file, p->pw_uid, p->pw_gid) < 0)
		r = err_sys(err, "chown %s in the machine", file);
	return r;
}

static int put_sudoers(const char *name, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	strbuf_printf(&line, "%s ALL=(ALL) NOPASSWD:ALL\n", name);
	return vm_nspawn_put_text("/etc/sudoers.d/90-rollout-vm", line.ptr, 0440, err);
}

int vm_nspawn_put_user(const char *name, const char *const *keys, struct err *err)
{
	struct passwd p;
	int r = find_user(name, &p) ? 0 : add_user(name, err);
	if (r < 0)
		return r;
	if (!find_user(name, &p))
		return err_set(err, ERR_NOT_FOUND, "the machine's tree has no user '%s'", name);
	r = put_keys(&p, keys, err);
	return r == 0 && p.pw_uid != 0 ? put_sudoers(name, err) : r;
}
