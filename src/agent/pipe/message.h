#pragma once
/* The payloads that the agent makes and takes. */
#include "rollout/wire/wire.h"

/* Appends a RESULT; a result that cannot be sent becomes a failed one. */
void message_put_result(struct strbuf *out, uint32_t id, size_t item, bool last,
			const struct value *result);
/* {changed: false, failed: true, msg, <mark>: true}; mark may be NULL. */
void message_put_failure(struct strbuf *out, uint32_t id, size_t item, const char *msg,
			 const char *mark);
void message_put_output(struct strbuf *out, uint32_t id, size_t item, int stream, struct slice data,
			uint64_t dropped);
void message_put_empty(struct strbuf *out, enum wire_type type, uint32_t id);
/* {sha256} or, where error is not NULL, {error} */
void message_put_sha256(struct strbuf *out, enum wire_type type, uint32_t id, const char *sha256,
			const char *error);
/* Lower-case hex of 32 bytes in v.sha256; NULL: not there or something else. */
const char *message_sha256(const struct value *v);
/* An int at `key`, within 0 to max; false: not there or something else. */
bool message_uint(const struct value *v, const char *key, uint64_t max, uint64_t *ret);
