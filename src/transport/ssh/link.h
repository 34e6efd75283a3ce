#pragma once
/*
 * One authenticated SSH session (RFC 4253, 4252) over TCP, over a ProxyCommand
 * or over a channel of another link (ProxyJump). A target's link has one user;
 * a jump host's is shared by all links through it.
 *
 * libssh2 never touches the socket: what arrives is put into `in`, what it
 * sends collects in `out`. So a packet is never sent in part, which libssh2
 * would want repeated before anything else on the session may be sent.
 *
 *     link = ssh_link_open(loop, &spec, &user);
 *     … user->ready() → libssh2 calls on link->session, ssh_link_pump(link)
 *     … user->wake() on each arrival; user->lost() once at most
 *     ssh_link_leave(link, &user);      also from within nothing but the loop
 */
#include "config/ssh_options.h"
#include "hostkey/hostkey.h"
#include "rollout/transport/transport.h"

#include "rollout/base/vec.h"

#include <libssh2.h>

#define LINK_IN_MAX (256u << 10)
#define LINK_OUT_HIGH (256u << 10)
#define LINK_EARLY_MAX (1u << 20) /* bytes a peer may send before it let us in */
#define LINK_ALIVE_MISSES 3
#define LINK_JUMPS_MAX 8
#define LINK_OPENER_MS 1000 /* then others take another session to the jump host */

enum ssh_link_state {
	LINK_CONFIG,	/* ssh -G runs → JUMP, CONNECT */
	LINK_JUMP,	/* the jump host's link comes up → TUNNEL */
	LINK_TUNNEL,	/* a channel from there → HANDSHAKE */
	LINK_CONNECT,	/* name, TCP → HANDSHAKE */
	LINK_HANDSHAKE, /* → AUTH */
	LINK_AUTH,	/* → READY */
	LINK_READY,
	LINK_DEAD, /* from any */
};

struct ssh_link_user {
	void (*ready)(struct ssh_link_user *u);
	void (*wake)(struct ssh_link_user *u);
	void (*lost)(struct ssh_link_user *u, const struct err *why);
};

struct ssh_link_spec {
	const char *host, *user; /* user NULL, port 0: what ssh_config says */
	int port;
	const struct transport_target *target; /* for keys, passwords, arguments, limits */
	bool is_jump;	   /* its password and port are not meant for this one */
	const char *jumps; /* is_jump: the hops before this one, or NULL */
	unsigned depth;
};

struct ssh_auth;
struct ssh_link {
	uv_loop_t *loop;
	enum ssh_link_state state;
	struct arena arena;
	struct ssh_link_spec spec;	       /* strings in the arena */
	const char *key_passphrase, *password; /* the password is borrowed */
	const char **key_files;		       /* NULL-terminated */
	int64_t connect_timeout_ms, auth_timeout_ms;
	const char *home;
	struct ssh_options options;
	struct hostkey_policy hostkey;
	struct ssh_auth *auth;

	struct ssh_config_run *config;
	struct dial *dial;
	struct dial_command *proxy;
	uv_timer_t *timer;
	uv_poll_t *poll;
	int fd, poll_events;
	struct strbuf in, out;
	size_t in_at, out_at, early_bytes;
	int64_t heard_ms, tick_ms;
	unsigned misses;
	const char *hangup; /* why nothing more arrives */

	struct ssh_link *via;
	struct ssh_link_user via_user;
	LIBSSH2_CHANNEL *via_channel;

	LIBSSH2_SESSION *session;
	VEC(struct ssh_link_user *) users;
	struct ssh_link *opener; /* a link through this one whose channel is being opened */
	int64_t opener_since_ms;
	bool stuck; /* an opener gave up: libssh2 opens one channel at a time, so no more */
	VEC(LIBSSH2_CHANNEL *) zombies; /* left by users, not closed by the peer yet */
	bool handshaken, pumping, again;
	struct err why;	       /* DEAD: the reason */
	char *shared_key;      /* jump links: see jump.h */
	struct ssh_link *next; /* in the list of shared links */
};

struct ssh_link *ssh_link_open(uv_loop_t *loop, const struct ssh_link_spec *spec,
			       struct ssh_link_user *user);
/* user->ready() is not called when it is ready already. */
void ssh_link_join(struct ssh_link *link, struct ssh_link_user *user);
/* Lets users work, sends what collected, and waits for what is needed next. */
void ssh_link_pump(struct ssh_link *link);
/* Bytes libssh2 handed over that the network did not take yet. */
size_t ssh_link_backlog(const struct ssh_link *link);
/* Ends it for every user. */
void ssh_link_lose(struct ssh_link *link, const struct err *why);
/* Gives a channel back. */
void ssh_link_drop_channel(struct ssh_link *link, LIBSSH2_CHANNEL *channel);
/* Not from within a user's callbacks. The last user's leaving ends the link. */
void ssh_link_leave(struct ssh_link *link, struct ssh_link_user *user);
/* "user@host" for messages, into buf. */
const char *ssh_link_name(const struct ssh_link *link, char *buf, size_t size);
/* libssh2's last words about the session. */
const char *ssh_link_trouble(const struct ssh_link *link);

/* link.c, for link_start.c: calls back after that time. */
void ssh_link_arm(struct ssh_link *link, int64_t ms, bool repeat);

/* link_start.c: from a name to a session. */
void link_begin(struct ssh_link *link);
void link_change_jump(struct ssh_link *link);
int link_start_session(struct ssh_link *link, struct err *err);

/* link_io.c: the bytes below the session. */
int link_io_attach(struct ssh_link *link, int fd);
void link_io_session(struct ssh_link *link);
void link_io_flush(struct ssh_link *link);
void link_io_release(struct ssh_link *link);
