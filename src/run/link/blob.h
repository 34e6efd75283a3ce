#pragma once
/* Content that hosts may ask for, by its hash. */
#include "../state.h"

struct blob {
	char sha256[SHA256_HEX_SIZE], sha1[SHA1_HEX_SIZE];
	size_t size;
	char *bytes;	  /* or NULL */
	const char *path; /* the controller's file, where bytes is NULL */
};
const struct blob *blob_from_bytes(struct run *run, struct slice bytes);
int blob_from_file(struct run *run, const char *path, const struct blob **ret, struct err *err);
/* As blob_from_file; of an encrypted file it is the text, and *ret_secret is set. */
int blob_from_source(struct run *run, const char *path, const struct blob **ret, bool *ret_secret,
		     struct err *err);
const struct blob *blob_find(struct run *run, const char *sha256);
void blobs_release(struct run *run);
