#pragma once
/* Values written as YAML, for tests; in an arena that each test gives back. */
#include "rollout/value/yaml.h"
#include "test.h"

static struct arena arena;

static int release(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static const struct value *read_yaml(const char *text)
{
	const struct value *v = NULL;
	struct err e = {0};
	if (yaml_parse(&arena, "f", slice_from(text), &v, &e) < 0)
		fail_msg("%s: %s", text, e.msg);
	return v;
}
