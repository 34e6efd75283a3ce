#pragma once
/* A task on its way to a host: its frame, and the content that it names. */
#include "blob.h"

struct request {
	uint32_t id;
	const char *module, *task; /* for messages */
	struct strbuf frame;	   /* kept until the answer, for a reconnection */
	bool sent, resumes;	   /* resumes: RESUME goes out before it */
	bool lost; /* its connection is gone for good; its flight is about to be told */
	bool resendable;
	unsigned ndropped; /* by the agent, though it is wanted */
	uint32_t strand_id;
	uint64_t file_left;		/* of the FILE that it is sending */
	size_t nitems, answered;	/* items, and those with a RESULT */
	VEC(const struct blob *) blobs; /* that its host may ask for; sorted */
	struct flight *flight;		/* NULL: nobody waits any more */
};

/* The content that the items name (_sha256, _tree), once all are there. */
void request_allow(struct request *req, struct run *run, const struct value *items);
/* What is asked for, if it belongs to the task; else NULL. */
const struct blob *request_blob(const struct request *req, const struct value *sha256);
void request_free(struct request *req);
