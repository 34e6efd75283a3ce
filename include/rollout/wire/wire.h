#pragma once
/*
 * Frames between the controller and the agent: docs/wire.md is the
 * specification, this is its encoder and decoder. Pure: bytes in, frames out.
 *
 *     wire_put_value(&out, WIRE_TASK, id, task);
 *     wire_reader_feed(&r, bytes); while ((n = wire_reader_next(&r, &f, err)) > 0) …
 */
#include "rollout/value/value.h"

#define WIRE_VERSION 4
#define WIRE_HEADER_SIZE 9u
#define WIRE_FRAME_MAX (64u << 20)	/* payload of one TASK or RESULT */
#define WIRE_MESSAGE_MAX (1u << 20)	/* payload of any other frame */
#define WIRE_BLOB_CHUNK (256u << 10)	/* content bytes in one BLOB frame */
#define WIRE_BLOB_MAX (1ull << 36)	/* of one content */
#define WIRE_OUTPUT_CHUNK (32u << 10)	/* data of one OUTPUT */
#define WIRE_VALUE_DEPTH_MAX 64u	/* lists and dicts inside each other */
#define WIRE_VALUE_NODES_MAX (1u << 20) /* values in one payload, keys included */
#define WIRE_QUEUED_TASKS_MAX 1024u	/* that the agent has not begun */
#define WIRE_QUEUED_BYTES_MAX (128u << 20)

enum wire_type {
	/* agent to controller */
	WIRE_HELLO = 1,	      /* id 0; {version, sha256, pid, uid, user, arch} */
	WIRE_RESULT = 2,      /* id of the task; {item: index, last: bool, result: {…}} */
	WIRE_OUTPUT = 3,      /* id; {item, stream: 1|2, data, dropped?: bytes left out before} */
	WIRE_BLOB_WANTED = 4, /* id of the task; {sha256} */
	WIRE_DROPPED = 5,     /* id; a task of a stopped strand that was not run */
	WIRE_CONTENT_WANTED = 6, /* id 0; {sha256: list}: small content, soon */
	WIRE_BLOB_STOP = 7,	 /* id of the task; {}: no more of what is being sent */
	WIRE_FILE = 8,		 /* id of the task; {source}: what follows is this file */
	WIRE_PIECE = 9,		 /* id of the task; raw chunk of it, in order */
	WIRE_PONG = 10,		 /* id 0; {} */
	/* controller to agent */
	WIRE_TASK = 64,	    /* id; see struct wire_task */
	WIRE_BLOB = 65,	    /* id of the task; raw content chunk, in order */
	WIRE_BLOB_END = 66, /* id; {sha256} complete, or {error: text} */
	WIRE_RESUME = 67,   /* id 0; {strand}: run tasks of the strand again */
	WIRE_CANCEL = 68,   /* id of a task: kill what it runs; it answers as failed */
	WIRE_BYE = 69,	    /* id 0: finish and exit 0 */
	WIRE_CONTENT = 70,  /* id 0; raw, whole: of CONTENT_WANTED */
	WIRE_PING = 71,	    /* id 0; {}: PONG at once */
};

struct wire_frame {
	enum wire_type type;
	uint32_t id;
	struct slice payload; /* borrowed until the next call on the reader */
};

/* Appends a frame. ERR_LIMIT: it is larger than a frame or a value may be, and
 * nothing was appended. */
int wire_put_value(struct strbuf *out, enum wire_type type, uint32_t id, const struct value *v);
int wire_put_bytes(struct strbuf *out, enum wire_type type, uint32_t id, struct slice payload);

/* Grows as bytes come, not as a header announces them, and gives back what a large
 * frame took once there is nothing left in it. */
struct wire_reader {
	struct strbuf buf;
	size_t taken;
};
void wire_reader_feed(struct wire_reader *r, const void *data, size_t len);
/* 1: *ret is a frame; 0: more bytes are needed; negative: ERR_PROTOCOL or
 * ERR_LIMIT, and the pipe is of no more use. */
int wire_reader_next(struct wire_reader *r, struct wire_frame *ret, struct err *err);
void wire_reader_release(struct wire_reader *r);

/* A payload's value (CBOR, RFC 8949, the subset of docs/wire.md). Everything is
 * bounded before it is allocated. `or_flags` are set on every node:
 * VALUE_UNSAFE for what a host sent. Strings are copied. ERR_PROTOCOL, ERR_LIMIT. */
int wire_value_decode(struct arena *a, struct slice payload, unsigned or_flags,
		      const struct value **ret, struct err *err);
/* Plain data alone: VALUE_OBJECT and VALUE_UNKNOWN are broken invariants. */
void wire_value_encode(struct strbuf *out, const struct value *v);
