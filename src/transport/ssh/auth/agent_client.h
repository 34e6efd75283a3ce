#pragma once
/*
 * A client of ssh-agent (draft-miller-ssh-agent) that never blocks: one
 * request at a time, `wake` when its answer is there.
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <uv.h>

#define AGENT_ANSWER_MAX (256u << 10)
#define AGENT_RSA_SHA2_512 4u

struct agent_client;

enum agent_status { AGENT_IDLE, AGENT_WAITING, AGENT_ANSWERED, AGENT_BROKEN };

/* NULL when no agent listens there. */
struct agent_client *agent_client_new(uv_loop_t *loop, const char *path, void (*wake)(void *ctx),
				      void *ctx);
void agent_client_ask_identities(struct agent_client *a);
/* flags: AGENT_RSA_SHA2_512 for an RSA key, else 0 */
void agent_client_ask_signature(struct agent_client *a, struct slice blob, struct slice data,
				uint32_t flags);
enum agent_status agent_client_status(const struct agent_client *a);
/* Once AGENT_ANSWERED: the next key's blob; false after the last. */
bool agent_client_next_identity(struct agent_client *a, struct slice *ret_blob);
/* Once AGENT_ANSWERED: the signature without its algorithm name; false when
 * the agent refused or signed with another algorithm. */
bool agent_client_signature(struct agent_client *a, struct slice algorithm, struct slice *ret);
void agent_client_reset(struct agent_client *a); /* back to AGENT_IDLE */
void agent_client_free(struct agent_client *a);
