/*
 * dpkg_divert: dpkg-divert(1). What it cannot do in one call (another holder,
 * another place, a rename onto a file) is done in two.
 * https://docs.ansible.com/ansible/latest/collections/community/general/dpkg_divert_module.html
 */
#include "../call.h"
#include "../path/kept.h"
#include "../path/path_state.h"
#include "../path/whole_file.h"
#include "../program.h"

#include <stdlib.h>

#define PROGRAM "dpkg-divert"
#define LOCAL "LOCAL"

static const char *const states[] = {"absent", "present", NULL};
static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The file that packages shall not write."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is diverted."},
	{.name = "holder",
	 .type = MODULE_STR,
	 .doc = "The package whose file is not diverted; LOCAL without it."},
	{.name = "divert",
	 .type = MODULE_PATH,
	 .doc = "Where packages' versions go; the path with .distrib without it."},
	{.name = "rename",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Moves the file aside, or back, when the diversion changes."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "With rename: onto a file that is there."},
	{0},
};

struct diversion {
	const char *divert, *holder; /* NULL: none */
};
struct divert_call {
	struct module_call *call;
	const char *path;
	struct diversion was, wanted;
	bool present, renames, knows_no_rename;
	struct value *commands, *messages;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same(const struct diversion *a, const struct diversion *b)
{
	return same_text(a->divert, b->divert) && same_text(a->holder, b->holder);
}

static struct value *describe(const struct divert_call *d, const struct diversion *v)
{
	struct arena *a = d->call->arena;
	struct value *out = value_dict_new(a);
	value_dict_put(a, out, "path", value_cstr(a, d->path));
	value_dict_put(a, out, "state", value_cstr(a, v->holder ? "present" : "absent"));
	value_dict_put(a, out, "holder", v->holder ? value_cstr(a, v->holder) : value_null());
	value_dict_put(a, out, "divert", v->divert ? value_cstr(a, v->divert) : value_null());
	return out;
}

static int ask(struct divert_call *d, const char *what, const char *path, const char **ret,
	       struct err *err)
{
	struct program p;
	program_init(&p, d->call, PROGRAM);
	program_add(&p, what);
	if (path)
		program_add(&p, path);
	int r = program_read(&p, err);
	*ret = r == 0 ? program_line(&p) : "";
	return r;
}

/* --no-rename came with 1.19.1; it has to be said since. */
static int look_at_version(struct divert_call *d, struct err *err)
{
	const char *line;
	unsigned long part[3] = {0};
	int r = ask(d, "--version", NULL, &line, err);
	if (r < 0)
		return r;
	char *at = (char *)line + strcspn(line, "0123456789");
	for (size_t i = 0; i < ARRAY_LEN(part) && *at >= '0' && *at <= '9'; i++) {
		part[i] = strtoul(at, &at, 10);
		at += *at == '.';
	}
	d->knows_no_rename =
		part[0] > 1 || (part[0] == 1 && (part[1] > 19 || (part[1] == 19 && part[2] >= 1)));
	return 0;
}

static int look(struct divert_call *d, struct diversion *ret, struct err *err)
{
	const char *holder = "", *divert = "";
	int r = ask(d, "--listpackage", d->path, &holder, err);
	if (r == 0 && holder[0])
		r = ask(d, "--truename", d->path, &divert, err);
	if (r == 0)
		*ret = (struct diversion){.divert = holder[0] ? divert : NULL,
					  .holder = holder[0] ? holder : NULL};
	return r;
}

static int exists(struct divert_call *d, const char *path, bool *ret, struct err *err)
{
	*ret = false;
	return path ? whole_file_exists(d->call, path, ret, err) : 0;
}

static void begin(struct divert_call *d, struct program *p, bool test, bool renames)
{
	program_init(p, d->call, PROGRAM);
	if (test)
		program_add(p, "--test");
	if (renames)
		program_add(p, "--rename");
	else if (d->knows_no_rename)
		program_add(p, "--no-rename");
}

static void build_remove(struct divert_call *d, struct program *p, bool test, bool renames)
{
	begin(d, p, test, renames);
	program_add(p, "--remove");
	program_add(p, d->path);
}

static void build(struct divert_call *d, struct program *p, bool test, bool renames)
{
	if (!d->present) {
		build_remove(d, p, test, renames);
		return;
	}
	begin(d, p, test, renames);
	if (strcmp(d->wanted.holder, LOCAL) == 0) {
		program_add(p, "--local");
	} else {
		program_add(p, "--package");
		program_add(p, d->wanted.holder);
	}
	program_add(p, "--divert");
	program_add(p, d->wanted.divert);
	program_add(p, "--add");
	program_add(p, d->path);
}

/* Into commands, as without --test, and into messages. */
static void note(struct divert_call *d, const struct program *p)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	struct arena *a = d->call->arena;
	for (size_t i = 0; i < p->len; i++)
		if (strcmp(p->words[i], "--test") != 0)
			strbuf_printf(&line, "%s%s", line.len ? " " : "", p->words[i]);
	value_list_push(a, d->commands, value_str(a, strbuf_slice(&line)));
	value_list_push(a, d->messages, value_str(a, slice_trim(p->out)));
}

/* dpkg-divert renames onto nothing that is there: what is in the way. */
static int obstacle(struct divert_call *d, const char **ret, struct err *err)
{
	bool from = false, to = false;
	const char *source = d->present ? d->path : d->was.divert;
	const char *target = d->present ? d->wanted.divert : d->path;
	int r = d->renames ? exists(d, source, &from, err) : 0;
	if (r == 0 && d->renames)
		r = exists(d, target, &to, err);
	*ret = from && to ? target : NULL;
	return r;
}

/* Check mode: later tasks find the file where it would be. */
static int predict_rename(struct divert_call *d, struct err *err)
{
	bool there = false;
	const char *from = d->present ? d->path : d->was.divert;
	const char *to = d->present ? d->wanted.divert : d->path;
	int r = d->renames ? exists(d, from, &there, err) : 0;
	return r < 0 || !there ? r : d->call->host->ops->rename(d->call->host, from, to, err);
}

static int change(struct divert_call *d, struct err *err)
{
	struct program p;
	struct kept kept = {.call = d->call};
	const char *way = NULL;
	int r = obstacle(d, &way, err);
	bool test = d->call->check_mode && !way;
	if (r == 0 && way && !arg_bool(d->call, "force"))
		return err_set(err, ERR_EXISTS,
			       "%s is there already: Set 'force' param to True to force renaming "
			       "of files",
			       way);
	if (r == 0 && way)
		r = kept_add(&kept, way,
			     arena_printf(d->call->arena, "%s/.rollout-%s",
					  path_folder(d->call, way), strrchr(way, '/') + 1),
			     true, err);
	if (r == 0 && way)
		r = d->call->host->ops->remove(d->call->host, way, false, err);
	if (r == 0) {
		build(d, &p, test, d->renames);
		r = test ? program_read(&p, err) : program_change(&p, err);
	}
	kept_end(&kept, r < 0);
	if (r == 0)
		note(d, &p);
	return r == 0 && d->call->check_mode ? predict_rename(d, err) : r;
}

/* The file goes along where nothing is in its way. */
static int follow(struct divert_call *d, struct err *err)
{
	bool from = false, to = false;
	if (same_text(d->was.divert, d->wanted.divert))
		return 0;
	int r = exists(d, d->was.divert, &from, err);
	if (r == 0)
		r = exists(d, d->wanted.divert, &to, err);
	if (r == 0 && from && !to)
		(void)d->call->host->ops->rename(d->call->host, d->was.divert, d->wanted.divert,
						 NULL);
	return r;
}

/* Another holder or place: the old one goes, the new one comes. */
static int replace(struct divert_call *d, struct err *err)
{
	struct program p;
	bool check = d->call->check_mode;
	build_remove(d, &p, check, false);
	int r = check ? program_read(&p, err) : program_change(&p, err);
	if (r < 0)
		return r;
	note(d, &p);
	build(d, &p, false, false);
	r = program_change(&p, err);
	if (r < 0) {
		struct program back;
		struct diversion wanted = d->wanted;
		d->wanted = d->was;
		build(d, &back, false, false);
		(void)program_change(&back, NULL);
		d->wanted = wanted;
		return r;
	}
	note(d, &p);
	return follow(d, err);
}

/* Nothing is to be done; it says so. */
static int leave(struct divert_call *d, struct err *err)
{
	struct program p;
	build(d, &p, true, d->renames);
	int r = program_read(&p, err);
	if (r == 0)
		note(d, &p);
	return r;
}

static void lines_of(const struct divert_call *d, const struct diversion *v, struct strbuf *out)
{
	strbuf_printf(out, "path: %s\nstate: %s\n", d->path, v->holder ? "present" : "absent");
	if (v->holder)
		strbuf_printf(out, "holder: %s\ndivert: %s\n", v->holder, v->divert);
}

static int settle(struct divert_call *d, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf before = {0}, after = {0};
	struct diversion now = d->wanted;
	int r = look_at_version(d, err);
	if (r == 0)
		r = look(d, &d->was, err);
	if (r < 0)
		return r;
	bool same = is_same(&d->was, &d->wanted);
	if (same)
		r = leave(d, err);
	else
		r = d->present && d->was.holder ? replace(d, err) : change(d, err);
	if (r == 0 && !d->call->check_mode)
		r = look(d, &now, err);
	if (r < 0)
		return r;
	if (!is_same(&now, &d->wanted))
		return err_set(err, ERR_INVALID, PROGRAM " has not done what it was asked");
	if (!same)
		result_changed(d->call);
	lines_of(d, &d->was, &before);
	lines_of(d, &now, &after);
	result_diff(d->call, d->path, strbuf_slice(&before), d->path, strbuf_slice(&after));
	result_put(d->call, "diversion", describe(d, &now));
	result_put(d->call, "commands", d->commands);
	result_put(d->call, "messages", d->messages);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	struct divert_call d = {.call = call,
				.path = arg_str(call, "path"),
				.present = strcmp(arg_str(call, "state"), "present") == 0,
				.renames = arg_bool(call, "rename"),
				.commands = value_list_new(call->arena),
				.messages = value_list_new(call->arena)};
	const char *holder = arg_str(call, "holder"), *divert = arg_str(call, "divert");
	if (d.path[0] != '/' || (divert && divert[0] != '/'))
		return err_set(err, ERR_INVALID, "path and divert must be absolute: '%s'",
			       d.path[0] != '/' ? d.path : divert);
	if (holder && holder[0] == '-')
		return err_set(err, ERR_INVALID, "'%s' is not a package", holder);
	if (d.present)
		d.wanted = (struct diversion){
			.divert = divert ? divert : arena_printf(call->arena, "%s.distrib", d.path),
			.holder = holder && holder[0] ? holder : LOCAL};
	return program_settle(call, settle(&d, err), err);
}

const struct module module_dpkg_divert = {
	.name = "dpkg_divert",
	.full_name = "community.general.dpkg_divert",
	.doc = "Diverts the files of Debian packages.",
	.params = params,
	.run = run,
};
