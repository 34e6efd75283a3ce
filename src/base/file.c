#include "rollout/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define READ_CHUNK_BYTES 65536u
#define LEFTOVER_AGE_S 60 /* before it is claimed, a file is young */

void fd_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* What a first read should get: all of a small file, and a byte to see its end. */
static size_t first_chunk(int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return READ_CHUNK_BYTES;
	return (uint64_t)st.st_size < READ_CHUNK_BYTES ? (size_t)st.st_size + 1 : READ_CHUNK_BYTES;
}

/* On failure what was read is taken off *out again. */
int fd_read_all(int fd, size_t max_bytes, struct strbuf *out, struct err *err)
{
	size_t start = out->len, chunk = first_chunk(fd);
	for (;;) {
		char *to = strbuf_reserve(out, chunk);
		ssize_t n = read(fd, to, chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			strbuf_truncate(out, start);
			return err_sys(err, "read");
		}
		if (n == 0)
			return 0;
		strbuf_grew(out, (size_t)n);
		chunk = (size_t)n < chunk ? chunk - (size_t)n : READ_CHUNK_BYTES;
		if (out->len - start > max_bytes) {
			strbuf_truncate(out, start);
			return err_set(err, ERR_LIMIT, "larger than %zu bytes", max_bytes);
		}
	}
}

int fd_write_all(int fd, const void *data, size_t len, struct err *err)
{
	const char *from = data;
	while (len > 0) {
		ssize_t n = write(fd, from, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "write");
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_read(const char *path, size_t max_bytes, struct strbuf *out, struct err *err)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	int r = fd_read_all(fd, max_bytes, out, err);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

static int write_and_sync(int fd, const void *data, size_t len, mode_t mode, struct err *err)
{
	if (fchmod(fd, mode) < 0)
		return err_sys(err, "chmod");
	int r = fd_write_all(fd, data, len, err);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? err_sys(err, "fsync") : 0;
}

/* The rename itself is durable only when the directory is. Best effort: some
 * file systems cannot fsync a directory. */
static void sync_parent(const char *path)
{
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	strbuf_slice_append(&dir, path_dirname(path));
	CLEANUP(fd_close) int fd = open(dir.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf tmp = {0};
	struct slice dir = path_dirname(path), base = path_basename(path);
	strbuf_printf(&tmp, "%.*s/.%.*s.XXXXXX", SLICE_ARG(dir), SLICE_ARG(base));
	CLEANUP(fd_close) int fd = mkostemp(tmp.ptr, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "create %s", tmp.ptr);
	int r = write_and_sync(fd, data, len, mode, err);
	if (r == 0 && rename(tmp.ptr, path) < 0)
		r = err_sys(err, "rename to it");
	if (r < 0) {
		unlink(tmp.ptr);
		return err_wrap(err, r, "%s", path);
	}
	sync_parent(path);
	return 0;
}

/* mkdir, content with a directory that is there. */
static int make_one(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	if (mkdir(path, mode) == 0)
		return 0;
	int saved = errno;
	if (saved == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = saved == EEXIST ? ENOTDIR : saved;
	return err_sys(err, "mkdir %s", path);
}

mode_t process_umask(void)
{
	mode_t mask = umask(077);
	umask(mask);
	return mask;
}

bool fd_has_room(int fd, uint64_t bytes, uint64_t *ret_room)
{
	struct statvfs fs;
	if (fstatvfs(fd, &fs) < 0 || fs.f_frsize == 0 || bytes / fs.f_frsize <= fs.f_bavail)
		return true;
	*ret_room = (uint64_t)fs.f_bavail * fs.f_frsize;
	return false;
}

int dir_create_all(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	CLEANUP(free_ptr) char *part = xstrdup(path);
	for (char *p = part + 1; *part && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		int r = make_one(part, mode, err);
		if (r < 0)
			return r;
		*p = '/';
	}
	return make_one(part, mode, err);
}

/* ---- what killed processes left ---- */

void fd_claim(int fd)
{
	(void)flock(fd, LOCK_EX | LOCK_NB);
}

static bool is_abandoned(int dir, const char *name)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid != geteuid() ||
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) ||
	    time(NULL) - st.st_mtime < LEFTOVER_AGE_S)
		return false;
	CLEANUP(fd_close)
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void leftovers_remove(const struct leftovers *l)
{
	DIR *d = opendir(l->dir);
	struct dirent *e;
	while (d && (e = readdir(d)))
		if (l->named(e->d_name) && is_abandoned(dirfd(d), e->d_name)) {
			CLEANUP(free_ptr) char *path = path_join(l->dir, e->d_name);
			l->remove(path);
		}
	if (d)
		closedir(d);
}
