/* Tables of what the controller does by itself. */
#include "rollout/module/module.h"

static const char *const fail_aliases[] = {"msg", NULL};

#define ACTION_WITH(symbol, action_flags, text, ...)                                               \
	const struct module module_##symbol = {.name = #symbol,                                    \
					       .full_name = "ansible.builtin." #symbol,            \
					       .doc = text,                                        \
					       .flags = MODULE_ACTION | (action_flags),            \
					       .params = symbol##_params,                          \
					       __VA_ARGS__}
#define ACTION(symbol, action_flags, text) ACTION_WITH(symbol, action_flags, text, .run = NULL)

static const char *const free_form_needs[] = {"_raw_params", NULL};
static const char *const file_needs[] = {"file|_raw_params", NULL};

static const struct module_param debug_params[] = {
	{.name = "msg", .type = MODULE_RAW, .doc = "What to print; Hello world! without it."},
	{.name = "var",
	 .type = MODULE_RAW,
	 .expression = true,
	 .undefined_is_told = true,
	 .doc = "An expression to evaluate and print."},
	{.name = "verbosity",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .doc = "Prints only with that many -v."},
	{0},
};
static const char *const debug_excludes[] = {"msg|var", NULL};
ACTION_WITH(debug, MODULE_EVALUATES, "Prints a message or a value.",
	    .mutually_exclusive = debug_excludes);

static const struct module_param set_fact_params[] = {
	{.name = "cacheable",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Keeps it in the fact cache as well."},
	{0},
};
ACTION_WITH(set_fact, MODULE_ANY_ARGS | MODULE_SETS_VARS,
	    "Sets variables of a host; each key is one.", .kind = MODULE_KIND_SET_FACT);

static const struct module_param assert_params[] = {
	{.name = "that",
	 .type = MODULE_RAW,
	 .required = true,
	 .expression = true,
	 .doc = "Expressions that have to be true."},
	{.name = "fail_msg",
	 .type = MODULE_RAW,
	 .aliases = fail_aliases,
	 .doc = "Message where one is false."},
	{.name = "success_msg", .type = MODULE_RAW, .doc = "Message where all are true."},
	{.name = "quiet",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Says nothing where all are true."},
	{0},
};
ACTION(assert, MODULE_EVALUATES, "Fails unless expressions are true.");

static const struct module_param fail_params[] = {
	{.name = "msg",
	 .type = MODULE_STR,
	 .fallback = "Failed as requested from task",
	 .doc = "Why."},
	{0},
};
ACTION(fail, 0, "Fails with a message.");

static const struct module_param meta_params[] = {{0}};
ACTION_WITH(meta, MODULE_FREE_FORM | MODULE_STEERS,
	    "Controls the run: flush_handlers, end_play, end_host, noop, …",
	    .kind = MODULE_KIND_META, .required_one_of = free_form_needs);

static const struct module_param pause_params[] = {
	{.name = "seconds", .type = MODULE_FLOAT, .doc = "How long."},
	{.name = "minutes", .type = MODULE_FLOAT, .doc = "How long."},
	{.name = "prompt", .type = MODULE_STR, .doc = "What to show, and to wait for an answer."},
	{.name = "echo",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Whether the answer is shown while it is typed."},
	{0},
};
static const char *const pause_excludes[] = {"seconds|minutes", NULL};
ACTION_WITH(pause, MODULE_FOR_ALL, "Waits, once for all hosts.",
	    .mutually_exclusive = pause_excludes);

static const struct module_param include_tasks_params[] = {
	{.name = "file", .type = MODULE_STR, .doc = "The file; it may be given alone."},
	{.name = "apply", .type = MODULE_DICT, .doc = "Keywords for the tasks in it."},
	{0},
};
ACTION_WITH(include_tasks, MODULE_FREE_FORM | MODULE_STEERS | MODULE_SETS_VARS,
	    "Runs the tasks of a file, found while the run goes on.",
	    .kind = MODULE_KIND_INCLUDE_TASKS, .required_one_of = file_needs,
	    .mutually_exclusive = file_needs);

static const struct module_param import_tasks_params[] = {
	{.name = "file", .type = MODULE_STR, .doc = "The file; it may be given alone."},
	{0},
};
ACTION_WITH(import_tasks, MODULE_FREE_FORM, "Puts the tasks of a file in this place.",
	    .kind = MODULE_KIND_IMPORT_TASKS, .required_one_of = file_needs,
	    .mutually_exclusive = file_needs);

#define ROLE_PARAMS                                                                                \
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "Name of the role."},        \
		{.name = "tasks_from",                                                             \
		 .type = MODULE_STR,                                                               \
		 .fallback = "main",                                                               \
		 .doc = "File of its tasks folder."},                                              \
		{.name = "vars_from",                                                              \
		 .type = MODULE_STR,                                                               \
		 .fallback = "main",                                                               \
		 .doc = "File of its vars folder."},                                               \
		{.name = "defaults_from",                                                          \
		 .type = MODULE_STR,                                                               \
		 .fallback = "main",                                                               \
		 .doc = "File of its defaults folder."},                                           \
		{.name = "handlers_from",                                                          \
		 .type = MODULE_STR,                                                               \
		 .fallback = "main",                                                               \
		 .doc = "File of its handlers folder."},                                           \
		{.name = "allow_duplicates",                                                       \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Whether it may run again."},                                              \
		{.name = "rolespec_validate",                                                      \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Checks the role's arguments against its specification."},                 \
	{                                                                                          \
		.name = "public", .type = MODULE_BOOL,                                             \
		.doc = "Whether its variables are seen by later tasks."                            \
	}

static const struct module_param include_role_params[] = {
	ROLE_PARAMS,
	{.name = "apply", .type = MODULE_DICT, .doc = "Keywords for its tasks."},
	{0},
};
ACTION_WITH(include_role, MODULE_STEERS | MODULE_SETS_VARS,
	    "Runs a role, found while the run goes on.", .kind = MODULE_KIND_INCLUDE_ROLE);

static const struct module_param import_role_params[] = {ROLE_PARAMS, {0}};
ACTION_WITH(import_role, 0, "Puts a role in this place.", .kind = MODULE_KIND_IMPORT_ROLE);

static const struct module_param include_vars_params[] = {
	{.name = "file", .type = MODULE_PATH, .doc = "The file; it may be given alone."},
	{.name = "dir", .type = MODULE_PATH, .doc = "A folder, whose files are all read."},
	{.name = "name", .type = MODULE_STR, .doc = "A variable to put them in."},
	{.name = "depth", .type = MODULE_INT, .fallback = "0", .doc = "How deep; 0: no limit."},
	{.name = "files_matching", .type = MODULE_STR, .doc = "Reads only files like this."},
	{.name = "ignore_files",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Leaves these files out."},
	{.name = "extensions",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[json, yaml, yml]",
	 .doc = "Reads only files with these."},
	{.name = "ignore_unknown_extensions",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Passes over others instead of failing."},
	{.name = "hash_behaviour",
	 .type = MODULE_STR,
	 .doc = "replace or merge, for mappings that exist."},
	{0},
};
static const char *const vars_needs[] = {"file|dir|_raw_params", NULL};
ACTION_WITH(include_vars, MODULE_FREE_FORM | MODULE_SETS_VARS, "Reads variables from files.",
	    .kind = MODULE_KIND_INCLUDE_VARS, .required_one_of = vars_needs,
	    .mutually_exclusive = vars_needs);
