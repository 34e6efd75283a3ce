#pragma once
/* Values with behaviour (VALUE_OBJECT): hostvars, macros, namespaces, loop. */
#include "rollout/value/value.h"

struct template_args {
	const struct value *const *positional;
	size_t npositional;
	const struct slice *names; /* of the keyword arguments */
	const struct value *const *keywords;
	size_t nkeywords;
};

struct value_object_ops {
	const char *type_name;
	/* x.key and x['key']; *ret NULL when there is none. NULL op: no attributes. */
	int (*get)(void *self, struct arena *a, const struct value *key, const struct value **ret,
		   struct err *err);
	/* The keys that iteration gives; NULL op: not iterable. */
	int (*keys)(void *self, struct arena *a, const struct value **ret_list, struct err *err);
	/* x(...); NULL op: not callable. */
	int (*call)(void *self, struct arena *a, const struct template_args *args,
		    const struct value **ret, struct err *err);
	/* str(x); NULL op: "<type_name>". */
	void (*print)(void *self, struct strbuf *out);
};

struct value *value_object(struct arena *a, const struct value_object_ops *ops, void *self);
