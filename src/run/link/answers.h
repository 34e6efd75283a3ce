#pragma once
/* What an agent says, and what it may say: docs/wire.md. */
#include "link.h"

/* Negative: it broke the rules, and the connection is of no more use. */
int answers_take(struct link *l, const struct wire_frame *frame, struct err *err);

/* link.c */
size_t link_find_request(const struct link *l, uint32_t id); /* their number: none */
void link_remove_request(struct link *l, size_t i);
/* The agent left out the task: it goes out again, with what was sent behind it. */
void link_send_again(struct link *l, size_t i);
