#include "rollout/base/utf8.h"

/* Length and smallest legal code point by the first byte. */
static unsigned sequence_length(unsigned char lead, uint32_t *ret_bits, uint32_t *ret_min)
{
	if (lead >= 0xC2 && lead <= 0xDF) {
		*ret_bits = lead & 0x1F;
		*ret_min = 0x80;
		return 2;
	}
	if (lead >= 0xE0 && lead <= 0xEF) {
		*ret_bits = lead & 0x0F;
		*ret_min = 0x800;
		return 3;
	}
	if (lead >= 0xF0 && lead <= 0xF4) {
		*ret_bits = lead & 0x07;
		*ret_min = 0x10000;
		return 4;
	}
	return 0;
}

int32_t utf8_next(struct slice *rest)
{
	const unsigned char *p = (const unsigned char *)rest->ptr;
	size_t left = rest->len;
	uint32_t cp = 0, min = 0;
	rest->ptr++;
	rest->len--;
	if (p[0] < 0x80)
		return p[0];
	unsigned n = sequence_length(p[0], &cp, &min);
	if (n == 0 || left < n)
		return -1;
	for (unsigned i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return -1;
		cp = cp << 6 | (p[i] & 0x3F);
	}
	if (cp < min || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		return -1;
	rest->ptr += n - 1;
	rest->len -= n - 1;
	return (int32_t)cp;
}

void utf8_put(struct strbuf *out, uint32_t cp)
{
	if (cp < 0x80) {
		strbuf_putc(out, (char)cp);
		return;
	}
	char b[4];
	size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--) {
		b[i] = (char)(0x80 | (cp & 0x3F));
		cp >>= 6;
	}
	static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	b[0] = (char)(lead[n] | cp);
	strbuf_append(out, b, n);
}

size_t utf8_count(struct slice s)
{
	size_t n = 0;
	for (; s.len > 0; n++)
		utf8_next(&s);
	return n;
}
