#include "ini_values.h"

#include <ctype.h>
#include <string.h>

#define MAX_DEPTH 10 /* of %(name)s within values */
#define MAX_EXPANDED (4u << 20)

struct ini {
	struct arena *a;
	struct value *sections, *defaults, *section;
	const struct value *key; /* of the value that lines may go on; NULL: none */
	struct strbuf text;	 /* that value */
	size_t indent, empty;	 /* of the key's line; empty lines since */
	size_t expanded;	 /* bytes, of all values */
};

static void end_value(struct ini *ini)
{
	if (ini->key)
		value_dict_set(ini->a, ini->section, ini->key,
			       value_str(ini->a, strbuf_slice(&ini->text)));
	ini->key = NULL;
}

static bool is_header(struct slice line, struct slice *ret)
{
	const char *close = line.ptr[0] == '[' ? memrchr(line.ptr, ']', line.len) : NULL;
	if (!close || close == line.ptr + 1)
		return false;
	*ret = (struct slice){line.ptr + 1, (size_t)(close - line.ptr) - 1};
	return true;
}

/* A section that is there twice, or DEFAULT's. */
static bool open_section(struct ini *ini, struct slice name)
{
	end_value(ini);
	if (slice_is(name, "DEFAULT")) {
		ini->section = ini->defaults;
		return true;
	}
	if (value_get_slice(ini->sections, name))
		return false;
	ini->section = value_dict_new(ini->a);
	value_dict_set(ini->a, ini->sections, value_str(ini->a, name), ini->section);
	return true;
}

static bool take_option(struct ini *ini, struct slice line)
{
	size_t n = 0;
	end_value(ini);
	while (n < line.len && line.ptr[n] != '=' && line.ptr[n] != ':')
		n++;
	if (n == 0 || n == line.len)
		return false;
	struct slice name = slice_trim((struct slice){line.ptr, n});
	char *key = arena_strndup(ini->a, name.ptr, name.len);
	for (char *c = key; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!*key || value_get(ini->section, key))
		return false;
	ini->key = value_cstr(ini->a, key);
	strbuf_truncate(&ini->text, 0);
	strbuf_slice_append(&ini->text,
			    slice_trim((struct slice){line.ptr + n + 1, line.len - n - 1}));
	return true;
}

static void go_on(struct ini *ini, struct slice line)
{
	for (; ini->empty > 0; ini->empty--)
		strbuf_putc(&ini->text, '\n');
	strbuf_putc(&ini->text, '\n');
	strbuf_slice_append(&ini->text, line);
}

static bool take_line(struct ini *ini, struct slice line)
{
	struct slice text = slice_trim(line), name;
	size_t indent = (size_t)(text.ptr - line.ptr);
	if (text.len == 0) {
		ini->empty++;
		return true;
	}
	if (strchr("#;", text.ptr[0]))
		return true;
	if (ini->key && indent > ini->indent) {
		go_on(ini, text);
		return true;
	}
	ini->indent = indent;
	ini->empty = 0;
	if (is_header(text, &name))
		return open_section(ini, name);
	return ini->section && take_option(ini, text);
}

/* %% and %(name)s; false when a name is not there. */
static bool expand(struct ini *ini, const struct value *section, struct slice text,
		   struct strbuf *out, unsigned depth)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '%') {
			strbuf_putc(out, text.ptr[i]);
			continue;
		}
		if (++i < text.len && text.ptr[i] == '%') {
			strbuf_putc(out, '%');
			continue;
		}
		const char *close = i < text.len ? memchr(text.ptr + i, ')', text.len - i) : NULL;
		if (!close || text.ptr[i] != '(' || close + 1 == text.ptr + text.len ||
		    close[1] != 's' || depth >= MAX_DEPTH ||
		    ini->expanded + out->len > MAX_EXPANDED)
			return false;
		struct slice name = {text.ptr + i + 1, (size_t)(close - text.ptr) - i - 1};
		const struct value *v = value_get_slice(section, name);
		if (!v)
			v = value_get_slice(ini->defaults, name);
		if (!v || !expand(ini, section, v->str, out, depth + 1))
			return false;
		i = (size_t)(close - text.ptr) + 1;
	}
	return true;
}

static const struct value *expanded(struct ini *ini, const struct value *section)
{
	struct value *d = value_dict_new(ini->a);
	const struct value *const both[] = {section, ini->defaults};
	for (size_t k = 0; k < ARRAY_LEN(both); k++)
		for (size_t i = 0; i < both[k]->dict.len; i++) {
			CLEANUP(strbuf_release) struct strbuf text = {0};
			const struct value *key = both[k]->dict.at[i].key;
			if (value_get_slice(d, key->str))
				continue;
			if (!expand(ini, section, both[k]->dict.at[i].value->str, &text, 0) ||
			    ini->expanded + text.len > MAX_EXPANDED)
				return NULL;
			ini->expanded += text.len;
			value_dict_set(ini->a, d, key, value_str(ini->a, strbuf_slice(&text)));
		}
	return d;
}

static const struct value *read_all(struct ini *ini, struct slice text)
{
	struct value *all = value_dict_new(ini->a);
	struct slice line;
	while (slice_split(&text, '\n', &line))
		if (!take_line(ini, line))
			return NULL;
	end_value(ini);
	for (size_t i = 0; i < ini->sections->dict.len; i++) {
		const struct value *d = expanded(ini, ini->sections->dict.at[i].value);
		if (!d)
			return NULL;
		value_dict_set(ini->a, all, ini->sections->dict.at[i].key, d);
	}
	return all;
}

const struct value *ini_parse(struct arena *a, struct slice text)
{
	struct ini ini = {.a = a, .sections = value_dict_new(a), .defaults = value_dict_new(a)};
	const struct value *all = read_all(&ini, text);
	strbuf_release(&ini.text);
	return all;
}
