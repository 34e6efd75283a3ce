#pragma once
/* Content on its way to an agent: one piece at a time. */
#include "link.h"

/* CONTENT_WANTED: the small ones of the list that its tasks have, at once. */
void sending_small(struct link *l, const struct value *list);
/* Nothing else is being sent. */
void sending_begin(struct link *l, uint32_t id, const struct blob *blob);
void sending_pump(struct link *l);
/* Tasks and content: what alive.c counts. */
void sending_bytes(struct link *l, struct slice bytes);
/* A message of at most one int; key NULL: none. */
void sending_message(struct link *l, enum wire_type type, uint32_t id, const char *key, uint32_t n);
/* BLOB_STOP: ends what is being sent for that task. */
void sending_stop(struct link *l, uint32_t id);
void sending_reset(struct link *l);
