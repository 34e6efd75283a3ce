#include "liveness.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 10
#define REPLACED_MAX 100

static void nap(int64_t ms)
{
	const struct timespec t = {ms / 1000, (ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

/* The lock counts only while the file is the one that others find there: its
 * folder may have been removed, and made anew, while we waited. */
static bool is_still_there(int fd, const char *path)
{
	struct stat mine, there;
	return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
	       mine.st_dev == there.st_dev;
}

static struct flock of_type(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* 1: the file was replaced. ERR_EXISTS without a message: it is held. */
static int take_this(const char *path, int *ret_fd, struct err *err)
{
	struct flock whole = of_type(F_WRLCK);
	CLEANUP(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES ? ERR_EXISTS
							  : err_sys(err, "lock %s", path);
	if (!is_still_there(fd, path))
		return 1;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int take(const char *path, int *ret_fd, struct err *err)
{
	int r = 1;
	for (unsigned i = 0; r > 0 && i < REPLACED_MAX; i++)
		r = take_this(path, ret_fd, err);
	return r > 0 ? ERR_EXISTS : r;
}

int vm_lock_try(const char *path, int *ret_fd, struct err *err)
{
	int r = take(path, ret_fd, err);
	return r == ERR_EXISTS ? err_set(err, r, "%s is held by another process", path) : r;
}

static int timed_out(const char *path, int64_t timeout_ms, struct err *err)
{
	return err_set(err, ERR_TIMEOUT, "%s is still held by another process after %.1f s", path,
		       (double)timeout_ms / 1000);
}

int vm_lock_wait(const char *path, int64_t timeout_ms, int *ret_fd, struct err *err)
{
	const int64_t end_ms = clock_now_ms() + timeout_ms;
	int r;
	while ((r = take(path, ret_fd, err)) == ERR_EXISTS && clock_now_ms() < end_ms)
		nap(POLL_MS);
	return r == ERR_EXISTS ? timed_out(path, timeout_ms, err) : r;
}

int vm_lock_share(const char *path, int *ret_fd, struct err *err)
{
	struct flock whole = of_type(F_RDLCK);
	CLEANUP(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (fcntl(fd, F_OFD_SETLKW, &whole) < 0)
		return err_sys(err, "lock %s", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Asks without taking it: nobody is disturbed. */
bool vm_lock_is_held(const char *path)
{
	struct flock whole = of_type(F_WRLCK);
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

int vm_lock_wait_free(const char *path, int64_t timeout_ms, struct err *err)
{
	const int64_t end_ms = clock_now_ms() + timeout_ms;
	while (vm_lock_is_held(path)) {
		if (clock_now_ms() >= end_ms)
			return timed_out(path, timeout_ms, err);
		nap(POLL_MS);
	}
	return 0;
}

void vm_lock_keep(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	if (flags >= 0)
		fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
}
