#pragma once
/*
 * The life of machines: orders, their workers, and what the workers call. A
 * struct vm_life is what surrounds them; tests give one of their own.
 *
 * Files beside the machines, all of them locks (liveness.h):
 *   machines/.NAME.lock   held by the worker that changes this machine
 *   network.lock          held while the project's network is made or removed
 *   network.use           shared, by those who start a machine: it is not removed
 */
#include "../driver.h"
#include "ready.h"

struct vm_life {
	const struct vm_driver *driver;	      /* of the topology */
	const struct vm_driver *const *known; /* NULL-terminated: what a machine may be made with */
	int (*network_up)(const struct vm_project *p, struct err *err); /* idempotent */
	void (*network_down)(const struct vm_project *p);
	int (*ready)(const struct vm_ready *how, struct strbuf *detail, struct err *err);
};
/* The real ones. */
void vm_life_of(const struct vm_project *p, struct vm_life *ret);
/* The driver that the machine was made with, else the topology's. */
const struct vm_driver *vm_life_driver(const struct vm_life *life, const struct vm_machine *m);

/* ---- network.c ---- */

/* The network is there, and stays until *ret_fd is closed: for starting a machine. */
int vm_life_network_hold(const struct vm_life *life, const struct vm_project *p, int *ret_fd,
			 struct err *err);
/* Removes it when no machine of the project runs or is being started. */
void vm_life_network_release(const struct vm_life *life, const struct vm_project *p);

/* ---- verbs.c ---- */

struct vm_work {
	struct vm_machine *machine;
	const struct vm_life *life;
	const struct vm_order_options *order;
	const struct vm_reporter *reporter;
	const struct vm_driver *driver; /* it was made with */
	int64_t begun_ms;
	struct strbuf done;   /* what is left to say on success */
	struct strbuf detail; /* what err has no room for on failure */
};
/* Blocks; the machine's lock is held. */
int vm_work_carry_out(struct vm_work *w, struct err *err);

/* ---- worker.c ---- */

struct vm_worker {
	struct vm_machine *machine;
	const struct vm_life *life;
	const struct vm_order_options *order;
	int tell;	/* events go there; ours */
	int supervisor; /* its pid */
};
/* The child of fork(), with all signals blocked: carries the order out, tells, ends
 * with _exit. Ends also when the supervisor dies or sends SIGTERM. */
_Noreturn void vm_worker_main(const struct vm_worker *w);

/* ---- order.c ---- */

int vm_order_begin_with(struct vm_project *p, const struct vm_order_options *o,
			const struct vm_life *life, struct vm_order **ret, struct err *err);
