#include "download.h"

#include "cache.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 10L
#define SLOW_BYTES_PER_S 1024L /* slower than this … */
#define SLOW_TIME_S 30L	       /* … for so long is a break */
#define REDIRECTS_MAX 10L
#define BREAKS_MAX 4u /* in a row without a byte between them */
#define PAUSE_MS 1000
#define SAY_EVERY_MS 200

struct download {
	const char *url, *partial;
	const struct vm_image_progress *progress;
	int fd;
	CURL *curl;
	int64_t start; /* bytes that were there when this attempt began */
	int64_t done;  /* bytes in the file */
	int64_t total; /* 0: not known */
	int64_t said_ms;
	bool room_checked, resumed;
	bool failed; /* on our side: *err tells */
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
static bool check_room(struct download *d)
{
	curl_off_t length = -1;
	d->room_checked = true;
	curl_easy_getinfo(d->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length <= 0)
		return true;
	d->total = d->start + length;
	if (has_room(d, length))
		return true;
	no_room(d, length, d->err);
	return false;
}

static bool keep(struct download *d, const char *data, size_t len)
{
	struct err e = {0};
	if (d->done + (int64_t)len > VM_IMAGE_MAX_BYTES) {
		err_set(d->err, ERR_LIMIT, "it is larger than %lld bytes",
			(long long)VM_IMAGE_MAX_BYTES);
		return false;
	}
	if (fd_write_all(d->fd, data, len, &e) < 0) {
		if (e.sys == ENOSPC || e.sys == EDQUOT)
			no_room(d, d->total > d->done ? d->total - d->done : (int64_t)len, d->err);
		else
			*d->err = e;
		return false;
	}
	d->done += (int64_t)len;
	return true;
}

static size_t receive(char *data, size_t size, size_t n, void *ctx)
{
	struct download *d = ctx;
	if ((!d->room_checked && !check_room(d)) || !keep(d, data, size * n)) {
		d->failed = true;
		return CURL_WRITEFUNC_ERROR;
	}
	say(d, false);
	return size * n;
}

/* ---- one attempt ---- */

static void set_options(struct download *d, char *detail)
{
	CURL *c = d->curl;
	curl_easy_setopt(c, CURLOPT_URL, d->url);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, d);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)d->start);
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)VM_IMAGE_MAX_BYTES);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,file");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SLOW_TIME_S);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rollout");
}

enum outcome {
	DONE,
	BROKEN,	 /* worth another attempt from where it stopped */
	REFUSED, /* the server will not continue: from the start */
	HOPELESS,
};

static enum outcome judge(CURLcode code, long status, bool connected)
{
	switch (code) {
	case CURLE_OK:
		return DONE;
	case CURLE_RANGE_ERROR:
	case CURLE_BAD_DOWNLOAD_RESUME:
		return REFUSED;
	case CURLE_HTTP_RETURNED_ERROR:
		return status == 416 ? REFUSED : status >= 500 ? BROKEN : HOPELESS;
	case CURLE_OPERATION_TIMEDOUT:
		return connected ? BROKEN : HOPELESS;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return BROKEN;
	default:
		return HOPELESS;
	}
}

static enum err_code code_of(CURLcode code, long status)
{
	if (code == CURLE_FILESIZE_EXCEEDED)
		return ERR_LIMIT;
	if (code == CURLE_FILE_COULDNT_READ_FILE || status == 404 || status == 410)
		return ERR_NOT_FOUND;
	return ERR_UNREACHABLE;
}

static enum outcome attempt(struct download *d)
{
	char detail[CURL_ERROR_SIZE] = "";
	curl_off_t connected = 0; /* microseconds; 0: it never was */
	long status = 0;
	d->start = d->done;
	d->room_checked = false;
	d->curl = curl_easy_init();
	set_options(d, detail);
	const CURLcode code = curl_easy_perform(d->curl);
	curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(d->curl, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_cleanup(d->curl);
	if (d->failed)
		return HOPELESS;
	if (code != CURLE_OK)
		err_set(d->err, code_of(code, status), "%s",
			detail[0] ? detail : curl_easy_strerror(code));
	return judge(code, status, connected > 0);
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
		const enum outcome o = attempt(d);
		if (o == DONE)
			return 0;
		if (o == HOPELESS || (o == REFUSED && refused))
			return d->err->code;
		if (o == REFUSED) {
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
	if (r < 0)
		return err_wrap(err, r, "download of %s", url);
	say(&d, true);
	*ret_resumed = d.resumed;
	return 0;
}
