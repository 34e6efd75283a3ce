#pragma once
/* What the files of a link ask of one another. */
#include "link.h"

/* ---- link.c ---- */
/* There is something to do: takes a slot, connects, sends. */
void link_start_work(struct link *l);
/* Sends what was not sent yet, as far as the agent takes it. */
void link_pump(struct link *l);
/* All of it has to be done, and answered, anew. */
void link_unsend(struct request *req);

/* ---- slot.c ---- */
/* False: it waits for one in the queue. */
bool slot_take(struct link *l);
void slot_give(struct link *l);

/* ---- connect.c ---- */
void link_connect(struct link *l);
/* For l->refused, but not at once: whoever submits still holds the flight. */
void link_refuse_later(struct link *l);
/* Everything that waits learns that the host cannot be had. */
void link_fail_all(struct link *l, const struct err *why);

/* ---- renew.c ---- */
/* True: nothing is sent any more over this connection. */
bool link_renews(struct link *l);
void link_connect_anew(struct link *l);

/* ---- hearing.c ---- */
/* on_data of the transport. */
void hearing_bytes(void *ctx, struct slice bytes);
/* Nothing of this connection counts any more. */
void hearing_refuse(struct link *l, const struct err *why);
void hearing_reset(struct link *l);

/* ---- alive.c ---- */
/* The connection is up: HELLO is waited for, then PONG where nothing else comes. */
void alive_begin(struct link *l);
