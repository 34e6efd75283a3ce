/* Tables of what changes the play itself: its hosts, its arguments. */
#include "rollout/module/module.h"

#define ACTION(symbol, action_flags, text)                                                         \
	const struct module module_##symbol = {.name = #symbol,                                    \
					       .full_name = "ansible.builtin." #symbol,            \
					       .doc = text,                                        \
					       .flags = MODULE_ACTION | (action_flags),            \
					       .params = symbol##_params,                          \
					       .run = NULL}

static const char *const add_host_names[] = {"hostname", "host", NULL};
static const char *const add_host_groups[] = {"groupname", "group", NULL};
static const struct module_param add_host_params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = add_host_names,
	 .doc = "The host."},
	{.name = "groups",
	 .type = MODULE_RAW,
	 .aliases = add_host_groups,
	 .doc = "Groups that it is in: a list, or text with commas."},
	{0},
};
ACTION(add_host, MODULE_ANY_ARGS | MODULE_MAKES_HOSTS | MODULE_FOR_ALL,
       "Adds a host for later plays, once for all hosts; further keys are its variables.");

static const struct module_param group_by_params[] = {
	{.name = "key", .type = MODULE_STR, .required = true, .doc = "The group's name."},
	{.name = "parents",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[all]",
	 .doc = "Groups that it is a child of."},
	{0},
};
ACTION(group_by, MODULE_MAKES_HOSTS, "Puts the host into a group, for later plays.");

static const struct module_param set_stats_params[] = {
	{.name = "data", .type = MODULE_DICT, .required = true, .doc = "Names and values."},
	{.name = "per_host", .type = MODULE_BOOL, .fallback = "false", .doc = "For each host."},
	{.name = "aggregate",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Adds to what is there, instead of taking its place."},
	{0},
};
ACTION(set_stats, 0, "Tells figures of the run, in the task's result.");

static const struct module_param validate_argument_spec_params[] = {
	{.name = "argument_spec",
	 .type = MODULE_DICT,
	 .required = true,
	 .doc = "What the arguments must be, as in meta/argument_specs.yml."},
	{.name = "provided_arguments",
	 .type = MODULE_DICT,
	 .doc = "Arguments beside the variables of these names."},
	{.name = "validate_args_context", .type = MODULE_DICT, .doc = "Told in the result."},
	{0},
};
ACTION(validate_argument_spec, 0, "Checks arguments against a specification.");
