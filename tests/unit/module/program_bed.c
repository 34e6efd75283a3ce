#include "program_bed.h"

#include "rollout/base/file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void program_bed_fake(struct file_bed *b, const char *name, const char *body)
{
	struct err err = {0};
	const char *dir = arena_printf(&b->arena, "%s/bin", b->root);
	const char *path = arena_printf(&b->arena, "%s/%s", dir, name);
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *old = getenv("PATH");
	strbuf_printf(&text, "#!/bin/sh\nR=%s\n%s\n", b->root, body);
	(void)mkdir(dir, 0755);
	assert_int_equal(file_write_atomic(path, text.ptr, text.len, 0755, &err), 0);
	if (strncmp(old, dir, strlen(dir)) != 0)
		setenv("PATH", arena_printf(&b->arena, "%s:%s", dir, old), 1);
}

static const char *message(const struct value *r)
{
	const struct value *v = value_get(r, "msg");
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

static bool is(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	return v && value_truthy(v);
}

static void expect(const struct program_case *c, const struct value *r, bool changed,
		   const char *when)
{
	bool failed = is(r, "failed");
	if (failed != (c->msg != NULL) || (c->msg && !strstr(message(r), c->msg)) ||
	    (!failed && is(r, "changed") != changed))
		fail_msg("%s %s, %s: failed %d, changed %d, said \"%s\"", c->module, c->args, when,
			 failed, is(r, "changed"), message(r));
}

/* What lies below the root but the log of what was asked. */
static void list_tree(struct file_bed *b, const char *to)
{
	file_bed_shell(b, arena_printf(&b->arena,
				       "find . -type f ! -path './log*' ! -name '.tree*' -exec "
				       "md5sum {} + | sort >.%s; find . ! -path './log*' ! -name "
				       "'.tree*' | sort >>.%s",
				       to, to));
}

static void predict(struct file_bed *b, const struct program_case *c)
{
	struct host *o = host_overlay_new(b->real);
	list_tree(b, "tree-before");
	const struct value *r = file_bed_run(b, o, c->module, c->args);
	if (is(r, "_unknown") != c->unknown)
		fail_msg("%s %s: unknown is %d: %s", c->module, c->args, is(r, "_unknown"),
			 message(r));
	if (!c->unknown)
		expect(c, r, c->changed, "predicted");
	host_free(o);
	list_tree(b, "tree-after");
	file_bed_shell(b, "diff .tree-before .tree-after >&2 && rm -f .tree-*");
}

void program_bed_run(struct file_bed *b, const struct program_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct program_case *c = &cases[i];
		predict(b, c);
		expect(c, file_bed_run(b, b->real, c->module, c->args), c->changed, "applied");
		if (!c->msg)
			expect(c, file_bed_run(b, b->real, c->module, c->args), c->again, "again");
		if (c->after)
			file_bed_shell(b, c->after);
	}
}
