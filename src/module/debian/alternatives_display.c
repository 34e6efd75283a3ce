#include "alternatives_display.h"

#include <stdlib.h>

struct reader {
	struct arena *arena;
	struct alternatives *all;
	struct alternative *last; /* NULL: still the group's own lines */
};

/* The text after `prefix`; false where the line does not begin so. */
static bool after(struct slice line, const char *prefix, struct slice *ret)
{
	size_t len = strlen(prefix);
	if (!slice_starts_with(line, prefix))
		return false;
	*ret = (struct slice){line.ptr + len, line.len - len};
	return true;
}

/* "NAME<sep>REST" */
static bool cut(struct slice s, const char *sep, struct slice *ret_name, struct slice *ret_rest)
{
	const char *at = memmem(s.ptr, s.len, sep, strlen(sep));
	if (!at)
		return false;
	*ret_name = (struct slice){s.ptr, (size_t)(at - s.ptr)};
	size_t skip = ret_name->len + strlen(sep);
	*ret_rest = (struct slice){s.ptr + skip, s.len - skip};
	return true;
}

static const char *keep(struct reader *r, struct slice s)
{
	return arena_slice(r->arena, s).ptr;
}

static int limit(struct err *err)
{
	return err_set(err, ERR_LIMIT, "the group has too many alternatives");
}

/* "/usr/bin/vim.basic - priority 30", "/x - family y priority 1800" */
static int read_alternative(struct reader *r, struct slice line, struct err *err)
{
	struct slice path, rest, word = {"", 0};
	if (!cut(line, " - ", &path, &rest))
		return 0;
	while (slice_word(&rest, &word) && !slice_is(word, "priority"))
		;
	if (!slice_is(word, "priority"))
		return 0;
	(void)slice_word(&rest, &word);
	if (r->all->len == ALTERNATIVES_MAX)
		return limit(err);
	r->last = arena_alloc(r->arena, sizeof(*r->last));
	*r->last = (struct alternative){.path = keep(r, path),
					.priority = strtoll(keep(r, word), NULL, 10)};
	r->all->at[r->all->len++] = r->last;
	return 0;
}

/* Of the group "editor.1.gz is /usr/share/…", of an alternative "editor.1.gz: /…" */
static int read_subcommand(struct reader *r, struct slice text, struct err *err)
{
	struct slice name, rest;
	struct subcommand *list = r->last ? r->last->subcommands : r->all->links;
	size_t *len = r->last ? &r->last->nsubcommands : &r->all->nlinks;
	if (!cut(text, r->last ? ": " : " is ", &name, &rest) || slice_is(rest, "(null)"))
		return 0;
	if (*len == SUBCOMMANDS_MAX)
		return limit(err);
	list[(*len)++] = (struct subcommand){.name = keep(r, name),
					     .link = r->last ? NULL : keep(r, rest),
					     .path = r->last ? keep(r, rest) : NULL};
	return 0;
}

static int read_line(struct reader *r, struct slice line, struct err *err)
{
	struct slice rest, name;
	if (line.len && line.ptr[0] == '/')
		return read_alternative(r, line, err);
	line = slice_trim(line);
	if (after(line, "slave ", &rest) || after(line, "follower ", &rest))
		return read_subcommand(r, rest, err);
	if (after(line, "link currently points to ", &rest))
		r->all->current = keep(r, rest);
	else if (after(line, "link ", &rest) && cut(rest, " is ", &name, &rest) &&
		 !memchr(name.ptr, ' ', name.len))
		r->all->link = keep(r, rest);
	else if (!r->last && (slice_ends_with(line, " - manual mode") ||
			      slice_ends_with(line, " - status is manual.")))
		r->all->is_manual = true;
	return 0;
}

static const char *link_of(const struct alternatives *all, const char *name)
{
	for (size_t i = 0; i < all->nlinks; i++)
		if (strcmp(all->links[i].name, name) == 0)
			return all->links[i].link;
	return NULL;
}

int alternatives_parse(struct arena *a, struct slice text, struct alternatives *ret,
		       struct err *err)
{
	struct reader r = {.arena = a, .all = ret};
	struct slice line;
	*ret = (struct alternatives){0};
	while (slice_split(&text, '\n', &line)) {
		int code = read_line(&r, line, err);
		if (code < 0)
			return code;
	}
	for (size_t i = 0; i < ret->len; i++)
		for (size_t s = 0; s < ret->at[i]->nsubcommands; s++)
			ret->at[i]->subcommands[s].link =
				link_of(ret, ret->at[i]->subcommands[s].name);
	return 0;
}

const struct alternative *alternatives_find(const struct alternatives *all, const char *path)
{
	for (size_t i = 0; i < all->len; i++)
		if (strcmp(all->at[i]->path, path) == 0)
			return all->at[i];
	return NULL;
}

void alternatives_guess_links(struct alternatives *all, const struct alternative *wanted)
{
	for (size_t i = 0; all->nlinks == 0 && i < all->len; i++)
		for (size_t s = 0; s < all->at[i]->nsubcommands; s++)
			for (size_t w = 0; w < wanted->nsubcommands; w++)
				if (strcmp(wanted->subcommands[w].name,
					   all->at[i]->subcommands[s].name) == 0)
					all->at[i]->subcommands[s].link =
						wanted->subcommands[w].link;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool has(const struct alternative *a, const struct subcommand *s)
{
	for (size_t i = 0; i < a->nsubcommands; i++)
		if (same(a->subcommands[i].name, s->name) &&
		    same(a->subcommands[i].link, s->link) && same(a->subcommands[i].path, s->path))
			return true;
	return false;
}

bool alternatives_same_subcommands(const struct alternative *a, const struct alternative *b)
{
	for (size_t i = 0; i < a->nsubcommands; i++)
		if (!has(b, &a->subcommands[i]))
			return false;
	for (size_t i = 0; i < b->nsubcommands; i++)
		if (!has(a, &b->subcommands[i]))
			return false;
	return true;
}
