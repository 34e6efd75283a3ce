#pragma once
/* apt's one-line lists of sources (sources.list(5)): /etc/apt/sources.list and
 * *.list below sources.list.d. */
#include "rollout/module/module.h"

#define SOURCES_MAIN "/etc/apt/sources.list"
#define SOURCES_PARTS "/etc/apt/sources.list.d"
#define SOURCES_FILES_MAX 256u

struct sources_file {
	const char *path;
	bool exists;
	int mode; /* for writing it; -1 keeps */
	struct slice before, after;
};
struct sources {
	struct sources_file at[SOURCES_FILES_MAX];
	size_t len;
};

int sources_load(struct module_call *call, struct sources *s, struct err *err);
/* The one of that path, made when there is none; NULL: there are too many. */
struct sources_file *sources_file_of(struct arena *a, struct sources *s, const char *path);

/* A "deb …" or "deb-src …" line that is no comment, single blanks between its
 * words, in the arena. */
bool sources_parse_line(struct arena *a, struct slice line, struct slice *ret);
/* The URL of what sources_parse_line gave. */
struct slice sources_url(struct slice source);

/* On f->after. Uncomments the line where it is; false: it is not there. */
bool sources_enable(struct arena *a, struct sources_file *f, struct slice source);
void sources_append(struct arena *a, struct sources_file *f, struct slice source);
void sources_drop(struct arena *a, struct sources_file *f, struct slice source);
