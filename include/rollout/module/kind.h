#pragma once
/* The modules that the plan or the run have a part of their own in: what they do
 * with one, they do by its kind and its flags, never by its name. */
#include <stdbool.h>

enum module_kind {
	MODULE_KIND_OTHER,
	MODULE_KIND_META,
	MODULE_KIND_IMPORT_TASKS,
	MODULE_KIND_IMPORT_ROLE,
	MODULE_KIND_INCLUDE_TASKS,
	MODULE_KIND_INCLUDE_ROLE,
	MODULE_KIND_INCLUDE_VARS,
	MODULE_KIND_SET_FACT,
	MODULE_KIND_TEMPLATE,
	MODULE_KIND_COPY,
	MODULE_KIND_SYNCHRONIZE,
	MODULE_KIND_FETCH,
	MODULE_KIND_SLURP,
	MODULE_KIND_ASSEMBLE,
	MODULE_KIND_UNARCHIVE,
	MODULE_KIND_SCRIPT,
	MODULE_KIND_LIBRARY, /* a file of library/ */
	MODULE_KIND_GET_URL,
	MODULE_KIND_URI,
	MODULE_KIND_MANIFEST, /* k8s */
	MODULE_KIND_REBOOT,
	MODULE_KIND_WAIT_FOR_CONNECTION,
};

static inline bool module_kind_imports(enum module_kind k)
{
	return k == MODULE_KIND_IMPORT_TASKS || k == MODULE_KIND_IMPORT_ROLE;
}

/* Tasks, not variables. */
static inline bool module_kind_includes(enum module_kind k)
{
	return k == MODULE_KIND_INCLUDE_TASKS || k == MODULE_KIND_INCLUDE_ROLE;
}
