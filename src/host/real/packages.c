/* dpkg's database, read directly: a task that finds its packages installed
 * starts no process. */
#include "../tool.h"
#include "real.h"
#include "rollout/base/file.h"
#include "rollout/base/strmap.h"

#include <errno.h>
#include <stdlib.h>

#define STATUS_MAX_BYTES (256u << 20)

struct dpkg_entry {
	bool installed, has_config;
	const char *version;
};
struct dpkg_index {
	struct arena arena;
	struct strmap packages; /* "name" and "name:arch" to struct dpkg_entry */
	struct strmap provided; /* names that an installed package provides */
	struct stat file;	/* as read */
};

/* The fields of one paragraph that matter. */
struct paragraph {
	struct slice package, status, version, arch, provides;
};

void dpkg_index_free(struct dpkg_index *x)
{
	if (!x)
		return;
	strmap_release(&x->packages);
	strmap_release(&x->provided);
	arena_release(&x->arena);
	free(x);
}

static void take_field(struct paragraph *p, struct slice line)
{
	const struct {
		const char *name;
		struct slice *to;
	} fields[] = {
		{"Package:", &p->package},   {"Status:", &p->status},	  {"Version:", &p->version},
		{"Architecture:", &p->arch}, {"Provides:", &p->provides},
	};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t len = strlen(fields[i].name);
		if (!slice_starts_with(line, fields[i].name))
			continue;
		*fields[i].to = slice_trim((struct slice){line.ptr + len, line.len - len});
		return;
	}
}

/* "a, b (= 1.0), c:amd64" */
static void add_provided(struct dpkg_index *x, struct slice list)
{
	struct slice item;
	while (slice_split(&list, ',', &item)) {
		item = slice_trim(item);
		size_t len = 0;
		while (len < item.len && !strchr(" :(", item.ptr[len]))
			len++;
		item.len = len;
		if (len)
			strmap_set(&x->provided, item, x);
	}
}

/* Of two architectures of one name, the installed one counts. */
static void add_entry(struct dpkg_index *x, struct slice key, const struct paragraph *p,
		      bool installed)
{
	struct dpkg_entry *e = strmap_get(&x->packages, key);
	if (e && (e->installed || !installed))
		return;
	e = ARENA_NEW(&x->arena, struct dpkg_entry);
	e->installed = installed;
	e->has_config = slice_ends_with(p->status, " config-files");
	e->version = arena_strndup(&x->arena, p->version.ptr ? p->version.ptr : "", p->version.len);
	strmap_set(&x->packages, key, e);
}

static void add_paragraph(struct dpkg_index *x, const struct paragraph *p)
{
	if (!p->package.len)
		return;
	bool installed = slice_ends_with(p->status, " installed");
	add_entry(x, p->package, p, installed);
	if (p->arch.len) {
		const char *key = arena_printf(&x->arena, "%.*s:%.*s", SLICE_ARG(p->package),
					       SLICE_ARG(p->arch));
		add_entry(x, slice_from(key), p, installed);
	}
	if (installed && p->provides.len)
		add_provided(x, p->provides);
}

static void index_text(struct dpkg_index *x, struct slice text)
{
	struct slice line;
	struct paragraph p = {0};
	while (slice_split(&text, '\n', &line)) {
		if (line.len == 0) {
			add_paragraph(x, &p);
			p = (struct paragraph){0};
		} else if (line.ptr[0] != ' ') {
			take_field(&p, line);
		}
	}
	add_paragraph(x, &p);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int load(struct host_real *real, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *path = real->paths.dpkg_status;
	struct stat st;
	if (stat(path, &st) < 0)
		return errno == ENOENT
			       ? err_set(err, ERR_UNSUPPORTED,
					 "this host has no dpkg: only apt packages are supported")
			       : err_sys(err, "stat %s", path);
	if (real->dpkg && same_file(&real->dpkg->file, &st))
		return 0;
	int r = file_read(path, STATUS_MAX_BYTES, &text, err);
	if (r < 0)
		return r;
	struct dpkg_index *x = xcalloc(1, sizeof(*x));
	x->file = st;
	index_text(x, strbuf_slice(&text));
	dpkg_index_free(real->dpkg);
	real->dpkg = x;
	return 0;
}

/* A name that installed packages merely provide counts as installed when no
 * package of that name could be installed instead. */
static int is_virtual(struct host *h, const char *name, bool *ret, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	const char *candidate = NULL;
	int r = real_package_candidate(h, &a, name, &candidate, err);
	if (r == 0)
		*ret = candidate == NULL;
	return r;
}

int real_package(struct host *h, struct arena *a, const char *name, struct host_package *ret,
		 struct err *err)
{
	struct host_real *real = real_of(h);
	int r = load(real, err);
	if (r < 0)
		return r;
	const struct dpkg_entry *e = strmap_get(&real->dpkg->packages, slice_from(name));
	struct host_package p = {.has_config = e && e->has_config};
	if (e && e->installed) {
		p.installed = true;
		p.version = arena_strdup(a, e->version);
	} else if (strmap_has(&real->dpkg->provided, slice_from(name))) {
		r = is_virtual(h, name, &p.installed, err);
	}
	if (r == 0)
		*ret = p;
	return r;
}

int real_package_candidate(struct host *h, struct arena *a, const char *name,
			   const char **ret_version, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	const char *argv[] = {"apt-cache", "policy", "--", name, NULL};
	struct tool t = {.argv = argv};
	int r = tool_run(h, TOOL_PROBE, &t, &result, err);
	if (r < 0)
		return r;
	if (result.exit_code != 0)
		return tool_failed(&t, &result, err);
	struct slice text = strbuf_slice(&result.out), line;
	*ret_version = NULL;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (!slice_starts_with(line, "Candidate:"))
			continue;
		struct slice v = slice_trim((struct slice){line.ptr + 10, line.len - 10});
		if (!slice_is(v, "(none)"))
			*ret_version = arena_strndup(a, v.ptr, v.len);
		return 0;
	}
	return 0;
}
