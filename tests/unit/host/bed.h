#pragma once
/* A private root for a test: a fresh folder below /tmp, a real host, an overlay. */
#include "rollout/host/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bed {
	char root[64];
	struct host *real, *overlay;
	struct arena arena;
	struct err err;
};

int bed_setup(void **state);	/* for cmocka's setup: *state is a struct bed */
int bed_teardown(void **state); /* removes the folder */

const char *bed_path(struct bed *b, const char *name); /* ROOT/name */
void bed_put(struct bed *b, const char *name, const char *text, mode_t mode);
/* A file's text through the host given; NULL where there is none. */
const char *bed_text(struct bed *b, struct host *h, const char *name);
struct host_stat bed_stat(struct bed *b, struct host *h, const char *name);
/* How many names a folder has on the machine. */
size_t bed_count(struct bed *b, const char *name);
/* A program that the hosts find first in PATH. */
void bed_program(struct bed *b, const char *name, const char *script);

#define assert_ok(b, r)                                                                            \
	do {                                                                                       \
		int r_ = (r);                                                                      \
		if (r_ < 0)                                                                        \
			print_message("%s\n", (b)->err.msg);                                       \
		assert_int_equal(r_, 0);                                                           \
	} while (0)
