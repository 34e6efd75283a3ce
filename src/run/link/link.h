#pragma once
/* The connection to one host's agent and the requests on it. */
#include "../state.h"
#include "request.h"

enum link_state {
	LINK_IDLE,
	LINK_HELD,
	LINK_WAITS_FOR_SLOT,
	LINK_CONNECTING,
	LINK_UP,
	LINK_BACKOFF,
	LINK_CLOSING,
	LINK_DOWN
};

struct blob_sending {
	uint32_t id; /* 0: none */
	const struct blob *blob;
	size_t offset;
	int fd;
};

struct link {
	struct run *run;
	struct run_host *host;
	const struct value *reach; /* variables above the host's own, or NULL; in the arena */
	const char *reach_text;
	bool root;     /* the agent must be root */
	bool renewing; /* to be closed and opened again when nothing is under way */
	enum link_state state;
	bool has_slot;
	bool greeted; /* HELLO has come over this connection */
	bool parting; /* BYE was said over it */
	bool heard;   /* since the last look: alive.c */
	unsigned silences;
	int64_t given_bytes, taken_bytes; /* tasks and content: to the transport; by the peer */
	struct transport *transport;
	struct transport_target target;
	struct arena arena; /* of the target's strings */
	struct wire_reader reader;
	size_t held_bytes;		/* by the reader */
	VEC(struct request *) requests; /* in the order of submission */
	uint32_t next_id;
	unsigned attempts;  /* to connect, since the last answer */
	struct err refused; /* why it must not be tried again; code 0: nothing */
	uv_timer_t timer;   /* BACKOFF: until the next try; UP: alive.c */
	struct blob_sending sending;
};

/* `reach` NULL: by the host's variables alone. */
struct link *link_new(struct run_host *host, const struct value *reach);
/* A task becomes: an agent that runs without root is started anew. */
void link_want_root(struct link *l);
/* The next task finds a new connection. */
void link_renew(struct link *l);
void link_free(struct link *l);
/* Takes the request; it is freed after its last answer. */
void link_submit(struct link *l, struct request *req);
/* Nobody waits for the flight's answers any more. */
void link_abandon(struct link *l, const struct flight *flight);
/* Asks the agent not to do what was sent for the flight. */
void link_recall(struct link *l, const struct flight *flight);
void link_close(struct link *l);
/* The run is to end at once: what it was asked for is lost. */
void link_give_up(struct link *l);
/* HELLO has come. */
void link_greeted(struct link *l);
void link_pass_slots(struct run *run);
/* The host is there now, or will not be. */
void link_open_gate(struct link *l);
void link_fail_gate(struct link *l, const struct err *why);
/* Connection variables into the link's target (target.c). */
int link_resolve_target(struct link *l, struct err *err);
