/* Content that comes in pieces, and where it is kept when it is needed again. */
#include "rollout/host/stream.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int host_stream_read(const struct host_stream *s, size_t max_bytes, struct strbuf *out,
		     struct err *err)
{
	struct slice piece;
	size_t start = out->len;
	int r;
	while ((r = s->next(s->self, &piece, err)) == 0 && piece.len > 0) {
		if (piece.len > max_bytes - (out->len - start)) {
			r = err_set(err, ERR_LIMIT, "larger than %zu bytes", max_bytes);
			break;
		}
		strbuf_slice_append(out, piece);
	}
	if (r < 0)
		strbuf_truncate(out, start);
	return r;
}

static int next_of_fd(void *self, struct slice *ret, struct err *err)
{
	struct host_fd_stream *s = self;
	uint64_t left = s->max - (uint64_t)s->at;
	ssize_t n;
	do
		n = pread(s->fd, s->buf, left < sizeof(s->buf) ? (size_t)left : sizeof(s->buf),
			  s->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "read");
	s->at = n > 0 ? s->at + n : 0;
	*ret = (struct slice){s->buf, (size_t)n};
	return 0;
}

void host_fd_stream_init(struct host_fd_stream *s, int fd)
{
	s->stream = (struct host_stream){.self = s, .next = next_of_fd};
	s->fd = fd;
	s->at = 0;
	s->max = UINT64_MAX;
}

/* ---- spool ---- */

static int open_in(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || errno == ENOENT || errno == EACCES || errno == EROFS)
		return fd;
	CLEANUP(strbuf_release) struct strbuf name = {0};
	strbuf_printf(&name, "%s/.rollout-XXXXXX", dir);
	fd = mkostemp(name.ptr, O_CLOEXEC);
	if (fd >= 0)
		unlink(name.ptr);
	return fd;
}

static int open_spool(const char *near, const char **ret_dir, struct err *err)
{
	const char *dirs[] = {near, "/var/tmp", "/tmp"};
	int fd = -1;
	for (size_t i = 0; fd < 0 && i < ARRAY_LEN(dirs); i++) {
		*ret_dir = dirs[i];
		if (dirs[i])
			fd = open_in(dirs[i]);
	}
	return fd < 0 ? err_sys(err, "create a temporary file in %s", *ret_dir) : fd;
}

int host_spool(const struct host_stream *s, const char *near, int *ret_fd, struct err *err)
{
	const char *dir;
	struct slice piece;
	CLEANUP(fd_close) int fd = open_spool(near, &dir, err);
	if (fd < 0)
		return fd;
	int r;
	while ((r = s->next(s->self, &piece, err)) == 0 && piece.len > 0)
		if (fd_write_all(fd, piece.ptr, piece.len, err) < 0)
			return err_sys(err, "write a temporary file in %s", dir);
	if (r < 0)
		return r;
	*ret_fd = fd;
	fd = -1;
	return 0;
}
