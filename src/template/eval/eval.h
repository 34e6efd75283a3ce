#pragma once
/*
 * The evaluator. Values flow unchecked until something reads them: eval_use() and
 * what is built on it (text, compare, iterate) is the gate where an undefined
 * name, an unknown result and the limits become errors, and where the flags
 * of secret and unsafe values are collected.
 */
#include "../check/registry.h"
#include "../syntax/program.h"
#include "../text/chars.h"

#include "rollout/template/object.h"

#define VALUE_MAX_DEPTH 150u
#define EVAL_MAX_DEPTH 900u /* nested evaluations: expressions, macros, variables in variables */
#define TEXT_MAX_BYTES (64u << 20) /* one string */
#define LIST_MAX_ITEMS (4u << 20)  /* one list */
#define VALUE_TEXT 0x40		   /* a string that is not read as a list: literal.c */
/* How a value prints within others; what stands alone is a list, or text. */
#define VALUE_SHOWN (VALUE_BYTES | VALUE_KEYS | VALUE_VALUES | VALUE_ITEMS)
#define VALUE_HTML 0x1000 /* a string that is escaped already: Markup */
#define VALUE_FRESH 0x80  /* a container that this evaluation built: append() may change it */

struct binding {
	const struct symbol *symbol;
	const struct value *value; /* NULL: hidden, the name is the scope's */
};
struct frame {
	struct frame *parent;
	struct binding *at;
	uint32_t len, cap;
	bool is_kept; /* a macro or block sees it: a loop takes another for its next item */
	struct binding first[4];
};

struct eval {
	struct template_env *env;
	const struct template_scope *scope;
	struct arena *arena;
	struct unit unit;
	struct frame *frame;
	const char *directory; /* of the template file, for its includes; may be NULL */
	unsigned taint;	       /* flags of all values that were read */
	size_t arena_start;
	struct inherit *inherit; /* of a template with blocks; else NULL */
	struct strbuf *text;	 /* what all outputs write into, one behind the other */
	uint64_t generation;	 /* of this evaluation: struct symbol */
	bool gives_text;	 /* or a bool: no value of the program outlives the evaluation */
	bool converts;		 /* text that looks like a list becomes one: a playbook's string */
	enum jump_kind jump;	 /* {% break %}, on its way to the loop */
	const struct syntax *syntax; /* of the template file, for its includes; NULL: Ansible's */
};

/*
 * Where statements write: the end of ev->text, from `start` on. Outputs nest as
 * evaluations do, and each ends with output_take or output_drop. A value that
 * stands alone keeps its type.
 */
struct output {
	bool keeps_value;
	size_t start;
	const struct value *alone; /* the only piece so far */
	const struct value *only;  /* it is unknown, which is an error once there is another */
	size_t pieces;		   /* where keeps_value */
	bool muted;		   /* behind {% extends %} */
};

struct call {
	struct eval *ev;
	const struct function *fn;
	const struct value *in;			  /* what is piped in, or a method's object */
	const struct value *arg[CALL_MAX_PARAMS]; /* by parameter; NULL: not given */
	const struct template_args *args;	  /* as given */
	size_t nbound;				  /* positional ones that are in arg[] */
	uint32_t offset;
};

/* expression.c */
int eval_node(struct eval *ev, const struct node *n, const struct value **ret, struct err *err);
/* A name and members of it, of which most expressions consist. */
int eval_path(struct eval *ev, const struct node *n, const struct value **ret, struct err *err);
static inline bool node_is_path(const struct node *n)
{
	return n->kind == NODE_NAME || n->kind == NODE_GETATTR || n->kind == NODE_GETITEM;
}
static inline int eval(struct eval *ev, const struct node *n, const struct value **ret,
		       struct err *err)
{
	if (node_is_path(n))
		return eval_path(ev, n, ret, err);
	if (n->kind != NODE_CONST || !ev->gives_text)
		return eval_node(ev, n, ret, err);
	*ret = n->value;
	return 0;
}
int eval_condition(struct eval *ev, const struct node *n, bool *ret, struct err *err);

/* statement.c, loop.c, macro.c, include.c */
int exec_node(struct eval *ev, const struct node *n, struct output *out, struct err *err);
/* A BLOCK; what it stands in was counted by exec_node. */
int exec_block(struct eval *ev, const struct node *n, struct output *out, struct err *err);
int exec_for(struct eval *ev, const struct node *n, struct output *out, struct err *err);
int exec_macro(struct eval *ev, const struct node *n, struct output *out, struct err *err);
int exec_call_block(struct eval *ev, const struct node *n, struct output *out, struct err *err);
int exec_include(struct eval *ev, const struct node *n, struct output *out, struct err *err);
int exec_import(struct eval *ev, const struct node *n, struct output *out, struct err *err);
int exec_from(struct eval *ev, const struct node *n, struct output *out, struct err *err);
/* inherit.c: a program's root, with what it extends. */
int exec_root(struct eval *ev, struct output *out, struct err *err);
int exec_named_block(struct eval *ev, const struct node *n, struct output *out, struct err *err);
int exec_extends(struct eval *ev, const struct node *n, struct output *out, struct err *err);
const struct value *inherit_self(struct eval *ev); /* NULL: there are no blocks */
/* A body's text as a value; in a frame of its own, or in the current one. */
int exec_captured(struct eval *ev, const struct node *body, const struct value **ret,
		  struct err *err);
int exec_captured_here(struct eval *ev, const struct node *body, const struct value **ret,
		       struct err *err);
int eval_assign(struct eval *ev, const struct node *target, const struct value *v, struct err *err);
int output_first_text(struct eval *ev, struct output *out, struct slice s, struct err *err);
static inline int output_text(struct eval *ev, struct output *out, struct slice s, struct err *err)
{
	if (out->keeps_value || out->muted || ev->text->len + s.len > TEXT_MAX_BYTES)
		return output_first_text(ev, out, s, err);
	strbuf_slice_append(ev->text, s);
	return 0;
}
int output_value(struct eval *ev, struct output *out, const struct value *v, struct err *err);
int output_flush(struct eval *ev, struct output *out, struct err *err);
/* As many at the end as the source has, where blocks swallowed some: Ansible's. */
void output_restore_newlines(struct eval *ev, const struct output *out, struct slice source,
			     struct slice newline);
struct output output_begin(struct eval *ev, bool keeps_value);
struct slice output_slice(const struct eval *ev, const struct output *out);
void output_drop(struct eval *ev, const struct output *out);
/* What was written: a list, dict or bool that stands alone, else the text. With r, the
 * result of the statements, negative: that. */
int output_take(struct eval *ev, struct output *out, int r, const struct value **ret,
		struct err *err);

/* use.c: without VALUE_SHOWN and VALUE_HTML. */
const struct value *value_unshown(struct eval *ev, const struct value *v);

/* literal.c: what a text stands for; any other value as it is. */
const struct value *literal_value(struct eval *ev, const struct value *v);

/* frame.c */
struct frame *frame_push(struct eval *ev);
void frame_keep(struct frame *f); /* and what it lies in */
void frame_set(struct eval *ev, struct frame *f, struct symbol *name, const struct value *v);
/* The binding of the name in this frame or those around it; NULL. */
static inline struct binding *frame_find(const struct frame *f, const struct symbol *name)
{
	for (f = name->is_bound ? f : NULL; f; f = f->parent)
		for (uint32_t i = 0; i < f->len; i++)
			if (f->at[i].symbol == name)
				return &f->at[i];
	return NULL;
}
int resolve_outside(struct eval *ev, struct symbol *name, uint32_t offset, const struct value **ret,
		    struct err *err);
static inline int eval_resolve(struct eval *ev, struct symbol *name, uint32_t offset,
			       const struct value **ret, struct err *err)
{
	const struct binding *b = frame_find(ev->frame, name);
	if (b && b->value)
		*ret = b->value;
	else if (name->generation == ev->generation)
		*ret = name->value;
	else
		return resolve_outside(ev, name, offset, ret, err);
	return 0;
}
int eval_resolve_text(struct eval *ev, struct slice name, uint32_t offset, const struct value **ret,
		      struct err *err);
const struct value *global_find(struct eval *ev, struct slice name);
void global_each(void (*fn)(void *ctx, struct slice name), void *ctx);
struct srcloc eval_place(const struct eval *ev, uint32_t offset);

/* use.c */
int use_failed(const struct value *v, struct err *err);
bool undefined_object(const struct value *v);
static inline bool is_undefined(const struct value *v)
{
	return v->type == VALUE_OBJECT && undefined_object(v);
}
static inline int eval_use(struct eval *ev, const struct value *v, struct err *err)
{
	ev->taint |= v->flags & (VALUE_SECRET | VALUE_UNSAFE); /* the value itself */
	if (v->type < VALUE_OBJECT)
		return 0;
	return v->type == VALUE_UNKNOWN || is_undefined(v) ? use_failed(v, err) : 0;
}
int check_depth(struct eval *ev, const struct value *v,
		struct err *err);				       /* nesting and size alone */
int use_deep(struct eval *ev, const struct value *v, struct err *err); /* and all in it */
int limit_passed(struct eval *ev, struct err *err);
static inline int eval_step(struct eval *ev, uint64_t n, struct err *err)
{
	struct template_env *env = ev->env;
	env->steps += n;
	return env->steps > env->limits.steps ||
			       ev->arena->total - ev->arena_start > env->limits.bytes
		       ? limit_passed(ev, err)
		       : 0;
}
int text_too_long(struct err *err);
static inline int limit_text(size_t bytes, struct err *err)
{
	return bytes > TEXT_MAX_BYTES ? text_too_long(err) : 0;
}
int limit_items(uint64_t items, struct err *err);
int type_error(struct err *err, const char *what,
	       const struct value *v); /* "join: 'int' is not …" */
/* The end of an evaluation: no undefined values within, own objects as text, flags set. */
int eval_finish(struct eval *ev, const struct value *v, const struct value **ret, struct err *err);
const struct value *undefined_name(struct eval *ev, struct slice name, uint32_t offset);
const struct value *undefined_member(struct eval *ev, const struct value *owner,
				     const struct value *key, const struct node *n);
const struct value *undefined_cause(struct eval *ev, const struct err *cause);
const struct value *undefined_hint(struct eval *ev, const char *hint);
const struct value *undefined_nothing(struct eval *ev); /* prints as "" */
int undefined_fail(const struct value *v, struct err *err);

/* value building, text.c */
struct value *list_new(struct eval *ev);
struct value *tuple_new(struct eval *ev);
struct value *dict_new(struct eval *ev);
struct value *pair_new(struct eval *ev, const struct value *a, const struct value *b); /* a tuple */
void list_push(struct eval *ev, struct value *list, const struct value *v);
int dict_set(struct eval *ev, struct value *dict, const struct value *key, const struct value *v,
	     struct err *err);
const struct value *str_new(struct eval *ev, struct slice s);
const struct value *str_buf(struct eval *ev, const struct strbuf *b);
const struct value *str_lit(struct eval *ev, const char *s);
const struct value *int_new(struct eval *ev, int64_t i);
const struct value *float_new(struct eval *ev, double d);
/* str(v): bare strings are borrowed, others printed into the arena. */
int text_of(struct eval *ev, const struct value *v, struct slice *ret, struct err *err);
int print_str(struct eval *ev, struct strbuf *out, const struct value *v, struct err *err);
int print_repr(struct eval *ev, struct strbuf *out, const struct value *v, struct err *err);
static inline bool is_str(const struct value *v)
{
	return v->type == VALUE_STRING;
}
static inline bool is_list(const struct value *v)
{
	return v->type == VALUE_LIST;
}
static inline bool is_dict(const struct value *v)
{
	return v->type == VALUE_DICT;
}
void escape_html(struct strbuf *b, struct slice s); /* filter/string.c */
bool is_mapping(const struct value *v);		    /* a dict, or an object with keys */
int as_dict(struct eval *ev, const struct value *v, const struct value **ret, struct err *err);
bool is_number(const struct value *v); /* bool, int or float */
int64_t as_int(const struct value *v);
/* Of a number; ERR_LIMIT where it does not fit into 64 bits. */
int int_of(const struct value *v, int64_t *ret, struct err *err);
int int_overflow(struct err *err);
double as_double(const struct value *v);
int eval_truth(struct eval *ev, const struct value *v, bool *ret, struct err *err);
/* list(v): a list itself, a dict's keys, a string's characters. */
int eval_iterate(struct eval *ev, const struct value *v, const struct value_list **ret,
		 struct err *err);
int eval_length(struct eval *ev, const struct value *v, size_t *ret, struct err *err);

/* operator.c, compare.c */
int binary_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	      const struct value **ret, struct err *err);
int compare_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	       bool *ret, struct err *err);
int eval_equal(struct eval *ev, const struct value *a, const struct value *b, bool *ret,
	       struct err *err);
int eval_order(struct eval *ev, const struct value *a, const struct value *b, int *ret,
	       struct err *err);
int eval_contains(struct eval *ev, const struct value *box, const struct value *item, bool *ret,
		  struct err *err);
/* Stable; keys[i] belongs to items[i]. */
int sort_items(struct eval *ev, const struct value **items, const struct value **keys, size_t n,
	       bool reverse, struct err *err);

/* attribute.c */
int get_attr(struct eval *ev, const struct value *v, const struct node *n, const struct value **ret,
	     struct err *err); /* n: a GETATTR */
int get_attr_named(struct eval *ev, const struct value *v, struct slice name,
		   const struct value **ret, struct err *err);
int get_item(struct eval *ev, const struct value *v, const struct value *key, const struct node *n,
	     const struct value **ret, struct err *err);
int get_slice(struct eval *ev, const struct value *v, const struct value *const part[3],
	      const struct value **ret, struct err *err);
/* "a.b.0" as filters take it: a string's parts split at dots, an int an index. */
int get_path(struct eval *ev, const struct value *v, const struct value *path,
	     const struct value **ret, struct err *err);

/* call.c */
int call_function(struct call *c, const struct template_args *args, const struct value **ret,
		  struct err *err);
int call_value(struct eval *ev, const struct value *callee, const struct template_args *args,
	       const struct value **ret, struct err *err);
int eval_call(struct eval *ev, const struct node *n, const struct value **ret, struct err *err);
int eval_filter(struct eval *ev, const struct node *n, const struct value *in,
		const struct value **ret, struct err *err);
int eval_test(struct eval *ev, const struct node *n, bool *ret, struct err *err);
/* A filter or test by its name at run time: map('upper'), select('match', …). */
int call_named(struct eval *ev, char kind, struct slice name, const struct value *in,
	       const struct template_args *args, const struct value **ret, struct err *err);
const struct value *template_arg(const struct template_args *args,
				 const char *name); /* a keyword; NULL */

/* Reading a call's arguments. */
int call_int(struct call *c, unsigned i, int64_t fallback, int64_t *ret, struct err *err);
int call_bool(struct call *c, unsigned i, bool fallback, bool *ret, struct err *err);
int call_text(struct call *c, unsigned i, const char *fallback, struct slice *ret, struct err *err);
int in_text(struct call *c, struct slice *ret, struct err *err);
int in_string(struct call *c, struct slice *ret, struct err *err); /* of other types none */
int in_list(struct call *c, const struct value_list **ret, struct err *err);
int in_dict(struct call *c, const struct value_dict **ret, struct err *err);

/* method_*.c */
const struct function *method_find(const struct value *v, struct slice name);
const struct function *method_of(const struct value *v, const struct symbol *name);
bool method_mutates(const struct function *f);
const struct value *method_bind(struct eval *ev, const struct function *f,
				const struct value *self);

/* text/format.c, text/strformat.c */
int format_percent(struct eval *ev, struct slice fmt, const struct value *args, struct strbuf *out,
		   struct err *err);
int format_braces(struct eval *ev, struct slice fmt, const struct template_args *args,
		  struct strbuf *out, struct err *err);

/* source.c: files that templates name */
/* The playbook's folder, the last of those searched; "." without one. */
const char *source_base_dir(const struct eval *ev);
int source_find(struct eval *ev, struct slice name, const char *subdir, char **ret_path,
		struct err *err);
int source_read(struct eval *ev, const char *path, struct slice *ret, struct err *err);
/* Compiles and runs it in the current frame. */
/* The first of the names that exists (include.c); ERR_NOT_FOUND. */
int source_load(struct eval *ev, const struct value *names, struct source *ret, struct err *err);
void source_enter(struct eval *ev, const struct source *src, const struct program *prog);
int source_exec(struct eval *ev, const struct source *src, struct output *out, struct err *err);

/* namespace.c */
bool namespace_set(struct eval *ev, const struct value *ns, const struct value *key,
		   const struct value *v);
const struct value *namespace_new(struct eval *ev);
const struct value *module_new(struct eval *ev, const struct frame *from, const struct value *text);
