#pragma once
/* A crontab: a user's, through crontab(1), or a file of /etc/cron.d. */
#include "../file/text_file.h"

#define CRON_MARK "#Ansible: "

/* The rows that cron and cronvar share. */
#define CRONTAB_PARAMS                                                                             \
	{.name = "cron_file",                                                                      \
	 .type = MODULE_PATH,                                                                      \
	 .doc = "A file of /etc/cron.d, or a path, instead of the user's crontab."},               \
		{.name = "state",                                                                  \
		 .type = MODULE_STR,                                                               \
		 .fallback = "present",                                                            \
		 .choices = crontab_states,                                                        \
		 .doc = "Whether it shall be there."},                                             \
	{                                                                                          \
		.name = "backup", .type = MODULE_BOOL, .fallback = "false",                        \
		.doc = "Keeps a copy of the old crontab."                                          \
	}
extern const char *const crontab_states[];

struct crontab {
	struct module_call *call;
	const char *user; /* NULL: who runs the agent */
	const char *path; /* of a file; NULL: the user's own crontab */
	struct slice before;
	struct text_lines lines; /* without newlines */
};

/* From the arguments user and cron_file. */
int crontab_open(struct module_call *call, struct crontab *c, struct err *err);
/* Lines of the result: jobs (their names) and envs. */
void crontab_put_names(const struct crontab *c);
/* Writes it where it differs; an empty file is removed with `remove_empty`. */
int crontab_save(struct crontab *c, bool remove_empty, struct err *err);
void crontab_release(struct crontab *c);

/* The line of the variable; SIZE_MAX: there is none. */
size_t crontab_find_env(const struct crontab *c, const char *name);
/* state, name, insertafter, insertbefore of the arguments; `value` NULL: it goes. */
int crontab_set_env(struct crontab *c, const char *name, const char *value, struct err *err);
