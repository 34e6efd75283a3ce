#pragma once
/*
 * The error value. A function that can fail returns 0 or a negative enum
 * err_code and takes `struct err *err` last. On success *err is untouched; on
 * failure nothing else is. Errors about a user's file carry file:line:column.
 *
 *     if (!f) return err_sys(err, "open %s", path);
 *     r = load(path, &x, err);
 *     if (r < 0) return err_wrap(err, r, "host %s", name);
 */
#include "rollout/base/compiler.h"

#include <stddef.h>

enum err_code {
	ERR_OK = 0,
	ERR_SYS = -1,	      /* a system call failed: err.sys is the errno */
	ERR_SYNTAX = -2,      /* a file's text cannot be parsed */
	ERR_INVALID = -3,     /* well-formed, but not a legal value here */
	ERR_NOT_FOUND = -4,   /* a named thing does not exist */
	ERR_EXISTS = -5,      /* named twice */
	ERR_LIMIT = -6,	      /* larger than a named maximum */
	ERR_UNSUPPORTED = -7, /* known, and not done by rollout */
	ERR_UNDEFINED = -8,   /* a template's variable has no value */
	ERR_PENDING = -9,     /* depends on a result that is still in flight */
	ERR_UNKNOWN = -10,    /* check mode: known only after the real run */
	ERR_TIMEOUT = -11,
	ERR_AUTH = -12,	       /* the peer refused who we are */
	ERR_HOSTKEY = -13,     /* we refused who the peer is */
	ERR_UNREACHABLE = -14, /* no connection, or it broke */
	ERR_PROTOCOL = -15,    /* the peer sent what the protocol forbids */
	ERR_CANCELLED = -16,
	ERR_CRYPTO = -17,
	ERR_USAGE = -18, /* the command line is wrong */
};

/* A place in a user's file; file NULL when there is none. Line and column
 * count from 1, columns in characters. `file` lives as long as the process
 * (srcfile_intern). */
struct srcloc {
	const char *file;
	unsigned line, column;
};

struct err {
	enum err_code code;
	int sys;
	struct srcloc at;
	char msg[1024];
};

/* The process-lifetime copy of a file name, one per distinct name. */
const char *srcfile_intern(const char *name);

/* Each sets *err (err may be NULL) and returns the code. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_at(struct err *err, enum err_code code, struct srcloc at, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* From errno; the message ends with strerror's text. */
int err_sys(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts "text: " before the message that is there; returns code unchanged. */
int err_wrap(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Gives an error that has no place yet the place `at`; returns code. */
int err_locate(struct err *err, int code, struct srcloc at);

/* "file:line:column: message" into buf, always terminated. Returns buf. */
const char *err_format(const struct err *err, char *buf, size_t size);
