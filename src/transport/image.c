#include "image.h"

#include <stdio.h>
#include <zlib.h>

#define ZLIB_HEADER_BYTES 2u
#define ZLIB_TRAILER_BYTES 4u
#define GZIP_HEADER_BYTES 10u
#define GZIP_TRAILER_BYTES 8u
#define IMAGE_MAX_BYTES (64u << 20)

const struct transport_agent_image *image_find(const struct transport_target *t,
					       struct slice machine)
{
	for (size_t i = 0; i < t->nimages; i++)
		if (slice_is(machine, t->images[i].machine))
			return &t->images[i];
	return NULL;
}

size_t image_gzip_size(const struct transport_agent_image *image)
{
	return image->size - ZLIB_HEADER_BYTES - ZLIB_TRAILER_BYTES + GZIP_HEADER_BYTES +
	       GZIP_TRAILER_BYTES;
}

int image_raw(const struct transport_agent_image *image, struct strbuf *out, struct err *err)
{
	uLongf n = image->raw_size;
	if (image->raw_size > IMAGE_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "the agent for %s is larger than %u bytes",
			       image->machine, IMAGE_MAX_BYTES);
	unsigned char *to = (unsigned char *)strbuf_reserve(out, image->raw_size);
	if (uncompress(to, &n, image->data, image->size) != Z_OK || n != image->raw_size)
		return err_set(err, ERR_INVALID, "the embedded agent for %s is damaged",
			       image->machine);
	strbuf_grew(out, n);
	return 0;
}

static void put_le32(unsigned char *to, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(n >> (8 * i));
}

/* The CRC needs the raw bytes once; it is remembered for the next hosts. */
static int image_crc(const struct transport_agent_image *image, uint32_t *ret, struct err *err)
{
	static char last_hash[65];
	static uint32_t last_crc;
	CLEANUP(strbuf_release) struct strbuf raw = {0};
	if (strcmp(last_hash, image->sha256) != 0) {
		int r = image_raw(image, &raw, err);
		if (r < 0)
			return r;
		last_crc = (uint32_t)crc32(0, (const unsigned char *)raw.ptr, (uInt)raw.len);
		snprintf(last_hash, sizeof(last_hash), "%s", image->sha256);
	}
	*ret = last_crc;
	return 0;
}

int image_gzip(const struct transport_agent_image *image, struct strbuf *out, struct err *err)
{
	static const unsigned char header[GZIP_HEADER_BYTES] = {0x1f, 0x8b, 8, [9] = 3};
	unsigned char trailer[GZIP_TRAILER_BYTES];
	uint32_t crc;
	if (image->size < ZLIB_HEADER_BYTES + ZLIB_TRAILER_BYTES)
		return err_set(err, ERR_INVALID, "the embedded agent for %s is empty",
			       image->machine);
	int r = image_crc(image, &crc, err);
	if (r < 0)
		return r;
	put_le32(trailer, crc);
	put_le32(trailer + 4, (uint32_t)image->raw_size);
	strbuf_append(out, header, sizeof(header));
	strbuf_append(out, image->data + ZLIB_HEADER_BYTES,
		      image->size - ZLIB_HEADER_BYTES - ZLIB_TRAILER_BYTES);
	strbuf_append(out, trailer, sizeof(trailer));
	return 0;
}
