#pragma once
/* Passwords: from the terminal without echo, or from a file; never from argv. */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#define PASSWORD_MAX_BYTES 4096u
#define PASSWORD_PROGRAM_TIMEOUT_MS 120000

/* Asks on /dev/tty. ERR_CANCELLED on ^C. The caller wipes *out. */
int password_ask(const char *prompt, struct strbuf *out, struct err *err);
/* Whether it is a program that prints a password, and not the password's own file. */
bool password_is_program(const char *path);
/* The first line of the file, or of what it prints where it is a program; "-" is stdin. */
int password_read_file(const char *path, struct strbuf *out, struct err *err);
