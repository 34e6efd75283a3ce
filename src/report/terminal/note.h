#pragma once
/*
 * Text that belongs under a task's line: diffs, messages, results. Equal text
 * of many hosts is one note that names them.
 */
#include "rollout/base/vec.h"
#include "style.h"

#define NOTE_MAX_BYTES (256u << 10)

enum note_kind { NOTE_WARNING, NOTE_MESSAGE, NOTE_RESULT, NOTE_DIFF };

/* A host of the sink's table, and its place in the order of the run's hosts. */
struct host_name {
	const char *text;
	size_t rank;
};
typedef VEC(struct host_name) host_names;

struct note {
	enum note_kind kind;
	char *item; /* the loop's label, or NULL */
	struct strbuf text;
	host_names hosts;
	size_t added; /* its place before sorting */
};
typedef VEC(struct note) note_list;

void note_add(note_list *notes, const struct note *what, struct host_name host);
/* By rank, which is not the order in which they answered. */
void host_names_sort(host_names *names);
/* "[a,b,c]"; where there are many, some and how many more. */
void note_put_hosts(struct strbuf *out, const host_names *hosts);
/* Those of the first host come first, in the order in which they were added. */
void note_sort_all(note_list *notes);
void note_put_all(struct strbuf *out, const note_list *notes, bool color);
void note_release_all(note_list *notes);
