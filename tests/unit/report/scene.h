#pragma once
/* Recorded runs, played into a sink; and a terminal to look at what it drew. */
#include "rollout/report/report.h"

/* A screen of fixed size that keeps what scrolled away. */
struct vt {
	unsigned width, height, row, column;
	struct strbuf *lines; /* all lines ever, the last `height` are on screen */
	unsigned nlines, top;
	struct strbuf violations; /* sequences that are not the ones allowed */
};
void vt_init(struct vt *vt, unsigned width, unsigned height);
void vt_feed(struct vt *vt, struct slice bytes);
/* Lines without their trailing blanks; `from_top` only what is on screen. */
void vt_text(const struct vt *vt, struct strbuf *out);
void vt_release(struct vt *vt);

/* A sink on a temporary file, and the events' clock. */
struct stage {
	struct report_sink sink;
	int fd;
	int64_t now_ms;
	struct arena arena;
	bool check_mode;
	const char *step, *role, *task, *module;
	uint32_t task_id;
	bool is_handler;
};
void stage_terminal(struct stage *s, struct report_terminal_options opts);
void stage_json(struct stage *s);
/* Frees the sink and returns all that it wrote. */
void stage_end(struct stage *s, struct strbuf *out);
/* What was written since the last call. */
void stage_new_output(struct stage *s, struct strbuf *out);

void stage_run(struct stage *s, const char *name, size_t nhosts, size_t ntasks, size_t nsteps);
void stage_step(struct stage *s, const char *step, const char *role, size_t nhosts);
void stage_step_end(struct stage *s, const char *step, int64_t ms);
void stage_task(struct stage *s, uint32_t id, const char *name, const char *module);
void stage_started(struct stage *s, const char *hosts); /* "a b c" */
void stage_task_end(struct stage *s);
/* `result` is JSON text or NULL; `item` may be NULL. */
void stage_result(struct stage *s, const char *hosts, enum report_status status,
		  const char *result);
void stage_item(struct stage *s, const char *host, const char *item, enum report_status status,
		const char *result);
void stage_output(struct stage *s, const char *host, const char *text);
void stage_host_state(struct stage *s, const char *host, enum report_host_state state,
		      const char *msg);
void stage_event(struct stage *s, struct report_event e); /* filled with the stage's task */
void stage_tick(struct stage *s, int64_t passed_ms);

/* Compares with tests/golden/report/<name>; with UPDATE_GOLDEN set, writes it. */
void check_golden(const char *name, struct slice text);
