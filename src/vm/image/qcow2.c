#include "qcow2.h"

#define HEADER_MIN 72u /* of version 2 */
#define HEADER_V3 104u
#define CLUSTER_BITS_MIN 9u
#define CLUSTER_BITS_MAX 21u
#define L1_MAX (4u << 20) /* entries: QEMU's limit of 32 MiB */

enum incompatible {
	INCOMPATIBLE_DIRTY = 1,
	INCOMPATIBLE_CORRUPT = 2,
	INCOMPATIBLE_EXTERNAL_DATA = 4,
	INCOMPATIBLE_COMPRESSION = 8,
	INCOMPATIBLE_EXTENDED_L2 = 16,
};
#define ENTRY_OFFSET 0x00fffffffffffe00ull /* bits 9 to 55 of an entry */

static uint64_t big_endian(const unsigned char *p, unsigned bytes)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

bool qcow2_is(struct slice head)
{
	return head.len >= 4 && memcmp(head.ptr, "QFI\xfb", 4) == 0;
}

static int check_shape(const struct qcow2_header *h, struct err *err)
{
	if (h->version != 2 && h->version != 3)
		return err_set(err, ERR_INVALID, "qcow2 of version %u; known are 2 and 3",
			       h->version);
	if (h->cluster_bits < CLUSTER_BITS_MIN || h->cluster_bits > CLUSTER_BITS_MAX)
		return err_set(err, ERR_INVALID, "a qcow2 header with clusters of 2^%u bytes",
			       h->cluster_bits);
	if (h->virtual_bytes == 0 || h->virtual_bytes > (uint64_t)QCOW2_VIRTUAL_MAX)
		return err_set(err, ERR_INVALID, "a qcow2 header with a disk of %llu bytes",
			       (unsigned long long)h->virtual_bytes);
	return 0;
}

static int check_features(const struct qcow2_header *h, uint64_t encryption, struct err *err)
{
	const uint64_t known = INCOMPATIBLE_DIRTY | INCOMPATIBLE_CORRUPT |
			       INCOMPATIBLE_EXTERNAL_DATA | INCOMPATIBLE_COMPRESSION |
			       INCOMPATIBLE_EXTENDED_L2;
	if (encryption)
		return err_set(err, ERR_UNSUPPORTED, "an encrypted qcow2 image");
	if (h->incompatible & INCOMPATIBLE_EXTERNAL_DATA)
		return err_set(err, ERR_UNSUPPORTED, "a qcow2 image with its data in another file");
	if (h->incompatible & INCOMPATIBLE_CORRUPT)
		return err_set(err, ERR_INVALID, "a qcow2 image that QEMU marked as corrupt");
	if (h->incompatible & ~known)
		return err_set(err, ERR_UNSUPPORTED, "a qcow2 image with unknown features (0x%llx)",
			       (unsigned long long)h->incompatible);
	return 0;
}

static int check_table(const struct qcow2_table *t, const char *what, uint64_t file_bytes,
		       struct err *err)
{
	if (t->offset <= file_bytes && t->entries <= (file_bytes - t->offset) / 8)
		return 0;
	return err_set(err, ERR_INVALID,
		       "a truncated qcow2 image: its %s lies behind the end of the file, at %llu "
		       "of %llu bytes",
		       what, (unsigned long long)t->offset, (unsigned long long)file_bytes);
}

static int check_tables(const struct qcow2_header *h, uint64_t file_bytes, struct err *err)
{
	const unsigned entry_bits = h->incompatible & INCOMPATIBLE_EXTENDED_L2 ? 4 : 3;
	const unsigned covered_bits = 2 * h->cluster_bits - entry_bits; /* by one L1 entry */
	const uint64_t needed = (h->virtual_bytes + (1ull << covered_bits) - 1) >> covered_bits;
	if (h->l1.entries < needed || h->l1.entries > L1_MAX || h->refcounts.offset == 0)
		return err_set(err, ERR_INVALID,
			       "a qcow2 header whose tables do not fit its disk of %llu bytes",
			       (unsigned long long)h->virtual_bytes);
	int r = check_table(&h->l1, "first-level table", file_bytes, err);
	return r < 0 ? r : check_table(&h->refcounts, "reference count table", file_bytes, err);
}

static void parse(const unsigned char *p, size_t len, struct qcow2_header *h)
{
	h->version = (unsigned)big_endian(p + 4, 4);
	h->backing_offset = big_endian(p + 8, 8);
	h->cluster_bits = (unsigned)big_endian(p + 20, 4);
	h->virtual_bytes = big_endian(p + 24, 8);
	h->l1.entries = big_endian(p + 36, 4);
	h->l1.offset = big_endian(p + 40, 8);
	h->refcounts.offset = big_endian(p + 48, 8);
	/* told in clusters */
	h->refcounts.entries = big_endian(p + 56, 4) << (h->cluster_bits & 31) >> 3;
	h->incompatible = h->version >= 3 && len >= HEADER_V3 ? big_endian(p + 72, 8) : 0;
}

int qcow2_read_header(struct slice head, uint64_t file_bytes, struct qcow2_header *ret,
		      struct err *err)
{
	const unsigned char *p = (const unsigned char *)head.ptr;
	struct qcow2_header h;
	if (!qcow2_is(head))
		return err_set(err, ERR_INVALID, "not a qcow2 image");
	if (head.len < HEADER_MIN || (big_endian(p + 4, 4) >= 3 && head.len < HEADER_V3))
		return err_set(err, ERR_INVALID, "a truncated qcow2 image: only %llu bytes",
			       (unsigned long long)file_bytes);
	parse(p, head.len, &h);
	int r = check_shape(&h, err);
	if (r == 0)
		r = check_features(&h, big_endian(p + 32, 4), err);
	if (r == 0)
		r = check_tables(&h, file_bytes, err);
	if (r == 0)
		*ret = h;
	return r;
}

int qcow2_check_entries(const struct qcow2_header *h, const unsigned char *bytes, uint64_t entries,
			uint64_t file_bytes, struct err *err)
{
	/* QEMU rounds a file up: of the last cluster only its beginning must be there. */
	for (uint64_t i = 0; i < entries; i++) {
		const uint64_t offset = big_endian(bytes + i * 8, 8) & ENTRY_OFFSET;
		if (offset >= file_bytes)
			return err_set(err, ERR_INVALID,
				       "a truncated qcow2 image: it has data at %llu, and the file "
				       "ends at %llu bytes",
				       (unsigned long long)offset, (unsigned long long)file_bytes);
		if (offset & ((1ull << h->cluster_bits) - 1))
			return err_set(err, ERR_INVALID,
				       "a damaged qcow2 image: a table names no cluster (%llu)",
				       (unsigned long long)offset);
	}
	return 0;
}
