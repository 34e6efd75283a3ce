#pragma once
/* Opens one target, lets its agent echo, and tells what happened. */
#include "rollout/transport/transport.h"

struct probe {
	bool up, cached, done;
	int downs;
	struct err why; /* code 0: closed by us */
	struct strbuf got;
	size_t want; /* bytes of echo, then close */
	struct transport *transport;
	const char *agent; /* its text; NULL: one that echoes */
	bool no_images, close_at_once, close_when_up, login_only;
	const char *login_command;
	struct probe *other; /* on the same loop, told of what comes here */
	bool was_nested;     /* bytes came while some were being sent */
};

/* A folder of the test's own under /tmp, removed by probe_clean. */
const char *probe_folder(void);
void probe_clean(void);
/* "FOLDER/name", valid until the next eight calls. */
const char *probe_path(const char *name);
void probe_write(const char *name, const char *text, unsigned mode);
/* Runs the loop until on_down; fills in images. */
void probe_run(struct probe *p, struct transport_target *target);
/* Two connections to the target, whose agents talk unasked until each said its `want`. */
void probe_run_pair(struct probe pair[2], struct transport_target *target);
void probe_release(struct probe *p);
