#pragma once
/*
 * Objects of a cluster as values: what a task defines, what the API server has.
 * kubectl gets them on its standard input, so they are in no list of processes.
 */
#include "access.h"

#define OBJECTS_MAX 4096u /* of a task */

/* Of resource_definition and api_version. */
extern const char *const object_definition_aliases[], *const object_version_aliases[];

/* Of resource_definition, src, or kind, api_version and name: each has kind,
 * apiVersion and a mapping metadata; *ret is a list. */
int objects_of_task(struct module_call *call, const struct value **ret, struct err *err);

/* "" where there is none; of metadata. */
const char *object_str(const struct value *object, const char *key);
const char *object_meta(const struct value *object, const char *key);
/* "Deployment web/app", for messages and diffs */
const char *object_title(struct arena *a, const struct value *object);
/* apiVersion, kind, name and namespace alone. */
struct value *object_identity(struct arena *a, const struct value *object);
/* "Deployment.v1.apps", which kubectl takes for a type. */
const char *object_type(struct arena *a, const char *kind, const char *api_version);

/* *ret is NULL where it is not there. In check mode, where the cluster may come or
 * *ret_lacks_kind is not NULL, its kind may be missing as well. */
int object_get(struct module_call *call, const struct value *object, const struct value **ret,
	       bool *ret_lacks_kind, struct err *err);
/* The objects of a type; options are kubectl's, ending with NULL. *ret is a list;
 * *ret_found: the API has the kind. */
int objects_find(struct module_call *call, const char *const *options, const char *type,
		 const char *name, const struct value **ret, bool *ret_found, struct err *err);
/* Those of the kind of `like` with these labels, in its namespace, or in all without one. */
int objects_selected(struct module_call *call, const struct value *like,
		     const char *const *selectors, const struct value **ret, bool *ret_found,
		     struct err *err);
/* kubectl VERB OPTIONS with the object; *ret is what the server has then. With
 * --dry-run=server in check mode, where *ret is NULL when the server cannot tell:
 * a namespace or kind that it lacks is a change like any other. */
int object_send(struct module_call *call, const char *verb, const char *const *options,
		const struct value *object, const struct value **ret, struct err *err);

/* Whether anything but what the server counts and reports is different. */
bool object_differs(struct arena *a, const struct value *before, const struct value *after);
/* Both as YAML into result.diff, the data of Secrets masked. NULL: not there. */
void object_diff(struct module_call *call, const struct value *before, const struct value *after);
