#pragma once
/*
 * What an order's machines are at. On a terminal a line for each machine at work,
 * redrawn in place, above it those that are over; in a pipe a line for each new
 * stage and each end; or JSON, one event a line (docs/events.md). Failures are shown
 * whole at the end.
 *
 *     vm_display_new → vm_display_event for each, vm_display_draw 10 times a second
 *     → vm_display_end → vm_display_free
 *
 * Times are clock_now_ms(). Nothing is written after the descriptor failed once.
 */
#include "rollout/vm/vm.h"

enum vm_display_style { VM_DISPLAY_LINES, VM_DISPLAY_LIVE, VM_DISPLAY_JSON };
struct vm_display_options {
	int fd;
	enum vm_display_style style;
	bool color;
	unsigned width, height;	  /* 0: ask the terminal */
	const char *verb;	  /* "up" */
	const char *done;	  /* what a machine is then: "up", "stopped", "destroyed" */
	const char *const *names; /* by index of the project's machines, borrowed */
	size_t nnames;
	const size_t *machines; /* those of the order */
	size_t nmachines;
	int64_t now_ms;
};
struct vm_display;
struct vm_display *vm_display_new(const struct vm_display_options *o);
void vm_display_free(struct vm_display *d);

void vm_display_event(struct vm_display *d, const struct vm_event *e, int64_t now_ms);
void vm_display_draw(struct vm_display *d, int64_t now_ms);
/* A line of our own: "interrupted: …". */
void vm_display_say(struct vm_display *d, const char *text);
/* Takes the block away; failures, then "4 up, 0 failed, 48.1s". Returns how many failed. */
size_t vm_display_end(struct vm_display *d, int64_t now_ms);
