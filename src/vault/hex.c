#include "hex.h"

void hex_encode(struct strbuf *out, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *to = strbuf_reserve(out, bytes.len * 2);
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		to[2 * i] = digits[c >> 4];
		to[2 * i + 1] = digits[c & 15];
	}
	strbuf_grew(out, bytes.len * 2);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct strbuf *out, struct slice text)
{
	char *to = strbuf_reserve(out, text.len / 2 + 1);
	size_t n = 0;
	int high = -1;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
			continue;
		int d = digit(c);
		if (d < 0)
			return false;
		if (high >= 0)
			to[n++] = (char)(high << 4 | d);
		high = high < 0 ? d : -1;
	}
	strbuf_grew(out, n);
	return high < 0;
}
