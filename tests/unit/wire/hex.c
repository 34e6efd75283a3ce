#include "hex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct slice hex_bytes(const char *text, struct strbuf *ret)
{
	strbuf_truncate(ret, 0);
	while (*text) {
		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		char pair[3] = {text[0], text[1], '\0'};
		strbuf_putc(ret, (char)strtoul(pair, NULL, 16));
		text += 2;
	}
	return strbuf_slice(ret);
}

char *hex_text(struct slice bytes)
{
	struct strbuf out = {0};
	for (size_t i = 0; i < bytes.len; i++)
		strbuf_printf(&out, "%02x", (unsigned char)bytes.ptr[i]);
	return strbuf_steal(&out);
}
