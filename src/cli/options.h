#pragma once
/*
 * The command line, by one table: ansible-playbook's names wherever it has one.
 *
 *     options_parse(argc, argv, &o, err) … options_release(&o)
 *
 * Short options combine (-CDvv), values follow as -i X, -iX, --opt X, --opt=X.
 */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"
#include "rollout/base/vec.h"

enum command_mask {
	FOR_RUN = 1,
	FOR_INVENTORY = 2,
	FOR_GRAPH = 4,
	FOR_DOC = 8,
	FOR_LOADING = FOR_RUN | FOR_INVENTORY | FOR_GRAPH,
	FOR_ALL = 0xFF,
};

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_COUNT,  /* unsigned */
	OPTION_STRING, /* const char *; the last one wins */
	OPTION_NUMBER, /* unsigned, at least 1 */
	OPTION_LIST,   /* option_texts: one each time */
	OPTION_COMMAS, /* option_texts: split at commas */
};

typedef VEC(const char *) option_texts; /* NULL after the last once parsed */

struct options {
	struct arena arena; /* of texts that were split */
	option_texts inventory, tags, skip_tags, extra_vars, words;
	const char *limit, *user, *private_key, *connection, *ssh_common_args;
	const char *become_user, *become_method, *become_password_file, *connection_password_file;
	const char *start_at_task, *roles_path, *format, *host;
	unsigned forks, timeout_s, verbosity;
	bool become, ask_become_pass, ask_pass, check, diff, json;
	bool list_hosts, list_tasks, list_tags, syntax_check, list, graph;
	bool help, version;
	unsigned used;	     /* options given, as a mask of those commands that take all of them */
	const char *odd_one; /* the last option that narrowed `used` */
};

struct option_spec {
	char letter; /* 0: none */
	const char *name, *alias;
	enum option_kind kind;
	size_t offset;
	unsigned commands; /* enum command_mask */
	const char *group; /* its heading in the help */
	const char *arg;   /* what the help calls its value */
	const char *doc;
};
extern const struct option_spec option_table[];
extern const size_t option_count;

/* ERR_USAGE names the option, and the nearest one to it. The texts are argv's. */
int options_parse(int argc, char **argv, struct options *ret, struct err *err);
void options_release(struct options *o);
