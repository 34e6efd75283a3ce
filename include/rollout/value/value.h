#pragma once
/*
 * The value tree: what YAML, JSON, templates and module results are made of.
 * Each node knows where it was written. Values live in an arena, are built
 * by the functions here and are immutable once shared; a `const struct value *`
 * may therefore appear in many trees. Nothing is freed singly.
 *
 *     struct value *d = value_dict_new(a);
 *     value_dict_put(a, d, "name", value_cstr(a, "etcd"));
 */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_FLOAT,
	VALUE_STRING,
	VALUE_LIST,
	VALUE_DICT,
	/* Only inside template evaluation and variable scopes: */
	VALUE_OBJECT,  /* something with methods: a macro, hostvars, a namespace */
	VALUE_UNKNOWN, /* a result not yet known; touching it is why.code */
};

enum value_flags {
	VALUE_UNSAFE = 1,    /* came from a host or from !unsafe: never evaluated as a template */
	VALUE_SECRET = 2,    /* from no_log or a vault: never shown */
	VALUE_TUPLE = 4,     /* a LIST that prints as Python's tuple */
	VALUE_ENCRYPTED = 8, /* a STRING, the envelope of a !vault value: value/encrypted.h */
	VALUE_VAULTED = 16,  /* was VALUE_ENCRYPTED, and is in the clear */
	VALUE_BYTES = 0x100, /* a STRING that prints as Python's bytes */
	/* A LIST that prints as Python's view of a dict: */
	VALUE_KEYS = 0x200,
	VALUE_VALUES = 0x400,
	VALUE_ITEMS = 0x800,
};

struct value;
struct value_object_ops;

struct value_pair {
	const struct value *key; /* null, bool, int, float or string */
	const struct value *value;
};
struct value_dict {
	struct value_pair *at; /* in order of insertion */
	size_t len, cap;
	uint32_t *slots; /* hash index, built when the dict is large; else NULL */
	size_t nslots;
};
struct value_list {
	const struct value **at;
	size_t len, cap;
};

struct value {
	uint8_t type;	/* enum value_type */
	uint16_t flags; /* enum value_flags */
	struct srcloc at;
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct slice str; /* terminated; may hold NUL bytes */
		struct value_list list;
		struct value_dict dict;
		struct {
			const struct value_object_ops *ops; /* defined by template/object.h */
			void *self;
		} object;
		struct {
			enum err_code code; /* ERR_PENDING or ERR_UNKNOWN */
			const char *what;   /* for the message: "the result of task 'x'" */
		} unknown;
	};
};

/* Construction. Strings are copied into the arena. */
const struct value *value_null(void);
const struct value *value_bool(bool b);
struct value *value_int(struct arena *a, int64_t i);
struct value *value_float(struct arena *a, double d);
struct value *value_str(struct arena *a, struct slice s);
struct value *value_cstr(struct arena *a, const char *s);
struct value *value_str_borrowed(struct arena *a,
				 struct slice s); /* s outlives the arena, terminated */
struct value *value_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct value *value_list_new(struct arena *a);
struct value *value_dict_new(struct arena *a);
struct value *value_unknown(struct arena *a, enum err_code code, const char *what);
void value_list_push(struct arena *a, struct value *list, const struct value *item);
void value_dict_set(struct arena *a, struct value *dict, const struct value *key,
		    const struct value *v); /* replaces */
void value_dict_put(struct arena *a, struct value *dict, const char *key, const struct value *v);
bool value_dict_remove(struct value *dict, struct slice key);
/* Deep copy with all strings and places; `or_flags` are set on every node. */
struct value *value_copy(struct arena *a, const struct value *v, unsigned or_flags);
/* A shallow dict copy, to add keys to. */
struct value *value_dict_dup(struct arena *a, const struct value *dict);
/* The pairs of `inner` over those of `outer`; either may be NULL, then it is the other. */
const struct value *value_dict_merge(struct arena *a, const struct value *outer,
				     const struct value *inner);

/* Reading. A lookup in what is not a dict gives NULL. */
const struct value *value_get(const struct value *dict, const char *key);
const struct value *value_get_slice(const struct value *dict, struct slice key);
const struct value *value_find(const struct value *dict, const struct value *key);
/* As find, of a string in a dict; looks at position *hint and the next first, and leaves there where the
 * key was. For a key that is looked up in many dicts of one shape, or keys in their order. */
const struct value *value_find_near(const struct value *dict, const struct value *key,
				    uint32_t *hint);
bool value_is_str(const struct value *v, const char *s);
/* Python's rules: "", 0, 0.0, [], {} and null are false. */
bool value_truthy(const struct value *v);
/* Python's ==: 1 == 1.0 == True; lists and dicts by content. */
bool value_equal(const struct value *a, const struct value *b);
/* Ansible's boolean(): yes/no/on/off/true/false/1/0/y/n/t/f, any case. false: not one. */
bool value_to_bool(const struct value *v, bool *ret);
/* A text that is a number as a whole, as strtoll or strtod read it: blanks before it count
 * for nothing, those behind it do. False for what is no string. */
bool value_is_number_text(const struct value *v, bool whole);
const char *
value_type_name(const struct value *v); /* Python's: "str", "int", "list", "dict", "NoneType", … */

/* Python's str(): strings bare, True/None, repr() inside containers. */
void value_print(struct strbuf *out, const struct value *v);
void value_repr(struct strbuf *out, const struct value *v);
/* What stands before and behind a list's members there. */
void value_list_begin(struct strbuf *out, const struct value *v);
void value_list_end(struct strbuf *out, const struct value *v);
