#pragma once
/*
 * A byte pipe to an agent on a host, on a libuv loop; nothing blocks. Opening
 * connects, verifies the host key, authenticates, brings the agent there when
 * its cache lacks it, and starts it (through sudo where asked).
 *
 * Two kinds: ssh (libssh2, ProxyJump through channels) and local.
 *
 *     t = transport_open(loop, &target, &events, ctx);
 *     … on_up → transport_send() … on_data … transport_close() → on_down
 *
 * on_down comes exactly once, whatever happened, and is the last call; then
 * the transport is freed. Callbacks come from the loop, never from within a call of
 * the functions below, but for on_drained, which may come from transport_send.
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <uv.h>

#define TRANSPORT_CONNECT_TIMEOUT_MS 10000
#define TRANSPORT_START_TIMEOUT_MS 60000
#define TRANSPORT_KEEPALIVE_S 15 /* of silence, before the ssh server is asked; the third ends it */
#define TRANSPORT_QUEUE_HIGH (4u << 20)

enum transport_kind { TRANSPORT_SSH, TRANSPORT_LOCAL };

struct transport_agent_image { /* as agent/image.h, which this layer may not include */
	const char *machine;
	const unsigned char *data; /* zlib */
	size_t size, raw_size;
	const char *sha256;
};

/* All strings are borrowed until on_down. */
struct transport_target {
	enum transport_kind kind;
	const char *name; /* the inventory's name, for messages */
	const char *host; /* ansible_host, or the name; what ssh_config is asked about, as
	                       * Ansible does */
	int port;	  /* 0: what ssh_config says, else 22 */
	const char *user; /* NULL: what ssh_config says, else the local user */
	const char *const
		*key_files; /* NULL-terminated; NULL: ssh_config's, then the default names */
	const char *key_passphrase;
	const char *password; /* NULL: none */
	const char *
		ssh_args; /* ansible_ssh_common_args + extra args: -o options, -F, -J, -i, -p, -l are understood */
	const char *ssh_config_file; /* NULL: the user's and the system's */
	bool host_key_checking;
	bool become;		     /* start the agent as root */
	const char *become_method;   /* "sudo" (NULL too) or "su" */
	const char *become_exe;	     /* NULL: the method's name */
	const char *become_flags;    /* NULL: none beyond what is needed */
	const char *become_password; /* NULL: none; sent on stdin only when it is asked for */
	int64_t connect_timeout_ms, start_timeout_ms; /* 0: the defaults above */
	const struct transport_agent_image *images;
	size_t nimages;
	/* No agent and no sudo: connects and logs in as for an agent, runs login_command
	 * (NULL: "true"), and is up when that ended with status 0. Then there is nothing
	 * to send to: transport_close ends it. Another status is ERR_PROTOCOL. */
	bool login_only;
	const char *login_command;
};

struct transport_info {
	const char *machine; /* uname -m; NULL: login_only */
	bool agent_was_cached;
	int64_t connect_ms, start_ms; /* until it was logged in; from there to the agent */
};

struct transport_events {
	void (*on_up)(void *ctx, const struct transport_info *info);
	void (*on_data)(void *ctx, struct slice bytes);
	void (*on_drained)(void *ctx); /* the send queue is empty again; may be NULL */
	/* why NULL: closed by transport_close. ERR_UNREACHABLE (retry may help),
	 * ERR_AUTH, ERR_HOSTKEY, ERR_TIMEOUT, ERR_UNSUPPORTED … with a message that
	 * says what to do. */
	void (*on_down)(void *ctx, const struct err *why);
};

struct transport;

/* Never fails by itself: troubles come through on_down, later. */
struct transport *transport_open(uv_loop_t *loop, const struct transport_target *target,
				 const struct transport_events *events, void *ctx);
/* Queues (copies) bytes for the agent's stdin. Only between on_up and on_down. */
void transport_send(struct transport *t, struct slice bytes);
/* Bytes that were sent and that the connection has not taken yet. With more than
 * TRANSPORT_QUEUE_HIGH of them wait for on_drained. */
size_t transport_queued(const struct transport *t);
/* Ends input, waits a short limit for the agent to exit, then drops it. */
void transport_close(struct transport *t);
