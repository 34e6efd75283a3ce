#pragma once
/*
 * Plays the hosts of a run: in place of src/transport, what the controller sends is
 * given to a script, and what the script answers comes to the controller as from an
 * agent. Nothing is connected to and nothing runs.
 */
#include "rollout/run/run.h"
#include "rollout/wire/task.h"

struct player_host; /* one connection */

struct player_script {
	void *ctx;
	/* The connection is up; NULL: HELLO. */
	void (*begin)(void *ctx, struct player_host *h);
	void (*frame)(void *ctx, struct player_host *h, const struct wire_frame *frame);
	unsigned retries; /* of connections that were lost */
	/* A host that has nothing to say and is told nothing for so many turns of the loop
	 * hangs up; 0: it waits. */
	unsigned patience;
	int64_t ping_interval_ms; /* as in struct run_options */
	size_t incoming_max;
};

/* A playbook on the hosts of an inventory ("a,b,"); the exit code. Events are kept as
 * text, a line each: "host status msg" or "host state msg". */
enum run_exit player_run(const char *playbook, const char *hosts,
			 const struct player_script *script, struct strbuf *events);
const char *player_folder(void); /* where the playbook lies */

const char *player_name(const struct player_host *h);
/* Something that it said has not come to the controller yet. */
bool player_is_unheard(const struct player_host *h);
unsigned player_connections(void); /* of the last run */
bool player_was_local(void);	   /* one of them would have been to this machine */
/* Says: a value written as YAML, bytes in a frame, any bytes; hangs up. */
void player_say(struct player_host *h, enum wire_type type, uint32_t id, const char *yaml);
void player_say_bytes(struct player_host *h, enum wire_type type, uint32_t id, struct slice bytes);
void player_say_raw(struct player_host *h, struct slice bytes);
void player_hello(struct player_host *h);
void player_hang_up(struct player_host *h);
