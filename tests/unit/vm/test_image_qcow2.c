/* Which files are images: headers made here, and what people give instead. */
#include "rollout/vm/image.h"

#include "image/qcow2.h"
#include "rollout/base/file.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLUSTER 65536u
#define DISK_BYTES (3ull << 20)

static void put(unsigned char *p, unsigned bytes, uint64_t n)
{
	while (bytes--) {
		p[bytes] = (unsigned char)n;
		n >>= 8;
	}
}

/* Header, reference count table, one refcount block, L1, one L2, one data cluster. */
static void whole_image(unsigned char image[6 * CLUSTER])
{
	memset(image, 0, 6 * CLUSTER);
	memcpy(image, "QFI\xfb", 4);
	put(image + 4, 4, 3);
	put(image + 20, 4, 16);
	put(image + 24, 8, DISK_BYTES);
	put(image + 36, 4, 1);
	put(image + 40, 8, 3 * CLUSTER);
	put(image + 48, 8, 1 * CLUSTER);
	put(image + 56, 4, 1);
	put(image + 96, 4, 4);
	put(image + 100, 4, 104);
	put(image + CLUSTER, 8, 2 * CLUSTER);
	put(image + 3 * CLUSTER, 8, 1ull << 63 | 4 * CLUSTER);
	put(image + 4 * CLUSTER, 8, 1ull << 63 | 5 * CLUSTER);
}

static int inspect(const void *data, size_t len, struct vm_image_info *ret, struct err *err)
{
	CLEANUP(free_ptr) char *path = path_join(scratch, "image");
	struct err e = {0};
	assert_int_equal(file_write_atomic(path, data, len, 0600, &e), 0);
	return vm_image_inspect(path, ret, err);
}

static void a_whole_image_is_one(void **state)
{
	CLEANUP(free_ptr) unsigned char *image = xmalloc(6 * CLUSTER);
	struct vm_image_info info = {0};
	struct err e = {0};
	(void)state;
	whole_image(image);
	assert_int_equal(inspect(image, 6 * CLUSTER, &info, &e), 0);
	assert_true(info.qcow2);
	assert_false(info.has_backing_file);
	assert_int_equal(info.virtual_bytes, DISK_BYTES);
	put(image + 8, 8, 112);
	put(image + 16, 4, 4);
	assert_int_equal(inspect(image, 6 * CLUSTER, &info, &e), 0);
	assert_true(info.has_backing_file);
}

/* One field changed each. */
static const struct change {
	unsigned at, bytes;
	uint64_t to;
	int code;
	const char *says;
} changes[] = {
	{4, 4, 1, ERR_INVALID, "version 1"},
	{4, 4, 4, ERR_INVALID, "version 4"},
	{20, 4, 8, ERR_INVALID, "clusters of 2^8"},
	{20, 4, 22, ERR_INVALID, "clusters of 2^22"},
	{20, 4, 0xffffffff, ERR_INVALID, "clusters of 2^"},
	{24, 8, 0, ERR_INVALID, "disk of 0 bytes"},
	{24, 8, UINT64_MAX, ERR_INVALID, "disk of 18446744073709551615"},
	{24, 8, 1ull << 40, ERR_INVALID, "tables do not fit"},
	{32, 4, 1, ERR_UNSUPPORTED, "encrypted"},
	{36, 4, 0, ERR_INVALID, "tables do not fit"},
	{36, 4, 0xffffffff, ERR_INVALID, "tables do not fit"},
	{40, 8, 6 * CLUSTER, ERR_INVALID, "truncated"},
	{40, 8, UINT64_MAX, ERR_INVALID, "truncated"},
	{48, 8, 0, ERR_INVALID, "tables do not fit"},
	{48, 8, 99 * CLUSTER, ERR_INVALID, "truncated"},
	{56, 4, 0xffffffff, ERR_INVALID, "truncated"},
	{72, 8, 2, ERR_INVALID, "corrupt"},
	{72, 8, 4, ERR_UNSUPPORTED, "in another file"},
	{72, 8, 1ull << 40, ERR_UNSUPPORTED, "unknown features"},
	{3 * CLUSTER, 8, 7 * CLUSTER, ERR_INVALID, "truncated"},
	{3 * CLUSTER, 8, 4 * CLUSTER + 512, ERR_INVALID, "damaged"},
	{CLUSTER, 8, 6 * CLUSTER, ERR_INVALID, "truncated"},
};

static void damaged_headers_are_named(void **state)
{
	CLEANUP(free_ptr) unsigned char *image = xmalloc(6 * CLUSTER);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct vm_image_info info;
		struct err e = {0};
		whole_image(image);
		put(image + changes[i].at, changes[i].bytes, changes[i].to);
		int r = inspect(image, 6 * CLUSTER, &info, &e);
		if (r != changes[i].code || !strstr(e.msg, changes[i].says))
			fail_msg("change %zu: %d %s", i, r, e.msg);
	}
}

static void a_truncated_image_is_refused(void **state)
{
	static const size_t lengths[] = {
		4,	    71,	     72,	  103,	       104,
		512,	    CLUSTER, 2 * CLUSTER, 3 * CLUSTER, 3 * CLUSTER + 4,
		4 * CLUSTER};
	CLEANUP(free_ptr) unsigned char *image = xmalloc(6 * CLUSTER);
	(void)state;
	whole_image(image);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct vm_image_info info;
		struct err e = {0};
		assert_int_equal(inspect(image, lengths[i], &info, &e), ERR_INVALID);
		assert_non_null(strstr(e.msg, "truncated"));
	}
}

static void other_files_are_named(void **state)
{
	static const struct {
		size_t at;
		struct slice bytes;
		const char *says;
	} files[] = {
		{0,
		 {"\xfd"
		  "7zXZ\0",
		  6},
		 "unxz"},
		{0, {"\x1f\x8b\x08", 3}, "gunzip"},
		{0, {"\x28\xb5\x2f\xfd", 4}, "unzstd"},
		{257, {"ustar", 5}, "a tar archive"},
		{32769, {"CD001", 5}, "an ISO image"},
		{0, {"KDMV", 4}, "qemu-img convert"},
		{0, {"<html>", 6}, "neither qcow2, nor raw"},
	};
	CLEANUP(free_ptr) char *file = xcalloc(1, 40960);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct vm_image_info info;
		struct err e = {0};
		memset(file, 0, 40960);
		memcpy(file + files[i].at, files[i].bytes.ptr, files[i].bytes.len);
		if (files[i].at) /* an ISO may have a partition table, too */
			memcpy(file + 510, "\x55\xaa", 2);
		assert_int_equal(inspect(file, 40960, &info, &e), ERR_INVALID);
		assert_non_null(strstr(e.msg, files[i].says));
	}
}

static void raw_disks_have_a_partition_table(void **state)
{
	CLEANUP(free_ptr) char *disk = xcalloc(1, 1u << 20);
	struct vm_image_info info = {.qcow2 = true};
	struct err e = {0};
	(void)state;
	memcpy(disk + 510, "\x55\xaa", 2);
	assert_int_equal(inspect(disk, 1u << 20, &info, &e), 0);
	assert_false(info.qcow2);
	assert_int_equal(info.virtual_bytes, 1 << 20);
	assert_int_equal(inspect(disk, (1u << 20) - 1, &info, &e), ERR_INVALID);
	assert_int_equal(inspect("", 0, &info, &e), ERR_INVALID);
	assert_int_equal(vm_image_inspect(scratch, &info, &e), ERR_INVALID);
	assert_int_equal(vm_image_inspect("/nonexistent/x", &info, &e), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_image_is_one),
		cmocka_unit_test(damaged_headers_are_named),
		cmocka_unit_test(a_truncated_image_is_refused),
		cmocka_unit_test(other_files_are_named),
		cmocka_unit_test(raw_disks_have_a_partition_table),
	};
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
