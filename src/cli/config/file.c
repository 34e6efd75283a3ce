/* ansible.cfg: where it is, and its lines. */
#include "config.h"

#include "../complaint.h"
#include "rollout/base/file.h"
#include "rollout/base/strmap.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which ---- */

static bool is_readable_file(const char *path)
{
	struct stat st;
	if (strcmp(path, "/dev/null") == 0) /* says: none */
		return true;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

static const char *from_environment(struct arena *a)
{
	const char *path = getenv("ANSIBLE_CONFIG"), *home = getenv("HOME");
	struct stat st;
	if (!path || !*path)
		return NULL;
	CLEANUP(free_ptr) char *expanded = path_expand_home(path, home ? home : "");
	bool folder = stat(expanded, &st) == 0 && S_ISDIR(st.st_mode);
	const char *file = arena_printf(a, "%s%s", expanded, folder ? "/ansible.cfg" : "");
	if (is_readable_file(file))
		return file;
	complaint_warn("ANSIBLE_CONFIG names %s, which cannot be read", path);
	return NULL;
}

const char *config_find(struct arena *a)
{
	const char *home = getenv("HOME"), *path = from_environment(a);
	struct stat here;
	if (path)
		return path;
	if (is_readable_file("ansible.cfg")) {
		if (stat(".", &here) == 0 && !(here.st_mode & S_IWOTH))
			return "ansible.cfg";
		complaint_warn("./ansible.cfg is passed over: all may write to this folder");
	}
	path = home && *home ? arena_printf(a, "%s/.ansible.cfg", home) : NULL;
	if (path && is_readable_file(path))
		return path;
	return is_readable_file("/etc/ansible/ansible.cfg") ? "/etc/ansible/ansible.cfg" : NULL;
}

/* ---- its lines ---- */

struct parser {
	struct arena *arena;
	const char *file;
	struct slice section;
	config_entries *out;
	size_t indent;	     /* of the last key */
	bool open;	     /* a line that is indented deeper continues the last value */
	struct strbuf value; /* of the last key, where it has several lines */
	struct strmap seen;  /* "section]key" → line */
	struct err *err;
};

/* Up to a ';' that follows a blank. */
static struct slice without_comment(struct slice s)
{
	for (size_t i = 1; i < s.len; i++)
		if (s.ptr[i] == ';' && isspace((unsigned char)s.ptr[i - 1]))
			return slice_trim((struct slice){s.ptr, i});
	return slice_trim(s);
}

static struct srcloc place(const struct parser *p, struct slice line, const char *at, unsigned n)
{
	return (struct srcloc){p->file, n, (unsigned)(at - line.ptr) + 1};
}

static struct slice lower(struct arena *a, struct slice s)
{
	char *out = arena_strndup(a, s.ptr, s.len);
	for (size_t i = 0; i < s.len; i++)
		out[i] = (char)tolower((unsigned char)out[i]);
	return (struct slice){out, s.len};
}

/* The last value is whole. */
static void end_value(struct parser *p)
{
	if (p->value.len > 0)
		p->out->at[p->out->len - 1].value = arena_slice(p->arena, strbuf_slice(&p->value));
	strbuf_truncate(&p->value, 0);
	p->open = false;
}

/* The line of the same key in the same section; 0: it is new. */
static unsigned first_line_of(struct parser *p, const struct config_entry *e)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	strbuf_printf(&name, "%.*s]%.*s", SLICE_ARG(e->section), SLICE_ARG(e->key));
	uintptr_t line = (uintptr_t)strmap_get(&p->seen, strbuf_slice(&name));
	if (!line)
		strmap_set(&p->seen, strbuf_slice(&name), (void *)(uintptr_t)e->at.line);
	return (unsigned)line;
}

static int add_entry(struct parser *p, struct slice line, struct slice text, unsigned n)
{
	size_t cut = 0;
	while (cut < text.len && text.ptr[cut] != '=' && text.ptr[cut] != ':')
		cut++;
	struct slice key = slice_trim((struct slice){text.ptr, cut});
	if (cut == text.len || key.len == 0)
		return err_at(p->err, ERR_SYNTAX, place(p, line, text.ptr, n),
			      "a line is [section] or key = value, not '%.*s'", SLICE_ARG(text));
	if (!p->section.ptr)
		return err_at(p->err, ERR_SYNTAX, place(p, line, text.ptr, n),
			      "'%.*s' is in no section: put it under [defaults]", SLICE_ARG(key));
	struct slice value = slice_trim((struct slice){text.ptr + cut + 1, text.len - cut - 1});
	struct config_entry e = {.section = p->section,
				 .key = lower(p->arena, key),
				 .value = arena_slice(p->arena, value),
				 .at = place(p, line, value.ptr, n)};
	unsigned first = first_line_of(p, &e);
	if (first)
		return err_at(p->err, ERR_EXISTS, place(p, line, text.ptr, n),
			      "'%.*s' is in [%.*s] twice; first in line %u", SLICE_ARG(key),
			      SLICE_ARG(e.section), first);
	vec_push(p->out, e);
	p->indent = (size_t)(text.ptr - line.ptr);
	p->open = true;
	return 0;
}

static void continue_value(struct parser *p, struct slice text)
{
	if (p->value.len == 0)
		strbuf_slice_append(&p->value, p->out->at[p->out->len - 1].value);
	strbuf_putc(&p->value, '\n');
	strbuf_slice_append(&p->value, text);
}

static int add_line(struct parser *p, struct slice line, unsigned n)
{
	struct slice all = slice_trim(line);
	if (all.len == 0 || all.ptr[0] == '#' || all.ptr[0] == ';')
		return 0;
	struct slice text = without_comment(all);
	if (p->open && (size_t)(text.ptr - line.ptr) > p->indent) {
		continue_value(p, text);
		return 0;
	}
	end_value(p);
	if (text.ptr[0] != '[')
		return add_entry(p, line, text, n);
	const char *close = memrchr(text.ptr, ']', text.len);
	if (!close || close == text.ptr + 1)
		return err_at(p->err, ERR_SYNTAX, place(p, line, text.ptr, n),
			      "'%.*s' is no section", SLICE_ARG(text));
	p->section =
		arena_slice(p->arena, (struct slice){text.ptr + 1, (size_t)(close - text.ptr) - 1});
	return 0;
}

int config_parse(struct arena *a, const char *path, struct slice text, config_entries *ret,
		 struct err *err)
{
	struct parser p = {.arena = a, .file = srcfile_intern(path), .out = ret, .err = err};
	struct slice line;
	int r = 0;
	size_t before = ret->len;
	for (unsigned n = 1; r == 0 && slice_split(&text, '\n', &line); n++)
		r = memchr(line.ptr, '\0', line.len)
			    ? err_at(err, ERR_SYNTAX, (struct srcloc){p.file, n, 1},
				     "a configuration is text; this holds NUL bytes")
			    : add_line(&p, line, n);
	if (r == 0)
		end_value(&p);
	else
		ret->len = before;
	strbuf_release(&p.value);
	strmap_release(&p.seen);
	return r;
}
