#include "zip.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCAL_MAGIC "PK\x03\x04"
#define EMPTY_MAGIC "PK\x05\x06"
#define CENTRAL_SIZE 46u
#define END_SIZE 22u
#define END_COMMENT_MAX 65535u
#define DIRECTORY_MAX (8u << 20)
#define MADE_ON_UNIX 3
#define ZIP64_SIZE 0xffffffffu

static uint32_t u16(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8;
}

static uint32_t u32(const char *p)
{
	return u16(p) | u16(p + 2) << 16;
}

bool zip_is(struct slice s)
{
	return s.len >= END_SIZE &&
	       (memcmp(s.ptr, LOCAL_MAGIC, 4) == 0 || memcmp(s.ptr, EMPTY_MAGIC, 4) == 0);
}

/* The end record stands before a comment of any length. */
static const char *find_end(struct slice s)
{
	size_t lowest = s.len > END_SIZE + END_COMMENT_MAX ? s.len - END_SIZE - END_COMMENT_MAX : 0;
	for (size_t i = s.len - END_SIZE + 1; i-- > lowest;)
		if (memcmp(s.ptr + i, EMPTY_MAGIC, 4) == 0)
			return s.ptr + i;
	return NULL;
}

static int find_directory(struct slice tail, size_t *ret_count, uint64_t *ret_at, struct err *err)
{
	const char *end = tail.len >= END_SIZE ? find_end(tail) : NULL;
	if (!end)
		return err_set(err, ERR_SYNTAX, "not a ZIP archive: it has no directory");
	*ret_count = u16(end + 10);
	*ret_at = u32(end + 16);
	if (*ret_count == 0xffff || *ret_at == ZIP64_SIZE)
		return err_set(err, ERR_UNSUPPORTED, "ZIP64 archives are not supported");
	return 0;
}

static int read_at(int fd, uint64_t from, size_t len, struct strbuf *out, struct err *err)
{
	strbuf_truncate(out, 0);
	while (out->len < len) {
		char buf[16384];
		size_t want = len - out->len < sizeof(buf) ? len - out->len : sizeof(buf);
		ssize_t n = pread(fd, buf, want, (off_t)(from + out->len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			return err_set(err, ERR_SYNTAX, "the ZIP archive became shorter");
		strbuf_slice_append(out, (struct slice){buf, (size_t)n});
	}
	return 0;
}

int zip_load_tail(int fd, struct strbuf *out, uint64_t *ret_base, struct err *err)
{
	struct stat st;
	size_t count;
	uint64_t at = 0;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat");
	uint64_t size = (uint64_t)st.st_size;
	uint64_t base = size > END_SIZE + END_COMMENT_MAX ? size - END_SIZE - END_COMMENT_MAX : 0;
	int r = read_at(fd, base, (size_t)(size - base), out, err);
	if (r == 0)
		r = find_directory(strbuf_slice(out), &count, &at, err);
	if (r < 0)
		return r;
	*ret_base = base;
	if (at >= base)
		return 0;
	if (size - at > DIRECTORY_MAX)
		return err_set(err, ERR_LIMIT, "the ZIP archive's directory is larger than %u MB",
			       DIRECTORY_MAX >> 20);
	*ret_base = at;
	return read_at(fd, at, (size_t)(size - at), out, err);
}

int zip_read(struct arena *a, struct slice s, uint64_t base, struct zip_entries *ret,
	     struct err *err)
{
	size_t count = 0;
	uint64_t from = 0;
	int r = find_directory(s, &count, &from, err);
	if (r < 0)
		return r;
	if (from < base || from - base > s.len)
		return err_set(err, ERR_SYNTAX, "the ZIP archive's directory is damaged");
	size_t at = (size_t)(from - base);
	struct zip_entries out = {ARENA_ARRAY(a, struct zip_entry, count + 1), count};
	for (size_t i = 0; i < count; i++) {
		if (at > s.len || s.len - at < CENTRAL_SIZE ||
		    memcmp(s.ptr + at, "PK\x01\x02", 4) != 0)
			return err_set(err, ERR_SYNTAX, "the ZIP archive's directory is damaged");
		const char *p = s.ptr + at;
		size_t name = u16(p + 28), rest = u16(p + 30) + u16(p + 32);
		if (s.len - at - CENTRAL_SIZE < name + rest)
			return err_set(err, ERR_SYNTAX, "the ZIP archive's directory is damaged");
		out.at[i] =
			(struct zip_entry){.name = arena_strndup(a, p + CENTRAL_SIZE, name),
					   .size = u32(p + 24),
					   .crc = u32(p + 16),
					   .is_link = p[5] == MADE_ON_UNIX && S_ISLNK(u16(p + 40))};
		at += CENTRAL_SIZE + name + rest;
	}
	*ret = out;
	return 0;
}
