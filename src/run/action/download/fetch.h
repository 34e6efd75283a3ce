#pragma once
/*
 * A download on the controller. get_url.c says what is wanted; a fetch is made
 * once for each URL and checksum of a run.
 *
 *     fetch_get(run, &wanted, &f, err); fetch_begin(f); … get_url_arrived(f)
 */
#include "../../state.h"

#include <stdatomic.h>

struct fetch {
	struct run *run;
	uv_work_t work;
	char *key; /* url and checksum */
	char *url, *user, *password, *agent, *partial, *path;
	char *client_cert, *client_key, *ciphers; /* or NULL */
	VEC(char *) headers;			  /* NULL is the last */
	VEC(char *) first_headers;		  /* likewise; not sent on after a redirect */
	unsigned flags;				  /* enum http_flags */
	long timeout_s;
	char *checksum; /* "sha256:hex" or NULL */
	bool started, done;
	atomic_bool unwanted; /* its thread is to end */
	struct err err;
	int result;
	VEC(struct flight *) waiting; /* with items: who waits for it */
	VEC(struct flight_item *) items;
};

struct fetch_wanted {
	const char *url, *checksum; /* checksum NULL: none, else algorithm:HEX */
	const struct value *args;   /* of get_url: credentials, headers, timeout … */
};

/* An argument of get_url; NULL where it is empty. */
static inline const char *fetch_string(const struct value *args, const char *key)
{
	const struct value *v = value_get(args, key);
	return v && v->type == VALUE_STRING && v->str.len ? v->str.ptr : NULL;
}

/* The run's; not begun when it is new. */
int fetch_get(struct run *run, const struct fetch_wanted *w, struct fetch **ret, struct err *err);
/* Nothing when it is under way or was a success; a failed one is tried again. */
void fetch_begin(struct fetch *f);

/* get_url.c: it is done, well or not. */
void get_url_arrived(struct fetch *f);

/* checksum_file.c: the digest of the file `name` in a text of `DIGEST  NAME`
 * lines, or of one digest alone; in the arena, lower case. */
int checksum_file_find(struct arena *a, struct slice text, struct slice name, const char **ret,
		       struct err *err);

/* Nobody waits for what is under way; it ends with ERR_CANCELLED, or within its timeout. */
void fetches_cancel(struct run *run);
void fetches_release(struct run *run);
