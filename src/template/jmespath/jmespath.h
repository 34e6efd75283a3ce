#pragma once
/*
 * JMESPath, the language of json_query. Source: jmespath.org/specification.html.
 *
 *   FIELD name          INDEX number           SLICE part[]
 *   LITERAL value       CURRENT                IDENTITY
 *   SUB a . b           PIPE a | b             INDEXED a [b]
 *   PROJECT a[*] b      VALUES a.* b           FILTER a[?c] b     FLATTEN a[]
 *   OR AND a, b         NOT a                  COMPARE a op b
 *   LIST items          HASH items, names      CALL name (items)  EXPREF &a
 */
#include "../filter/filter.h"

#define JMES_MAX_DEPTH 60u

enum jmes_kind {
	JMES_IDENTITY,
	JMES_CURRENT,
	JMES_FIELD,
	JMES_INDEX,
	JMES_SLICE,
	JMES_LITERAL,
	JMES_SUB,
	JMES_PIPE,
	JMES_INDEXED,
	JMES_PROJECT,
	JMES_VALUES,
	JMES_FILTER,
	JMES_FLATTEN,
	JMES_OR,
	JMES_AND,
	JMES_NOT,
	JMES_COMPARE,
	JMES_LIST,
	JMES_HASH,
	JMES_CALL,
	JMES_EXPREF,
};

struct jmes_node {
	enum jmes_kind kind;
	unsigned op; /* of COMPARE: enum operator_kind */
	struct slice name;
	const struct value *value, *part[3];
	struct jmes_node *a, *b, *c;
	struct jmes_node **items;
	struct slice *names;
	size_t nitems, cap;
};

int jmes_parse(struct eval *ev, struct slice text, struct jmes_node **ret, struct err *err);
int jmes_eval(struct eval *ev, const struct jmes_node *n, const struct value *v,
	      const struct value **ret, struct err *err);
/* function.c: n is a CALL. */
int jmes_call(struct eval *ev, const struct jmes_node *n, const struct value *v,
	      const struct value **ret, struct err *err);
/* JMESPath's: "", [], {}, null and false are false; 0 is true. */
bool jmes_truth(const struct value *v);
const struct value *jmes_values(struct eval *ev, const struct value *dict);
