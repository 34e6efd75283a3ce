/* Any bytes through the YAML parser; what it takes is written, read back and
 * equal. */
#include "rollout/value/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_nan(const struct value *v)
{
	if (v->type == VALUE_FLOAT)
		return v->real != v->real;
	if (v->type != VALUE_LIST && v->type != VALUE_DICT)
		return false;
	size_t n = v->type == VALUE_LIST ? v->list.len : v->dict.len;
	for (size_t i = 0; i < n; i++) {
		if (has_nan(v->type == VALUE_LIST ? v->list.at[i] : v->dict.at[i].value))
			return true;
		if (v->type == VALUE_DICT && has_nan(v->dict.at[i].key))
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct strbuf text = {0};
	struct err err = {0};
	const struct value *v = NULL, *again = NULL;
	char message[sizeof(err.msg) + 200];
	struct slice input = {(const char *)data, size};
	if (yaml_parse(&a, "fuzz", input, &v, &err) < 0) {
		err_format(&err, message, sizeof(message));
	} else {
		value_repr(&text, v);
		strbuf_truncate(&text, 0);
		yaml_emit(&text, v, 2);
		bool fits = text.len <= YAML_MAX_BYTES;
		if (fits && yaml_parse(&a, "again", strbuf_slice(&text), &again, &err) < 0)
			abort();
		if (fits && !has_nan(v) && !value_equal(v, again))
			abort();
	}
	strbuf_release(&text);
	arena_release(&a);
	return 0;
}
