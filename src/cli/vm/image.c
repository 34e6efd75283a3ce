/* image list, pull, build, remove: the cache that all projects share. */
#include "rollout/vm/image.h"

#include "../complaint.h"
#include "display/size.h"
#include "display/table.h"
#include "rollout/base/clock.h"
#include "rollout/report/visible.h"
#include "topology/topology.h"
#include "verbs.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define SAY_EVERY_MS 100
#define SAY_EVERY_PIPED_MS 10000

static enum vm_arch own_arch(void)
{
	struct utsname u;
	return uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? VM_ARCH_ARM64 : VM_ARCH_AMD64;
}

static enum vm_driver_kind driver_of(const struct options *o)
{
	enum vm_driver_kind kind = VM_DRIVER_QEMU;
	if (o->driver)
		vm_driver_by_name(slice_from(o->driver), &kind);
	return kind;
}

/* ---- progress ---- */

struct progress {
	bool live;
	int64_t said_ms;
	bool drawn; /* a line that the next one replaces */
};

static void say(void *self, const char *what, int64_t done_bytes, int64_t total_bytes)
{
	struct progress *p = self;
	struct arena a = {0};
	int64_t now = clock_now_ms();
	CLEANUP(strbuf_release) struct strbuf line = {0}, cut = {0};
	if (p->said_ms && now - p->said_ms < (p->live ? SAY_EVERY_MS : SAY_EVERY_PIPED_MS))
		return;
	p->said_ms = now;
	visible_line(&line, slice_from(what));
	if (total_bytes > 0)
		strbuf_printf(&line, " %d%% of %s", (int)(done_bytes * 100 / total_bytes),
			      vm_size_short(&a, total_bytes));
	else if (done_bytes > 0)
		strbuf_printf(&line, " %s", vm_size_short(&a, done_bytes));
	visible_fit(&cut, strbuf_slice(&line), terminal_width(STDERR_FILENO) - 1);
	fprintf(stderr, p->live ? "\r\033[K%s" : "%s\n", cut.ptr ? cut.ptr : "");
	p->drawn = p->live;
	arena_release(&a);
}

static void progress_end(const struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
}

/* ---- list ---- */

static const char *day(struct arena *a, int64_t s)
{
	char date[32] = "";
	time_t t = (time_t)s;
	struct tm local;
	if (s > 0 && localtime_r(&t, &local))
		strftime(date, sizeof(date), "%Y-%m-%d", &local);
	return arena_strdup(a, date);
}

static void print_names(void)
{
	printf("names:");
	for (size_t i = 0; i < vm_named_image_count; i++) {
		bool known = false;
		for (size_t k = 0; k < i; k++)
			known |= strcmp(vm_named_images[k].name, vm_named_images[i].name) == 0;
		if (!known)
			printf(" %s", vm_named_images[i].name);
	}
	printf("\n");
}

static int list(const struct vm_session *s UNUSED, const struct vm_words *words, struct err *err)
{
	CLEANUP(table_release) struct table t = {.ncolumns = 4};
	struct vm_cached_image *images;
	size_t n;
	if (words->len > 0)
		return err_set(err, ERR_USAGE, "what is '%s'? image list lists all", words->at[0]);
	int r = vm_image_list(&t.arena, &images, &n, err);
	if (r < 0)
		return r;
	table_add(&t, (const char *const[]){"IMAGE", "SIZE", "USED", "PATH"});
	for (size_t i = 0; i < n; i++)
		table_add(&t,
			  (const char *const[]){images[i].origin,
						vm_size_short(&t.arena, images[i].size_bytes),
						day(&t.arena, images[i].used_s), images[i].path});
	if (n > 0)
		table_print(&t);
	else
		printf("the cache is empty\n");
	print_names();
	return RUN_EXIT_OK;
}

/* ---- pull ---- */

struct pull {
	struct arena arena;
	struct progress progress;
};

static int pull_one(struct pull *p, const struct vm_image_ref *ref, enum vm_arch arch,
		    enum vm_driver_kind driver, struct err *err)
{
	const char *path;
	const struct vm_image_progress progress = {.self = &p->progress, .say = say};
	int r = vm_image_ensure(ref, arch, driver, &progress, &p->arena, &path, err);
	progress_end(&p->progress);
	if (r == 0)
		printf("%s: %s\n", ref->name, path);
	return r;
}

/* What the inventory's machines begin with. */
static int pull_all(struct pull *p, const struct options *o, struct err *err)
{
	CLEANUP(loaded_release) struct loaded l = {0};
	struct vm_session s;
	int r = load_hosts(o, NULL, &l, err);
	if (r == 0)
		r = vm_session_open_any(o, &l, &s, err);
	if (r < 0)
		return r;
	const struct vm_topology *t = s.topology;
	for (size_t i = 0; r == 0 && i < t->specs.len; i++) {
		const struct vm_spec *spec = t->specs.at[i];
		bool done = false;
		for (size_t k = 0; k < i; k++)
			done |= strcmp(t->specs.at[k]->image.name, spec->image.name) == 0 &&
				t->specs.at[k]->arch == spec->arch;
		if (!done)
			r = pull_one(p, &spec->image, spec->arch, t->driver, err);
	}
	vm_session_close(&s);
	return r;
}

static int pull(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	struct pull p = {.progress = {.live = isatty(STDERR_FILENO)}};
	int r = words->len == 0 ? pull_all(&p, s->options, err) : 0;
	for (size_t i = 0; r == 0 && i < words->len; i++)
		r = pull_one(&p, &(struct vm_image_ref){.name = words->at[i]}, own_arch(),
			     driver_of(s->options), err);
	arena_release(&p.arena);
	return r;
}

/* ---- build, remove ---- */

static int build(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	const struct options *o = s->options;
	struct arena a = {0};
	const char *path;
	if (words->len != 1)
		return err_set(err, ERR_USAGE, "which image? rollout vm image build debian-12");
	int r = vm_image_build(
		&(struct vm_image_build_options){
			.name = words->at[0],
			.arch = own_arch(),
			.driver = driver_of(o),
			.mirror = o->mirror,
			.packages = o->packages.len > 0 ? o->packages.at : NULL,
			.hook = o->hook,
			.output = o->output,
			.force = o->force,
		},
		STDERR_FILENO, &a, &path, err);
	if (r == 0)
		printf("%s\n", path);
	arena_release(&a);
	return r;
}

static int remove_images(const struct vm_session *s UNUSED, const struct vm_words *words,
			 struct err *err)
{
	int r = 0;
	if (words->len == 0)
		return err_set(err, ERR_USAGE,
			       "which image? rollout vm image remove IMAGE; image list names them");
	for (size_t i = 0; r == 0 && i < words->len; i++)
		r = vm_image_remove(words->at[i], err);
	return r;
}

int vm_verb_image(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	static const char *const known[] = {"list", "pull", "build", "remove"};
	static int (*const run[])(const struct vm_session *s, const struct vm_words *words,
				  struct err *err) = {list, pull, build, remove_images};
	const char *word = words->len > 0 ? words->at[0] : NULL;
	const struct vm_words rest = {.at = words->at + 1, .len = words->len - 1};
	for (size_t i = 0; word && i < ARRAY_LEN(known); i++)
		if (strcmp(word, known[i]) == 0)
			return run[i](s, &rest, err);
	return vm_unknown_word("rollout vm image", word, known, ARRAY_LEN(known), err);
}
