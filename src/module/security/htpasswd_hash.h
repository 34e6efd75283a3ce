#pragma once
/* Hashes of passwords as Apache and nginx know them, made and checked by programs
 * of the host; passwords go by standard input. */
#include "../program.h"

/* The scheme is known, the password one line of at most HTPASSWD_MAX bytes. */
#define HTPASSWD_MAX 255u
int htpasswd_check(const char *scheme, const char *password, struct err *err);
/* A new hash, in the arena. */
int htpasswd_hash(struct module_call *call, const char *scheme, const char *user,
		  const char *password, const char **ret, struct err *err);
/* Is it the hash of the password? A kind that nobody here can check is not. `path`
 * is the file that has it. */
int htpasswd_verify(struct module_call *call, const char *path, const char *user, struct slice hash,
		    const char *password, bool *ret, struct err *err);
