#pragma once
/*
 * The syntax tree of a template. One node type; what its fields mean depends
 * on its kind (the table below), so that walkers (check.c, names.c) see all
 * children the same way. Nodes live in their program's arena.
 *
 *   CONST      value                      NAME       name
 *   LIST       items; op 1: a tuple       DICT       items: key, value, key, …
 *   GETATTR    a . name                   GETITEM    a [ b ]
 *   SLICE      a : b : c, each may be NULL
 *   CALL       a ( args )                 FILTER     a | name ( args ); a NULL in a filter block
 *   TEST       a is name ( args )         KWARG      name = a
 *   UNARY      op a                       BINARY     a op b
 *   CONCAT     items                      COMPARE    a, items of OPERAND (op a)
 *   AND OR     a, b                       NOT        a
 *   COND       b if a else c (or NULL)    NSREF      name . value
 *   args: items, kwargs (KWARG), b is *args, c is **kwargs
 *
 *   BLOCK      items                      DATA       name: the text
 *   OUTPUT     a                          IF         items: test, body, test, body…; c: else
 *   FOR        a in b, c: body, d: if, e: else, op 1: recursive
 *   SET        a = b                      SETBLOCK   a, b: filters or NULL, c: body
 *   WITH       items: target, value, …; c: body
 *   MACRO      name, items: parameters, kwargs: defaults of the last ones, c: body,
 *              op: enum macro_mention
 *   CALLBLOCK  a: the call, b: the caller as a MACRO
 *   FILTERBLOCK a: filters, c: body       DO         a
 *   INCLUDE    a                          IMPORT     a as name
 *   FROM       a import kwargs: name as a (a NAME); op of the three: enum include_option
 *   NAMEDBLOCK name, c: body, op: enum block_option
 *   EXTENDS    a                          JUMP       op: enum jump_kind
 */
#include "rollout/value/value.h"

enum node_kind {
	NODE_CONST,
	NODE_BIG_INTEGER, /* value: beyond 64 bits, as written */
	NODE_NAME,
	NODE_LIST,
	NODE_DICT,
	NODE_GETATTR,
	NODE_GETITEM,
	NODE_SLICE,
	NODE_CALL,
	NODE_FILTER,
	NODE_TEST,
	NODE_KWARG,
	NODE_UNARY,
	NODE_BINARY,
	NODE_CONCAT,
	NODE_COMPARE,
	NODE_OPERAND,
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_COND,
	NODE_NSREF,
	NODE_BLOCK,
	NODE_DATA,
	NODE_OUTPUT,
	NODE_IF,
	NODE_FOR,
	NODE_SET,
	NODE_SETBLOCK,
	NODE_WITH,
	NODE_MACRO,
	NODE_CALLBLOCK,
	NODE_FILTERBLOCK,
	NODE_DO,
	NODE_INCLUDE,
	NODE_IMPORT,
	NODE_FROM,
	NODE_NAMEDBLOCK,
	NODE_EXTENDS,
	NODE_JUMP,
	NODE_KINDS,
};

enum operator_kind {
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_FLOORDIV,
	OP_MOD,
	OP_POW,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_IN,
	OP_NOTIN,
};

enum include_option { INCLUDE_IGNORES_MISSING = 1, INCLUDE_WITH_CONTEXT = 2 };
enum block_option { BLOCK_SCOPED = 1, BLOCK_REQUIRED = 2 };
enum jump_kind { JUMP_NONE, JUMP_BREAK, JUMP_CONTINUE };
enum filter_option { FILTER_PLAIN_DEFAULT = 1 }; /* default, and its argument a constant */
enum macro_mention { MENTIONS_VARARGS = 1, MENTIONS_KWARGS = 2, MENTIONS_CALLER = 4 };

struct function;
struct symbol;
struct node;
struct nodes {
	struct node **at;
	uint32_t len, cap;
};

struct node {
	uint8_t kind, op;
	uint16_t height; /* of the tree below: bounds the recursion of every walker */
	uint32_t offset; /* of its first character in the program's text */
	struct slice name;
	struct symbol *symbol; /* of a name that is looked up or bound; else NULL */
	const struct value *value;
	const struct function *function; /* of FILTER and TEST; NULL: there is none of that name */
	struct node *a, *b, *c, *d, *e;
	struct nodes items, kwargs;
};

#define NODE_MAX_HEIGHT 300u
