#pragma once
/*
 * Where text goes: a stream of lines, and on a terminal a block of a few lines
 * under them that is redrawn in place. Lines wait in `text` until the next
 * screen_show, so that the block is drawn once for many of them.
 */
#include "rollout/base/str.h"

#define SCREEN_BLOCK_MAX 10u
#define SCREEN_PENDING_MAX_BYTES (256u << 10)

struct screen {
	int fd;
	bool live;
	bool broken;			  /* a write failed: nobody is there */
	unsigned width, height;		  /* fixed; 0: ask the terminal */
	struct strbuf text;		  /* whole lines, not yet written */
	unsigned drawn[SCREEN_BLOCK_MAX]; /* columns of each line of the block that is there */
	size_t ndrawn;
};

unsigned screen_width(const struct screen *s);
/* Lines that a block may have now, at most SCREEN_BLOCK_MAX. */
unsigned screen_block_lines(const struct screen *s);
/* Writes the waiting text and, below it, the block: lines that end in \n, each
 * narrower than the screen. An empty block takes away the one that is there. */
void screen_show(struct screen *s, struct slice block);
/* Writes the waiting text over the line that somebody else began. False: there is none,
 * or it does not wait. */
bool screen_show_over(struct screen *s);
/* After text was added: writes it where nothing is to wait for. */
void screen_added(struct screen *s);
void screen_release(struct screen *s);
