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
#define RUN_CONNECT_RETRIES 3u	      /* after the first try */
#define RUN_INFLIGHT_TASKS_MAX 64u    /* tasks sent ahead on one host */
#define RUN_INCOMING_MAX (512u << 20) /* bytes of answers under way, of all hosts together */
#define RUN_PING_INTERVAL_MS 30000    /* an agent that has tasks and is silent is asked */
#define RUN_PING_MISSES 10	      /* and given up when it is silent for so many more */

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

/* Somebody at a terminal, who is asked while the run goes on. */
struct run_dialogue {
	void *self;
	int fd; /* readable when something was typed */
	/* `hidden`: what is typed is not shown, until `end`. Again for a question that is
	 * still open: it is shown once more. */
	void (*ask)(void *self, const char *question, bool hidden);
	/* Once after each time that fd was readable: a part of the answer onto *line. 1: it
	 * is whole, without its end; 0: more is to come; ERR_CANCELLED: there are no more. */
	int (*take)(void *self, struct strbuf *line, struct err *err);
	/* The question is answered, or nobody wants to know any more. */
	void (*end)(void *self, bool answered);
	void (*say)(void *self, struct slice text);
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
	int64_t ping_interval_ms;		    /* 0: RUN_PING_INTERVAL_MS */
	size_t incoming_max;			    /* 0: RUN_INCOMING_MAX */
	const char *const *tags, *const *skip_tags; /* for ansible_run_tags */
	const char *limit;
	const char *config_file; /* ansible.cfg, or NULL */
	const char *cache_dir;	 /* downloads; NULL: ~/.cache/rollout */
	const struct transport_agent_image *images;
	size_t nimages;
	const struct report_sink *sinks;
	size_t nsinks;
	const struct run_gate *gate;	     /* NULL: every host is there */
	const struct run_dialogue *dialogue; /* NULL: nobody can be asked */
	bool step; /* --step: asks before each task; the plan was made with it, too */
};

/* *ret_exit is set whenever the run took place, failed hosts or not; an error
 * is returned only when it could not (no loop, no memory for descriptors). */
int run_execute(const struct run_options *opts, struct plan *plan, enum run_exit *ret_exit,
		struct err *err);
