#pragma once
/* Modules that a host and the controller carry out together. */
#include "../state.h"

/* ---- get_url.c ---- */
/* Names the item's content; 1: a fetch is on its way. */
int fetch_start(struct flight *f, struct flight_item *it, struct err *err);
/* Before another try: what could not be fetched. */
int fetch_again(struct flight *f, struct flight_item *it, struct err *err);

/* ---- fetched.c: what the module fetch brings ---- */
/* `_sha1` of what is on the controller already. */
void fetched_prepare(struct flight *f, const struct flight_item *it, struct value *args);
/* Keeps the content of a result, and tells in it where. */
void fetched_keep(struct flight *f, const struct flight_item *it, struct value *result);

/* FILE and PIECE. */
/* `size`: no more will come. */
void fetched_begin(struct flight *f, size_t sent_index, const char *source, uint64_t size);
void fetched_piece(struct flight *f, struct slice bytes);
void fetched_free(struct fetched *in);

/* ---- pull/pulled.c: synchronize with mode: pull ---- */
/* Of either mode: the delegate is where Ansible runs rsync. 1: it is the controller, as
 * without one; another is refused. */
int synchronize_delegate(const struct flight *f, const char *name, struct err *err);
bool pulled_is(const struct flight *f);
/* Into the arguments of the item at hand, before it is sent. */
void pulled_put_phase(struct flight *f);
void pulled_file(struct flight *f, const char *path, uint64_t size);
void pulled_piece(struct flight *f, struct slice bytes);
/* True: the answer was not the last one. Else it is completed. */
bool pulled_goes_on(struct flight *f, struct value *result);
void pulled_free(struct flight *f);

/* ---- slurped.c: what the module slurp brings in pieces ---- */
void slurped_begin(struct flight *f);
void slurped_piece(struct flight *f, struct slice bytes);
/* `content` into a result that has none of its own. */
void slurped_complete(struct flight *f, struct value *result);
void slurped_free(struct slurped *in);

/* ---- reboot.c ---- */
bool reboot_is(const struct flight *f);
/* Its request must not go out twice. */
bool reboot_is_once_only(const struct flight *f);
/* Into the arguments of the item at hand, before it is sent. */
void reboot_put_phase(struct flight *f);
/* True: the answer was not the last one. Else it is completed. */
bool reboot_goes_on(struct flight *f, struct value *result);
/* What a lost connection is an answer to, at this place; NULL: a lost connection. */
const struct value *reboot_lost(struct flight *f, const struct err *why);

/* ---- reconnect.c: wait_for_connection; false: not that task, or its time is over ---- */
bool reconnect_delays(struct flight *f);
bool reconnect_again(struct flight *f);
void reconnect_put_elapsed(struct flight *f, struct value *result);
