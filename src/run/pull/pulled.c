/*
 * synchronize with mode: pull, the controller's half: asks the host for its list,
 * compares, and asks for the files. Source: ansible.posix.synchronize, rsync(1).
 */
#include "../action/parts.h"
#include "../flight/flight.h"
#include "pull.h"
#include "rollout/base/file.h"
#include "rollout/module/synchronize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

int synchronize_delegate(const struct flight *f, const char *name, struct err *err)
{
	static const char *const local[] = {"localhost", "127.0.0.1", "::1"};
	if (f->node->module->kind != MODULE_KIND_SYNCHRONIZE)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		if (strcmp(name, local[i]) == 0)
			return 1;
	return err_at(err, ERR_UNSUPPORTED, f->node->attrs.delegate_to->at,
		      "synchronize goes between the controller and a host: delegate_to: %s is not "
		      "supported%s",
		      name,
		      strcmp(name, f->strand->host->inv->name) == 0
			      ? " (copy with remote_src is, within a host)"
			      : "");
}

bool pulled_is(const struct flight *f)
{
	if (!f->node || f->node->module->kind != MODULE_KIND_SYNCHRONIZE)
		return false;
	for (size_t i = 0; i < f->nitems; i++)
		if (f->items[i].args && synchronize_pulls(f->items[i].args))
			return true;
	return false;
}

static bool is_current(const struct flight *f)
{
	return pulled_is(f) && f->items[f->current].args &&
	       synchronize_pulls(f->items[f->current].args);
}

void pulled_put_phase(struct flight *f)
{
	if (!is_current(f))
		return;
	struct flight_item *it = &f->items[f->current];
	struct value *args = value_dict_dup(&f->arena, it->args);
	value_dict_remove(args, SLICE_LIT("_wanted"));
	value_dict_put(&f->arena, args, "_phase", value_cstr(&f->arena, f->pull ? "send" : "list"));
	if (f->pull)
		value_dict_put(&f->arena, args, "_wanted", f->pull->wanted);
	it->args = args;
}

void pulled_file(struct flight *f, const char *path, uint64_t size)
{
	if (f->pull && is_current(f))
		pull_file(f->pull, path, size);
}

void pulled_piece(struct flight *f, struct slice bytes)
{
	if (f->pull && is_current(f))
		pull_piece(f->pull, bytes);
}

void pulled_free(struct flight *f)
{
	pull_free(f->pull);
	f->pull = NULL;
}

/* ---- dest ---- */

static const char *argument(const struct flight *f, const char *key)
{
	const struct value *v = value_get(f->items[f->current].args, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

static bool is_true(const struct flight *f, const char *key)
{
	const struct value *v = value_get(f->items[f->current].args, key);
	return v && value_truthy(v);
}

/* As Ansible: in files/ of the role or beside the playbook where that is there, else
 * beside the playbook. */
static const char *find_dest(struct flight *f, const char *text)
{
	struct plan *plan = f->strand->step->run->plan;
	const struct plan_place place = {f->node->search_dirs, "files"};
	const char *home = getenv("HOME"), *found;
	if (text[0] == '~' && home) {
		CLEANUP(free_ptr) char *path = path_expand_home(text, home);
		text = arena_strdup(&f->arena, path);
	}
	if (text[0] == '/')
		return text;
	if (plan_find_file(&place, slice_from(text), &f->arena, &found, NULL) == 0)
		return found;
	return arena_printf(&f->arena, "%s/%s", plan->dir, text);
}

static bool ends_with_slash(const char *path)
{
	size_t len = strlen(path);
	return len > 0 && path[len - 1] == '/';
}

/* The folder that paths begin in; a file may get another name in it. */
static void choose_dest(struct flight *f, struct pull *p)
{
	const char *dest = find_dest(f, argument(f, "dest"));
	struct stat st;
	p->dest = dest;
	if (p->manifest.root.type == MANIFEST_DIR || ends_with_slash(argument(f, "dest")) ||
	    (stat(dest, &st) == 0 && S_ISDIR(st.st_mode)))
		return;
	p->dest = arena_slice(&f->arena, path_dirname(dest)).ptr;
	p->new_name = arena_slice(&f->arena, path_basename(dest)).ptr;
}

static int open_dest(struct pull *p, struct err *err)
{
	p->root = open(p->dest, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p->root >= 0 || (errno == ENOENT && p->existing_only))
		return 0;
	if (errno != ENOENT)
		return err_sys(err, "%s", p->dest);
	if (!p->new_name)
		pull_note(p, "folder", "./");
	if (p->check_mode)
		return 0;
	int r = dir_create_all(p->dest, 0755, err);
	if (r == 0 && (p->root = open(p->dest, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = err_sys(err, "%s", p->dest);
	return r;
}

/* Told before the disk is full. */
static int check_room(const struct pull *p, struct err *err)
{
	uint64_t room;
	if (p->root < 0 || fd_has_room(p->root, p->missing, &room))
		return 0;
	return err_set(err, ERR_LIMIT,
		       "write below %s: No space left on device: %llu bytes are missing, and there "
		       "is room for %llu",
		       p->dest, (unsigned long long)p->missing, (unsigned long long)room);
}

/* ---- what the host has ---- */

static int read_list(struct flight *f, struct pull *p, const struct value *result, struct err *err)
{
	const struct value *args = f->items[f->current].args;
	const char *src = argument(f, "src");
	p->name = synchronize_means_content(src) ? NULL : synchronize_name(&f->arena, src);
	if (p->name && !p->name[0])
		return err_set(err, ERR_INVALID,
			       "src '%s' has no name: add a slash, or write its "
			       "name",
			       src);
	int r = excludes_init(&p->excludes, &f->arena, value_get(args, "rsync_opts"), err);
	const struct manifest_rules rules = {.name = p->name,
					     .recursive = p->recursive,
					     .links = synchronize_keeps(args, "links") &&
						      !is_true(f, "copy_links"),
					     .check_mode = p->check_mode,
					     .excludes = &p->excludes};
	return r < 0 ? r : manifest_read(&p->manifest, result, &rules, err);
}

static struct pull *new_pull(struct flight *f)
{
	const struct value *args = f->items[f->current].args;
	struct pull *p = xcalloc(1, sizeof(*p));
	p->a = &f->arena;
	p->root = -1;
	p->lines = value_list_new(&f->arena);
	p->wanted = value_list_new(&f->arena);
	p->check_mode = f->check_mode;
	p->perms = synchronize_keeps(args, "perms");
	p->times = synchronize_keeps(args, "times");
	p->recursive = synchronize_keeps(args, "recursive");
	p->deletes = is_true(f, "delete");
	p->existing_only = is_true(f, "existing_only");
	return p;
}

/* 1: files are on their way. */
static int compare(struct flight *f, const struct value *result, struct err *err)
{
	struct pull *p = f->pull = new_pull(f);
	int r = read_list(f, p, result, err);
	if (r < 0 || (p->manifest.root.type == MANIFEST_DIR &&
		      synchronize_skips_folders(f->items[f->current].args)))
		return r;
	choose_dest(f, p);
	r = open_dest(p, err);
	if (r == 0)
		r = pull_compare(p, err);
	if (r == 0 && !p->check_mode)
		r = check_room(p, err);
	if (r < 0)
		return r;
	if (p->check_mode || p->wanted->list.len == 0)
		return pull_settle(p, err);
	r = flight_send(f, err);
	return r < 0 ? r : 1;
}

static int complete(struct pull *p, struct err *err)
{
	int r = pull_arrived(p, err);
	return r < 0 ? r : pull_settle(p, err);
}

/* ---- results ---- */

static void put(struct flight *f, struct value *result, const char *key, const struct value *v)
{
	value_dict_put(&f->arena, result, key, v);
}

static void put_diff(struct flight *f, struct value *result, const struct value *text)
{
	struct value *diff = value_dict_new(&f->arena);
	if (!f->diff_mode || f->no_log || text->str.len == 0)
		return;
	put(f, diff, "prepared", text);
	put(f, result, "diff", diff);
}

static void put_lines(struct flight *f, struct value *result)
{
	const struct pull *p = f->pull;
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	for (size_t i = 0; i < p->lines->list.len; i++)
		strbuf_printf(&lines, "%s\n", p->lines->list.at[i]->str.ptr);
	const struct value *text = value_str(&f->arena, strbuf_slice(&lines));
	put(f, result, "changed", value_bool(p->changed));
	put(f, result, "stdout_lines", p->lines);
	put(f, result, "rc", value_int(&f->arena, 0));
	if (!value_get(result, "msg"))
		put(f, result, "msg", text);
	put_diff(f, result, text);
}

static bool is_failure(const struct value *result)
{
	const struct value *failed = value_get(result, "failed");
	return failed && value_truthy(failed);
}

/* What did not arrive was said before it came. */
static void take_back_lines(struct pull *p)
{
	struct value *lines = value_list_new(p->a);
	for (size_t i = 0; i < p->manifest.len; i++)
		if (p->manifest.at[i].wanted && !p->manifest.at[i].arrived)
			p->lines->list.at[p->manifest.at[i].line] = NULL;
	for (size_t i = 0; i < p->lines->list.len; i++)
		if (p->lines->list.at[i])
			value_list_push(p->a, lines, p->lines->list.at[i]);
	p->lines = lines;
	p->changed = lines->list.len > 0;
}

static void put_failure(struct flight *f, struct value *result, const struct err *err)
{
	char text[1400];
	put(f, result, "failed", value_bool(true));
	put(f, result, "msg", value_cstr(&f->arena, err_format(err, text, sizeof(text))));
}

bool pulled_goes_on(struct flight *f, struct value *result)
{
	struct err err = {0};
	int r = 0;
	if (!is_current(f))
		return false;
	if (f->pull && !is_failure(result))
		r = complete(f->pull, &err);
	else if (!is_failure(result) && !value_get(result, "_unknown"))
		r = compare(f, result, &err);
	if (r > 0)
		return true;
	value_dict_remove(result, SLICE_LIT("_root"));
	value_dict_remove(result, SLICE_LIT("_manifest"));
	if (r < 0)
		put_failure(f, result, &err);
	if (f->pull && is_failure(result))
		take_back_lines(f->pull);
	if (f->pull)
		put_lines(f, result);
	pulled_free(f);
	return false;
}
