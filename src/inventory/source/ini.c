/*
 * INI inventories: [group], [group:vars], [group:children].
 * Source: Ansible's page of the `ini` inventory plugin.
 */
#include "../internal.h"
#include "rollout/base/nearest.h"
#include "rollout/base/utf8.h"

#include <ctype.h>

enum section { SECTION_HOSTS, SECTION_VARS, SECTION_CHILDREN };

/* A group that is named before it is defined: by `parent`, or by a :vars section. */
struct pending {
	struct slice name;
	struct inv_group *parent; /* NULL: [name:vars] */
	struct srcloc at;
	bool settled;
};

struct ini {
	struct inventory *inv;
	struct slice line; /* as it is */
	struct srcloc at;  /* its beginning */
	struct inv_group *group;
	enum section section;
	VEC(struct pending) pending;
	struct err *err;
};

static struct srcloc place(const struct ini *ini, const char *p)
{
	struct slice before = {ini->line.ptr, (size_t)(p - ini->line.ptr)};
	return (struct srcloc){ini->at.file, ini->at.line, (unsigned)utf8_count(before) + 1};
}

static struct value *text_at(struct ini *ini, struct slice s, struct srcloc at)
{
	struct value *v = value_str(&ini->inv->arena, s);
	v->at = at;
	return v;
}

static const struct value *value_of(struct ini *ini, struct slice s, struct srcloc at)
{
	const struct value *v;
	return inventory_literal(&ini->inv->arena, s, at, &v) ? v : text_at(ini, s, at);
}

/* ---- sections ---- */

static bool is_pending(const struct ini *ini, struct slice name)
{
	for (size_t i = 0; i < ini->pending.len; i++)
		if (!ini->pending.at[i].settled && slice_eq(ini->pending.at[i].name, name))
			return true;
	return false;
}

/* The group has been defined: whoever named it before gets it. */
static void settle(struct ini *ini, struct inv_group *g)
{
	for (size_t i = 0; i < ini->pending.len; i++) {
		struct pending *p = &ini->pending.at[i];
		if (p->settled || !slice_is(p->name, g->name))
			continue;
		if (p->parent)
			inventory_group_add_child(p->parent, g);
		p->settled = true;
	}
}

static int not_a_section(struct ini *ini, struct slice line)
{
	return err_at(
		ini->err, ERR_SYNTAX, place(ini, line.ptr),
		"'%.*s' is no section: write [group], [group:vars] or [group:children], without "
		"spaces in the brackets",
		SLICE_ARG(line));
}

static int enter(struct ini *ini, struct slice name, struct slice kind, struct srcloc at)
{
	static const char *const kinds[] = {"hosts", "vars", "children"};
	size_t k = 0;
	while (kind.len > 0 && k < ARRAY_LEN(kinds) && !slice_is(kind, kinds[k]))
		k++;
	if (k == ARRAY_LEN(kinds)) {
		char hint[64];
		struct nearest near;
		nearest_init(&near, kind);
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			nearest_offer(&near, slice_from(kinds[i]));
		return err_at(ini->err, ERR_INVALID, place(ini, kind.ptr),
			      "section [%.*s:%.*s]: a group has hosts, vars and children, not "
			      "'%.*s'%s",
			      SLICE_ARG(name), SLICE_ARG(kind), SLICE_ARG(kind),
			      nearest_hint(&near, hint, sizeof(hint)));
	}
	ini->section = (enum section)k;
	bool known = strmap_has(&ini->inv->groups, name);
	ini->group = inventory_group_add(ini->inv, name, at);
	if (!ini->group->at.file)
		ini->group->at = at;
	if (ini->section != SECTION_VARS)
		settle(ini, ini->group);
	else if (!known && !is_pending(ini, name))
		vec_push(&ini->pending, ((struct pending){.name = name, .at = at}));
	return 0;
}

/* A line that begins with a bracket; *ret: it was a section. A host's name may begin
 * with one too. */
static int read_section(struct ini *ini, struct slice line, bool *ret)
{
	const char *close = memchr(line.ptr, ']', line.len), *end = line.ptr + line.len;
	bool wrong = line.ptr[line.len - 1] == ']';
	*ret = true;
	if (close) {
		struct slice name = {line.ptr + 1, (size_t)(close - line.ptr) - 1}, group,
			     kind = {name.ptr, 0},
			     rest = slice_trim(
				     (struct slice){close + 1, (size_t)(end - close) - 1});
		const char *colon = memchr(name.ptr, ':', name.len);
		group = name;
		if (colon) {
			group.len = (size_t)(colon - name.ptr);
			kind = (struct slice){colon + 1, name.len - group.len - 1};
		}
		bool good = group.len > 0 && (!colon || kind.len > 0) &&
			    (rest.len == 0 || rest.ptr[0] == '#');
		for (size_t i = 0; i < group.len; i++)
			good &= !isspace((unsigned char)group.ptr[i]) && group.ptr[i] != '\0';
		for (size_t i = 0; i < kind.len; i++)
			good &= isalnum((unsigned char)kind.ptr[i]) || kind.ptr[i] == '_';
		if (good)
			return enter(ini, group, kind, place(ini, group.ptr));
	}
	if (wrong || ini->section != SECTION_HOSTS)
		return not_a_section(ini, line);
	*ret = false;
	return 0;
}

/* ---- hosts ---- */

/* The next word as a POSIX shell splits them (Python's shlex), up to a comment. *ret_at
 * is where it begins. Returns 1, 0 at the end, or an error. */
static int next_word(struct ini *ini, struct slice *rest, struct strbuf *out, const char **ret_at)
{
	const char *p = rest->ptr, *end = p + rest->len, *quoted = p;
	char quote = '\0';
	bool any = false;
	strbuf_truncate(out, 0);
	while (p < end && strchr(" \t\r\n", *p) && *p)
		p++;
	*ret_at = p;
	for (; p < end; p++) {
		if (!quote && *p == '#') {
			end = p;
			break;
		}
		if (!quote && (*p == ' ' || *p == '\t' || *p == '\r'))
			break;
		any = true;
		if (*p == '\\' && quote != '\'') {
			if (p + 1 == end)
				return err_at(ini->err, ERR_SYNTAX, place(ini, p),
					      "nothing follows the backslash");
			p++;
			if (quote && *p != '"' && *p != '\\')
				strbuf_putc(out, '\\');
			strbuf_putc(out, *p);
		} else if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? '\0' : *p;
			quoted = p;
		} else {
			strbuf_putc(out, *p);
		}
	}
	if (quote)
		return err_at(ini->err, ERR_SYNTAX, place(ini, quoted),
			      "a quote (%c) is not closed", quote);
	*rest = (struct slice){p, (size_t)(end - p)};
	return any ? 1 : 0;
}

static int define(struct ini *ini, const inv_hosts *hosts, struct slice word, const char *at)
{
	const char *equals = memchr(word.ptr, '=', word.len);
	int r = 0;
	if (!equals)
		return err_at(ini->err, ERR_SYNTAX, place(ini, at),
			      "'%.*s' is no variable: a host's name is followed by key=value",
			      SLICE_ARG(word));
	struct slice key = {word.ptr, (size_t)(equals - word.ptr)},
		     text = {equals + 1, word.len - key.len - 1};
	struct srcloc where = place(ini, at), value_at = where;
	value_at.column += (unsigned)utf8_count(key) + 1;
	const struct value *name = text_at(ini, key, where), *v = value_of(ini, text, value_at);
	for (size_t i = 0; i < hosts->len && r == 0; i++)
		r = inventory_host_define(ini->inv, hosts->at[i], name, v, ini->err);
	return r;
}

static int read_host(struct ini *ini, struct slice line)
{
	CLEANUP(strbuf_release) struct strbuf word = {0};
	inv_hosts hosts = {0};
	const char *at;
	int r = next_word(ini, &line, &word, &at);
	if (r > 0 && slice_is(strbuf_slice(&word), "---"))
		r = err_at(ini->err, ERR_SYNTAX, place(ini, at),
			   "'---' begins YAML; this file is read as INI");
	if (r > 0)
		r = inventory_add_hosts(ini->inv, ini->group, strbuf_slice(&word), place(ini, at),
					&hosts, ini->err);
	while (r >= 0) {
		r = next_word(ini, &line, &word, &at);
		if (r <= 0)
			break;
		r = define(ini, &hosts, strbuf_slice(&word), at);
	}
	vec_release(&hosts);
	return r;
}

/* ---- variables and children ---- */

static int read_var(struct ini *ini, struct slice line)
{
	const char *equals = memchr(line.ptr, '=', line.len);
	if (!equals)
		return err_at(ini->err, ERR_SYNTAX, place(ini, line.ptr),
			      "section [%s:vars] holds key=value, not '%.*s'", ini->group->name,
			      SLICE_ARG(line));
	struct slice key = slice_trim((struct slice){line.ptr, (size_t)(equals - line.ptr)}),
		     text = slice_trim((struct slice){equals + 1,
						      (size_t)(line.ptr + line.len - equals) - 1});
	return inventory_group_define(ini->inv, ini->group, text_at(ini, key, place(ini, line.ptr)),
				      value_of(ini, text, place(ini, text.ptr)), ini->err);
}

static int read_child(struct ini *ini, struct slice line)
{
	struct slice name = {line.ptr, 0}, rest;
	while (name.len < line.len && !isspace((unsigned char)line.ptr[name.len]) &&
	       !strchr(":]#", line.ptr[name.len]))
		name.len++;
	rest = slice_trim((struct slice){line.ptr + name.len, line.len - name.len});
	if (name.len == 0 || (rest.len > 0 && rest.ptr[0] != '#'))
		return err_at(ini->err, ERR_SYNTAX, place(ini, line.ptr),
			      "section [%s:children] holds the name of a group on each line, not "
			      "'%.*s'",
			      ini->group->name, SLICE_ARG(line));
	struct inv_group *child = strmap_get(&ini->inv->groups, name);
	if (!child) {
		vec_push(&ini->pending,
			 ((struct pending){
				 .name = name, .parent = ini->group, .at = place(ini, line.ptr)}));
		return 0;
	}
	if (child == ini->group)
		return err_at(ini->err, ERR_INVALID, place(ini, line.ptr),
			      "group '%s' cannot be a child of itself", child->name);
	inventory_group_add_child(ini->group, child);
	return 0;
}

static int check_pending(struct ini *ini)
{
	for (size_t i = 0; i < ini->pending.len; i++) {
		const struct pending *p = &ini->pending.at[i];
		char hint[160];
		struct nearest near;
		if (p->settled)
			continue;
		nearest_init(&near, p->name);
		for (size_t k = 0; k < ini->inv->groups.len; k++)
			if (!slice_eq(ini->inv->groups.entries[k].key, p->name))
				nearest_offer(&near, ini->inv->groups.entries[k].key);
		return err_at(ini->err, ERR_NOT_FOUND, p->at,
			      "section [%s%s] names group '%.*s', which is not defined%s",
			      p->parent ? p->parent->name : "", p->parent ? ":children" : ":vars",
			      SLICE_ARG(p->name), nearest_hint(&near, hint, sizeof(hint)));
	}
	return 0;
}

static int read_line(struct ini *ini)
{
	struct slice line = slice_trim(ini->line);
	bool section = false;
	if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
		return 0;
	if (line.ptr[0] == '[') {
		int r = read_section(ini, line, &section);
		if (r < 0 || section)
			return r;
	}
	switch (ini->section) {
	case SECTION_HOSTS:
		return read_host(ini, line);
	case SECTION_VARS:
		return read_var(ini, line);
	case SECTION_CHILDREN:
		return read_child(ini, line);
	}
	return 0;
}

int inventory_read_ini(struct inventory *inv, const char *path, struct slice text, struct err *err)
{
	struct ini ini = {.inv = inv, .group = inv->ungrouped, .err = err};
	struct slice rest = arena_slice(&inv->arena, text);
	int r = 0;
	ini.at = (struct srcloc){srcfile_intern(path), 0, 1};
	while (r == 0 && slice_split(&rest, '\n', &ini.line)) {
		ini.at.line++;
		if (ini.line.len > 0 && ini.line.ptr[ini.line.len - 1] == '\r')
			ini.line.len--;
		if (memchr(ini.line.ptr, '\0', ini.line.len))
			r = err_at(err, ERR_SYNTAX, ini.at,
				   "an inventory is text; this holds NUL bytes");
		else
			r = read_line(&ini);
	}
	if (r == 0)
		r = check_pending(&ini);
	vec_release(&ini.pending);
	return r < 0 ? r : 0;
}
