#pragma once
/*
 * qcow2's header (QEMU, docs/interop/qcow2.rst), as far as an image must be whole
 * and safe to give to QEMU.
 */
#include "rollout/base/err.h"
#include "rollout/base/str.h"

#include <stdint.h>

#define QCOW2_HEADER_MAX 112u /* bytes of it that are read */
#define QCOW2_VIRTUAL_MAX (16ll << 40)

struct qcow2_table { /* of 8-byte entries, at a place in the file */
	uint64_t offset, entries;
};
struct qcow2_header {
	unsigned version, cluster_bits;
	uint64_t virtual_bytes, backing_offset, incompatible;
	struct qcow2_table l1, refcounts;
};

bool qcow2_is(struct slice head); /* the magic number */
/* ERR_INVALID: not one, out of its bounds, or its tables lie behind `file_bytes`,
 * the length of the file. ERR_UNSUPPORTED: encrypted, or its data is elsewhere. */
int qcow2_read_header(struct slice head, uint64_t file_bytes, struct qcow2_header *ret,
		      struct err *err);
/* The clusters that the entries of a table (big-endian, `entries` of them at
 * `bytes`) name must lie in the file. */
int qcow2_check_entries(const struct qcow2_header *h, const unsigned char *bytes, uint64_t entries,
			uint64_t file_bytes, struct err *err);
