#pragma once
/* A text file that a module edits: lineinfile, ini_file, known_hosts … */
#include "rollout/base/vec.h"
#include "rollout/module/module.h"

struct text_file {
	const char *path; /* as the task named it */
	const char *real; /* after links: what is written */
	bool exists;
	struct strbuf content;
	const struct host_attr *new_attr; /* of a new file; NULL: as the arguments say */
};
struct text_lines {
	struct slice *at; /* each with its newline */
	size_t len, cap;
};

/* The rows that the three share. */
#define TEXT_FILE_PARAMS(aliases_)                                                                 \
	{.name = "path",                                                                           \
	 .type = MODULE_PATH,                                                                      \
	 .required = true,                                                                         \
	 .aliases = aliases_,                                                                      \
	 .doc = "The file that is edited."},                                                       \
		{.name = "backup",                                                                 \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "false",                                                              \
		 .doc = "Keeps a copy of the old file, with a timestamp."},                        \
		{.name = "validate",                                                               \
		 .type = MODULE_STR,                                                               \
		 .doc = "Command that checks the new file, %s, before it takes the old one's "     \
			"place."},                                                                 \
	{                                                                                          \
		.name = "unsafe_writes", .type = MODULE_BOOL, .fallback = "false",                 \
		.doc = "Writes into the file that is there, for mount points."                     \
	}

/* Reads it. *ret_stop: the result says already all that can be said (check
 * mode: the file or its content is not known yet). */
int text_file_open(struct module_call *call, bool create, struct text_file *f, bool *ret_stop,
		   struct err *err);
/* The same for another path than the argument `path`. */
int text_file_open_at(struct module_call *call, const char *path, bool create, struct text_file *f,
		      bool *ret_stop, struct err *err);
/* Writes `content` when it differs; then owner, group, mode. Sets msg. */
int text_file_save(struct module_call *call, const struct text_file *f, struct slice content,
		   const char *msg, struct err *err);
void text_file_release(struct text_file *f);

void text_lines_split(struct slice text, struct text_lines *ret);
void text_lines_insert(struct text_lines *l, size_t at, struct slice line);
void text_lines_release(struct text_lines *l);
/* Without \r and \n at its end. */
struct slice text_line_bare(struct slice line);
