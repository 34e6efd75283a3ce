#pragma once
/* The terminal sink's state, and its parts: results, the live block, the end. */
#include "../output.h"
#include "screen.h"
#include "view.h"

#define TERMINAL_SILENCE_MS 60000 /* in a pipe: then say what is going on */

struct terminal {
	struct report_terminal_options opts;
	struct screen screen;
	struct views views;
	struct host_output output;
	struct strmap warned; /* warnings already printed */
	char *run_name;
	bool check_mode;
	size_t nhosts, ntasks, nsteps; /* as announced */
	size_t tasks_ended, steps_ended;
	int64_t started_ms, event_ms; /* the events' clock */
	int64_t clock_skew_ms;	      /* tick's clock minus the events' */
	bool ticked;
	int64_t spoke_ms; /* when something was last printed */
	unsigned frame;
};

/* A line of text, or several; ends with \n. Goes above the block. */
void terminal_say(struct terminal *t, const struct strbuf *text);

/* result.c */
void result_show(struct terminal *t, const struct report_event *e);
void result_show_task(struct terminal *t, struct task_view *task); /* its line and notes */

/* block.c: what goes on now, lines narrower than the screen */
void block_compose(const struct terminal *t, int64_t now_ms, struct strbuf *out);
/* the same on one line, for a pipe */
void block_compose_line(const struct terminal *t, int64_t now_ms, struct strbuf *out);

/* recap.c */
void recap_compose(const struct terminal *t, const struct report_event *e, struct strbuf *out);
