#include "liveness.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* vm_lock_is_held takes the lock for some microseconds: who finds it taken asks
 * again before it believes it. */
#define PROBE_MS 40
#define POLL_MS 10

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

/* ERR_EXISTS without a message: held, or the file was replaced just now. */
static int take(const char *path, int *ret_fd, struct err *err)
{
	CLEANUP(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? ERR_EXISTS
							      : err_sys(err, "lock %s", path);
	if (!is_still_there(fd, path))
		return ERR_EXISTS;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int take_within(const char *path, int64_t timeout_ms, int *ret_fd, struct err *err)
{
	const int64_t end_ms = clock_now_ms() + timeout_ms;
	int r;
	while ((r = take(path, ret_fd, err)) == ERR_EXISTS && clock_now_ms() < end_ms)
		nap(POLL_MS);
	return r;
}

int vm_lock_try(const char *path, int *ret_fd, struct err *err)
{
	int r = take_within(path, PROBE_MS, ret_fd, err);
	return r == ERR_EXISTS ? err_set(err, r, "%s is held by another process", path) : r;
}

static int timed_out(const char *path, int64_t timeout_ms, struct err *err)
{
	return err_set(err, ERR_TIMEOUT, "%s is still held by another process after %.1f s", path,
		       (double)timeout_ms / 1000);
}

int vm_lock_wait(const char *path, int64_t timeout_ms, int *ret_fd, struct err *err)
{
	int r = take_within(path, timeout_ms > PROBE_MS ? timeout_ms : PROBE_MS, ret_fd, err);
	return r == ERR_EXISTS ? timed_out(path, timeout_ms, err) : r;
}

/* Shared, so that two who ask do not take each other for the holder. */
bool vm_lock_is_held(const char *path)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
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
