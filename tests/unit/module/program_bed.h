#pragma once
/*
 * Modules that drive a program, on a private root: each case is predicted over
 * the overlay, applied, and applied again. Programs that must not be real are
 * scripts in @/bin, which stands first in PATH; they log to @/log.
 */
#include "file_bed.h"

struct program_case {
	const char *module, *args; /* @ is the root */
	bool changed;
	bool again;	   /* changes the second time, too */
	bool unknown;	   /* check mode cannot tell */
	const char *msg;   /* it fails, and says this among other things */
	const char *after; /* a shell script that must succeed after it */
};

/* A script @/bin/name with this body. */
void program_bed_fake(struct file_bed *b, const char *name, const char *body);
/* In this order, on one root: what one leaves the next one finds. */
void program_bed_run(struct file_bed *b, const struct program_case *cases, size_t count);
