#pragma once
/* What libyaml found wrong, in the words of somebody who edits the file. */
#include "rollout/value/value.h"

#include <yaml.h>

struct yaml_source {
	const char *file;
	struct slice text;
	yaml_mark_t quoted_start, quoted_end; /* of the last value in quotes; else zero */
};

struct srcloc yaml_place(const struct yaml_source *src, yaml_mark_t mark);
/* The rest of the line from a place on; borrowed. */
struct slice yaml_text_at(const struct yaml_source *src, yaml_mark_t mark);
/* Sets *err from the parser's problem; returns its code. */
int yaml_explain(const struct yaml_source *src, const yaml_parser_t *parser, struct err *err);
/* For `key: {{ x }}`, which YAML reads as a mapping in a mapping. */
int yaml_explain_template(struct srcloc at, struct slice text, struct err *err);
