/* b64encode and b64decode, with the encodings that Windows asks for. */
#include "filter.h"

#include "rollout/base/digest.h"

#include <ctype.h>

/* The text as the encoding has it: utf-8, utf-16-le and utf-16-be as Windows wants, latin-1, ascii. */
enum text_encoding {
	ENCODING_UTF8,
	ENCODING_UTF16LE,
	ENCODING_UTF16BE,
	ENCODING_LATIN1,
	ENCODING_ASCII
};

static int encoding_arg(struct call *c, enum text_encoding *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum text_encoding encoding;
	} names[] = {{"utf8", ENCODING_UTF8},	    {"utf16le", ENCODING_UTF16LE},
		     {"utf16be", ENCODING_UTF16BE}, {"latin1", ENCODING_LATIN1},
		     {"iso88591", ENCODING_LATIN1}, {"ascii", ENCODING_ASCII},
		     {"usascii", ENCODING_ASCII}};
	struct slice s;
	char plain[16];
	size_t n = 0;
	int r = call_text(c, 0, "utf-8", &s, err);
	for (size_t i = 0; r == 0 && i < s.len && n + 1 < sizeof(plain); i++)
		if (!strchr("-_ ", s.ptr[i]))
			plain[n++] = (char)tolower((unsigned char)s.ptr[i]);
	plain[n] = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++) {
		if (strcmp(plain, names[i].name) == 0) {
			*ret = names[i].encoding;
			return 0;
		}
	}
	return r < 0 ? r
		     : err_set(err, ERR_UNSUPPORTED,
			       "the encoding '%.*s' is not utf-8, utf-16-le, utf-16-be, latin-1 or "
			       "ascii",
			       SLICE_ARG(s));
}

static void put_unit(struct strbuf *b, unsigned unit, bool big)
{
	strbuf_putc(b, (char)(big ? unit >> 8 : unit));
	strbuf_putc(b, (char)(big ? unit : unit >> 8));
}

static int encode_text(struct strbuf *b, struct slice s, enum text_encoding to, struct err *err)
{
	bool big = to == ENCODING_UTF16BE;
	for (size_t i = 0; i < s.len; i = chars_next(s, i)) {
		uint32_t ch = chars_decode(s, i);
		if (to == ENCODING_LATIN1 || to == ENCODING_ASCII) {
			if (ch > (to == ENCODING_ASCII ? 0x7fu : 0xffu))
				return err_set(err, ERR_INVALID, "the encoding has no U+%04X", ch);
			strbuf_putc(b, (char)ch);
		} else if (ch < 0x10000) {
			put_unit(b, ch, big);
		} else {
			put_unit(b, 0xd800 + ((ch - 0x10000) >> 10), big);
			put_unit(b, 0xdc00 + ((ch - 0x10000) & 0x3ff), big);
		}
	}
	return 0;
}

static unsigned unit_at(struct slice s, size_t i, bool big)
{
	unsigned char a = (unsigned char)s.ptr[i], b = (unsigned char)s.ptr[i + 1];
	return big ? (unsigned)(a << 8 | b) : (unsigned)(b << 8 | a);
}

static int decode_utf16(struct strbuf *b, struct slice s, bool big, struct err *err)
{
	for (size_t i = 0; i < s.len; i += 2) {
		uint32_t ch = i + 1 < s.len ? unit_at(s, i, big) : 0xdc00;
		if (ch >= 0xd800 && ch < 0xdc00 && i + 3 < s.len) {
			uint32_t low = unit_at(s, i + 2, big);
			ch = low >= 0xdc00 && low < 0xe000
				     ? 0x10000 + ((ch - 0xd800) << 10) + (low - 0xdc00)
				     : ch;
			i += 2;
		}
		if (ch >= 0xd800 && ch < 0xe000)
			return err_set(err, ERR_INVALID, "not UTF-16");
		chars_put(b, ch);
	}
	return 0;
}

static int decode_text(struct strbuf *b, struct slice s, enum text_encoding from, struct err *err)
{
	if (from == ENCODING_UTF16LE || from == ENCODING_UTF16BE)
		return decode_utf16(b, s, from == ENCODING_UTF16BE, err);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.ptr[i];
		if (from == ENCODING_ASCII && ch > 0x7f)
			return err_set(err, ERR_INVALID, "not ASCII");
		chars_put(b, ch);
	}
	return 0;
}

FN(f_b64encode)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, bytes = {0};
	enum text_encoding encoding;
	struct slice s;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = encoding_arg(c, &encoding, err)) < 0)
		return r;
	if (encoding != ENCODING_UTF8) {
		if ((r = encode_text(&bytes, s, encoding, err)) < 0)
			return r;
		s = strbuf_slice(&bytes);
	}
	base64_encode(&b, s.ptr, s.len);
	*ret = str_buf(c->ev, &b);
	return 0;
}

/* As Python's, which passes over what is not of the alphabet. */
static void base64_letters(struct strbuf *b, struct slice s)
{
	unsigned pads = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (isalnum((unsigned char)s.ptr[i]) || s.ptr[i] == '+' || s.ptr[i] == '/') {
			strbuf_putc(b, s.ptr[i]);
			pads = 0;
		} else if (s.ptr[i] == '=' && b->len % 4 >= 2 && b->len % 4 + ++pads >= 4) {
			strbuf_puts(b, b->len % 4 == 2 ? "==" : "=");
			return; /* what follows is not read */
		}
	}
}

FN(f_b64decode)
{
	CLEANUP(strbuf_release) struct strbuf b = {0}, letters = {0}, text = {0};
	enum text_encoding encoding;
	struct slice s;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = encoding_arg(c, &encoding, err)) < 0)
		return r;
	base64_letters(&letters, s);
	if (base64_decode(&b, strbuf_slice(&letters), err) < 0)
		return err_set(err, ERR_INVALID, "not base64");
	if (encoding != ENCODING_UTF8 &&
	    (r = decode_text(&text, strbuf_slice(&b), encoding, err)) < 0)
		return r;
	*ret = str_buf(c->ev, encoding == ENCODING_UTF8 ? &b : &text);
	return 0;
}

const struct function filters_base64[] = {
	{"b64encode", "encoding", 0, 0, f_b64encode},
	{"b64decode", "encoding", 0, 0, f_b64decode},
	{0},
};
