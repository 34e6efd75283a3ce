#include "rollout/base/err.h"
#include "rollout/base/strmap.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

const char *srcfile_intern(const char *name)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct strmap names;
	if (!name)
		return NULL;
	struct slice key = slice_from(name);
	pthread_mutex_lock(&lock);
	char *kept = strmap_get(&names, key);
	if (!kept) {
		kept = xstrdup(name);
		strmap_set(&names, key, kept);
	}
	pthread_mutex_unlock(&lock);
	return kept;
}

/* A cut message must not end inside a UTF-8 character. */
static void trim_partial_utf8(char *s, size_t cap)
{
	size_t len = strlen(s);
	if (len + 1 < cap)
		return;
	size_t lead = len;
	while (lead > 0 && len - lead < 3 && ((unsigned char)s[lead - 1] & 0xC0) == 0x80)
		lead--;
	if (lead == 0)
		return;
	unsigned char c = (unsigned char)s[lead - 1];
	size_t want = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
	if (len - lead + 1 < want)
		s[lead - 1] = '\0';
}

static void fill(struct err *err, enum err_code code, const char *fmt, va_list ap)
{
	char msg[sizeof(err->msg)]; /* an argument may point into err->msg */
	vsnprintf(msg, sizeof(msg), fmt, ap);
	trim_partial_utf8(msg, sizeof(msg));
	err->code = code;
	err->sys = 0;
	err->at = (struct srcloc){0};
	memcpy(err->msg, msg, sizeof(msg));
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	fill(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_at(struct err *err, enum err_code code, struct srcloc at, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	fill(err, code, fmt, ap);
	va_end(ap);
	err->at = at;
	return code;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	if (!err)
		return ERR_SYS;
	va_list ap;
	va_start(ap, fmt);
	fill(err, ERR_SYS, fmt, ap);
	va_end(ap);
	err->sys = saved;
	size_t len = strlen(err->msg);
	const char *why = strerrordesc_np(saved);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", why ? why : "unknown error");
	errno = saved;
	return ERR_SYS;
}

int err_wrap(struct err *err, int code, const char *fmt, ...)
{
	if (!err || code >= 0)
		return code;
	char msg[2 * sizeof(err->msg)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	size_t len = strlen(msg);
	snprintf(msg + len, sizeof(msg) - len, ": %s", err->msg);
	msg[sizeof(err->msg) - 1] = '\0';
	trim_partial_utf8(msg, sizeof(err->msg));
	memcpy(err->msg, msg, sizeof(err->msg));
	return code;
}

int err_locate(struct err *err, int code, struct srcloc at)
{
	if (err && !err->at.file)
		err->at = at;
	return code;
}

const char *err_format(const struct err *err, char *buf, size_t size)
{
	if (size == 0)
		return buf;
	if (!err->at.file)
		snprintf(buf, size, "%s", err->msg);
	else if (err->at.line == 0)
		snprintf(buf, size, "%s: %s", err->at.file, err->msg);
	else if (err->at.column == 0)
		snprintf(buf, size, "%s:%u: %s", err->at.file, err->at.line, err->msg);
	else
		snprintf(buf, size, "%s:%u:%u: %s", err->at.file, err->at.line, err->at.column,
			 err->msg);
	return buf;
}
