/* Replacing a file atomically. */
#include "../tool.h"
#include "real.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COPY_CHUNK_BYTES 65536u

/* What is to be there after the rename. */
struct target {
	const char *path; /* for messages, and for a validator */
	const char *at;	  /* the same, for system calls */
	bool exists;	  /* as a regular file: this one */
	dev_t device;
	ino_t inode;
	mode_t mode;
	int64_t uid, gid;   /* -1: the process's own */
	bool owner_is_kept; /* and need not be possible */
};

static int target_of(const char *path, const char *at, const struct host_write *w, struct target *t,
		     struct err *err)
{
	struct stat st = {0};
	*t = (struct target){.path = path, .at = at, .uid = w->attr.uid, .gid = w->attr.gid};
	if (lstat(at, &st) < 0) {
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
		t->device = st.st_dev;
		t->inode = st.st_ino;
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

static int copy_stream(const struct host_stream *from, int to, const char *path, struct err *err)
{
	struct slice piece;
	for (;;) {
		int r = from->next(from->self, &piece, err);
		if (r < 0)
			return err_wrap(err, r, "content of %s", path);
		if (piece.len == 0)
			return 0;
		if (fd_write_all(to, piece.ptr, piece.len, err) < 0)
			return err_sys(err, "write %s", path);
	}
}

/* A disk without room for it is better known before it is sent. Not every file
 * system can tell. */
static int fill_from_stream(int fd, const char *path, const struct host_stream *from,
			    struct err *err)
{
	if (from->size > 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)from->size) < 0 &&
	    (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
		return err_sys(err, "write %s", path);
	return copy_stream(from, fd, path, err);
}

/* errno's text after "write PATH", whichever step it was. */
static int fill(int fd, const char *path, const struct host_write *w, struct err *err)
{
	int r;
	if (w->stream)
		return fill_from_stream(fd, path, w->stream, err);
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
	return r < 0 ? err_wrap(err, r, "validate") : validate_verdict(&result, err);
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

/* A new file beside path, which a killed process does not leave behind. `at` is how
 * this process gets there; `shown` becomes the name that others know it by. */
static int create_guarded(const char *path, const char *at, struct strbuf *tmp,
			  struct strbuf *shown, struct guard *guard, struct err *err)
{
	real_temporary_name(at, tmp);
	strbuf_printf(shown, "%.*s/%.*s", SLICE_ARG(path_dirname(path)),
		      SLICE_ARG(path_basename(tmp->ptr)));
	int r = guard_begin(guard, shown->ptr, err);
	if (r < 0)
		return r;
	int fd = open(tmp->ptr, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, "write %s", path) : fd;
}

/* There is room for all of the new content before the old goes. Not every file
 * system can tell. */
static int reserve(int fd, const struct host_write *w, const char *path, struct err *err)
{
	struct stat st = {0}, source = {0};
	off_t size = (off_t)(w->stream ? w->stream->size : w->content.len);
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

static int validate_copy(struct host *h, const struct host_write *w, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf tmp = {0}, shown = {0};
	CLEANUP(guard_end) struct guard guard = {.fd = -1};
	CLEANUP(fd_close) int copy = create_guarded("/tmp/x", "/tmp/x", &tmp, &shown, &guard, err);
	if (copy < 0)
		return copy;
	int r = fill(copy, tmp.ptr, w, err);
	if (r == 0)
		r = validate(h, w->validate, tmp.ptr, err);
	unlink(tmp.ptr);
	return r;
}

/* Whoever may not read the new content cannot while it is written either, and who
 * could not read the old one cannot yet. */
static int narrow(int fd, const struct target *t, mode_t *ret_was, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "write %s: it is no file any more", t->path);
	mode_t mode = *ret_was = st.st_mode & 07777;
	mode &= t->mode;
	if (t->uid >= 0 && (uid_t)t->uid != st.st_uid)
		mode &= ~(mode_t)(S_IRWXU | S_ISUID);
	if (t->gid >= 0 && (gid_t)t->gid != st.st_gid)
		mode &= ~(mode_t)(S_IRWXG | S_ISGID);
	if (mode == *ret_was || fchmod(fd, mode) == 0)
		return 0;
	return err_sys(err, "chmod %s", t->path);
}

/* It failed: where no byte was written all is as it was; what was begun stays narrow. */
static void widen_again(int fd, mode_t was)
{
	if (lseek(fd, 0, SEEK_CUR) == 0)
		(void)fchmod(fd, was);
}

/* The file that was looked at: who may write in its folder may put a FIFO there, to
 * have us wait, or another file. */
static int open_to_write_over(const struct target *t, struct err *err)
{
	struct stat st;
	int fd = open(t->at, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno != ENXIO) /* a FIFO that nobody reads */
		return err_sys(err, "open %s", t->path);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == t->device &&
	    st.st_ino == t->inode)
		return fd;
	if (fd >= 0)
		close(fd);
	return err_set(err, ERR_INVALID, "open %s: another file was put in its place", t->path);
}

static int write_over(struct host *h, const struct host_write *w, const struct target *t,
		      struct err *err)
{
	mode_t was = 0;
	CLEANUP(fd_close) int fd = open_to_write_over(t, err);
	if (fd < 0)
		return fd;
	if (w->validate) {
		/* The content is checked before the only copy is touched. */
		int r = validate_copy(h, w, err);
		if (r < 0)
			return r;
	}
	int reserved = reserve(fd, w, t->path, err);
	if (reserved < 0)
		return reserved;
	struct host_write plain = *w;
	plain.validate = NULL;
	int r = narrow(fd, t, &was, err);
	if (r < 0)
		return r;
	r = prepare(h, fd, t->path, &plain, t, err);
	if (r < 0)
		widen_again(fd, was);
	off_t end = lseek(fd, 0, SEEK_CUR);
	if (r == 0 && (end < 0 || ftruncate(fd, end) < 0))
		r = err_sys(err, "write %s", t->path);
	return r < 0 ? r : set_times(fd, &w->attr, t->path, err);
}

static const char *folder_of(const char *path, struct strbuf *buf)
{
	strbuf_slice_append(buf, path_dirname(path));
	return buf->ptr;
}

/* All of a stream is there, and right, before the only copy is touched. */
static int write_in_place(struct host *h, const struct host_write *w, const struct target *t,
			  struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	CLEANUP(fd_close) int fd = -1;
	struct host_fd_stream again;
	struct host_write spooled = *w;
	struct stat st;
	if (!w->stream)
		return write_over(h, w, t, err);
	int r = host_spool(w->stream, folder_of(t->at, &dir), &fd, err);
	if (r < 0)
		return err_wrap(err, r, "content of %s", t->path);
	host_fd_stream_init(&again, fd);
	again.stream.size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	spooled.stream = &again.stream;
	return write_over(h, &spooled, t, err);
}

/* Where the file system has files without a name, what a killed process leaves
 * of one goes with it. A validator needs a name. */
static int create_nameless(struct slice dir, const struct host_write *w)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	if (w->validate || access("/proc/self/fd", F_OK) < 0)
		return -1;
	strbuf_slice_append(&name, dir);
	return open(name.ptr, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int give_name(int fd, struct strbuf *tmp, const char *path)
{
	char self[64];
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	real_temporary_name(path, tmp);
	return linkat(AT_FDCWD, self, AT_FDCWD, tmp->ptr, AT_SYMLINK_FOLLOW);
}

static int write_named(struct host *h, const struct host_write *w, const struct target *t,
		       struct strbuf *tmp, struct guard *guard, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf shown = {0};
	CLEANUP(fd_close) int fd = create_guarded(t->path, t->at, tmp, &shown, guard, err);
	if (fd < 0) {
		strbuf_truncate(tmp, 0);
		return fd;
	}
	return prepare(h, fd, shown.ptr, w, t, err);
}

/* A name beside the path, with the content. */
static int write_beside(struct host *h, const struct host_write *w, const struct target *t,
			struct strbuf *tmp, struct guard *guard, struct err *err)
{
	CLEANUP(fd_close) int fd = create_nameless(path_dirname(t->at), w);
	if (fd < 0)
		return write_named(h, w, t, tmp, guard, err);
	int r = prepare(h, fd, NULL, w, t, err);
	if (r < 0 || give_name(fd, tmp, t->at) == 0)
		return r;
	/* It cannot get one here; and a stream is read only once. */
	struct host_fd_stream again;
	struct host_write copy = *w;
	host_fd_stream_init(&again, fd);
	copy.stream = &again.stream;
	return write_named(h, &copy, t, tmp, guard, err);
}

/* Beside the path, and then in its place. */
static int write_target(struct host *h, const struct host_write *w, const struct target *t,
			struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf tmp = {0};
	CLEANUP(guard_end) struct guard guard = {.fd = -1};
	int r = write_beside(h, w, t, &tmp, &guard, err);
	if (r == 0 && rename(tmp.ptr, t->at) < 0)
		r = err_sys(err,
			    errno == EBUSY
				    ? "write %s (a mount point: unsafe_writes writes in place)"
				    : "write %s",
			    t->path);
	if (r < 0) {
		if (tmp.len)
			unlink(tmp.ptr);
		return r;
	}
	sync_folder_of(t->at);
	return 0;
}

int real_write(struct host *h, const char *path, const struct host_write *w, struct err *err)
{
	CLEANUP(real_place_leave) struct real_place p = REAL_PLACE_NONE;
	struct target t;
	int r = real_place_enter("write", path, &p, err);
	if (r == 0)
		r = target_of(path, p.at.ptr, w, &t, err);
	if (r < 0)
		return r;
	return w->unsafe_in_place && t.exists ? write_in_place(h, w, &t, err)
					      : write_target(h, w, &t, err);
}
