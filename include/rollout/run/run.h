#pragma once
/*
 * The scheduler: a plan, carried out on its hosts. One libuv loop, one
 * connection per host, at most `forks` hosts with work in flight. Everything
 * that happens goes to the sinks.
 *
 *     run_execute(&opts, plan, &exit_code, err)
 *
 * Blocks until the run is over. Exit codes are ansible-playbook's.
 */
#include "rollout/plan/plan.h"
#include "rollout/report/report.h"
#include "rollout/transport/transport.h"

#define RUN_FORKS_DEFAULT 50u
#define RUN_CONNECT_RETRIES 3u	   /* after the first try */
#define RUN_INFLIGHT_TASKS_MAX 64u /* tasks sent ahead on one host */

enum run_exit {
	RUN_EXIT_OK = 0,
	RUN_EXIT_ERROR = 1,
	RUN_EXIT_FAILED = 2,
	RUN_EXIT_UNREACHABLE = 4,
	RUN_EXIT_USAGE = 5,
	RUN_EXIT_INTERRUPTED = 99,
};

/* Hosts that are still being made (VMs that boot): nothing connects to one before
 * it is there. */
enum run_gate_state { RUN_GATE_OPEN, RUN_GATE_WAITS, RUN_GATE_FAILED };
struct run_gate {
	void *self;
	int fd;			  /* readable when there is news */
	bool (*take)(void *self); /* takes the news, does not block; false: no more will come */
	/* *ret_text: what it is at, or why it failed; lives until the next take(). */
	enum run_gate_state (*ask)(void *self, const char *host, const char **ret_text);
};

struct run_options {
	unsigned forks;
	bool check_mode, diff_mode;
	unsigned verbosity;
	const char *remote_user; /* -u */
	const char *private_key; /* --private-key */
	const char *connection;	 /* -c */
	const char *ssh_common_args;
	const char *ssh_password;    /* -k */
	const char *become_password; /* -K */
	const char *become_method;
	int64_t connect_timeout_ms; /* -T */
	unsigned connect_retries;
	const char *const *tags, *const *skip_tags; /* for ansible_run_tags */
	const char *limit;
	const char *cache_dir; /* downloads; NULL: ~/.cache/rollout */
	const struct transport_agent_image *images;
	size_t nimages;
	const struct report_sink *sinks;
	size_t nsinks;
	const struct run_gate *gate; /* NULL: every host is there */
};

/* *ret_exit is set whenever the run took place, failed hosts or not; an error
 * is returned only when it could not (no loop, no memory for descriptors). */
int run_execute(const struct run_options *opts, struct plan *plan, enum run_exit *ret_exit,
		struct err *err);
