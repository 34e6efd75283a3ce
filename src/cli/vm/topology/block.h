#pragma once
/*
 * Lines, and on a terminal some below them that are redrawn in place. Lines wait in
 * `text` until the next block_show.
 */
#include "rollout/base/str.h"

struct block {
	int fd;
	unsigned width, height; /* fixed; 0: ask the terminal */
	bool broken;		/* a write failed: nobody is there */
	struct strbuf text;	/* whole lines, not yet written */
	size_t drawn;		/* lines of the block that is there */
};

unsigned block_width(const struct block *b);
unsigned
block_lines(const struct block *b); /* at least 2, so that the cursor stays on the screen */
/* Writes the waiting text and below it `lines`, each narrower than the terminal and
 * ended by \n; none: the block that is there goes. */
void block_show(struct block *b, struct slice lines);
void block_release(struct block *b); /* shows what waits */
