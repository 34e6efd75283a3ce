#pragma once
/* JSON (RFC 8259, jansson) to and from value trees. Integers keep 64 bits. */
#include "rollout/value/value.h"

#define JSON_MAX_BYTES (64u << 20)

int json_parse(struct arena *a, const char *file, struct slice text, const struct value **ret,
	       struct err *err);
enum json_style {
	JSON_COMPACT, /* {"a":1} : for machines */
	JSON_PYTHON,  /* {"a": 1} : json.dumps, Ansible's to_json */
	JSON_PRETTY,  /* indent 4, sorted keys: Ansible's to_nice_json */
};
/* Bytes that are not UTF-8 become U+FFFD. */
void json_emit(struct strbuf *out, const struct value *v, enum json_style style);
/* A quoted, escaped JSON string. */
void json_emit_string(struct strbuf *out, struct slice s);
