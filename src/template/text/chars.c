/* Code points, and case for ASCII, Latin, Greek and Cyrillic: what names of
 * hosts, users and files are made of. */
#include "chars.h"

static size_t sequence_length(struct slice s, size_t pos)
{
	unsigned char c = (unsigned char)s.ptr[pos];
	if (c < 0x80)
		return 1;
	size_t n = c >= 0xc2 && c < 0xe0   ? 2
		   : c >= 0xe0 && c < 0xf0 ? 3
		   : c >= 0xf0 && c < 0xf5 ? 4
					   : 1;
	if (pos + n > s.len)
		return 1;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s.ptr[pos + i] & 0xc0) != 0x80)
			return 1;
	return n;
}

size_t chars_next(struct slice s, size_t pos)
{
	return pos + sequence_length(s, pos);
}

size_t chars_length(struct slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i = chars_next(s, i))
		n++;
	return n;
}

size_t chars_offset(struct slice s, size_t n)
{
	size_t i = 0;
	while (n-- > 0 && i < s.len)
		i = chars_next(s, i);
	return i;
}

uint32_t chars_decode(struct slice s, size_t pos)
{
	const unsigned char *p = (const unsigned char *)s.ptr + pos;
	switch (sequence_length(s, pos)) {
	case 2:
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	case 3:
		return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	case 4:
		return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
		       (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
	default:
		return p[0] < 0x80 ? p[0] : 0xdc00u + p[0];
	}
}

void chars_put(struct strbuf *b, uint32_t c)
{
	if (c >= 0xdc80 && c <= 0xdcff) {
		strbuf_putc(b, (char)(c - 0xdc00));
	} else if (c < 0x80) {
		strbuf_putc(b, (char)c);
	} else if (c < 0x800) {
		strbuf_putc(b, (char)(0xc0 | c >> 6));
		strbuf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		strbuf_putc(b, (char)(0xe0 | c >> 12));
		strbuf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		strbuf_putc(b, (char)(0xf0 | c >> 18));
		strbuf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		strbuf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static bool in(uint32_t c, uint32_t from, uint32_t to)
{
	return c >= from && c <= to;
}

/* Latin Extended-A: pairs, upper first; where the pairs start on odd numbers. */
static bool odd_pairs(uint32_t c)
{
	return in(c, 0x139, 0x148) || in(c, 0x179, 0x17e);
}
static bool pairs(uint32_t c)
{
	return (in(c, 0x100, 0x137) && c != 0x130 && c != 0x131) || in(c, 0x14a, 0x177) ||
	       odd_pairs(c) || in(c, 0x460, 0x481) || in(c, 0x48a, 0x4bf) || in(c, 0x4d0, 0x52f);
}

bool chars_is_upper(uint32_t c)
{
	if (pairs(c))
		return odd_pairs(c) ? c & 1 : !(c & 1);
	return in(c, 'A', 'Z') || (in(c, 0xc0, 0xde) && c != 0xd7) || in(c, 0x391, 0x3a9) ||
	       in(c, 0x400, 0x42f) || c == 0x178;
}

bool chars_is_lower(uint32_t c)
{
	if (pairs(c))
		return !chars_is_upper(c);
	return in(c, 'a', 'z') || (in(c, 0xdf, 0xff) && c != 0xf7) || in(c, 0x3b1, 0x3c9) ||
	       in(c, 0x430, 0x45f);
}

uint32_t chars_to_upper(uint32_t c)
{
	if (!chars_is_lower(c) || c == 0xdf)
		return c;
	if (c == 0xff)
		return 0x178;
	if (c == 0x3c2)
		return 0x3a3;
	if (pairs(c))
		return c - 1;
	return in(c, 0x450, 0x45f) ? c - 0x50 : c - 0x20;
}

uint32_t chars_to_lower(uint32_t c)
{
	if (!chars_is_upper(c))
		return c;
	if (c == 0x178)
		return 0xff;
	if (pairs(c))
		return c + 1;
	return in(c, 0x400, 0x40f) ? c + 0x50 : c + 0x20;
}

bool chars_is_alpha(uint32_t c)
{
	return chars_is_upper(c) || chars_is_lower(c) || c == 0xaa || c == 0xb5 || c == 0xba ||
	       (c > 0x180 && !in(c, 0x2000, 0x2bff) && !in(c, 0x3000, 0x3004) &&
		!in(c, 0xdc80, 0xdcff) && c < 0x1f000);
}

bool chars_is_space(uint32_t c)
{
	return in(c, 9, 13) || in(c, 0x1c, 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       in(c, 0x2000, 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
	       c == 0x3000;
}

/* What is ASCII at the beginning, in the case that the letter from..to is not in. */
static size_t ascii_case(struct strbuf *b, struct slice s, char from, char to)
{
	char *out = strbuf_reserve(b, s.len);
	size_t i = 0;
	for (; i < s.len && (unsigned char)s.ptr[i] < 0x80; i++)
		out[i] = (char)(s.ptr[i] >= from && s.ptr[i] <= to ? s.ptr[i] ^ 0x20 : s.ptr[i]);
	strbuf_grew(b, i);
	return i;
}

void chars_upper(struct strbuf *b, struct slice s)
{
	for (size_t i = ascii_case(b, s, 'a', 'z'); i < s.len; i = chars_next(s, i)) {
		uint32_t c = chars_decode(s, i);
		if (c == 0xdf)
			strbuf_puts(b, "SS");
		else
			chars_put(b, chars_to_upper(c));
	}
}

void chars_lower(struct strbuf *b, struct slice s)
{
	for (size_t i = ascii_case(b, s, 'A', 'Z'); i < s.len; i = chars_next(s, i))
		chars_put(b, chars_to_lower(chars_decode(s, i)));
}
