#include "note.h"

#include <stdlib.h>

#define HOSTS_SHOWN_MAX 16u

static bool same_item(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void note_add(note_list *notes, const struct note *what, struct host_name host)
{
	for (size_t i = 0; i < notes->len; i++) {
		struct note *n = &notes->at[i];
		if (n->kind == what->kind && same_item(n->item, what->item) &&
		    slice_eq(strbuf_slice(&n->text), strbuf_slice(&what->text))) {
			vec_push(&n->hosts, host);
			return;
		}
	}
	struct note n = {.kind = what->kind, .item = what->item ? xstrdup(what->item) : NULL};
	struct slice text = strbuf_slice(&what->text);
	if (text.len > NOTE_MAX_BYTES) {
		strbuf_append(&n.text, text.ptr, NOTE_MAX_BYTES);
		strbuf_printf(&n.text, "\n... and %zu bytes more\n", text.len - NOTE_MAX_BYTES);
	} else {
		strbuf_slice_append(&n.text, text);
	}
	vec_push(&n.hosts, host);
	vec_push(notes, n);
}

void note_put_hosts(struct strbuf *out, const host_names *hosts)
{
	size_t shown = hosts->len > HOSTS_SHOWN_MAX ? HOSTS_SHOWN_MAX / 2 : hosts->len;
	strbuf_putc(out, '[');
	for (size_t i = 0; i < shown; i++)
		strbuf_printf(out, "%s%s", i ? "," : "", hosts->at[i].text);
	if (shown < hosts->len)
		strbuf_printf(out, " and %zu more", hosts->len - shown);
	strbuf_putc(out, ']');
}

static int by_rank(const void *a, const void *b)
{
	const struct host_name *x = a, *y = b;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

void host_names_sort(host_names *names)
{
	if (names->len > 1)
		qsort(names->at, names->len, sizeof(names->at[0]), by_rank);
}

static int by_first_host(const void *a, const void *b)
{
	const struct note *x = a, *y = b;
	int order = by_rank(&x->hosts.at[0], &y->hosts.at[0]);
	return order ? order : (x->added > y->added) - (x->added < y->added);
}

void note_sort_all(note_list *notes)
{
	for (size_t i = 0; i < notes->len; i++) {
		notes->at[i].added = i;
		host_names_sort(&notes->at[i].hosts);
	}
	if (notes->len > 1)
		qsort(notes->at, notes->len, sizeof(notes->at[0]), by_first_host);
}

static enum style diff_style(struct slice line)
{
	if (slice_starts_with(line, "+++") || slice_starts_with(line, "---"))
		return STYLE_BOLD;
	if (slice_starts_with(line, "@@"))
		return STYLE_HUNK;
	if (slice_starts_with(line, "+"))
		return STYLE_OK;
	return slice_starts_with(line, "-") ? STYLE_FAILED : STYLE_PLAIN;
}

static void put_lines(struct strbuf *out, const struct note *n, bool color)
{
	struct slice rest = strbuf_slice(&n->text), line;
	if (slice_ends_with(rest, "\n"))
		rest.len--;
	while (slice_split(&rest, '\n', &line)) {
		enum style style = n->kind == NOTE_DIFF	     ? diff_style(line)
				   : n->kind == NOTE_WARNING ? STYLE_WARNING
							     : STYLE_PLAIN;
		strbuf_puts(out, n->kind == NOTE_DIFF ? "" : "    ");
		style_put(out, color, style, line);
		strbuf_putc(out, '\n');
	}
}

static void put_note(struct strbuf *out, const struct note *n, bool color)
{
	static const char *const names[] = {
		[NOTE_WARNING] = "warning ",
		[NOTE_MESSAGE] = "",
		[NOTE_RESULT] = "result ",
		[NOTE_DIFF] = "diff ",
	};
	CLEANUP(strbuf_release) struct strbuf head = {0};
	strbuf_puts(&head, names[n->kind]);
	note_put_hosts(&head, &n->hosts);
	if (n->item)
		strbuf_printf(&head, " (item=%s)", n->item);
	strbuf_puts(out, "  ");
	style_put(out, color, STYLE_DIM, strbuf_slice(&head));
	bool one_line = n->kind != NOTE_DIFF && n->text.len > 0 && !strchr(n->text.ptr, '\n');
	if (one_line) {
		strbuf_putc(out, ' ');
		style_put(out, color, n->kind == NOTE_WARNING ? STYLE_WARNING : STYLE_PLAIN,
			  strbuf_slice(&n->text));
	}
	strbuf_putc(out, '\n');
	if (!one_line)
		put_lines(out, n, color);
}

void note_put_all(struct strbuf *out, const note_list *notes, bool color)
{
	for (enum note_kind kind = NOTE_WARNING; kind <= NOTE_DIFF; kind++)
		for (size_t i = 0; i < notes->len; i++)
			if (notes->at[i].kind == kind)
				put_note(out, &notes->at[i], color);
}

void note_release_all(note_list *notes)
{
	for (size_t i = 0; i < notes->len; i++) {
		free(notes->at[i].item);
		strbuf_release(&notes->at[i].text);
		vec_release(&notes->at[i].hosts);
	}
	vec_release(notes);
}
