#include "rollout/base/digest.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct strbuf *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	char *to = strbuf_reserve(out, (len + 2) / 3 * 4);
	size_t n = 0;
	for (size_t i = 0; i < len; i += 3) {
		unsigned left = len - i < 3 ? (unsigned)(len - i) : 3;
		uint32_t bits = (uint32_t)in[i] << 16;
		bits |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= left > 2 ? in[i + 2] : 0;
		to[n++] = alphabet[bits >> 18];
		to[n++] = alphabet[bits >> 12 & 63];
		to[n++] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
		to[n++] = left > 2 ? alphabet[bits & 63] : '=';
	}
	strbuf_grew(out, n);
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* How many characters the text has without white space and padding; an
 * error where it is not base64. */
static int check(struct slice text, size_t *ret_chars, struct err *err)
{
	size_t chars = 0, pads = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		if (c == '=')
			pads++;
		else if (value_of(c) < 0 || pads > 0)
			return err_set(err, ERR_SYNTAX, "not base64: byte 0x%02x at offset %zu",
				       (unsigned char)c, i);
		else
			chars++;
	}
	if (chars % 4 == 1 || pads > 2 || (chars + pads) % 4 != 0)
		return err_set(err, ERR_SYNTAX, "not base64: cut short or wrong padding");
	*ret_chars = chars;
	return 0;
}

int base64_decode(struct strbuf *out, struct slice text, struct err *err)
{
	size_t chars = 0, n = 0;
	int r = check(text, &chars, err);
	if (r < 0)
		return r;
	char *to = strbuf_reserve(out, chars / 4 * 3 + 3);
	uint32_t bits = 0;
	unsigned held = 0;
	for (size_t i = 0; i < text.len; i++) {
		int v = value_of(text.ptr[i]);
		if (v < 0)
			continue;
		bits = bits << 6 | (uint32_t)v;
		held += 6;
		if (held >= 8) {
			held -= 8;
			to[n++] = (char)(bits >> held & 0xff);
		}
	}
	strbuf_grew(out, n);
	return 0;
}
