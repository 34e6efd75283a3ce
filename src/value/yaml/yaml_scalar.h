#pragma once
/* YAML 1.1's implicit types of plain scalars, by PyYAML's resolver. */
#include "rollout/value/value.h"

enum scalar_kind {
	SCALAR_STRING,
	SCALAR_NULL,
	SCALAR_BOOL,
	SCALAR_INT,
	SCALAR_FLOAT,
	SCALAR_TIMESTAMP, /* a string for us, quoted by PyYAML's dump */
	SCALAR_SPECIAL,	  /* "<<" and "=" */
};

enum scalar_kind scalar_resolve(struct slice text);

/* The value of a text that scalar_resolve calls `kind`. ERR_LIMIT for an
 * integer that 64 bits cannot hold. */
int scalar_value(struct arena *a, enum scalar_kind kind, struct slice text, struct value **ret,
		 struct err *err);
