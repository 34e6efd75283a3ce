#include "../state.h"

#include "encoding.h"

#include <ctype.h>

#define LATIN1_MAX 0xffu
#define ASCII_MAX 0x7fu

static const struct {
	const char *name; /* letters and digits of it alone */
	uint32_t max;	  /* 0: all characters, as UTF-8 */
} encodings[] = {
	{"utf8", 0},	       {"latin1", LATIN1_MAX}, {"iso88591", LATIN1_MAX}, {"l1", LATIN1_MAX},
	{"88591", LATIN1_MAX}, {"ascii", ASCII_MAX},   {"usascii", ASCII_MAX},
};

static bool is_name(struct slice given, const char *name)
{
	for (size_t i = 0; i < given.len; i++) {
		if (!isalnum((unsigned char)given.ptr[i]))
			continue;
		if (*name++ != (char)tolower((unsigned char)given.ptr[i]))
			return false;
	}
	return *name == '\0';
}

/* UTF-8 of one or two bytes is all that fits. */
static int narrow(uint32_t max, struct slice name, struct strbuf *text, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf out = {0};
	const unsigned char *c = (const unsigned char *)strbuf_slice(text).ptr,
			    *end = c + text->len;
	while (c < end) {
		uint32_t n = *c;
		size_t len = n < 0x80 ? 1 : 2;
		if (len == 2 && (n & 0xe0) == 0xc0 && c + 1 < end)
			n = (n & 0x1f) << 6 | (c[1] & 0x3f);
		else if (len == 2)
			n = UINT32_MAX;
		if (n > max)
			return err_set(err, ERR_INVALID,
				       "the text has characters that output_encoding %.*s has not",
				       SLICE_ARG(name));
		strbuf_putc(&out, (char)n);
		c += len;
	}
	strbuf_wipe(text);
	*text = out;
	out = (struct strbuf){0};
	return 0;
}

int encoding_apply(const struct value *name, struct strbuf *text, struct err *err)
{
	if (!name || name->type != VALUE_STRING)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(encodings); i++)
		if (is_name(name->str, encodings[i].name))
			return encodings[i].max ? narrow(encodings[i].max, name->str, text, err)
						: 0;
	return err_at(err, ERR_UNSUPPORTED, name->at,
		      "output_encoding '%.*s': utf-8, iso-8859-1 and ascii are known",
		      SLICE_ARG(name->str));
}
