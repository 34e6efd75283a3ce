/* Sections: passwd, group and shadow, asked for users and groups by name and
 * by number. What is asked for stands at the end at the latest, so that getent
 * is never asked. */
#include "../../src/host/real/real.h"
#include "input.h"
#include "rollout/host/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set(struct memory_file *f, struct slice text, const char *last)
{
	CLEANUP(strbuf_release) struct strbuf all = {0};
	strbuf_slice_append(&all, text);
	strbuf_printf(&all, "\n%s\n", last);
	memory_file_set(f, strbuf_slice(&all));
}

static void ask(struct host *h)
{
	struct arena a = {0};
	struct err err = {0};
	struct host_user u;
	struct host_group g;
	/* The number of a line that is found by its name may be none. */
	if (real_user(h, &a, "me", &u, &err) < 0 || real_group(h, &a, "us", &g, &err) < 0)
		abort();
	if (u.exists && (strcmp(u.name, "me") != 0 || !u.groups || !u.shell))
		abort();
	if (real_user_by_id(h, &a, 1000, &u, &err) < 0 || (u.exists && u.uid != 1000))
		abort();
	if (real_group_by_id(h, &a, 1000, &g, &err) < 0 || !g.exists || g.gid != 1000)
		abort();
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file passwd, group, shadow;
	struct slice rest = {(const char *)data, size};
	struct host *h = host_real_new();
	struct real_paths *paths = &real_of(h)->paths;
	set(&passwd, input_section(&rest), "me:x:1000:1000:Me:/home/me:/bin/sh");
	set(&group, input_section(&rest), "us:x:1000:me");
	set(&shadow, input_section(&rest), "me:!:1::::::");
	paths->passwd = passwd.path;
	paths->group = group.path;
	paths->shadow = shadow.path;
	ask(h);
	host_free(h);
	return 0;
}
