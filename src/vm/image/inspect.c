#include "qcow2.h"
#include "rollout/base/file.h"
#include "rollout/vm/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR_BYTES 512
#define RAW_MIN_BYTES (1ll << 20)
#define ISO_MAGIC_AT 32769
#define HEAD_BYTES 40960u /* reaches ISO 9660's magic */
#define TABLE_CHUNK_BYTES 65536u

/* What people give for a disk image, and what to do about it. */
struct other_format {
	size_t at;
	struct slice magic;
	const char *what, *advice;
};
static const struct other_format others[] = {
	{0,
	 {"\xfd"
	  "7zXZ\0",
	  6},
	 "compressed with xz",
	 "unpack it: unxz FILE"},
	{0, {"\x1f\x8b", 2}, "compressed with gzip", "unpack it: gunzip FILE"},
	{0, {"\x28\xb5\x2f\xfd", 4}, "compressed with zstd", "unpack it: unzstd FILE"},
	{0, {"BZh", 3}, "compressed with bzip2", "unpack it: bunzip2 FILE"},
	{0, {"PK\x03\x04", 4}, "a ZIP archive", "unpack it"},
	{257, {"ustar", 5}, "a tar archive", "unpack it, and give the disk image inside"},
	{0, {"KDMV", 4}, "a VMDK image", "convert it: qemu-img convert -O qcow2 FILE NEW"},
	{0, {"vhdxfile", 8}, "a VHDX image", "convert it: qemu-img convert -O qcow2 FILE NEW"},
	{64,
	 {"\x7f\x10\xda\xbe", 4},
	 "a VDI image",
	 "convert it: qemu-img convert -O qcow2 FILE NEW"},
	{ISO_MAGIC_AT, {"CD001", 5}, "an ISO image", "installers are not run: give a cloud image"},
};

static int check_other_formats(struct slice head, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		const struct other_format *o = &others[i];
		if (head.len >= o->at + o->magic.len &&
		    memcmp(head.ptr + o->at, o->magic.ptr, o->magic.len) == 0)
			return err_set(err, ERR_INVALID, "it is %s, and no disk image; %s", o->what,
				       o->advice);
	}
	return 0;
}

/* ---- raw ---- */

static int inspect_raw(struct slice head, int64_t file_bytes, struct vm_image_info *ret,
		       struct err *err)
{
	const unsigned char *p = (const unsigned char *)head.ptr;
	if (head.len < SECTOR_BYTES || p[510] != 0x55 || p[511] != 0xaa)
		return err_set(
			err, ERR_INVALID,
			"it is no disk image: neither qcow2, nor raw with a partition table");
	if (file_bytes < RAW_MIN_BYTES || file_bytes % SECTOR_BYTES != 0)
		return err_set(err, ERR_INVALID, "a truncated raw image: %lld bytes",
			       (long long)file_bytes);
	*ret = (struct vm_image_info){.virtual_bytes = file_bytes};
	return 0;
}

/* ---- qcow2 ---- */

static int read_exactly(int fd, void *to, size_t len, uint64_t at, struct err *err)
{
	const ssize_t n = pread(fd, to, len, (off_t)at);
	if (n < 0)
		return err_sys(err, "read");
	return (size_t)n == len ? 0 : err_set(err, ERR_INVALID, "the file became shorter");
}

static int check_table(int fd, const struct qcow2_header *h, const struct qcow2_table *t,
		       uint64_t file_bytes, struct err *err)
{
	static const uint64_t per_chunk = TABLE_CHUNK_BYTES / 8;
	CLEANUP(free_ptr) unsigned char *chunk = xmalloc(TABLE_CHUNK_BYTES);
	int r = 0;
	for (uint64_t i = 0; r == 0 && i < t->entries; i += per_chunk) {
		const uint64_t left = t->entries - i;
		const uint64_t n = left < per_chunk ? left : per_chunk;
		r = read_exactly(fd, chunk, n * 8, t->offset + i * 8, err);
		if (r == 0)
			r = qcow2_check_entries(h, chunk, n, file_bytes, err);
	}
	return r;
}

static int inspect_qcow2(int fd, struct slice head, uint64_t file_bytes, struct vm_image_info *ret,
			 struct err *err)
{
	struct qcow2_header h;
	int r = qcow2_read_header(head, file_bytes, &h, err);
	if (r == 0)
		r = check_table(fd, &h, &h.l1, file_bytes, err);
	if (r == 0)
		r = check_table(fd, &h, &h.refcounts, file_bytes, err);
	if (r == 0)
		*ret = (struct vm_image_info){
			.qcow2 = true,
			.virtual_bytes = (int64_t)h.virtual_bytes,
			.has_backing_file = h.backing_offset != 0,
		};
	return r;
}

/* ---- either ---- */

static int inspect_fd(int fd, struct vm_image_info *ret, struct err *err)
{
	CLEANUP(free_ptr) char *head = xmalloc(HEAD_BYTES);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "it is no regular file");
	const ssize_t n = pread(fd, head, HEAD_BYTES, 0);
	if (n < 0)
		return err_sys(err, "read");
	const struct slice s = {head, (size_t)n};
	if (qcow2_is(s))
		return inspect_qcow2(fd, s, (uint64_t)st.st_size, ret, err);
	int r = check_other_formats(s, err);
	return r < 0 ? r : inspect_raw(s, st.st_size, ret, err);
}

int vm_image_inspect(const char *path, struct vm_image_info *ret, struct err *err)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "there is no image %s", path)
				       : err_sys(err, "open the image %s", path);
	int r = inspect_fd(fd, ret, err);
	return r < 0 ? err_wrap(err, r, "the image %s", path) : 0;
}
