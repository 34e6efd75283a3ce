/* Content that hosts may ask for, named by its SHA-256. */
#include "blob.h"
#include "../action/download/fetch.h"
#include "rollout/base/file.h"
#include "rollout/value/encrypted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536u

const struct blob *blob_find(struct run *run, const char *sha256)
{
	return strmap_get(&run->blobs, slice_from(sha256));
}

const struct blob *blob_from_bytes(struct run *run, struct slice bytes)
{
	char hex[DIGEST_HEX_MAX];
	digest_bytes(DIGEST_SHA256, bytes.ptr, bytes.len, hex);
	struct blob *b = strmap_get(&run->blobs, slice_from(hex));
	if (b)
		return b;
	b = xcalloc(1, sizeof(*b));
	memcpy(b->sha256, hex, sizeof(b->sha256));
	digest_bytes(DIGEST_SHA1, bytes.ptr, bytes.len, hex);
	memcpy(b->sha1, hex, sizeof(b->sha1));
	b->size = bytes.len;
	b->bytes = xmalloc(bytes.len + 1);
	memcpy(b->bytes, bytes.ptr, bytes.len);
	b->bytes[bytes.len] = '\0';
	strmap_set(&run->blobs, slice_from(b->sha256), b);
	return b;
}

/* What a file had when it was read last. */
struct blob_file {
	int64_t mtime_ns;
	size_t size;
	const struct blob *blob;
};

/* Both digests in one pass: it may be large. */
static int digest_both(int fd, char sha256[DIGEST_HEX_MAX], char sha1[DIGEST_HEX_MAX],
		       struct err *err)
{
	struct digest *both[] = {digest_new(DIGEST_SHA256), digest_new(DIGEST_SHA1)};
	char buf[READ_BYTES];
	ssize_t n;
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		for (size_t i = 0; n > 0 && i < ARRAY_LEN(both); i++)
			digest_add(both[i], buf, (size_t)n);
	}
	int r = n < 0 ? err_sys(err, "read") : 0;
	digest_end(both[0], sha256);
	digest_end(both[1], sha1);
	digest_free(both[0]);
	digest_free(both[1]);
	return r;
}

static struct blob *blob_of(struct run *run, const char *sha256, const char *sha1, size_t size)
{
	struct blob *b = strmap_get(&run->blobs, slice_from(sha256));
	if (b)
		return b;
	b = xcalloc(1, sizeof(*b));
	memcpy(b->sha256, sha256, sizeof(b->sha256));
	memcpy(b->sha1, sha1, sizeof(b->sha1));
	b->size = size;
	strmap_set(&run->blobs, slice_from(sha256), b);
	return b;
}

/* Of a pipe or a device, which may never end, only that it is empty: /dev/null. */
static int check_ends(int fd, const struct stat *st, struct err *err)
{
	char byte;
	if (S_ISREG(st->st_mode))
		return 0;
	ssize_t n = read(fd, &byte, 1);
	if (n < 0 && errno != EAGAIN)
		return err_sys(err, "read");
	return n == 0 ? 0 : err_set(err, ERR_INVALID, "it is not a regular file");
}

int blob_from_file(struct run *run, const char *path, const struct blob **ret, struct err *err)
{
	struct stat st;
	char sha256[DIGEST_HEX_MAX], sha1[DIGEST_HEX_MAX];
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "%s", path);
	if (check_ends(fd, &st, err) < 0)
		return err_wrap(err, ERR_INVALID, "%s", path);
	int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	struct blob_file *file = strmap_get(&run->files, slice_from(path));
	if (file && file->mtime_ns == mtime_ns && file->size == (size_t)st.st_size) {
		*ret = file->blob;
		return 0;
	}
	int r = digest_both(fd, sha256, sha1, err);
	if (r < 0)
		return err_wrap(err, r, "%s", path);
	struct blob *b = blob_of(run, sha256, sha1, (size_t)st.st_size);
	/* Another file that had it may have changed since. */
	b->path = arena_strdup(&run->arena, path);
	file = ARENA_NEW(&run->arena, struct blob_file);
	*file = (struct blob_file){mtime_ns, (size_t)st.st_size, b};
	strmap_set(&run->files, slice_from(path), file);
	*ret = b;
	return 0;
}

int blob_from_source(struct run *run, const char *path, const struct blob **ret, bool *ret_secret,
		     struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	if (!encrypted_file_is(path))
		return blob_from_file(run, path, ret, err);
	int r = encrypted_file_read(path, ENCRYPTED_MAX_BYTES, &text, ret_secret, err);
	if (r == 0)
		*ret = blob_from_bytes(run, strbuf_slice(&text));
	return r;
}

void blobs_release(struct run *run)
{
	for (size_t i = 0; i < run->blobs.len; i++) {
		struct blob *b = run->blobs.entries[i].value;
		free(b->bytes);
		free(b);
	}
	strmap_release(&run->blobs);
	strmap_release(&run->files);
}
