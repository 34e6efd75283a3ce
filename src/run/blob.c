/* Content that hosts may ask for, named by its SHA-256. */
#include "rollout/base/file.h"
#include "rollout/value/encrypted.h"
#include "state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const struct blob *blob_find(struct run *run, const char *sha256)
{
	return strmap_get(&run->blobs, slice_from(sha256));
}

const struct blob *blob_from_bytes(struct run *run, struct slice bytes)
{
	char hex[DIGEST_HEX_MAX];
	digest_bytes(DIGEST_SHA256, bytes.ptr, bytes.len, hex);
	struct blob *b = strmap_get(&run->blobs, slice_from(hex));
	if (b && (b->bytes || b->path))
		return b;
	if (!b)
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

int blob_from_file(struct run *run, const char *path, const struct blob **ret, struct err *err)
{
	struct stat st;
	char hex[DIGEST_HEX_MAX];
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "%s", path);
	int64_t mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	struct blob *b = strmap_get(&run->files, slice_from(path));
	if (b && b->mtime_ns == mtime && b->size == (size_t)st.st_size) {
		*ret = b;
		return 0;
	}
	char sha1[DIGEST_HEX_MAX];
	int r = digest_fd(DIGEST_SHA256, fd, hex, err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) == 0)
		r = digest_fd(DIGEST_SHA1, fd, sha1, err);
	if (r < 0)
		return err_wrap(err, r, "%s", path);
	b = strmap_get(&run->blobs, slice_from(hex));
	if (!b || (!b->bytes && !b->path)) {
		if (!b)
			b = xcalloc(1, sizeof(*b));
		memcpy(b->sha256, hex, sizeof(b->sha256));
		memcpy(b->sha1, sha1, sizeof(b->sha1));
		b->size = (size_t)st.st_size;
		b->path = arena_strdup(&run->arena, path);
		b->mtime_ns = mtime;
		strmap_set(&run->blobs, slice_from(hex), b);
	}
	strmap_set(&run->files, slice_from(path), b);
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

struct blob *blob_promise(struct run *run, const char *sha256, struct fetch *fetch)
{
	struct blob *b = strmap_get(&run->blobs, slice_from(sha256));
	if (!b) {
		b = xcalloc(1, sizeof(*b));
		memcpy(b->sha256, sha256, sizeof(b->sha256));
		strmap_set(&run->blobs, slice_from(sha256), b);
	}
	b->promised = fetch;
	return b;
}

void blob_keep(struct run *run, struct blob *blob, const char *path)
{
	struct stat st;
	if (!path || blob->bytes || blob->path || stat(path, &st) < 0)
		return;
	blob->size = (size_t)st.st_size;
	blob->path = arena_strdup(&run->arena, path);
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
