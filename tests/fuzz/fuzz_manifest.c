/* What a host says that its folder holds: whatever is accepted stays below it. */
#include "../../src/run/pull/manifest.h"
#include "rollout/module/synchronize.h"
#include "rollout/value/yaml.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct manifest *m, const struct manifest_entry *e,
		  const struct manifest_rules *rules)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	const char *slash = strrchr(e->path, '/');
	strbuf_printf(&path, "/%s/", e->path);
	if (strstr(path.ptr, "//") || strstr(path.ptr, "/../") || strstr(path.ptr, "/./"))
		abort();
	if (manifest_find(m, e->path) != e || excludes_match(rules->excludes, e->path, false))
		abort();
	if (e->type == MANIFEST_LINK && (!rules->links || !e->target))
		abort();
	if (!slash)
		return;
	strbuf_truncate(&path, 0);
	strbuf_append(&path, e->path, (size_t)(slash - e->path));
	const struct manifest_entry *parent = manifest_find(m, path.ptr);
	if (!rules->recursive || !parent || parent >= e || parent->type != MANIFEST_DIR)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = {0};
	const struct value *v;
	struct manifest m = {0};
	struct err err = {0};
	struct excludes excludes = {.at = {"*.log"}, .len = 1};
	if (size < 1)
		return 0;
	const struct manifest_rules rules = {.name = data[0] & 1 ? "s" : NULL,
					     .recursive = !(data[0] & 2),
					     .links = !(data[0] & 4),
					     .check_mode = data[0] & 8,
					     .excludes = &excludes};
	const struct slice text = {(const char *)data + 1, size - 1};
	if (yaml_parse(&a, "fuzz", text, &v, &err) < 0 || v->type != VALUE_DICT ||
	    manifest_read(&m, v, &rules, &err) < 0)
		return 0;
	for (size_t i = 0; i < m.len; i++)
		check(&m, &m.at[i], &rules);
	manifest_release(&m);
	return 0;
}
