#include "download.h"

#include "cache.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SLOW_BYTES_PER_S 1024 /* slower than this … */
#define SLOW_TIME_S 30	      /* … for so long is a break */
#define BREAKS_MAX 4u	      /* in a row without a byte between them */
#define PAUSE_MS 1000
#define SAY_EVERY_MS 200

struct download {
	const char *url, *partial;
	const struct vm_image_progress *progress;
	int fd;
	int64_t done;  /* bytes in the file */
	int64_t total; /* 0: not known */
	int64_t said_ms;
	bool room_checked, resumed;
	struct err *err;
};

/* ---- receiving ---- */

static void say(struct download *d, bool now)
{
	const int64_t ms = clock_now_ms();
	if (!now && ms - d->said_ms < SAY_EVERY_MS)
		return;
	d->said_ms = ms;
	vm_image_say(d->progress, "downloading", d->done, d->total);
}

static int no_room(struct download *d, int64_t needed, struct err *err)
{
	struct statvfs fs;
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	strbuf_slice_append(&dir, path_dirname(d->partial));
	const int64_t available =
		fstatvfs(d->fd, &fs) == 0 ? (int64_t)(fs.f_bavail * fs.f_frsize) : 0;
	return err_set(err, ERR_SYS,
		       "no room for the image in %s: it needs %lld bytes more, and %lld are free",
		       dir.ptr, (long long)needed, (long long)available);
}

static bool has_room(struct download *d, int64_t needed)
{
	struct statvfs fs;
	return fstatvfs(d->fd, &fs) < 0 || (int64_t)(fs.f_bavail * fs.f_frsize) >= needed;
}

/* As soon as the length is known: better now than at the end of an hour. */
static int check_room(struct download *d, int64_t total, struct err *err)
{
	d->room_checked = true;
	if (total < 0)
		return 0;
	d->total = total;
	return has_room(d, total - d->done) ? 0 : no_room(d, total - d->done, err);
}

static int keep(struct download *d, struct slice piece, struct err *err)
{
	struct err e = {0};
	int r = fd_write_all(d->fd, piece.ptr, piece.len, &e);
	if (r < 0 && (e.sys == ENOSPC || e.sys == EDQUOT))
		return no_room(d, d->total > d->done ? d->total - d->done : (int64_t)piece.len,
			       err);
	if (r < 0 && err)
		*err = e;
	d->done += r < 0 ? 0 : (int64_t)piece.len;
	return r;
}

static int receive(void *ctx, struct slice piece, int64_t total, struct err *err)
{
	struct download *d = ctx;
	int r = d->room_checked ? 0 : check_room(d, total, err);
	if (r == 0)
		r = keep(d, piece, err);
	if (r == 0)
		say(d, false);
	return r;
}

/* ---- one attempt ---- */

static enum http_outcome attempt(struct download *d)
{
	enum http_outcome o = HTTP_FAILED;
	const struct http_request q = {
		.url = d->url,
		.take = receive,
		.ctx = d,
		.max_bytes = VM_IMAGE_MAX_BYTES,
		.resume_at = d->done,
		.flags = HTTP_NO_FTP,
		.slow_bytes = SLOW_BYTES_PER_S,
		.slow_s = SLOW_TIME_S,
	};
	d->room_checked = false;
	(void)http_get(&q, &o, d->err);
	return o;
}

static int start_over(struct download *d, struct err *err)
{
	if (ftruncate(d->fd, 0) < 0 || lseek(d->fd, 0, SEEK_SET) < 0)
		return err_sys(err, "truncate %s", d->partial);
	d->done = 0;
	d->resumed = false;
	return 0;
}

static void pause_before_retry(unsigned breaks)
{
	const int64_t ms = PAUSE_MS * (int64_t)breaks;
	nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000}, NULL);
}

static int run_attempts(struct download *d)
{
	bool refused = false;
	unsigned breaks = 0;
	for (;;) {
		const int64_t before = d->done;
		const enum http_outcome o = attempt(d);
		if (o == HTTP_DONE)
			return 0;
		if (o == HTTP_FAILED || (o == HTTP_NO_RANGE && refused))
			return d->err->code;
		if (o == HTTP_NO_RANGE) {
			refused = true;
			int r = start_over(d, d->err);
			if (r < 0)
				return r;
			continue;
		}
		breaks = d->done > before ? 1 : breaks + 1;
		if (breaks > BREAKS_MAX)
			return d->err->code;
		pause_before_retry(breaks);
	}
}

/* ---- the whole ---- */

static int open_partial(struct download *d, struct err *err)
{
	struct stat st;
	d->fd = open(d->partial, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (d->fd < 0)
		return err_sys(err, "create %s", d->partial);
	if (fstat(d->fd, &st) < 0 || lseek(d->fd, 0, SEEK_END) < 0)
		return err_sys(err, "%s", d->partial);
	d->done = st.st_size;
	d->resumed = st.st_size > 0;
	return 0;
}

int vm_download(const char *url, const char *partial, const struct vm_image_progress *progress,
		bool *ret_resumed, struct err *err)
{
	struct err why = {0};
	struct download d = {
		.url = url, .partial = partial, .progress = progress, .fd = -1, .err = &why};
	int r = open_partial(&d, err);
	if (r == 0) {
		r = run_attempts(&d);
		if (r < 0 && err)
			*err = why;
	}
	if (r == 0 && fsync(d.fd) < 0)
		r = err_sys(err, "write %s", partial);
	fd_close(&d.fd);
	if (r < 0) {
		CLEANUP(strbuf_release) struct strbuf shown = {0};
		http_shown_url(&shown, url);
		return err_wrap(err, r, "download of %s", shown.ptr);
	}
	say(&d, true);
	*ret_resumed = d.resumed;
	return 0;
}
