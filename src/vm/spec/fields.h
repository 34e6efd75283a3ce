#pragma once
/*
 * Reading a mapping that a user wrote: a table of its keys, a function for each.
 *
 *     static const struct field_key keys[] = {{"cpus", read_cpus}, …};
 *     r = vm_fields_read(&reader, dict, keys, ARRAY_LEN(keys), spec, err);
 *
 * Every failure is ERR_INVALID (or as said) at the place of the value. Strings go
 * into the arena. A number written as a string, as templates give it, is a number.
 */
#include "rollout/value/value.h"

struct field_reader {
	struct arena *arena;
	const char *prefix; /* "image." in the names of messages; "" */
};
struct field {
	struct arena *arena;
	const char *name; /* "memory", "image.sha256", "files[0].path" */
	const struct value *value;
};
struct field_key {
	const char *name;
	int (*read)(const struct field *f, void *into, struct err *err);
};

/* Calls the key's function for every pair; null means: not written. */
int vm_fields_read(const struct field_reader *r, const struct value *dict,
		   const struct field_key *keys, size_t nkeys, void *into, struct err *err);

/* "memory: expected a string, not int" */
int vm_field_expected(const struct field *f, const char *what, struct err *err);
int vm_field_text(const struct field *f, const char **ret, struct err *err); /* not empty, no NUL */
int vm_field_unsigned(const struct field *f, unsigned min, unsigned max, unsigned *ret,
		      struct err *err);
int vm_field_bool(const struct field *f, bool *ret, struct err *err);
/* "512M", "2G", "1.5GiB" in bytes, a multiple of 1 MiB; K, M, G, T are powers of 1024. */
int vm_field_size(const struct field *f, int64_t min, int64_t max, int64_t *ret, struct err *err);
/* One of names[]; its index. */
int vm_field_choice(const struct field *f, const char *const *names, size_t n, unsigned *ret,
		    struct err *err);
/* At most VM_LIST_MAX strings; NULL-terminated. `bad` says what is wrong with one, or NULL. */
int vm_field_texts(const struct field *f, const char *(*bad)(const char *text),
		   const char *const **ret, struct err *err);
#define VM_LIST_MAX 1000u
/* "512 M", "1.5 GiB" for messages. Returns buf. */
const char *vm_size_text(int64_t bytes, char *buf, size_t size);
