#include "beneath.h"
#include "rollout/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define REMOVE_DEPTH_MAX 200u

/* ---- a path ---- */

static int step(int *dir, const char *name)
{
	int fd = openat(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	close(*dir);
	*dir = fd;
	return 0;
}

int beneath_enter(int root, const char *path, struct beneath *ret, struct err *err)
{
	CLEANUP(fd_close) int dir = root < 0 ? -1 : fcntl(root, F_DUPFD_CLOEXEC, 3);
	char name[NAME_MAX + 1];
	ret->dir = -1;
	if (dir < 0)
		return err_set(err, ERR_NOT_FOUND, "%s: its folder is not there", path);
	for (const char *at = path;;) {
		size_t len = strcspn(at, "/");
		errno = ENAMETOOLONG;
		if (len > NAME_MAX)
			return err_sys(err, "%s", path);
		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		if (!at[len])
			break;
		if (step(&dir, name) < 0)
			return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
				       ? err_set(err, ERR_NOT_FOUND, "%s: its folder is not there",
						 path)
				       : err_sys(err, "%s", path);
		at += len + 1;
	}
	memcpy(ret->name, name, sizeof(name));
	ret->dir = dir;
	dir = -1;
	return 0;
}

void beneath_leave(struct beneath *b)
{
	fd_close(&b->dir);
}

bool beneath_stat(int root, const char *path, struct stat *ret)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	return beneath_enter(root, path, &b, NULL) == 0 &&
	       fstatat(b.dir, b.name, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

int beneath_open(int root, const char *path)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	struct stat st;
	if (beneath_enter(root, path, &b, NULL) < 0)
		return -1;
	CLEANUP(fd_close)
	int fd = openat(b.dir, b.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	int found = fd;
	fd = -1;
	return found;
}

/* ---- changes ---- */

int beneath_mkdir(int root, const char *path, mode_t mode, struct err *err)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	int r = beneath_enter(root, path, &b, err);
	if (r == 0 && mkdirat(b.dir, b.name, mode) < 0)
		r = err_sys(err, "create the folder %s", path);
	return r;
}

/* A name that nobody has. */
static void make_name(char tmp[32])
{
	static unsigned count;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(tmp, 32, ".rollout-%x-%lx-%x", (unsigned)getpid(), (unsigned long)now.tv_nsec,
		 count++);
}

int beneath_symlink(int root, const char *path, const char *target, struct err *err)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	char tmp[32];
	int r = beneath_enter(root, path, &b, err);
	if (r < 0)
		return r;
	make_name(tmp);
	if (symlinkat(target, b.dir, tmp) < 0)
		return err_sys(err, "create the link %s", path);
	if (renameat(b.dir, tmp, b.dir, b.name) == 0)
		return 0;
	r = err_sys(err, "create the link %s", path);
	unlinkat(b.dir, tmp, 0);
	return r;
}

int beneath_set(int root, const char *path, int mode, const struct timespec *mtime, struct err *err)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
					  mtime ? *mtime : (struct timespec){0}};
	int r = beneath_enter(root, path, &b, err);
	if (r < 0)
		return r;
	if (mode >= 0 && fchmodat(b.dir, b.name, (mode_t)mode, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the mode of %s", path);
	if (mtime && utimensat(b.dir, b.name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the time of %s", path);
	return 0;
}

/* ---- lists ---- */

void beneath_names_release(beneath_names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->at[i]);
	vec_release(names);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_in(int dir, const char *name, beneath_names *ret)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(&fd);
		return -1;
	}
	for (struct dirent *e; (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			vec_push(ret, xstrdup(e->d_name));
	closedir(d);
	if (ret->len)
		qsort(ret->at, ret->len, sizeof(*ret->at), by_name);
	return 0;
}

int beneath_list(int root, const char *path, beneath_names *ret, struct err *err)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	int r = beneath_enter(root, *path ? path : ".", &b, err);
	if (r == 0 && list_in(b.dir, b.name, ret) < 0)
		r = err_sys(err, "read the folder %s", path);
	return r;
}

static int remove_in(int dir, const char *name, unsigned depth)
{
	CLEANUP(beneath_names_release) beneath_names names = {0};
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if ((errno != EISDIR && errno != EPERM) || depth > REMOVE_DEPTH_MAX)
		return -1;
	CLEANUP(fd_close) int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || list_in(fd, ".", &names) < 0)
		return -1;
	for (size_t i = 0; i < names.len; i++)
		if (remove_in(fd, names.at[i], depth + 1) < 0)
			return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

int beneath_remove(int root, const char *path, struct err *err)
{
	CLEANUP(beneath_leave) struct beneath b = {.dir = -1};
	int r = beneath_enter(root, path, &b, err);
	if (r == 0 && remove_in(b.dir, b.name, 0) < 0)
		r = err_sys(err, "remove %s", path);
	return r;
}

/* ---- files ---- */

int beneath_create(int root, const char *path, struct beneath_file *ret, struct err *err)
{
	struct beneath_file f = {.fd = -1, .at = {.dir = -1}};
	int r = beneath_enter(root, path, &f.at, err);
	if (r < 0)
		return r;
	f.fd = openat(f.at.dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (f.fd < 0) {
		make_name(f.tmp);
		f.fd = openat(f.at.dir, f.tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (f.fd < 0) {
		r = err_sys(err, "write %s", path);
		beneath_leave(&f.at);
		return r;
	}
	*ret = f;
	return 0;
}

static int give_name(struct beneath_file *f)
{
	char self[64];
	if (f->tmp[0])
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
	make_name(f->tmp);
	if (linkat(AT_FDCWD, self, f->at.dir, f->tmp, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	f->tmp[0] = '\0';
	return -1;
}

int beneath_place(struct beneath_file *f, mode_t mode, const struct timespec *mtime,
		  struct err *err)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
					  mtime ? *mtime : (struct timespec){0}};
	if (fchmod(f->fd, mode) < 0 || (mtime && futimens(f->fd, times) < 0) || fsync(f->fd) < 0 ||
	    give_name(f) < 0 || renameat(f->at.dir, f->tmp, f->at.dir, f->at.name) < 0)
		return err_sys(err, "write %s", f->at.name);
	f->tmp[0] = '\0';
	beneath_discard(f);
	return 0;
}

void beneath_discard(struct beneath_file *f)
{
	if (f->tmp[0])
		unlinkat(f->at.dir, f->tmp, 0);
	f->tmp[0] = '\0';
	fd_close(&f->fd);
	beneath_leave(&f->at);
}
