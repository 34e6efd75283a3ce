#pragma once
/* The controller's side of a pipe to an agent in a child process. Whatever
 * takes longer than it should fails the test. */
#include "rollout/wire/task.h"

#include <sys/types.h>

struct conversation {
	pid_t agent;
	int to, from;
	struct wire_reader reader;
	struct arena arena;
	struct strbuf out;
	bool was_last; /* of the last RESULT */
	char dir[32];  /* a folder of the test's own */
};

struct conversation *conversation_start(void);
/* A program of its own instead of agent_serve in a child. */
struct conversation *conversation_exec(const char *program);
/* As start, with frames read up to HELLO. */
struct conversation *conversation_greeted(void);
void conversation_end(struct conversation *c); /* BYE, and exit code 0 */

/* The next frame's payload (past CONTENT_WANTED, unless it is that), which lives as long as the conversation. */
const struct value *expect(struct conversation *c, enum wire_type type, uint32_t id);
/* The next RESULT's result, past OUTPUT frames. */
const struct value *expect_any_result(struct conversation *c, uint32_t id, unsigned item);
const struct value *expect_result(struct conversation *c, uint32_t id, unsigned item, bool last);
/* As YAML: "{module: ping}"; what is left out is item {}, strand 1, flags false. */
void send_task(struct conversation *c, uint32_t id, const char *yaml);
void send_value(struct conversation *c, enum wire_type type, uint32_t id, const char *yaml);
void send_bytes(struct conversation *c, struct slice bytes);
void send_blob(struct conversation *c, uint32_t id, const char *sha256, const char *content);
int wait_exit(struct conversation *c); /* of the agent; closes our ends */
void end_input(struct conversation *c);
const char *in_dir(struct conversation *c, const char *format_with_one_s);
bool get_bool(const struct value *v, const char *key);
const char *get_str(const struct value *v, const char *key);
/* Waits for the file to hold a number that is a process's. */
pid_t wait_pid_file(const char *path);
bool is_gone(pid_t pid); /* waits for it */
