#pragma once
/* Passwords: from the terminal without echo, or from a file; never from argv. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#define PASSWORD_MAX_BYTES 4096u

/* Asks on /dev/tty. ERR_CANCELLED on ^C. The caller wipes *out. */
int password_ask(const char *prompt, struct strbuf *out, struct err *err);
/* The first line of the file; "-" is stdin. */
int password_read_file(const char *path, struct strbuf *out, struct err *err);
