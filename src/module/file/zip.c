#include "zip.h"

#define LOCAL_MAGIC "PK\x03\x04"
#define EMPTY_MAGIC "PK\x05\x06"
#define CENTRAL_SIZE 46u
#define END_SIZE 22u
#define END_COMMENT_MAX 65535u
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

int zip_read(struct arena *a, struct slice s, struct zip_entries *ret, struct err *err)
{
	const char *end = s.len >= END_SIZE ? find_end(s) : NULL;
	if (!end)
		return err_set(err, ERR_SYNTAX, "not a ZIP archive: it has no directory");
	size_t count = u16(end + 10), at = u32(end + 16);
	if (count == 0xffff || at == ZIP64_SIZE)
		return err_set(err, ERR_UNSUPPORTED, "ZIP64 archives are not supported");
	struct zip_entries out = {ARENA_ARRAY(a, struct zip_entry, count + 1), count};
	for (size_t i = 0; i < count; i++) {
		if (at > s.len || s.len - at < CENTRAL_SIZE ||
		    memcmp(s.ptr + at, "PK\x01\x02", 4) != 0)
			return err_set(err, ERR_SYNTAX, "the ZIP archive's directory is damaged");
		const char *p = s.ptr + at;
		size_t name = u16(p + 28), rest = u16(p + 30) + u16(p + 32);
		if (s.len - at - CENTRAL_SIZE < name + rest)
			return err_set(err, ERR_SYNTAX, "the ZIP archive's directory is damaged");
		out.at[i] = (struct zip_entry){.name = arena_strndup(a, p + CENTRAL_SIZE, name),
					       .size = u32(p + 24),
					       .crc = u32(p + 16)};
		at += CENTRAL_SIZE + name + rest;
	}
	*ret = out;
	return 0;
}
