/* Reading files and directories of the machine. */
#include "real.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NS_PER_S 1000000000
#define LIST_MAX 1000000u /* names in one directory */

static enum host_file_type type_from_sys(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return HOST_DIR;
	case S_IFLNK:
		return HOST_LINK;
	case S_IFIFO:
		return HOST_FIFO;
	case S_IFSOCK:
		return HOST_SOCKET;
	case S_IFCHR:
		return HOST_CHARDEV;
	case S_IFBLK:
		return HOST_BLOCKDEV;
	default:
		return HOST_FILE;
	}
}

static int64_t ns_from_sys(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void stat_from_sys(const struct stat *st, struct host_stat *ret)
{
	*ret = (struct host_stat){
		.type = type_from_sys(st->st_mode),
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = (uint64_t)st->st_size,
		.inode = st->st_ino,
		.device = st->st_dev,
		.nlink = st->st_nlink,
		.mtime_ns = ns_from_sys(st->st_mtim),
		.atime_ns = ns_from_sys(st->st_atim),
		.ctime_ns = ns_from_sys(st->st_ctim),
	};
}

static int read_link(struct arena *a, const char *path, const char **ret, struct err *err)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return err_sys(err, "readlink %s", path);
	*ret = arena_strndup(a, target, (size_t)n);
	return 0;
}

int real_stat(struct host *h, struct arena *a, const char *path, bool follow, struct host_stat *ret,
	      struct err *err)
{
	(void)h;
	struct stat st;
	if ((follow ? stat(path, &st) : lstat(path, &st)) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(err, "stat %s", path);
		*ret = (struct host_stat){.type = HOST_ABSENT};
		return 0;
	}
	const char *target = NULL;
	if (S_ISLNK(st.st_mode)) {
		int r = read_link(a, path, &target, err);
		if (r < 0)
			return r;
	}
	stat_from_sys(&st, ret);
	ret->link_target = target;
	return 0;
}

/* /dev/zero and its like do not end: whoever may write in a folder could have us read
 * for ever, or fill the disk, by a link to one. /dev/null is a source of nothing. */
static bool is_endless(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev != makedev(1, 3);
}

int real_open(const char *path, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_NOT_FOUND, "%s: No such file or directory", path);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	struct stat st;
	const char *wrong = NULL;
	if (fstat(fd, &st) < 0)
		wrong = "cannot be examined";
	else if (S_ISDIR(st.st_mode))
		wrong = "is a directory";
	else if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || is_endless(&st))
		wrong = "is not a regular file";
	if (!wrong)
		return fd;
	close(fd);
	return err_set(err, ERR_INVALID, "%s %s", path, wrong);
}

int real_read(struct host *h, const char *path, size_t max_bytes, struct strbuf *out,
	      struct err *err)
{
	(void)h;
	CLEANUP(fd_close) int fd = real_open(path, err);
	if (fd < 0)
		return fd;
	int r = fd_read_all(fd, max_bytes, out, err);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

int real_open_file(struct host *h, const char *path, int *ret_fd, struct err *err)
{
	(void)h;
	int fd = real_open(path, err);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int real_digest(struct host *h, const char *path, enum digest_algorithm alg,
		char hex[DIGEST_HEX_MAX], struct err *err)
{
	(void)h;
	CLEANUP(fd_close) int fd = real_open(path, err);
	if (fd < 0)
		return fd;
	int r = digest_fd(alg, fd, hex, err);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

int real_list(struct host *h, struct arena *a, const char *path, struct host_names *ret,
	      struct err *err)
{
	(void)h;
	CLEANUP(close_dir) DIR *d = opendir(path);
	VEC(const char *) names = {0};
	if (!d && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_NOT_FOUND, "%s: no such directory", path);
	if (!d)
		return err_sys(err, "list %s", path);
	errno = 0;
	for (struct dirent *e; names.len <= LIST_MAX && (e = readdir(d)); errno = 0)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			vec_push(&names, arena_strdup(a, e->d_name));
	if (errno || names.len > LIST_MAX) {
		int r = errno ? err_sys(err, "list %s", path)
			      : err_set(err, ERR_LIMIT, "%s holds more than %u names", path,
					LIST_MAX);
		vec_release(&names);
		return r;
	}
	if (names.len) {
		qsort(names.at, names.len, sizeof(*names.at), compare_names);
		ret->at = arena_copy(a, names.at, names.len * sizeof(*names.at));
	} else {
		ret->at = NULL;
	}
	ret->len = names.len;
	vec_release(&names);
	return 0;
}
