/* Replacing a file atomically. */
#include "real.h"
#include "rollout/base/file.h"
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COPY_CHUNK_BYTES 65536u

mode_t process_umask(void)
{
	mode_t mask = umask(022);
	umask(mask);
	return mask;
}

/* What is to be there after the rename. */
struct target {
	const char *path;
	bool exists; /* as a regular file */
	mode_t mode;
	int64_t uid, gid;   /* -1: the process's own */
	bool owner_is_kept; /* and need not be possible */
};

static int target_of(const char *path, const struct host_write *w, struct target *t,
		     struct err *err)
{
	struct stat st = {0};
	*t = (struct target){.path = path, .uid = w->attr.uid, .gid = w->attr.gid};
	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			return err_sys(err, "write %s", path);
	} else if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return err_sys(err, "write %s", path);
	} else {
		t->exists = S_ISREG(st.st_mode);
	}
	t->mode = 0666 & ~process_umask();
	if (t->exists) {
		t->owner_is_kept = t->uid < 0 && t->gid < 0;
		t->mode = st.st_mode & 07777;
		t->uid = t->uid < 0 ? (int64_t)st.st_uid : t->uid;
		t->gid = t->gid < 0 ? (int64_t)st.st_gid : t->gid;
	}
	if (w->attr.mode >= 0)
		t->mode = (mode_t)w->attr.mode;
	return 0;
}

static int copy_fd(int from, int to, struct err *err)
{
	char buf[COPY_CHUNK_BYTES];
	for (;;) {
		ssize_t n = read(from, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			return 0;
		int r = fd_write_all(to, buf, (size_t)n, err);
		if (r < 0)
			return r;
	}
}

/* errno's text after "write PATH", whichever step it was. */
static int fill(int fd, const char *path, const struct host_write *w, struct err *err)
{
	int r;
	if (w->source_path) {
		CLEANUP(fd_close) int from = real_open(w->source_path, err);
		if (from < 0)
			return from;
		r = copy_fd(from, fd, err);
	} else {
		r = fd_write_all(fd, w->content.ptr, w->content.len, err);
	}
	if (r < 0 && err) {
		errno = err->sys;
		return err_sys(err, "write %s", path);
	}
	return r;
}

static int set_owner_and_mode(int fd, const struct target *t, struct err *err)
{
	struct stat st;
	mode_t mode = t->mode;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat the temporary file of %s", t->path);
	uid_t uid = t->uid < 0 || (uid_t)t->uid == st.st_uid ? (uid_t)-1 : (uid_t)t->uid;
	gid_t gid = t->gid < 0 || (gid_t)t->gid == st.st_gid ? (gid_t)-1 : (gid_t)t->gid;
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) < 0) {
		if (errno != EPERM || !t->owner_is_kept)
			return err_sys(err, "chown %s", t->path);
		mode &= 01777; /* somebody else's set-id bits must not become ours */
	}
	return fchmod(fd, mode) < 0 ? err_sys(err, "chmod %s", t->path) : 0;
}

static int set_times(int fd, const struct host_attr *attr, const char *path, struct err *err)
{
	if (attr->mtime_ns < 0 && attr->atime_ns < 0)
		return 0;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
	if (attr->atime_ns >= 0)
		times[0] =
			(struct timespec){attr->atime_ns / 1000000000, attr->atime_ns % 1000000000};
	if (attr->mtime_ns >= 0)
		times[1] =
			(struct timespec){attr->mtime_ns / 1000000000, attr->mtime_ns % 1000000000};
	return futimens(fd, times) < 0 ? err_sys(err, "set the times of %s", path) : 0;
}

static int validate(struct host *h, const char *command, const char *path, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct host_command cmd = {.mode_umask = -1};
	int r = validate_words(&a, command, path, &cmd.argv, err);
	if (r == 0)
		r = h->ops->run(h, &cmd, &result, err);
	if (r < 0)
		return err_wrap(err, r, "validate");
	if (result.exit_code == 0)
		return 0;
	struct slice said = slice_trim(strbuf_slice(result.err.len ? &result.err : &result.out));
	return err_set(err, ERR_INVALID, "failed to validate: rc:%d error:%.*s", result.exit_code,
		       said.len > 800 ? 800 : (int)said.len, said.ptr);
}

/* Best effort: not every file system can fsync a directory. */
static void sync_folder_of(const char *path)
{
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	strbuf_slice_append(&dir, path_dirname(path));
	CLEANUP(fd_close) int fd = open(dir.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

static int prepare(struct host *h, int fd, const char *tmp, const struct host_write *w,
		   const struct target *t, struct err *err)
{
	int r = fill(fd, t->path, w, err);
	if (r == 0)
		r = set_owner_and_mode(fd, t, err);
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(err, "write %s", t->path);
	if (r == 0 && w->validate)
		r = validate(h, w->validate, tmp, err);
	return r < 0 ? r : set_times(fd, &w->attr, t->path, err);
}

/* There is room for all of the new content before the old goes. Not every file
 * system can tell. */
static int reserve(int fd, const struct host_write *w, const char *path, struct err *err)
{
	struct stat st = {0}, source = {0};
	off_t size = (off_t)w->content.len;
	if (fstat(fd, &st) < 0 || (w->source_path && stat(w->source_path, &source) < 0))
		return err_sys(err, "write %s", path);
	if (w->source_path)
		size = source.st_size;
	if (size == 0 || fallocate(fd, 0, 0, size) == 0 || errno != ENOSPC)
		return 0;
	if (ftruncate(fd, st.st_size) == 0)
		errno = ENOSPC;
	return err_sys(err, "write %s", path);
}

static int write_in_place(struct host *h, const struct host_write *w, const struct target *t,
			  struct err *err)
{
	CLEANUP(fd_close) int fd = open(t->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, "open %s", t->path);
	if (w->validate) {
		/* The content is checked before the only copy is touched. */
		char tmp[] = "/tmp/.rollout-XXXXXX";
		CLEANUP(fd_close) int copy = mkostemp(tmp, O_CLOEXEC);
		if (copy < 0)
			return err_sys(err, "create %s", tmp);
		int r = fill(copy, tmp, w, err);
		if (r == 0)
			r = validate(h, w->validate, tmp, err);
		unlink(tmp);
		if (r < 0)
			return r;
	}
	int reserved = reserve(fd, w, t->path, err);
	if (reserved < 0)
		return reserved;
	struct host_write plain = *w;
	plain.validate = NULL;
	int r = prepare(h, fd, t->path, &plain, t, err);
	off_t end = lseek(fd, 0, SEEK_CUR);
	if (r == 0 && (end < 0 || ftruncate(fd, end) < 0))
		r = err_sys(err, "write %s", t->path);
	return r < 0 ? r : set_times(fd, &w->attr, t->path, err);
}

/* Where the file system has files without a name, what a killed process leaves
 * of one goes with it. A validator needs a name. */
static int create_nameless(struct slice dir, const struct host_write *w)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	if (w->validate || access("/proc/self/fd", F_OK) < 0)
		return -1;
	strbuf_slice_append(&name, dir);
	return open(name.ptr, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
}

static int give_name(int fd, struct strbuf *tmp, const char *path)
{
	char self[64];
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	real_temporary_name(path, tmp);
	return linkat(AT_FDCWD, self, AT_FDCWD, tmp->ptr, AT_SYMLINK_FOLLOW);
}

/* *ret_named: it has its name beside the path. Where it got none it was not written. */
static int write_nameless(struct host *h, const struct host_write *w, const struct target *t,
			  struct strbuf *tmp, bool *ret_named, struct err *err)
{
	CLEANUP(fd_close) int fd = create_nameless(path_dirname(t->path), w);
	*ret_named = false;
	if (fd < 0)
		return 0;
	int r = prepare(h, fd, NULL, w, t, err);
	if (r == 0)
		*ret_named = give_name(fd, tmp, t->path) == 0;
	return r;
}

static int write_named(struct host *h, const struct host_write *w, const struct target *t,
		       struct strbuf *tmp, struct err *err)
{
	strbuf_truncate(tmp, 0);
	strbuf_printf(tmp, "%.*s/.rollout-XXXXXX", SLICE_ARG(path_dirname(t->path)));
	CLEANUP(fd_close) int fd = mkostemp(tmp->ptr, O_CLOEXEC);
	if (fd < 0) {
		strbuf_truncate(tmp, 0);
		return err_sys(err, "write %s", t->path);
	}
	return prepare(h, fd, tmp->ptr, w, t, err);
}

int real_write(struct host *h, const char *path, const struct host_write *w, struct err *err)
{
	struct target t;
	int r = target_of(path, w, &t, err);
	if (r < 0)
		return r;
	if (w->unsafe_in_place && t.exists)
		return write_in_place(h, w, &t, err);
	CLEANUP(strbuf_release) struct strbuf tmp = {0};
	bool named = false;
	r = write_nameless(h, w, &t, &tmp, &named, err);
	if (r == 0 && !named)
		r = write_named(h, w, &t, &tmp, err);
	if (r == 0 && rename(tmp.ptr, path) < 0)
		r = err_sys(err,
			    errno == EBUSY
				    ? "write %s (a mount point: unsafe_writes writes in place)"
				    : "write %s",
			    path);
	if (r < 0) {
		if (tmp.len)
			unlink(tmp.ptr);
		return r;
	}
	sync_folder_of(path);
	return 0;
}
