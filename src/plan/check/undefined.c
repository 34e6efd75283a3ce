/*
 * Variables that are used and that nothing defines: no host's variables, no role,
 * no task that registers or sets them, no file of variables that a task may read.
 *
 * What a text asks about (x is defined, x | default(…)) may be missing; so may
 * every variable of the plan where a task can bring any: set_fact with a
 * computed name, add_host, an include of a role that only run time knows.
 */
#include "../internal.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#define MAX_TOLD 100u
#define SCAN_DEPTH 64u

/* Of all mentions of one name. */
struct plan_use {
	struct srcloc at; /* the first, or the first that will be evaluated */
	bool found;	  /* defined where it is used */
	bool guarded;	  /* asked about somewhere */
	bool certain;	  /* will be evaluated */
};

static const char *const always_there[] = {
	"inventory_hostname",
	"inventory_hostname_short",
	"group_names",
	"groups",
	"hostvars",
	"vars",
	"play_hosts",
	"inventory_dir",
	"inventory_file",
	"playbook_dir",
	"role_path",
	"role_name",
	"role_names",
	"role_uuid",
	"omit",
	"item",
	"environment",
	"template_host",
	"template_uid",
	"template_path",
	"template_fullpath",
	"template_destpath",
	"template_run_date",
	/* of the modules of facts */
	"services",
	"packages",
	/* functions and names of Jinja */
	"range",
	"dict",
	"lipsum",
	"cycler",
	"joiner",
	"namespace",
	"lookup",
	"query",
	"q",
	"now",
	"undef",
	"loop",
	"self",
	"super",
	"caller",
	"varargs",
	"kwargs",
};

static bool is_always_there(struct slice name)
{
	if (slice_starts_with(name, "ansible_") || slice_starts_with(name, "getent_"))
		return true; /* facts */
	for (size_t i = 0; i < ARRAY_LEN(always_there); i++)
		if (slice_is(name, always_there[i]))
			return true;
	return false;
}

void uses_note(struct plan *plan, const struct template_use *use, bool found, bool certain)
{
	struct plan_use *known = strmap_get(&plan->uses, use->name);
	if (!known) {
		known = ARENA_NEW(&plan->arena, struct plan_use);
		strmap_set(&plan->uses, use->name, known);
	}
	known->found |= found;
	known->guarded |= use->guarded;
	if (known->found || known->guarded || known->certain)
		return;
	certain = certain && !use->conditional;
	if (!known->at.file || certain)
		known->at = template_use_place(use);
	known->certain = certain;
}

/* ---- what may be defined ---- */

struct known {
	struct plan *plan;
	struct strmap names;
	bool any;  /* what tasks bring cannot be told */
	bool ends; /* hosts may leave before a task */
};

static void add(struct known *k, struct slice name)
{
	strmap_set(&k->names, name, k);
}

static void add_text(struct known *k, const char *name)
{
	if (name)
		add(k, slice_from(name));
}

static void add_keys(struct known *k, const struct value *dict)
{
	for (size_t i = 0; dict && dict->type == VALUE_DICT && i < dict->dict.len; i++) {
		const struct value *key = dict->dict.at[i].key;
		if (plan_has_markup(key))
			k->any = true;
		else if (key->type == VALUE_STRING)
			add(k, key->str);
	}
}

static bool is_set_fact(const struct value *key)
{
	return value_is_str(key, "set_fact") || value_is_str(key, "ansible.builtin.set_fact");
}

static bool is_word(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

/* The words outside of {{ }}. */
static void add_words(struct known *k, struct slice text)
{
	for (size_t i = 0; i < text.len;) {
		const char *end = NULL;
		size_t from = i;
		if (slice_starts_with((struct slice){text.ptr + i, text.len - i}, "{{"))
			end = memmem(text.ptr + i, text.len - i, "}}", 2);
		while (!end && i < text.len && is_word(text.ptr[i]))
			i++;
		if (i > from)
			add(k, (struct slice){text.ptr + from, i - from});
		else
			i = end ? (size_t)(end - text.ptr) + 2 : i + 1;
	}
}

/* A keyword with a mistake: what it may have been meant to name. */
static void add_misread(struct known *k, const struct value *v, unsigned depth)
{
	if (v->type == VALUE_STRING)
		add_words(k, v->str);
	for (size_t i = 0; v->type == VALUE_LIST && depth < SCAN_DEPTH && i < v->list.len; i++)
		add_misread(k, v->list.at[i], depth + 1);
	for (size_t i = 0; v->type == VALUE_DICT && depth < SCAN_DEPTH && i < v->dict.len; i++) {
		add_misread(k, v->dict.at[i].key, depth + 1);
		add_misread(k, v->dict.at[i].value, depth + 1);
	}
}

/* Tasks that are not compiled: what they would register and set. */
static void scan_tasks(struct known *k, const struct value *v, unsigned depth)
{
	for (size_t i = 0; v->type == VALUE_LIST && depth < SCAN_DEPTH && i < v->list.len; i++)
		scan_tasks(k, v->list.at[i], depth + 1);
	for (size_t i = 0; v->type == VALUE_DICT && depth < SCAN_DEPTH && i < v->dict.len; i++) {
		const struct value *key = v->dict.at[i].key, *x = v->dict.at[i].value;
		bool names = value_is_str(key, "register") || value_is_str(key, "loop_var") ||
			     value_is_str(key, "index_var");
		if (names && x->type == VALUE_STRING)
			add(k, x->str);
		else if (is_set_fact(key) && x->type == VALUE_STRING)
			k->any = true;
		else if (is_set_fact(key) || value_is_str(key, "vars"))
			add_keys(k, x);
		else
			scan_tasks(k, x, depth + 1);
	}
}

static void scan_file(struct known *k, const char *path, bool tasks)
{
	struct err ignored = {0};
	const struct value *v;
	if (plan_load_file(k->plan, path, &v, &ignored) < 0)
		k->any = true;
	else if (tasks)
		scan_tasks(k, v, 0);
	else
		add_keys(k, v);
}

static void scan_folder(struct known *k, const char *dir, bool tasks, unsigned depth)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		struct slice name = slice_from(e->d_name);
		const char *path = arena_printf(&k->plan->arena, "%s/%s", dir, e->d_name);
		if (*e->d_name == '.')
			continue;
		if (slice_ends_with(name, ".yml") || slice_ends_with(name, ".yaml") ||
		    slice_ends_with(name, ".json"))
			scan_file(k, path, tasks);
		else if (depth < 4 && !memchr(name.ptr, '.', name.len))
			scan_folder(k, path, tasks, depth + 1);
	}
	if (d)
		closedir(d);
}

/* All that an include of a computed name may mean. */
static void scan_place(struct known *k, const struct plan_node *n, const char *subdir)
{
	for (const char *const *d = n->search_dirs; *d; d++) {
		const char *sub = arena_printf(&k->plan->arena, "%s/%s", *d, subdir);
		if (strmap_has(&k->names, slice_from(sub)))
			continue;
		add_text(k, sub); /* a path is no name of a variable */
		scan_folder(k, sub, strcmp(subdir, "tasks") == 0, 0);
	}
	if (!n->role)
		k->any = true;
}

static void add_include_vars(struct known *k, const struct plan_node *n)
{
	const struct value *name = value_get(n->args, "name"), *file = task_include_name(n);
	struct plan_place place = {n->search_dirs, "vars"};
	struct err ignored = {0};
	const char *path;
	if (name && name->type == VALUE_STRING) {
		add(k, name->str);
		return;
	}
	if (!file)
		file = value_get(n->args, "file");
	if (!file || file->type != VALUE_STRING || plan_has_markup(file)) {
		k->any |= !file || file->type != VALUE_STRING ||
			  memchr(file->str.ptr, '/', file->str.len);
		scan_place(k, n, "vars");
		return;
	}
	if (plan_find_file(&place, file->str, &k->plan->arena, &path, &ignored) == 0)
		scan_file(k, path, false);
}

static void add_module(struct known *k, const struct plan_node *n)
{
	bool templated = plan_has_markup(task_include_name(n));
	enum module_kind kind = n->module->kind;
	const struct plan_meta *meta;
	if ((n->variable_args || n->default_args) &&
	    (kind == MODULE_KIND_SET_FACT || kind == MODULE_KIND_INCLUDE_VARS))
		k->any = true;
	else if (kind == MODULE_KIND_SET_FACT)
		add_keys(k, n->args);
	else if (kind == MODULE_KIND_INCLUDE_VARS)
		add_include_vars(k, n);
	else if (kind == MODULE_KIND_INCLUDE_TASKS && templated)
		scan_place(k, n, "tasks");
	else if (kind == MODULE_KIND_META)
		k->ends |= templated || ((meta = plan_meta_of(n->module, n->args)) && meta->ends);
	k->any |= (kind == MODULE_KIND_INCLUDE_ROLE && templated) || kind == MODULE_KIND_LIBRARY ||
		  n->module->flags & MODULE_MAKES_HOSTS;
}

static void add_node(struct known *k, const struct plan_node *n)
{
	add_keys(k, n->attrs.block_vars);
	add_keys(k, n->role_params);
	add_keys(k, n->include_params);
	if (n->kind != PLAN_TASK || !n->module)
		return;
	add_text(k, n->register_name);
	add_text(k, n->loop.loop_var);
	add_text(k, n->loop.index_var);
	add_keys(k, n->vars);
	add_module(k, n);
}

static void add_specs(struct known *k, const struct value *specs)
{
	const struct value *entries = value_get(specs, "argument_specs");
	for (size_t i = 0; entries && entries->type == VALUE_DICT && i < entries->dict.len; i++)
		add_keys(k, value_get(entries->dict.at[i].value, "options"));
}

static void collect(struct known *k)
{
	struct plan *plan = k->plan;
	for (size_t i = 0; i < plan->inv->hosts.len; i++)
		add_keys(k, ((const struct inv_host *)plan->inv->hosts.entries[i].value)->vars);
	add_keys(k, plan->extra_vars);
	for (size_t i = 0; i < plan->steps.len; i++) {
		const struct plan_step *s = plan->steps.at[i];
		add_keys(k, s->play_vars);
		k->any |= s->late_vars_files.len > 0;
	}
	for (size_t i = 0; i < plan->roles.len; i++) {
		const struct plan_role *role = plan->roles.entries[i].value;
		add_keys(k, role->defaults);
		add_keys(k, role->vars);
		add_specs(k, role->argument_specs);
	}
	for (size_t i = 0; i < plan->nodes.len; i++)
		add_node(k, plan->nodes.at[i]);
	for (size_t i = 0; i < plan->misread.len; i++)
		add_misread(k, plan->misread.at[i], 0);
}

/* ---- telling ---- */

static void hint(const struct known *k, struct slice name, char *buf, size_t size)
{
	struct nearest near;
	nearest_init(&near, name);
	for (size_t i = 0; i < k->names.len; i++)
		nearest_offer(&near, k->names.entries[i].key);
	for (size_t i = 0; i < ARRAY_LEN(always_there); i++)
		nearest_offer(&near, slice_from(always_there[i]));
	nearest_hint(&near, buf, size);
}

static int tell(struct known *k, struct err *err)
{
	static const char form[] = "nothing defines the variable '%.*s'%s";
	size_t told = 0;
	char near[200];
	for (size_t i = 0; i < k->plan->uses.len && told < MAX_TOLD && !k->any; i++) {
		const struct strmap_entry *e = &k->plan->uses.entries[i];
		const struct plan_use *use = e->value;
		if (use->found || use->guarded || is_always_there(e->key) ||
		    strmap_has(&k->names, e->key))
			continue;
		hint(k, e->key, near, sizeof(near));
		if (!use->certain || k->ends || !k->plan->refuses_undefined) {
			plan_warn(k->plan, use->at, form, SLICE_ARG(e->key), near);
		} else {
			int r = err_at(err, ERR_UNDEFINED, use->at, form, SLICE_ARG(e->key), near);
			if ((r = plan_go_on(k->plan, r, err)) < 0)
				return r;
		}
		told++;
	}
	return 0;
}

int uses_check(struct plan *plan, struct err *err)
{
	struct known k = {.plan = plan};
	int r = 0;
	for (size_t i = 0; i < plan->uses.len && !plan->incomplete; i++) {
		const struct plan_use *use = plan->uses.entries[i].value;
		if (use->found || use->guarded || is_always_there(plan->uses.entries[i].key))
			continue;
		collect(&k);
		r = tell(&k, err);
		break;
	}
	strmap_release(&k.names);
	return r;
}
