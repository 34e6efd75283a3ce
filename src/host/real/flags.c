/* Inode flags: ioctl_iflags(2). */
#include "real.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_flags(const char *path, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "%s: its file system has no file attributes", path);
}

static int open_for_flags(const char *path, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	/* A device takes the request for one of its own. */
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return fd;
	close(fd);
	return no_flags(path, err);
}

static int fail(const char *path, const char *what, struct err *err)
{
	if (errno == ENOTTY || errno == EOPNOTSUPP || errno == ENOSYS)
		return no_flags(path, err);
	return err_sys(err, "%s the attributes of %s", what, path);
}

int real_flags(struct host *h, const char *path, uint32_t *ret, struct err *err)
{
	(void)h;
	unsigned flags = 0;
	int fd = open_for_flags(path, err);
	if (fd < 0)
		return fd;
	int r = ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ? fail(path, "get", err) : 0;
	close(fd);
	if (r == 0)
		*ret = flags;
	return r;
}

int real_set_flags(struct host *h, const char *path, uint32_t flags, struct err *err)
{
	(void)h;
	unsigned wanted = flags;
	int fd = open_for_flags(path, err);
	if (fd < 0)
		return fd;
	int r = ioctl(fd, FS_IOC_SETFLAGS, &wanted) < 0 ? fail(path, "set", err) : 0;
	close(fd);
	return r;
}
