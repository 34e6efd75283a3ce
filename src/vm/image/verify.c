#include "verify.h"

#include "cache.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"

#include <ctype.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>

#define VERDICT_MAX_BYTES 1024u

static bool is_hex(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isxdigit((unsigned char)s.ptr[i]))
			return false;
	return true;
}

static int parse_digest(const char *digest, enum digest_algorithm *ret_alg, const char **ret_hex,
			struct err *err)
{
	struct slice rest = slice_from(digest), name = {0};
	const bool has_name = strchr(digest, ':') && slice_split(&rest, ':', &name);
	if (!has_name || !(slice_is(name, "sha256") || slice_is(name, "sha512")) ||
	    !digest_by_name(name, ret_alg) ||
	    rest.len != (*ret_alg == DIGEST_SHA256 ? 64u : 128u) || !is_hex(rest))
		return err_set(err, ERR_INVALID,
			       "the digest '%.140s' is not of the form sha256:<64 digits> or "
			       "sha512:<128 digits>",
			       digest);
	*ret_hex = rest.ptr;
	return 0;
}

int vm_digest_check(const char *digest, struct err *err)
{
	enum digest_algorithm alg;
	const char *hex;
	return parse_digest(digest, &alg, &hex, err);
}

static int hash_file(const char *path, enum digest_algorithm alg, char hex[DIGEST_HEX_MAX],
		     struct err *err)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return digest_fd(alg, fd, hex, err);
}

int vm_verify(const char *path, const char *digest, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	enum digest_algorithm alg;
	const char *wanted;
	int r = parse_digest(digest, &alg, &wanted, err);
	if (r == 0)
		r = hash_file(path, alg, hex, err);
	if (r == 0 && strcasecmp(hex, wanted) != 0)
		r = err_set(err, ERR_INVALID, "its digest is %.6s:%s, and not %s", digest, hex,
			    digest);
	return r;
}

int vm_digest_file(struct arena *a, const char *path, const char **ret, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	int r = hash_file(path, DIGEST_SHA256, hex, err);
	if (r == 0)
		*ret = arena_printf(a, "sha256:%s", hex);
	return r;
}

/* ---- files of the user ---- */

/* What must not have changed; ctime tells what a restored mtime hides. */
static const char *state_of(struct arena *a, const char *path, const char *digest, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		err_sys(err, "%s", path);
		return NULL;
	}
	return arena_printf(a, "%s\n%llu:%llu %lld %lld.%09ld %lld.%09ld\n%s\n", path,
			    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			    (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			    (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec, digest);
}

static const char *verdict_path(struct arena *a, const char *dir, const char *path)
{
	char hex[DIGEST_HEX_MAX];
	digest_bytes(DIGEST_SHA256, path, strlen(path), hex);
	return arena_printf(a, "%s/local-%.32s.verified", dir, hex);
}

int vm_verify_local(struct arena *a, const char *path, const char *digest, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf before = {0};
	const char *dir, *now = state_of(a, path, digest, err);
	struct err ignored = {0};
	if (!now)
		return ERR_SYS;
	int r = vm_cache_dir(a, &dir, err);
	if (r < 0)
		return r;
	const char *verdict = verdict_path(a, dir, path);
	if (file_read(verdict, VERDICT_MAX_BYTES, &before, &ignored) == 0 &&
	    slice_is(strbuf_slice(&before), now))
		return 0;
	r = vm_verify(path, digest, err);
	if (r < 0)
		return err_wrap(err, r, "the image %s", path);
	file_write_atomic(verdict, now, strlen(now), 0644, &ignored); /* only saves time */
	return 0;
}
