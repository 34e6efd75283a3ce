/* The lookups csvfile and ini: values out of tables in files. */
#include "../filter/filter.h"

#include <ctype.h>

/* The key is what stands before the first "name=value" of a term; those are options. */
static int term_key(struct call *c, size_t i, struct value *options, struct slice *ret,
		    struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	struct slice s, part, name;
	int r = text_of(c->ev, c->args->positional[i], &s, err);
	if (r < 0)
		return r;
	bool named = false;
	while (s.len && slice_split(&s, ' ', &part)) {
		struct slice value = part;
		if (!memchr(part.ptr, '=', part.len)) {
			if (!named && part.len)
				strbuf_printf(&key, "%s%.*s", key.len ? " " : "", SLICE_ARG(part));
			continue;
		}
		named = true;
		slice_split(&value, '=', &name);
		value_dict_set(c->ev->arena, options, str_new(c->ev, name), str_new(c->ev, value));
	}
	*ret = arena_slice(c->ev->arena, strbuf_slice(&key));
	return 0;
}

/* The options of the call, for a term's own to be laid over. */
static struct value *call_options(struct call *c)
{
	struct value *d = dict_new(c->ev);
	for (size_t i = 0; i < c->args->nkeywords; i++)
		value_dict_set(c->ev->arena, d, str_new(c->ev, c->args->names[i]),
			       c->args->keywords[i]);
	return d;
}

static int read_file(struct call *c, const struct value *options, const char *fallback,
		     struct slice *ret, struct err *err)
{
	CLEANUP(free_ptr) char *path = NULL;
	const struct value *name = value_get(options, "file");
	int r = source_find(c->ev, name && is_str(name) ? name->str : slice_from(fallback), "files",
			    &path, err);
	return r < 0 ? r : source_read(c->ev, path, ret, err);
}

/* One field of a line, RFC 4180; false at the end of the line. */
static bool csv_field(struct slice *text, char delimiter, struct strbuf *ret, bool *ret_last)
{
	size_t i = 0;
	bool quoted = text->len && text->ptr[0] == '"';
	strbuf_truncate(ret, 0);
	for (i = quoted; i < text->len; i++) {
		char ch = text->ptr[i];
		if (quoted && ch == '"') {
			quoted = i + 1 < text->len && text->ptr[i + 1] == '"';
			if (!quoted)
				continue;
			i++;
		} else if (!quoted && (ch == delimiter || ch == '\n' || ch == '\r')) {
			break;
		}
		strbuf_putc(ret, ch);
	}
	*ret_last = i >= text->len || text->ptr[i] != delimiter;
	if (*ret_last && i + 1 < text->len && text->ptr[i] == '\r' && text->ptr[i + 1] == '\n')
		i++;
	i += i < text->len;
	text->ptr += i;
	text->len -= i;
	return true;
}

struct csv {
	struct slice key;
	char delimiter;
	int64_t column;
};

/* 1: found; 0: no line has the key. */
static int csv_find(struct call *c, struct slice text, const struct csv *csv,
		    const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf field = {0};
	while (text.len) {
		bool last = false, is = false, found = false;
		int r = eval_step(c->ev, 1, err);
		if (r < 0)
			return r;
		for (int64_t i = 0; !last; i++) {
			csv_field(&text, csv->delimiter, &field, &last);
			if (i == 0)
				is = slice_eq(strbuf_slice(&field), csv->key);
			if (is && i == csv->column) {
				*ret = str_buf(c->ev, &field);
				found = true;
			}
		}
		if (is && !found)
			return err_set(err, ERR_INVALID, "csvfile: the line has no column %lld",
				       (long long)csv->column);
		if (found)
			return 1;
	}
	return 0;
}

static int csv_term(struct call *c, size_t i, struct value *out, struct err *err)
{
	struct value *options = call_options(c);
	struct csv csv = {.delimiter = '\t', .column = 1};
	const struct value *v, *fallback;
	struct slice text;
	int r;
	if ((r = term_key(c, i, options, &csv.key, err)) < 0 ||
	    (r = read_file(c, options, "ansible.csv", &text, err)) < 0)
		return r;
	v = value_get(options, "delimiter");
	if (v && is_str(v) && v->str.len == 1)
		csv.delimiter = v->str.ptr[0];
	v = value_get(options, "col");
	if (v && v->type == VALUE_INT)
		csv.column = v->integer;
	else if (v && (!is_str(v) || !text_to_int(v->str, 10, &csv.column)))
		return type_error(err, "csvfile: col is a number", v);
	r = csv_find(c, text, &csv, &v, err);
	fallback = value_get(options, "default");
	if (r > 0)
		list_push(c->ev, out, v);
	else if (r == 0 && fallback && fallback->type != VALUE_NULL)
		list_push(c->ev, out, fallback);
	return r < 0 ? r : 0;
}

FN(l_csvfile)
{
	struct value *out = list_new(c->ev);
	int r = 0;
	*ret = out;
	for (size_t i = 0; i < c->args->npositional && r == 0; i++)
		r = csv_term(c, i, out, err);
	return r;
}

struct ini {
	struct call *c;
	struct value *sections; /* of dicts of their options */
	bool keeps_case, allows_none;
};

static bool is_comment(struct slice line)
{
	return line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';';
}

static void ini_option(struct ini *ini, struct value *section, struct slice line,
		       const struct value **last)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	size_t n = 0;
	while (n < line.len && line.ptr[n] != '=' && line.ptr[n] != ':')
		n++;
	struct slice name = slice_trim((struct slice){line.ptr, n});
	if (ini->keeps_case)
		strbuf_slice_append(&key, name);
	else
		chars_lower(&key, name);
	*last = str_buf(ini->c->ev, &key);
	struct slice value = n < line.len ? (struct slice){line.ptr + n + 1, line.len - n - 1}
					  : (struct slice){0};
	value_dict_set(ini->c->ev->arena, section, *last,
		       n < line.len ? str_new(ini->c->ev, slice_trim(value)) : value_null());
}

/* A line that is indented goes on with the option above. */
static void ini_continue(struct ini *ini, struct value *section, const struct value *key,
			 struct slice line)
{
	const struct value *v = value_find(section, key);
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if (is_str(v))
		strbuf_slice_append(&b, v->str);
	strbuf_putc(&b, '\n');
	strbuf_slice_append(&b, line);
	value_dict_set(ini->c->ev->arena, section, key, str_buf(ini->c->ev, &b));
}

static int ini_read(struct ini *ini, struct slice text, const char *first, struct err *err)
{
	struct value *section = NULL;
	const struct value *last = NULL;
	struct slice line;
	if (first) {
		section = dict_new(ini->c->ev);
		value_dict_put(ini->c->ev->arena, ini->sections, first, section);
	}
	for (unsigned n = 1; text.len && slice_split(&text, '\n', &line); n++) {
		struct slice s = slice_trim(line);
		if (is_comment(s))
			continue;
		if (last && isspace((unsigned char)line.ptr[0])) {
			ini_continue(ini, section, last, s);
		} else if (s.ptr[0] == '[' && s.ptr[s.len - 1] == ']') {
			section = dict_new(ini->c->ev);
			value_dict_set(ini->c->ev->arena, ini->sections,
				       str_new(ini->c->ev, (struct slice){s.ptr + 1, s.len - 2}),
				       section);
			last = NULL;
		} else if (!section || (!memchr(s.ptr, '=', s.len) && !memchr(s.ptr, ':', s.len) &&
					!ini->allows_none)) {
			return err_set(err, ERR_SYNTAX, "ini: line %u is not 'key = value'", n);
		} else {
			ini_option(ini, section, s, &last);
		}
	}
	return 0;
}

/* %(name)s is another option of the section or of DEFAULT; %% is one %. */
static int ini_expand(struct ini *ini, const struct value *section, const struct value *v,
		      unsigned depth, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	*ret = v;
	if (!is_str(v) || !memchr(v->str.ptr, '%', v->str.len))
		return 0;
	if (depth > 10)
		return err_set(err, ERR_LIMIT, "ini: %%()s nested deeper than 10");
	struct slice s = v->str;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '%') {
			strbuf_putc(&b, s.ptr[i]);
			continue;
		}
		const char *close = i + 1 < s.len ? memchr(s.ptr + i, ')', s.len - i) : NULL;
		if (i + 1 < s.len && s.ptr[i + 1] == '%') {
			strbuf_putc(&b, s.ptr[i++]);
			continue;
		}
		size_t end = close ? (size_t)(close - s.ptr) : s.len;
		if (end + 1 >= s.len || s.ptr[i + 1] != '(' || s.ptr[end + 1] != 's')
			return err_set(err, ERR_INVALID,
				       "ini: a %% that is neither %%%% nor %%(name)s");
		struct slice name = {s.ptr + i + 2, end - i - 2};
		const struct value *other = value_get_slice(section, name);
		if (!other)
			other = value_get_slice(value_get(ini->sections, "DEFAULT"), name);
		if (!other)
			return err_set(err, ERR_INVALID, "ini: there is no option '%.*s' for %%()s",
				       SLICE_ARG(name));
		int r = ini_expand(ini, section, other, depth + 1, &other, err);
		if (r < 0)
			return r;
		if (is_str(other))
			strbuf_slice_append(&b, other->str);
		i = end + 1;
	}
	*ret = str_buf(ini->c->ev, &b);
	return 0;
}

/* All options whose name matches. */
static int ini_match(struct ini *ini, const struct value *section, struct slice pattern,
		     struct value *out, struct err *err)
{
	const struct regex *re;
	struct regex_match g[REGEX_MAX_GROUPS];
	unsigned n;
	int r = regex_get(ini->c->ev, pattern, 0, &re, err);
	for (size_t i = 0; i < section->dict.len && r >= 0; i++) {
		const struct value *v = section->dict.at[i].value;
		r = regex_exec(re, section->dict.at[i].key->str, 0, true, g, &n, err);
		if (r > 0 && (r = ini_expand(ini, section, v, 0, &v, err)) == 0)
			list_push(ini->c->ev, out, v);
	}
	return r < 0 ? r : 0;
}

static int ini_get(struct ini *ini, const struct value *options, struct slice key,
		   struct value *out, struct err *err)
{
	const struct value *name = value_get(options, "section"), *fallback, *v,
			   *re = value_get(options, "re"), *type = value_get(options, "type");
	CLEANUP(strbuf_release) struct strbuf lower = {0};
	struct slice wanted = name && is_str(name) ? name->str : SLICE_LIT("global");
	if (type && value_is_str(type, "properties"))
		wanted = SLICE_LIT("java_properties");
	const struct value *section = value_get_slice(ini->sections, wanted);
	if (!section)
		return err_set(err, ERR_NOT_FOUND, "ini: there is no section '%.*s'",
			       SLICE_ARG(wanted));
	bool is_re = false;
	if (re && value_to_bool(re, &is_re) && is_re)
		return ini_match(ini, section, key, out, err);
	if (ini->keeps_case)
		strbuf_slice_append(&lower, key);
	else
		chars_lower(&lower, key);
	v = value_get_slice(section, strbuf_slice(&lower));
	if (!v)
		v = value_get_slice(value_get(ini->sections, "DEFAULT"), strbuf_slice(&lower));
	fallback = value_get(options, "default");
	if (!v)
		v = fallback ? fallback : str_lit(ini->c->ev, "");
	int r = ini_expand(ini, section, v, 0, &v, err);
	if (r == 0 && v->type != VALUE_NULL)
		list_push(ini->c->ev, out, v);
	return r;
}

static bool is_set(const struct value *options, const char *name)
{
	const struct value *v = value_get(options, name);
	bool is = false;
	return v && value_to_bool(v, &is) && is;
}

static int ini_term(struct call *c, size_t i, struct value *out, struct err *err)
{
	struct value *options = call_options(c);
	struct slice key, text;
	int r;
	if ((r = term_key(c, i, options, &key, err)) < 0 ||
	    (r = read_file(c, options, "ansible.ini", &text, err)) < 0)
		return r;
	const struct value *type = value_get(options, "type");
	struct ini ini = {c, dict_new(c->ev), is_set(options, "case_sensitive"),
			  is_set(options, "allow_no_value") || is_set(options, "allow_none")};
	bool properties = type && value_is_str(type, "properties");
	r = ini_read(&ini, text, properties ? "java_properties" : NULL, err);
	return r < 0 ? r : ini_get(&ini, options, key, out, err);
}

FN(l_ini)
{
	struct value *out = list_new(c->ev);
	int r = 0;
	*ret = out;
	for (size_t i = 0; i < c->args->npositional && r == 0; i++)
		r = ini_term(c, i, out, err);
	return r;
}

const struct function lookups_table[] = {
	{"csvfile", "", 0, FN_VARARGS | FN_KWARGS, l_csvfile},
	{"ini", "", 0, FN_VARARGS | FN_KWARGS, l_ini},
	{0},
};
