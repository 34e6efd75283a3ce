#include "request.h"

#include <stdlib.h>

static void allow(struct request *req, struct run *run, const struct value *sha256)
{
	const struct blob *b =
		sha256 && sha256->type == VALUE_STRING ? blob_find(run, sha256->str.ptr) : NULL;
	if (b)
		vec_push(&req->blobs, b);
}

static int by_hash(const void *x, const void *y)
{
	const struct blob *const *a = x, *const *b = y;
	return strcmp((*a)->sha256, (*b)->sha256);
}

void request_allow(struct request *req, struct run *run, const struct value *items)
{
	for (size_t i = 0; i < items->list.len; i++) {
		const struct value *args = items->list.at[i], *tree = value_get(args, "_tree");
		allow(req, run, value_get(args, "_sha256"));
		for (size_t k = 0; tree && tree->type == VALUE_LIST && k < tree->list.len; k++)
			allow(req, run, value_get(tree->list.at[k], "sha256"));
	}
	if (req->blobs.len)
		qsort(req->blobs.at, req->blobs.len, sizeof(*req->blobs.at), by_hash);
}

static int against_hash(const void *key, const void *at)
{
	const struct blob *const *b = at;
	return strcmp(key, (*b)->sha256);
}

const struct blob *request_blob(const struct request *req, const struct value *sha256)
{
	if (!sha256 || sha256->type != VALUE_STRING || !req->blobs.len)
		return NULL;
	const struct blob *const *found = bsearch(sha256->str.ptr, req->blobs.at, req->blobs.len,
						  sizeof(*req->blobs.at), against_hash);
	return found ? *found : NULL;
}

void request_free(struct request *req)
{
	vec_release(&req->blobs);
	strbuf_wipe(&req->frame);
	free(req);
}
