#pragma once
/*
 * A program of the host that a module drives: git, pip, openssl, iptables.
 *
 *     struct program p;
 *     program_init(&p, call, "git");
 *     program_add(&p, "rev-parse");
 *     r = program_probe(&p, err);      p.exit_code, p.out, p.err
 *
 * All of it lives in the call's arena. Secrets go by stdin_bytes or the
 * environment, never among the words: other users see those.
 */
#include "rollout/module/module.h"

#define PROGRAM_ENV_MAX 16u

struct program {
	struct module_call *call;
	const char **words; /* NULL-terminated */
	size_t len, cap;
	const char *env[PROGRAM_ENV_MAX];
	size_t nenv;
	const char *cwd; /* NULL: where commands start */
	struct slice stdin_bytes;
	/* A line that the program reads as a file, of mode 0600 and gone when it starts:
	 * the variable private_env is its path, then private_more. */
	struct slice private_line;
	const char *private_env, *private_more;
	int64_t timeout_ms; /* 0: the host's default */
	int mode_umask;	    /* -1 keeps */
	/* After a run. */
	int exit_code;
	bool truncated; /* it printed more than HOST_OUTPUT_MAX */
	struct slice out, err;
};

/* With LC_ALL=C and nothing that asks a terminal. */
void program_init(struct program *p, struct module_call *call, const char *name);
void program_add(struct program *p, const char *word);
void program_add_fmt(struct program *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Those of a NULL-terminated list; NULL is none. */
void program_add_all(struct program *p, const char *const *words);
/* A shell-like text, split: extra_args and its kind. */
int program_add_text(struct program *p, const char *text, struct err *err);
void program_env(struct program *p, const char *name, const char *value);

/* For what only reads; any exit code is a success. Runs in check mode too.
 * A program that is not there is ERR_NOT_FOUND; in check mode, where an earlier
 * task may bring it, ERR_UNKNOWN. */
int program_probe(struct program *p, struct err *err);
/* As program_probe, but an exit code other than 0 is an error. */
int program_read(struct program *p, struct err *err);
/* Changes the host; any exit code is a success. Not for check mode. */
int program_run(struct program *p, struct err *err);
/* Changes the host; an exit code other than 0 is an error. Nothing in check mode. */
int program_change(struct program *p, struct err *err);
/* The error of an exit code: the program, what it said. */
int program_failed(const struct program *p, struct err *err);

/* The first line of what it printed, trimmed, terminated. */
const char *program_line(const struct program *p);

/* The argument umask, octal; -1 without one. */
int program_umask(struct module_call *call, int *ret, struct err *err);

/* Ends a module's run: what check mode cannot know (ERR_UNKNOWN) is an unknown
 * result instead of a failure. */
int program_settle(struct module_call *call, int r, struct err *err);
