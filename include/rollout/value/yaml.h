#pragma once
/*
 * YAML 1.1 (libyaml) into value trees, as Ansible reads it: yes/no/on/off are
 * booleans, 0o/0 octal, `<<` merges, anchors and aliases, duplicate keys are
 * an error that names both places. Tags: the core ones, !unsafe, and !vault
 * (kept as its envelope, value/encrypted.h); others are errors.
 * Source: yaml.org/spec/1.1, PyYAML's SafeLoader resolver.
 */
#include "rollout/value/value.h"

#define YAML_MAX_BYTES (16u << 20)
#define YAML_MAX_DEPTH 128u
#define YAML_MAX_NODES 1000000u /* aliases counted as often as they expand */

/* One document; an empty one is null. `file` is for messages. Every node has
 * its place. ERR_SYNTAX, ERR_LIMIT, ERR_EXISTS. */
int yaml_parse(struct arena *a, const char *file, struct slice text, const struct value **ret,
	       struct err *err);
int yaml_parse_all(struct arena *a, const char *file, struct slice text,
		   const struct value **ret_list, struct err *err);
/* Reads and parses a file. One that is encrypted as a whole is decrypted, and
 * every node of it is secret. */
int yaml_load(struct arena *a, const char *path, const struct value **ret, struct err *err);

#define YAML_WIDTH 80u /* PyYAML's default */
struct yaml_style {
	unsigned indent; /* 2 to 9 */
	unsigned width;	 /* 0: lines are not folded */
	bool sort_keys;
	bool flow;	  /* {a: 1}, [1, 2] */
	bool flow_leaves; /* lists and dicts of scalars in flow style, others in block style */
	bool explicit_start, explicit_end; /* "---", "..." */
	char scalar;			   /* of all scalars: ' " | > ; 0: as each needs */
};
/* As PyYAML's dump(allow_unicode=True); shared nodes are written out each
 * time instead of as aliases. Bytes that are not UTF-8 become U+FFFD. Where
 * libyaml and PyYAML differ it is libyaml's: characters above U+FFFF are
 * escaped, an empty key is '' and not ? ''. */
void yaml_emit_styled(struct strbuf *out, const struct value *v, const struct yaml_style *style);
/* Block style, sorted keys, width 80: Ansible's to_nice_yaml(indent). */
void yaml_emit(struct strbuf *out, const struct value *v, unsigned indent);
