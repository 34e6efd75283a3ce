#pragma once
/* Compiled texts: lexer → parser → struct program, cached in the environment. */
#include "ast.h"

#include "rollout/base/strmap.h"
#include "rollout/template/template.h"

#define TEMPLATE_MAX_TEXT (8u << 20)
#define RECENT_FILES 64u

enum program_mode {
	MODE_STRING,	 /* a string of a playbook */
	MODE_EXPRESSION, /* a bare expression */
	MODE_FILE,	 /* a template file */
};

struct syntax {
	enum program_mode mode;
	bool trim_blocks, lstrip_blocks, keep_trailing_newline;
	bool literal_strings; /* a backslash within {{ '…' }} stands for itself */
	struct slice newline;
	struct slice variable_start, variable_end, block_start, block_end, comment_start,
		comment_end;
};
extern const struct syntax syntax_string, syntax_expression;

struct program {
	struct arena arena;
	struct slice text; /* own copy */
	struct syntax syntax;
	struct node *root;   /* a BLOCK, or an expression in MODE_EXPRESSION */
	struct node *single; /* the one expression that is the whole text, or NULL */
	struct nodes blocks; /* all NAMEDBLOCKs */
	bool extends;	     /* has an EXTENDS */
	unsigned trailing_newlines;
};

struct template_limits {
	uint64_t steps; /* nodes evaluated in one rendering */
	size_t bytes;	/* memory of one rendering */
};

/*
 * A name that a template of this environment mentions. There is one of each,
 * so that names are compared by address. What a scope gave for it stays here
 * for the evaluation that asked.
 */
enum method_kind { METHOD_STRING, METHOD_LIST, METHOD_DICT, METHOD_OBJECT, METHOD_KINDS };
struct symbol {
	struct slice name;
	struct value text;			      /* the name as a key */
	const struct function *methods[METHOD_KINDS]; /* NULL: none of that name */
	uint32_t position;			      /* in the dict that had it last */
	bool is_bound;				      /* some template binds it */
	uint64_t generation;			      /* of the evaluation that found: */
	const struct value *value;
};
/* Names that the evaluator itself binds or looks for. */
struct own_symbols {
	struct symbol *loop, *varargs, *kwargs, *caller, *super;
};

struct template_env {
	struct strmap symbols;
	struct arena symbol_arena;
	struct own_symbols own;
	uint64_t generation;  /* of the evaluation that began last */
	struct arena scratch; /* of template_text and _condition; one at a time: */
	bool scratch_taken;
	struct strmap strings, expressions, files;  /* text to struct program, by mode */
	const struct program *recent[RECENT_FILES]; /* of files, by a few of their bytes */
	size_t cached_bytes;
	struct strmap regexes;
	size_t regex_bytes; /* of these */
	int64_t regex_ms;   /* of this rendering */
	unsigned depth;	    /* of evaluation, over nested renderings */
	unsigned renders;   /* nested renderings in progress */
	uint64_t steps;
	struct template_limits limits;
	const struct value *settings; /* of the lookup config; NULL: none */
	uint64_t random[4];
};

/* A text and where it was written: what a place in an error is computed from. */
struct unit {
	const struct program *program;
	struct srcloc base;
	bool is_file; /* base is the beginning of a file, not a YAML scalar */
};

/* The program of `text`, from the cache or compiled. Errors have their place. */
int program_get(struct template_env *env, struct slice text, const struct syntax *syn,
		struct srcloc base, const struct program **ret, struct err *err);
/* symbol.c; find: NULL where no template mentions it. */
struct symbol *symbol_get(struct template_env *env, struct slice name);
struct symbol *symbol_find(const struct template_env *env, struct slice name);
void symbols_init(struct template_env *env);
void symbols_release(struct template_env *env);
/* value/method_container.c */
const struct function *method_named(enum method_kind kind, struct slice name);
/* algorithm/regex.c; begin: of an outermost rendering */
void regex_cache_clear(struct template_env *env);
void regex_begin(struct template_env *env);
void program_cache_clear(struct template_env *env);
void program_free(struct program *p);
/* origin.c; false: the text is not found in base.file. */
bool origin_find(struct srcloc base, struct slice text, uint32_t offset, struct srcloc *ret);
struct srcloc unit_place(const struct unit *u, uint32_t offset);

/* source.c: a template file. */
struct source {
	struct slice text; /* without the #jinja2: line */
	struct syntax syntax;
	struct srcloc base;
};
/* Takes the #jinja2: line off the text. */
int source_header(struct source *src, struct err *err);
/* The text of a template file with its #jinja2: line taken into account. */
int source_init(struct slice text, const char *file, const struct template_text_options *opts,
		struct source *ret, struct err *err);

/* token.c: Python's escapes in what stands between quotes. -1: a \\x or \\u without its digits. */
int string_unescape(struct strbuf *b, struct slice s);

/* Lexer. */
enum token_kind {
	TOKEN_EOF,
	TOKEN_DATA,
	TOKEN_BLOCK_BEGIN,
	TOKEN_BLOCK_END,
	TOKEN_VARIABLE_BEGIN,
	TOKEN_VARIABLE_END,
	TOKEN_NAME,
	TOKEN_STRING,
	TOKEN_INTEGER,
	TOKEN_BIG_INTEGER,
	TOKEN_FLOAT,
	TOKEN_OPERATOR,
};
struct token {
	uint8_t kind;
	char op[3]; /* of OPERATOR: its text */
	uint32_t offset;
	struct slice text; /* of DATA, STRING, NAME: the value; of BIG_INTEGER: as written */
	union {
		int64_t integer;
		double real;
	};
};
struct tokens {
	struct token *at;
	size_t len, cap;
};
struct lexer {
	struct arena *arena;
	const struct syntax *syn;
	struct slice text;
	size_t pos, end;
	struct tokens tokens;
	uint32_t error_offset;
};
/* All tokens, ended by an EOF; on failure lx->error_offset tells where. */
int lexer_run(struct lexer *lx, struct err *err);
int lexer_tag_token(struct lexer *lx, bool variable, struct err *err);
struct token *lexer_push(struct lexer *lx, enum token_kind kind, size_t offset);

/* Parser. */
struct parser {
	struct template_env *env;
	struct arena *arena;
	const struct token *first, *tok; /* tok is the current one */
	unsigned depth;
	unsigned loops;	   /* that are open in this body */
	unsigned mentions; /* of varargs, kwargs, caller in this macro: enum macro_mention */
	struct nodes blocks;
	bool extends;
	uint32_t error_offset;
	struct err *err;
};
int parse_program(struct parser *p, struct node **ret);
int parse_expression(struct parser *p, struct node **ret);
int parse_condless(struct parser *p, struct node **ret); /* no inline if */
int parse_tuple(struct parser *p, bool with_cond, struct node **ret);
int parse_target(struct parser *p, struct node **ret); /* names, tuples of names */
int parse_unary(struct parser *p, bool with_filter, struct node **ret);
int parser_enter(struct parser *p); /* counts p->depth up, within PARSER_MAX_DEPTH */
int parse_filters(struct parser *p, struct node *input, bool named, struct node **ret);
int parse_call_args(struct parser *p, struct node *n);
/* parse_statement.c: the end of a tag; also the body and "{% <end>", whose name is passed. */
int parse_end_tag(struct parser *p);
int parse_body(struct parser *p, const char *end, struct node **ret);
/* parse_template.c: behind the name of the tag. */
int parse_include(struct parser *p, struct node *n);
int parse_import(struct parser *p, struct node *n);
int parse_from(struct parser *p, struct node *n);
int parse_named_block(struct parser *p, struct node *n);
int parse_extends(struct parser *p, struct node *n);
int parse_print(struct parser *p, struct node *n);
int parse_autoescape(struct parser *p, struct node *n);
struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t offset);
void parser_name(struct parser *p, struct node *n, struct slice name); /* and its symbol */
int parser_expect_symbol(struct parser *p, struct node *n);
void nodes_push(struct parser *p, struct nodes *v, struct node *n);
int parser_grow(struct parser *p, struct node *n); /* sets n->height from its children */
int parser_fail(struct parser *p, const struct token *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
int parser_unexpected(struct parser *p, const char *wanted);
bool parser_is_op(const struct parser *p, const char *op);
bool parser_is_name(const struct parser *p, const char *name);
bool parser_skip_op(struct parser *p, const char *op);
bool parser_skip_name(struct parser *p, const char *name);
int parser_expect_op(struct parser *p, const char *op);
int parser_expect_name(struct parser *p, struct slice *ret);
#define PARSER_MAX_DEPTH 100u
