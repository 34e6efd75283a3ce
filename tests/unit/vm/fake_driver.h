#pragma once
/* A driver whose machines are a `sleep` each: "running" is a lock that it holds. */
#include "life/life.h"

#include <uv.h>

/* What workers leave for the test: memory that they share with it. */
struct fake_seen {
	volatile int working, most, networks_up, networks_down, ready_calls, snapshots;
	volatile int wanted; /* by the test: so many working at once */
	volatile pid_t worker;
	volatile bool first_boot, cloud_init;
	volatile bool hold; /* by the test: a snapshot takes until this is over */
	volatile int64_t console_from;
};
extern struct fake_seen *fake_seen;

extern const char *fake_behaviour; /* of start, for the order that is begun next */
extern const struct vm_driver fake_driver;
extern const struct vm_life fake_life;

int fake_network_up(const struct vm_project *p, struct err *err);
void fake_network_down(const struct vm_project *p);
int fake_ready(const struct vm_ready *how, struct strbuf *detail, struct err *err);

int fake_halt(struct vm_machine *m, bool force, int64_t limit_ms, const struct vm_reporter *r,
	      struct err *err);
bool fake_runs(const struct vm_machine *m);
enum vm_state fake_state_of(const struct vm_machine *m);
/* A file in the machine's folder. */
void fake_put(const struct vm_machine *m, const char *name, const char *text);
/* `sh -c command`; its status comes to the int64_t at p->data. */
void fake_spawn(uv_loop_t *loop, uv_process_t *p, const char *command);
