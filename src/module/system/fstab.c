#include "fstab.h"

enum { SRC, NAME, FSTYPE, OPTS, DUMP, PASSNO, FIELDS };
#define FIELDS_NEEDED 4

static const char *escape(struct arena *a, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (; *text; text++) {
		if (*text == '\\' || *text == ' ' || *text == '&' || *text == '\t' || *text == '\n')
			strbuf_printf(&out, "\\%03o", (unsigned)*text);
		else
			strbuf_putc(&out, *text);
	}
	return arena_slice(a, strbuf_slice(&out)).ptr;
}

/* false: a comment, an empty line, or no entry. */
static bool parse(struct slice line, struct slice field[FIELDS])
{
	size_t n = 0;
	/* A comment begins where a field could; in a field # is a letter. */
	for (struct slice word; slice_word(&line, &word) && word.ptr[0] != '#';) {
		if (n == FIELDS)
			return false;
		field[n++] = word;
	}
	for (size_t i = n; i < FIELDS; i++)
		field[i] = SLICE_LIT("0");
	return n >= FIELDS_NEEDED;
}

static bool is_of(const struct slice field[FIELDS], const struct slice want[FIELDS])
{
	if (!slice_eq(field[NAME], want[NAME]))
		return false;
	bool swap = slice_is(field[NAME], "none") && slice_is(field[FSTYPE], "swap");
	return !swap || !want[SRC].len || slice_eq(field[SRC], want[SRC]);
}

static void wanted_fields(struct arena *a, const struct fstab_entry *e, struct slice want[FIELDS])
{
	const char *const all[FIELDS] = {e->src, e->name, e->fstype, e->opts, e->dump, e->passno};
	for (size_t i = 0; i < FIELDS; i++)
		want[i] = all[i] ? slice_from(escape(a, all[i])) : SLICE_LIT("");
}

static void put_entry(struct strbuf *out, const struct slice want[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++) {
		strbuf_slice_append(out, want[i]);
		strbuf_putc(out, i + 1 < FIELDS ? ' ' : '\n');
	}
}

static void put_line(struct strbuf *out, struct slice line)
{
	strbuf_slice_append(out, line);
	strbuf_putc(out, '\n');
}

void fstab_set(struct arena *a, struct slice text, const struct fstab_entry *e, struct strbuf *out)
{
	struct slice want[FIELDS], field[FIELDS], line;
	bool found = false;
	wanted_fields(a, e, want);
	while (text.len && slice_split(&text, '\n', &line)) {
		bool mine = parse(line, field) && is_of(field, want), same = true;
		for (size_t i = 0; mine && i < FIELDS; i++)
			same &= slice_eq(field[i], want[i]);
		found |= mine;
		if (mine && !same)
			put_entry(out, want);
		else
			put_line(out, line);
	}
	if (!found)
		put_entry(out, want);
}

void fstab_unset(struct arena *a, struct slice text, const struct fstab_entry *e,
		 struct strbuf *out)
{
	struct slice want[FIELDS], field[FIELDS], line;
	wanted_fields(a, e, want);
	while (text.len && slice_split(&text, '\n', &line))
		if (!parse(line, field) || !is_of(field, want))
			put_line(out, line);
}
