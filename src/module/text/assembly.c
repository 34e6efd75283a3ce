#include "rollout/module/assembly.h"

#include "../regex.h"

#include <ctype.h>

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* One escape after its backslash, as in Python's bytes; *text moves past it. */
static void unescape(struct strbuf *out, const char **text)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *c = *text, *known = *c ? strchr(from, *c) : NULL;
	if (known) {
		strbuf_putc(out, to[known - from]);
		*text = c + 1;
	} else if (*c >= '0' && *c <= '7') {
		int n = 0;
		for (int i = 0; i < 3 && *c >= '0' && *c <= '7'; i++)
			n = n * 8 + *c++ - '0';
		strbuf_putc(out, (char)n);
		*text = c;
	} else if (*c == 'x' && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])) {
		strbuf_putc(out, (char)(hex_value(c[1]) * 16 + hex_value(c[2])));
		*text = c + 3;
	} else {
		strbuf_putc(out, '\\');
	}
}

static void set_delimiter(struct assembly *as, const char *text)
{
	while (*text) {
		if (*text == '\\') {
			text++;
			unescape(&as->delimiter, &text);
		} else {
			strbuf_putc(&as->delimiter, *text++);
		}
	}
}

static const char *string_of(const struct value *args, const char *key)
{
	const struct value *v = value_get(args, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : NULL;
}

int assembly_init(struct assembly *as, const struct value *args, struct err *err)
{
	const char *delimiter = string_of(args, "delimiter"), *regexp = string_of(args, "regexp");
	const struct value *hidden = value_get(args, "ignore_hidden");
	struct assembly new = {0};
	bool b;
	int r = regexp ? regex_compile("regexp", slice_from(regexp), REGEX_TEXT, &new.regexp, err)
		       : 0;
	if (r < 0)
		return r;
	new.skips_hidden = hidden &&value_to_bool(hidden, &b) && b;
	if (delimiter)
		set_delimiter(&new, delimiter);
	*as = new;
	return 0;
}

int assembly_takes(struct assembly *as, const char *name, struct err *err)
{
	if (as->skips_hidden && name[0] == '.')
		return 0;
	return as->regexp ? regex_search(as->regexp, slice_from(name), 0, err) : 1;
}

static void end_line(struct strbuf *text)
{
	if (text->len > 0 && text->ptr[text->len - 1] != '\n')
		strbuf_putc(text, '\n');
}

int assembly_add(struct assembly *as, struct slice fragment, struct err *err)
{
	if (as->text.len + as->delimiter.len + fragment.len > ASSEMBLY_MAX)
		return err_set(err, ERR_LIMIT, "the fragments are more than %u bytes",
			       ASSEMBLY_MAX);
	if (as->begun) {
		end_line(&as->text);
		strbuf_slice_append(&as->text, strbuf_slice(&as->delimiter));
		if (as->delimiter.len)
			end_line(&as->text);
	}
	as->begun = true;
	strbuf_slice_append(&as->text, fragment);
	return 0;
}

void assembly_release(struct assembly *as)
{
	regex_free(as->regexp);
	strbuf_wipe(&as->text);
	strbuf_release(&as->delimiter);
}
