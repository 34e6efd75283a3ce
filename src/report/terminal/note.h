#pragma once
/*
 * Text that belongs under a task's line: diffs, messages, results. Equal text
 * of many hosts is one note that names them.
 */
#include "rollout/base/vec.h"
#include "style.h"

#define NOTE_MAX_BYTES (256u << 10)

enum note_kind { NOTE_WARNING, NOTE_MESSAGE, NOTE_RESULT, NOTE_DIFF };

typedef VEC(const char *) host_names; /* borrowed from the sink's table of hosts */

struct note {
	enum note_kind kind;
	char *item; /* the loop's label, or NULL */
	struct strbuf text;
	host_names hosts;
};
typedef VEC(struct note) note_list;

void note_add(note_list *notes, const struct note *what, const char *host);
/* "[a,b,c]"; where there are many, some and how many more. */
void note_put_hosts(struct strbuf *out, const host_names *hosts);
void note_put_all(struct strbuf *out, const note_list *notes, bool color);
void note_release_all(note_list *notes);
