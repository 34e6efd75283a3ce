/* What the agent says, checked: a host may be broken, or somebody else's. */
#include "answers.h"
#include "../action/parts.h"
#include "../flight/flight.h"
#include "sending.h"

#include <stdlib.h>

#define DROPPED_MAX 3 /* times that a task is sent again */

static int broke(struct err *err, const char *what)
{
	return err_set(err, ERR_PROTOCOL, "the agent broke the protocol: %s", what);
}

/* An index below `max`. */
static bool index_of(const struct value *v, const char *key, size_t max, size_t *ret)
{
	const struct value *n = value_get(v, key);
	if (!n || n->type != VALUE_INT || n->integer < 0 || (uint64_t)n->integer >= max)
		return false;
	*ret = (size_t)n->integer;
	return true;
}

static int take_hello(struct link *l, const struct value *v, struct err *err)
{
	const struct value *version = value_get(v, "version");
	if (l->greeted)
		return broke(err, "HELLO for the second time");
	if (!version || version->type != VALUE_INT)
		return broke(err, "HELLO without a version");
	if (version->integer != WIRE_VERSION)
		return err_set(err, ERR_PROTOCOL,
			       "the agent speaks version %lld of the protocol, and rollout %d",
			       (long long)version->integer, WIRE_VERSION);
	link_greeted(l);
	return 0;
}

/* Each item once, in order; the last item's is the last. */
static int take_result(struct link *l, size_t i, const struct value *v, struct err *err)
{
	struct request *req = l->requests.at[i];
	const struct value *last = value_get(v, "last"), *result = value_get(v, "result");
	struct flight *flight = req->flight;
	size_t item;
	if (!index_of(v, "item", req->nitems, &item) || item != req->answered)
		return broke(err, "a RESULT out of order");
	if (!last || last->type != VALUE_BOOL || (!last->boolean && item + 1 == req->nitems))
		return broke(err, "a RESULT that should be the last");
	if (!result || result->type != VALUE_DICT)
		return broke(err, "a RESULT without a result");
	l->attempts = 0;
	req->answered++;
	if (last->boolean)
		link_remove_request(l, i);
	if (flight)
		flight_on_result(flight, item, result, last->boolean);
	return 0;
}

/* A task of a stopped strand. One that is still wanted crossed with the failure. */
static void take_dropped(struct link *l, size_t i)
{
	struct request *req = l->requests.at[i];
	struct flight *flight = req->flight;
	struct err why = {0};
	if (flight && ++req->ndropped <= DROPPED_MAX) {
		link_send_again(l, i);
		return;
	}
	err_set(&why, ERR_PROTOCOL, "the agent does not do the task, since one before it failed");
	link_remove_request(l, i);
	if (flight)
		flight_on_lost(flight, &why);
}

static int take_file(struct request *req, const struct value *v, struct err *err)
{
	const struct value *source = value_get(v, "source"), *size = value_get(v, "size");
	if (!source || source->type != VALUE_STRING)
		return broke(err, "FILE without its source");
	if (!size || size->type != VALUE_INT || size->integer < 0 ||
	    (uint64_t)size->integer > WIRE_BLOB_MAX)
		return broke(err, "FILE without its size");
	req->file_left = (uint64_t)size->integer;
	if (!req->flight)
		return 0;
	fetched_begin(req->flight, req->answered, source->str.ptr, req->file_left);
	slurped_begin(req->flight);
	pulled_file(req->flight, source->str.ptr, req->file_left);
	return 0;
}

static int take_piece(struct request *req, struct slice bytes, struct err *err)
{
	if (bytes.len == 0 || bytes.len > WIRE_BLOB_CHUNK)
		return broke(err, "a PIECE of another size");
	if (bytes.len > req->file_left)
		return broke(err, "more of a file than the size that it said");
	req->file_left -= bytes.len;
	if (!req->flight)
		return 0;
	fetched_piece(req->flight, bytes);
	slurped_piece(req->flight, bytes);
	pulled_piece(req->flight, bytes);
	return 0;
}

static int take_output(const struct request *req, const struct value *v, struct err *err)
{
	const struct value *data = value_get(v, "data");
	size_t item, stream;
	if (!index_of(v, "item", req->nitems, &item) || !index_of(v, "stream", 3, &stream) ||
	    stream == 0 || !data || data->type != VALUE_STRING || data->str.len > WIRE_OUTPUT_CHUNK)
		return broke(err, "OUTPUT that is none");
	if (req->flight)
		flight_on_output(req->flight, item, (int)stream, data->str);
	return 0;
}

static int take_wanted(struct link *l, const struct request *req, const struct value *v,
		       struct err *err)
{
	const struct blob *blob = request_blob(req, value_get(v, "sha256"));
	if (!blob)
		return broke(err, "it wants content that its task does not have");
	if (l->sending.id)
		return broke(err, "it wants content while other content is sent");
	sending_begin(l, req->id, blob);
	return 0;
}

/* About one task. What it was told to forget may still be on its way. */
static int take_answer(struct link *l, const struct wire_frame *frame, const struct value *v,
		       struct err *err)
{
	size_t i = link_find_request(l, frame->id);
	if (i == l->requests.len)
		return frame->type == WIRE_BLOB_WANTED
			       ? broke(err, "it wants content for a task that it does not have")
			       : 0;
	struct request *req = l->requests.at[i];
	if (!req->sent)
		return broke(err, "an answer to a task that it was not sent");
	switch ((int)frame->type) {
	case WIRE_RESULT:
		return take_result(l, i, v, err);
	case WIRE_DROPPED:
		take_dropped(l, i);
		return 0;
	case WIRE_BLOB_WANTED:
		return take_wanted(l, req, v, err);
	case WIRE_FILE:
		return take_file(req, v, err);
	case WIRE_PIECE:
		return take_piece(req, frame->payload, err);
	default:
		return take_output(req, v, err);
	}
}

static int take_value(struct link *l, const struct wire_frame *frame, struct arena *a,
		      struct err *err)
{
	const struct value *v;
	int r = wire_value_decode(a, frame->payload, VALUE_UNSAFE, &v, err);
	if (r < 0)
		return r;
	if (v->type != VALUE_DICT)
		return err_set(err, ERR_PROTOCOL, "the agent sent a %s where a dict belongs",
			       value_type_name(v));
	if (frame->type == WIRE_HELLO)
		return take_hello(l, v, err);
	if (frame->type == WIRE_CONTENT_WANTED)
		sending_small(l, value_get(v, "sha256"));
	else if (frame->type == WIRE_BLOB_STOP)
		sending_stop(l, frame->id);
	else if (frame->type != WIRE_PONG)
		return take_answer(l, frame, v, err);
	return 0;
}

int answers_take(struct link *l, const struct wire_frame *frame, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	if (frame->type >= WIRE_TASK)
		return broke(err, "a message that is the controller's to send");
	if (!l->greeted && frame->type != WIRE_HELLO)
		return broke(err, "it did not begin with HELLO");
	if (frame->type == WIRE_PIECE)
		return take_answer(l, frame, NULL, err);
	return take_value(l, frame, &a, err);
}
