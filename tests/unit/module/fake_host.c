#include "fake_host.h"

#include "rollout/base/file.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct fake_host *of(struct host *h)
{
	return (struct fake_host *)h;
}

static struct fake_file *find_file(struct fake_host *f, const char *path)
{
	for (size_t i = 0; i < f->nfiles; i++)
		if (f->files[i].path && strcmp(f->files[i].path, path) == 0)
			return &f->files[i];
	return NULL;
}

static struct fake_file *make_file(struct fake_host *f, const char *path)
{
	struct fake_file *file = find_file(f, path);
	if (!file) {
		assert(f->nfiles < FAKE_MAX);
		file = &f->files[f->nfiles++];
		*file = (struct fake_file){.path = xstrdup(path), .mode = 0644};
	}
	return file;
}

static void note(struct fake_host *f, const char *verb, const char *what)
{
	strbuf_printf(&f->log, "%s %s\n", verb, what);
}

static void host_dispose(struct host *h)
{
	struct fake_host *f = of(h);
	for (size_t i = 0; i < f->nfiles; i++) {
		free(f->files[i].path);
		strbuf_release(&f->files[i].text);
	}
	strbuf_release(&f->log);
	arena_release(&f->arena);
	free(f);
}

/* The folders of the files are there. */
static bool is_folder(struct fake_host *f, const char *path)
{
	size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path);
	for (size_t i = 0; i < f->nfiles; i++)
		if (f->files[i].path && strncmp(f->files[i].path, path, len) == 0 &&
		    f->files[i].path[len] == '/')
			return true;
	return false;
}

static int host_stat_path(struct host *h, struct arena *a, const char *path, bool follow,
			  struct host_stat *ret, struct err *err)
{
	(void)a;
	(void)err;
	(void)follow;
	const struct fake_file *file = find_file(of(h), path);
	*ret = (struct host_stat){.type = HOST_ABSENT};
	if (!file && is_folder(of(h), path))
		*ret = (struct host_stat){.type = HOST_DIR, .mode = 0755};
	if (!file)
		return 0;
	ret->type = file->dir ? HOST_DIR : file->link && !follow ? HOST_LINK : HOST_FILE;
	ret->mode = (mode_t)file->mode;
	ret->link_target = file->link;
	ret->size = file->text.len;
	return 0;
}

static int host_read(struct host *h, const char *path, size_t max_bytes, struct strbuf *out,
		     struct err *err)
{
	const struct fake_file *file = find_file(of(h), path);
	(void)max_bytes;
	if (!file)
		return err_set(err, ERR_NOT_FOUND, "%s is not there", path);
	strbuf_slice_append(out, strbuf_slice(&file->text));
	return 0;
}

static int host_list(struct host *h, struct arena *a, const char *path, struct host_names *ret,
		     struct err *err)
{
	struct fake_host *f = of(h);
	size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path);
	ret->at = ARENA_ARRAY(a, const char *, FAKE_MAX);
	ret->len = 0;
	for (size_t i = 0; i < f->nfiles; i++) {
		const char *p = f->files[i].path;
		if (p && strncmp(p, path, len) == 0 && p[len] == '/' && !strchr(p + len + 1, '/'))
			ret->at[ret->len++] = arena_strdup(a, p + len + 1);
	}
	return ret->len ? 0 : err_set(err, ERR_NOT_FOUND, "%s is not there", path);
}

static int host_write_file(struct host *h, const char *path, const struct host_write *w,
			   struct err *err)
{
	(void)err;
	struct fake_file *file = make_file(of(h), path);
	strbuf_truncate(&file->text, 0);
	strbuf_slice_append(&file->text, w->content);
	if (w->attr.mode >= 0)
		file->mode = w->attr.mode;
	note(of(h), "write", path);
	return 0;
}

static int host_mkdir(struct host *h, const char *path, const struct host_attr *attr,
		      struct err *err)
{
	(void)err;
	(void)attr;
	make_file(of(h), path)->dir = true;
	note(of(h), "mkdir", path);
	return 0;
}

static int host_symlink(struct host *h, const char *target, const char *path, struct err *err)
{
	(void)err;
	make_file(of(h), path)->link = arena_strdup(&of(h)->arena, target);
	note(of(h), "symlink", path);
	return 0;
}

static int host_remove(struct host *h, const char *path, bool recursive, struct err *err)
{
	(void)err;
	(void)recursive;
	struct fake_file *file = find_file(of(h), path);
	if (file) {
		free(file->path);
		file->path = NULL;
		strbuf_release(&file->text);
		note(of(h), "remove", path);
	}
	return 0;
}

static int host_set_attr(struct host *h, const char *path, bool follow,
			 const struct host_attr *attr, struct err *err)
{
	(void)follow;
	(void)attr;
	(void)err;
	note(of(h), "attr", path);
	return 0;
}

static void join(struct strbuf *out, const char *const *argv)
{
	for (; *argv; argv++)
		strbuf_printf(out, "%s%s", out->len ? " " : "", *argv);
}

static int host_probe(struct host *h, const struct host_command *cmd,
		      struct host_command_result *result, struct err *err)
{
	struct fake_host *f = of(h);
	CLEANUP(strbuf_release) struct strbuf line = {0};
	join(&line, cmd->argv);
	for (size_t i = 0; i < f->ncommands; i++) {
		if (strcmp(f->commands[i].line, line.ptr) != 0)
			continue;
		result->exit_code = f->commands[i].exit_code;
		strbuf_puts(&result->out, f->commands[i].out);
		return 0;
	}
	/* A simulation that has nothing to tell. */
	if (slice_starts_with(strbuf_slice(&line), "apt-get ") && strstr(line.ptr, " -s "))
		return 0;
	return err_set(err, ERR_NOT_FOUND, "the fake host has no '%s'", line.ptr);
}

static int host_run(struct host *h, const struct host_command *cmd,
		    struct host_command_result *result, struct err *err)
{
	(void)err;
	CLEANUP(strbuf_release) struct strbuf line = {0};
	join(&line, cmd->argv);
	note(of(h), "run", line.ptr);
	if (host_probe(h, cmd, result, NULL) < 0)
		result->exit_code = 0;
	return 0;
}

static int host_user_by_name(struct host *h, struct arena *a, const char *name,
			     struct host_user *ret, struct err *err)
{
	(void)a;
	(void)err;
	struct fake_host *f = of(h);
	*ret = (struct host_user){0};
	for (size_t i = 0; i < f->nusers; i++)
		if (strcmp(f->users[i].name, name) == 0 && f->users[i].exists)
			*ret = f->users[i];
	return 0;
}

static int host_user_of_id(struct host *h, struct arena *a, uid_t uid, struct host_user *ret,
			   struct err *err)
{
	(void)a;
	(void)err;
	struct fake_host *f = of(h);
	*ret = (struct host_user){0};
	for (size_t i = 0; i < f->nusers; i++)
		if (f->users[i].exists && f->users[i].uid == uid)
			*ret = f->users[i];
	return 0;
}

static int host_group_by_name(struct host *h, struct arena *a, const char *name,
			      struct host_group *ret, struct err *err)
{
	(void)a;
	(void)err;
	struct fake_host *f = of(h);
	*ret = (struct host_group){0};
	for (size_t i = 0; i < f->ngroups; i++)
		if (strcmp(f->groups[i].name, name) == 0 && f->groups[i].exists)
			*ret = f->groups[i];
	return 0;
}

static int host_group_of_id(struct host *h, struct arena *a, gid_t gid, struct host_group *ret,
			    struct err *err)
{
	(void)a;
	(void)err;
	struct fake_host *f = of(h);
	*ret = (struct host_group){0};
	for (size_t i = 0; i < f->ngroups; i++)
		if (f->groups[i].exists && f->groups[i].gid == gid)
			*ret = f->groups[i];
	return 0;
}

/* The groups afterwards: those named, and with append the old ones too. */
static const char *const *merged_groups(struct fake_host *f, const struct host_user *u,
					const struct host_user_spec *s)
{
	const char **all = ARENA_ARRAY(&f->arena, const char *, 2 * FAKE_MAX);
	size_t n = 0;
	for (const char *const *g = s->append_groups ? u->groups : NULL; g && *g; g++)
		all[n++] = *g;
	for (const char *const *g = s->groups; *g; g++)
		all[n++] = arena_strdup(&f->arena, *g);
	return all;
}

static const char *keep(struct fake_host *f, const char *new, const char *old)
{
	return new ? arena_strdup(&f->arena, new) : old;
}

static int host_user_set(struct host *h, const struct host_user_spec *s, struct err *err)
{
	(void)err;
	struct fake_host *f = of(h);
	struct host_user *u = NULL;
	struct host_group g;
	for (size_t i = 0; i < f->nusers; i++)
		if (strcmp(f->users[i].name, s->name) == 0)
			u = &f->users[i];
	if (!u) {
		fake_user(f, s->name, 1000u + (unsigned)f->nusers, NULL);
		u = &f->users[f->nusers - 1];
	}
	u->exists = true;
	u->gecos = keep(f, s->gecos, u->gecos);
	u->home = keep(f, s->home, u->home);
	u->shell = keep(f, s->shell, u->shell);
	u->password_hash = keep(f, s->password_hash, u->password_hash);
	if (s->uid >= 0)
		u->uid = (uid_t)s->uid;
	if (s->group && host_group_by_name(h, NULL, s->group, &g, NULL) == 0 && g.exists)
		u->gid = g.gid;
	if (s->groups)
		u->groups = merged_groups(f, u, s);
	note(f, "user", s->name);
	return 0;
}

static int host_user_remove(struct host *h, const char *name, unsigned how, struct err *err)
{
	static const char *const verbs[] = {"userdel", "userdel -r", "userdel -f", "userdel -f -r"};
	(void)err;
	struct fake_host *f = of(h);
	for (size_t i = 0; i < f->nusers; i++)
		if (strcmp(f->users[i].name, name) == 0)
			f->users[i].exists = false;
	note(f, verbs[how], name);
	return 0;
}

static int host_group_set(struct host *h, const struct host_group_spec *s, struct err *err)
{
	(void)err;
	struct fake_host *f = of(h);
	note(f, "group", s->name);
	for (size_t i = 0; i < f->ngroups; i++)
		if (strcmp(f->groups[i].name, s->name) == 0) {
			f->groups[i].exists = true;
			if (s->gid >= 0)
				f->groups[i].gid = (gid_t)s->gid;
			return 0;
		}
	fake_group(f, s->name, s->gid >= 0 ? (unsigned)s->gid : 900u + (unsigned)f->ngroups);
	return 0;
}

static int host_group_remove(struct host *h, const char *name, struct err *err)
{
	(void)err;
	struct fake_host *f = of(h);
	for (size_t i = 0; i < f->ngroups; i++)
		if (strcmp(f->groups[i].name, name) == 0)
			f->groups[i].exists = false;
	note(f, "groupdel", name);
	return 0;
}

static int host_package_of(struct host *h, struct arena *a, const char *name,
			   struct host_package *ret, struct err *err)
{
	(void)a;
	struct fake_host *f = of(h);
	for (size_t i = 0; i < f->npackages; i++)
		if (strcmp(f->packages[i].name, name) == 0) {
			*ret = (struct host_package){.installed = f->packages[i].version != NULL,
						     .version = f->packages[i].version};
			return 0;
		}
	return err_set(err, ERR_NOT_FOUND, "No package matching '%s' is available", name);
}

static int host_package_newest(struct host *h, struct arena *a, const char *name,
			       const char **ret_version, struct err *err)
{
	(void)a;
	(void)err;
	struct fake_host *f = of(h);
	*ret_version = NULL;
	for (size_t i = 0; i < f->npackages; i++)
		if (strcmp(f->packages[i].name, name) == 0)
			*ret_version = f->packages[i].candidate;
	return 0;
}

static int host_package_change_all(struct host *h, const struct host_package_change *c,
				   struct strbuf *output, struct err *err)
{
	(void)err;
	struct fake_host *f = of(h);
	static const char *const verbs[] = {"install", "upgrade", "purge"};
	strbuf_puts(output, "done\n");
	for (const char *const *n = c->names; *n; n++) {
		size_t len = strcspn(*n, "=");
		note(f, c->state == HOST_PACKAGE_ABSENT && !c->purge ? "remove" : verbs[c->state],
		     *n);
		for (size_t i = 0; i < f->npackages; i++) {
			struct fake_package *p = &f->packages[i];
			if (strlen(p->name) == len && strncmp(p->name, *n, len) == 0)
				p->version = c->state == HOST_PACKAGE_ABSENT ? NULL
					     : (*n)[len] ? arena_strdup(&f->arena, *n + len + 1)
							 : p->candidate;
		}
	}
	return 0;
}

static int host_package_fetch(struct host *h, int64_t max_age_s, bool *ret_updated, struct err *err)
{
	(void)err;
	note(of(h), "refresh", "lists");
	*ret_updated = max_age_s == 0;
	return 0;
}

static struct fake_unit *find_unit(struct fake_host *f, const char *name)
{
	struct slice n = slice_from(name);
	if (slice_ends_with(n, ".service"))
		n.len -= strlen(".service");
	for (size_t i = 0; i < f->nunits; i++)
		if (slice_is(n, f->units[i].name))
			return &f->units[i];
	return NULL;
}

static int host_unit_of(struct host *h, struct arena *a, const char *name, const char *scope,
			struct host_unit *ret, struct err *err)
{
	(void)a;
	(void)scope;
	(void)err;
	const struct fake_unit *u = find_unit(of(h), name);
	*ret = u ? u->state
		 : (struct host_unit){.load_state = "not-found",
				      .active_state = "inactive",
				      .sub_state = "dead",
				      .unit_file_state = ""};
	return 0;
}

static int host_unit_action_of(struct host *h, const char *name, const char *scope,
			       enum host_unit_action action, bool no_block, struct err *err)
{
	static const char *const verbs[] = {"start",  "stop",	 "restart", "reload",
					    "enable", "disable", "mask",    "unmask"};
	struct fake_unit *u = find_unit(of(h), name);
	(void)scope;
	(void)no_block;
	if (!u)
		return err_set(err, ERR_NOT_FOUND, "Unit %s not found.", name);
	if (u->refuses && action == HOST_UNIT_START)
		return err_set(err, ERR_INVALID, "%s", u->refuses);
	note(of(h), verbs[action], name);
	if (action == HOST_UNIT_START || action == HOST_UNIT_RESTART)
		u->state.active_state = "active";
	if (action == HOST_UNIT_STOP)
		u->state.active_state = "inactive";
	if (action == HOST_UNIT_ENABLE)
		u->state.unit_file_state = "enabled";
	if (action == HOST_UNIT_DISABLE || action == HOST_UNIT_UNMASK)
		u->state.unit_file_state = "disabled";
	if (action == HOST_UNIT_MASK)
		u->state.unit_file_state = "masked";
	return 0;
}

static int host_reload(struct host *h, const char *scope, struct err *err)
{
	(void)err;
	note(of(h), "daemon-reload", scope);
	return 0;
}

static int host_open(struct host *h, const char *path, int *ret_fd, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	int r = host_read(h, path, SIZE_MAX, &text, err);
	if (r < 0)
		return r;
	int fd = memfd_create("fake", MFD_CLOEXEC);
	assert(fd >= 0);
	if (fd_write_all(fd, text.ptr, text.len, err) < 0)
		abort();
	*ret_fd = fd;
	return 0;
}

static const struct host_ops fake_ops = {
	.free = host_dispose,
	.stat = host_stat_path,
	.read = host_read,
	.open = host_open,
	.list = host_list,
	.write = host_write_file,
	.mkdir = host_mkdir,
	.symlink = host_symlink,
	.remove = host_remove,
	.set_attr = host_set_attr,
	.flags = fake_flags,
	.set_flags = fake_set_flags,
	.run = host_run,
	.probe = host_probe,
	.user = host_user_by_name,
	.user_by_id = host_user_of_id,
	.group = host_group_by_name,
	.group_by_id = host_group_of_id,
	.user_set = host_user_set,
	.user_remove = host_user_remove,
	.group_set = host_group_set,
	.group_remove = host_group_remove,
	.package = host_package_of,
	.package_candidate = host_package_newest,
	.package_change = host_package_change_all,
	.package_refresh = host_package_fetch,
	.unit = host_unit_of,
	.unit_act = host_unit_action_of,
	.daemon_reload = host_reload,
};

struct fake_host *fake_host_new(void)
{
	struct fake_host *f = xcalloc(1, sizeof(*f));
	f->host.ops = &fake_ops;
	return f;
}

void fake_file(struct fake_host *f, const char *path, const char *text)
{
	strbuf_puts(&make_file(f, path)->text, text);
}

void fake_unit(struct fake_host *f, const char *name, const char *active, const char *file_state)
{
	assert(f->nunits < FAKE_MAX);
	f->units[f->nunits++] = (struct fake_unit){
		.name = name,
		.state = {.exists = true,
			  .load_state = "loaded",
			  .active_state = active,
			  .sub_state = "running",
			  .unit_file_state = file_state},
	};
}

void fake_package(struct fake_host *f, const char *name, const char *version, const char *candidate)
{
	assert(f->npackages < FAKE_MAX);
	f->packages[f->npackages++] = (struct fake_package){name, version, candidate};
}

void fake_command(struct fake_host *f, const char *line, int exit_code, const char *out)
{
	assert(f->ncommands < FAKE_MAX);
	f->commands[f->ncommands++] = (struct fake_command){line, exit_code, out};
}

void fake_user(struct fake_host *f, const char *name, unsigned id, const char *const *groups)
{
	assert(f->nusers < FAKE_MAX);
	f->users[f->nusers++] =
		(struct host_user){.exists = true,
				   .name = arena_strdup(&f->arena, name),
				   .gecos = "",
				   .home = arena_printf(&f->arena, "/home/%s", name),
				   .shell = "/bin/sh",
				   .uid = id,
				   .gid = id,
				   .groups = groups};
}

void fake_group(struct fake_host *f, const char *name, unsigned id)
{
	assert(f->ngroups < FAKE_MAX);
	f->groups[f->ngroups++] = (struct host_group){
		.exists = true, .name = arena_strdup(&f->arena, name), .gid = id};
}

const char *fake_text(struct fake_host *f, const char *path)
{
	const struct fake_file *file = find_file(f, path);
	return file ? strbuf_slice(&file->text).ptr : NULL;
}
