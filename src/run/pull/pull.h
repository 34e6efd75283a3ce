#pragma once
/*
 * synchronize with mode: pull, at work on one item. LIST: the host says what it has
 * (manifest.h), and it is compared. SEND: it sends the files that are missing or differ.
 *
 *     pull_begin(); pull_compare(); the files: pull_file(), pull_piece(); pull_settle()
 */
#include "beneath.h"
#include "manifest.h"
#include "rollout/base/digest.h"

struct pull {
	struct arena *a; /* the flight's */
	struct manifest manifest;
	struct excludes excludes;
	int root;	      /* dest; -1: check mode, and it is not there */
	const char *dest;     /* for messages */
	const char *name;     /* of src, with which paths begin; NULL: they do not */
	const char *new_name; /* of a file that gets another; or NULL */
	bool check_mode, perms, times, recursive, deletes, existing_only;
	bool changed;
	struct value *lines;  /* of the result */
	struct value *wanted; /* for the host: files that are missing or differ */
	uint64_t missing;     /* their bytes */
	struct {
		struct manifest_entry *entry; /* NULL: none is coming */
		struct beneath_file file;
		struct digest *sha256;
		uint64_t left;
	} in;
	struct err err; /* why the rest is thrown away; code 0: it is not */
};

void pull_free(struct pull *p);

/* ---- compare.c ---- */
const char *pull_place(const struct pull *p, const struct manifest_entry *e);
void pull_note(struct pull *p, const char *what, const char *path);
/* As the umask leaves it of the host's. */
mode_t pull_mode_of_new(const struct manifest_entry *e);
/* Folders and links are made, attributes of files set, `wanted` is filled; check mode
 * only says so. */
int pull_compare(struct pull *p, struct err *err);
/* Once all files are there: what src does not have, and the folders' attributes. */
int pull_settle(struct pull *p, struct err *err);

/* ---- incoming.c ---- */
void pull_file(struct pull *p, const char *path, uint64_t size);
void pull_piece(struct pull *p, struct slice bytes);
/* Have all come? */
int pull_arrived(struct pull *p, struct err *err);
struct timespec pull_time(int64_t ns);
