#pragma once
/*
 * Bringing an agent up: the command that a target runs, and the conversation
 * with it until the pipe is the agent's. Knows nothing of ssh; ssh and local
 * feed it what the command writes and send what it asks to send.
 *
 * The target says, each on a line of its own, after whatever its login shell
 * printed:
 *     ROLLOUT-AGENT-NEED <machine> gzip|raw     send the image
 *     ROLLOUT-AGENT-START <machine> 0|1         cached or not; agent bytes follow
 *     ROLLOUT-AGENT-ERROR <word> <rest>         and the command ends
 */
#include "rollout/transport/transport.h"

#define BOOTSTRAP_NOISE_MAX (256u << 10) /* before the first marker */
#define BOOTSTRAP_STDERR_MAX 4096u
#define BOOTSTRAP_SENDS_MAX 4

struct bootstrap_ops {
	void (*write)(void *ctx, struct slice bytes);
	void (*up)(void *ctx, const char *machine, bool cached);
	void (*data)(void *ctx, struct slice bytes);
	void (*fail)(void *ctx, const struct err *why);
};

enum bootstrap_state {
	BOOTSTRAP_TALKING, /* → UP, FAILED */
	BOOTSTRAP_UP,	   /* the pipe is the agent's */
	BOOTSTRAP_FAILED,
};

struct bootstrap {
	const struct transport_target *target;
	const struct bootstrap_ops *ops;
	void *ctx;
	enum bootstrap_state state;
	struct strbuf line;   /* the line being received */
	struct strbuf errors; /* the last of stderr */
	char heard[200];      /* the last line that was no marker */
	size_t noise;	      /* bytes that were no marker */
	size_t prompt_seen;   /* of errors already looked at for prompts */
	char machine[64];
	unsigned sends;
	bool password_sent;
};

void bootstrap_init(struct bootstrap *b, const struct transport_target *target,
		    const struct bootstrap_ops *ops, void *ctx);
/* One line for a login shell of any kind (sh, csh, fish). */
void bootstrap_command(const struct transport_target *target, struct strbuf *out);
void bootstrap_stdout(struct bootstrap *b, struct slice bytes);
void bootstrap_stderr(struct bootstrap *b, struct slice bytes);
/* What stderr said, or else what a login shell said on stdout (nologin does): one line
 * without control characters and without the password. */
void bootstrap_said(const struct bootstrap *b, char *to, size_t size);
/* Why the command ended, whether before or after it was up. status -1: not
 * known; signal NULL: none. Sets *err. */
void bootstrap_explain(const struct bootstrap *b, int status, const char *signal, struct err *err);
void bootstrap_release(struct bootstrap *b);
