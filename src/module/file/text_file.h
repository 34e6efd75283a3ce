#pragma once
/* A text file that a module edits: lineinfile, ini_file, known_hosts … */
#include "../path/whole_file.h"
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
		FILE_BACKUP_PARAM, FILE_VALIDATE_PARAM, FILE_UNSAFE_WRITES_PARAM

/* What lineinfile and blockinfile share beside them: a new text goes somewhere. */
#define TEXT_PLACE_PARAMS(state_doc_)                                                              \
	{.name = "state",                                                                          \
	 .type = MODULE_STR,                                                                       \
	 .fallback = "present",                                                                    \
	 .choices = text_states,                                                                   \
	 .doc = state_doc_},                                                                       \
		{.name = "insertafter",                                                            \
		 .type = MODULE_STR,                                                               \
		 .doc = "Where a new one goes: after the last line that matches, or EOF."},        \
		{.name = "insertbefore",                                                           \
		 .type = MODULE_STR,                                                               \
		 .doc = "Where a new one goes: before the last line that matches, or BOF."},       \
	{                                                                                          \
		.name = "create", .type = MODULE_BOOL, .fallback = "false",                        \
		.doc = "Makes the file when it is not there."                                      \
	}
/* dest, destfile, name: of lineinfile, blockinfile and replace. */
extern const char *const text_path_aliases[];
extern const char *const text_states[]; /* absent, present */

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
/* The line, in the arena with a newline where it has none. */
struct slice text_line_ended(struct arena *a, struct slice line);
/* Without \r and \n at its end. */
struct slice text_line_bare(struct slice line);
