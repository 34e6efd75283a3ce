/* Directories, links, removal, owners and modes. */
#include "real.h"
#include "rollout/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#define REMOVE_DEPTH_MAX 500u /* one descriptor is open per level */
#define TEMPORARY_TRIES 100

int real_mkdir(struct host *h, const char *path, const struct host_attr *attr, struct err *err)
{
	CLEANUP(real_place_leave) struct real_place p = REAL_PLACE_NONE;
	int r = real_place_enter("mkdir", path, &p, err);
	if (r < 0)
		return r;
	/* Nobody else looks in before it has its final mode. */
	if (mkdir(p.at.ptr, attr->mode >= 0 ? (mode_t)attr->mode & 0700 : 0777) < 0)
		return err_sys(err, "mkdir %s", path);
	struct host_attr rest = *attr;
	r = real_set_attr(h, path, false, &rest, err);
	if (r < 0)
		rmdir(p.at.ptr);
	return r;
}

void real_temporary_name(const char *path, struct strbuf *out)
{
	uint64_t random = 0;
	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (uint64_t)getpid();
	strbuf_truncate(out, 0);
	strbuf_printf(out, "%.*s/.rollout-%012llx", SLICE_ARG(path_dirname(path)),
		      (unsigned long long)(random & 0xffffffffffffu));
}

/* make(target, temporary) and then a rename over path. */
static int replace_by_link(int (*make)(const char *, const char *), const char *target,
			   const char *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf tmp = {0};
	CLEANUP(real_place_leave) struct real_place p = REAL_PLACE_NONE;
	int tries = 0, made;
	int r = real_place_enter("link", path, &p, err);
	if (r < 0)
		return r;
	do {
		real_temporary_name(p.at.ptr, &tmp);
		made = make(target, tmp.ptr);
	} while (made < 0 && errno == EEXIST && ++tries < TEMPORARY_TRIES);
	if (made < 0)
		return err_sys(err, "link %s to %s", path, target);
	r = rename(tmp.ptr, p.at.ptr) < 0 ? err_sys(err, "link %s to %s", path, target) : 0;
	/* A rename onto another name of the same file leaves both names. */
	unlink(tmp.ptr);
	return r;
}

int real_symlink(struct host *h, const char *target, const char *path, struct err *err)
{
	(void)h;
	return replace_by_link(symlink, target, path, err);
}

int real_link(struct host *h, const char *target, const char *path, struct err *err)
{
	(void)h;
	return replace_by_link(link, target, path, err);
}

static int remove_at(int dir, const char *name, const char *path, unsigned depth, struct err *err);

static int remove_content(int fd, const char *path, unsigned depth, struct err *err)
{
	DIR *d = fdopendir(fd);
	int r = 0;
	if (!d) {
		close(fd);
		return err_sys(err, "remove %s", path);
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = remove_at(dirfd(d), e->d_name, path, depth + 1, err);
	closedir(d);
	return r;
}

/* `path` is the whole tree's, for messages. Links are removed, not followed:
 * O_NOFOLLOW holds even against one that is put there meanwhile. */
static int remove_at(int dir, const char *name, const char *path, unsigned depth, struct err *err)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, "remove %s", path);
	int saved = errno;
	if (depth > REMOVE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "remove %s: deeper than %u levels", path,
			       REMOVE_DEPTH_MAX);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOTDIR || errno == ELOOP)
			errno = saved;
		return err_sys(err, "remove %s", path);
	}
	int r = remove_content(fd, path, depth, err);
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = err_sys(err, "remove %s", path);
	return r;
}

static bool is_root_dir(const char *path)
{
	return path[strspn(path, "/.")] == '\0';
}

int real_remove(struct host *h, const char *path, bool recursive, struct err *err)
{
	(void)h;
	struct stat st;
	if (path[0] != '/' || is_root_dir(path))
		return err_set(err, ERR_INVALID, "refusing to remove '%s'", path);
	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, "remove %s", path);
	CLEANUP(real_place_leave) struct real_place p = REAL_PLACE_NONE;
	int r = real_place_enter("remove", path, &p, err);
	if (r < 0)
		return r;
	if (recursive)
		return remove_at(AT_FDCWD, p.at.ptr, path, 0, err);
	int removed = S_ISDIR(st.st_mode) ? rmdir(p.at.ptr) : unlink(p.at.ptr);
	return removed < 0 && errno != ENOENT ? err_sys(err, "remove %s", path) : 0;
}

int real_rename(struct host *h, const char *from, const char *to, struct err *err)
{
	(void)h;
	CLEANUP(real_place_leave) struct real_place source = REAL_PLACE_NONE;
	CLEANUP(real_place_leave) struct real_place target = REAL_PLACE_NONE;
	int r = real_place_enter("rename", from, &source, err);
	if (r == 0)
		r = real_place_enter("rename", to, &target, err);
	if (r < 0)
		return r;
	return rename(source.at.ptr, target.at.ptr) < 0 ? err_sys(err, "rename %s to %s", from, to)
							: 0;
}

static int set_path_times(const char *at, int flags, const struct host_attr *attr, const char *path,
			  struct err *err)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
	const int64_t wanted[2] = {attr->atime_ns, attr->mtime_ns};
	for (int i = 0; i < 2; i++)
		if (wanted[i] >= 0)
			times[i] =
				(struct timespec){wanted[i] / 1000000000, wanted[i] % 1000000000};
	return utimensat(AT_FDCWD, at, times, flags) < 0 ? err_sys(err, "set the times of %s", path)
							 : 0;
}

int real_set_attr(struct host *h, const char *path, bool follow, const struct host_attr *attr,
		  struct err *err)
{
	(void)h;
	int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
	CLEANUP(real_place_leave) struct real_place p = REAL_PLACE_NONE;
	int r = follow ? real_place_reach("chmod", path, &p, err)
		       : real_place_enter("chmod", path, &p, err);
	if (r < 0)
		return r;
	const char *at = p.at.ptr;
	/* First the owner: chown clears the set-id bits. */
	if ((attr->uid >= 0 || attr->gid >= 0) &&
	    fchownat(AT_FDCWD, at, attr->uid < 0 ? (uid_t)-1 : (uid_t)attr->uid,
		     attr->gid < 0 ? (gid_t)-1 : (gid_t)attr->gid, flags) < 0)
		return err_sys(err, "chown %s", path);
	/* A symbolic link has no mode of its own. */
	if (attr->mode >= 0 && fchmodat(AT_FDCWD, at, (mode_t)attr->mode, flags) < 0 &&
	    (follow || (errno != EOPNOTSUPP && errno != ENOTSUP)))
		return err_sys(err, "chmod %s", path);
	if (attr->mtime_ns < 0 && attr->atime_ns < 0)
		return 0;
	return set_path_times(at, flags, attr, path, err);
}
