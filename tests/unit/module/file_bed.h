#pragma once
/*
 * Modules over a private root of the real machine: predict (check mode), apply,
 * apply again. In arguments, set-ups and checks @ stands for the root.
 */
#include "rollout/module/module.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct file_case {
	const char *name;
	const char *setup;   /* shell; NULL: none */
	const char *args;    /* JSON */
	bool unchanged;	     /* the first application changes nothing */
	bool always;	     /* nor does it settle: each one changes */
	bool opaque;	     /* the prediction knows that it changes, not to what */
	const char *fails;   /* part of the message of a failure */
	const char *check;   /* shell that exits 0 when it is as it shall be; NULL: none */
	const char *content; /* what the controller would send with _sha256 */
};

struct file_bed {
	char root[64];
	struct host *real;
	struct arena arena;
	struct slice content; /* what services->content_open gives */
	size_t given;
	bool is_open;
	bool diff_mode;
};

int file_bed_setup(void **state);
int file_bed_teardown(void **state);
void file_bed_shell(struct file_bed *b, const char *script);
/* Of b->content; in its arena. */
const char *file_bed_sha256(struct file_bed *b); /* asserts that it exits 0 */
/* One call; its result. */
const struct value *file_bed_run(struct file_bed *b, struct host *h, const char *module,
				 const char *args);
/* Each in a root of its own. */
void file_bed_cases(const char *module, const struct file_case *cases, size_t count);
