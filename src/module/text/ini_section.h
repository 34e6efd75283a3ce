#pragma once
/* One call of ini_file: the lines, and the section among them. */
#include "../file/text_file.h"

struct ini_edit {
	struct module_call *call;
	struct text_lines before, section, after; /* section: its header line and what is in it */
	bool found;				  /* the section is there, or none was asked for */
	const char *name, *option;		  /* NULL: not given */
	VEC(const char *) values;
	VEC(bool) done; /* beside section.at: the line is as wanted */
	bool bare;	/* allow_no_value, and a line with the option alone is there */
	bool changed;
	const char *msg;
};

/* "option = value", as the arguments want it; NULL: the option alone. */
struct slice ini_line(const struct ini_edit *e, const char *value);
/* Is it a line of the option? Its value, and whether it is a comment. */
bool ini_match(const struct ini_edit *e, struct slice line, bool inactive, struct slice *ret_value,
	       bool *ret_comment);
/* state: present of an option, in the section that is there. */
void ini_set_option(struct ini_edit *e);
/* state: absent of an option. */
void ini_remove_option(struct ini_edit *e);
