/*
 * Which facts a step's tasks use. Names in expressions come from names.c; here are
 * the texts that run time chooses: files of variables and templates with computed
 * names, lookups of templates, and names that are put together ('ansible_' ~ x).
 */
#include "../internal.h"
#include "rollout/base/file.h"
#include "rollout/value/encrypted.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TEXT_MAX_BYTES (1u << 20)
#define FOLDER_DEPTH 6u
#define FOLDER_FILES 1000u

/* In Ansible's name space of facts, and not facts. */
static const char *const not_facts[] = {
	"check_mode",
	"diff_mode",
	"forks",
	"play_hosts",
	"play_hosts_all",
	"play_batch",
	"play_name",
	"play_role_names",
	"role_names",
	"role_name",
	"parent_role_names",
	"run_tags",
	"skip_tags",
	"limit",
	"verbosity",
	"version",
	"loop",
	"loop_var",
	"index_var",
	"search_path",
	"config_file",
	"inventory_sources",
	"playbook_python",
	"host",
	"port",
	"user",
	"connection",
	"password",
	"python_interpreter",
	"managed",
	"delegated_vars",
	"host_key_checking",
	"failed_task",
	"failed_result",
	"private_key_file",
	"remote_tmp",
	"group_priority",
	"facts",
	"dependent_role_names",
	"timeout",
};

static bool is_fact(struct slice name)
{
	if (!slice_starts_with(name, "ansible_") || name.len < 9)
		return false;
	struct slice rest = {name.ptr + 8, name.len - 8};
	if (slice_starts_with(rest, "ssh_") && !slice_starts_with(rest, "ssh_host_key"))
		return false;
	if (slice_starts_with(rest, "become") || slice_starts_with(rest, "shell_"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(not_facts); i++)
		if (slice_is(rest, not_facts[i]))
			return false;
	return true;
}

void facts_add(struct compiler *c, struct slice name)
{
	struct plan_step *step = c->step;
	if (!is_fact(name))
		return;
	struct slice rest = {name.ptr + 8, name.len - 8};
	for (size_t i = 0; i < step->fact_names.len; i++)
		if (slice_eq(step->fact_names.at[i], rest))
			return;
	vec_push(&step->fact_names, arena_slice(&c->plan->arena, rest));
}

static bool is_word(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

/* The next `ansible_…` from *at on; *at goes behind it. */
static bool next_name(struct slice text, size_t *at, struct slice *ret)
{
	while (*at < text.len) {
		const char *p = memmem(text.ptr + *at, text.len - *at, "ansible_", 8);
		if (!p)
			return false;
		size_t from = (size_t)(p - text.ptr), end = from;
		while (end < text.len && is_word(text.ptr[end]))
			end++;
		*at = end;
		*ret = (struct slice){p, end - from};
		if (from == 0 || !is_word(p[-1]))
			return true;
	}
	return false;
}

void facts_scan(struct compiler *c, struct slice text)
{
	struct slice name;
	for (size_t at = 0; next_name(text, &at, &name);) {
		if (name.len == 8 || slice_is(name, "ansible_facts"))
			c->step->all_facts = true;
		else
			facts_add(c, name);
	}
}

/* 'ansible_' ~ name: any of them. */
static bool has_computed_name(struct slice text)
{
	struct slice name;
	for (size_t at = 0; next_name(text, &at, &name);)
		if (name.len == 8)
			return true;
	return false;
}

/* ---- folders ---- */

struct folder {
	struct compiler *c;
	struct plan_node *node;
	unsigned files;
	bool hostvars; /* some text mentions them */
};

static void scan_file(struct folder *f, const char *path)
{
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	struct err ignored = {0};
	if (++f->files > FOLDER_FILES || file_read(path, TEXT_MAX_BYTES, &text, &ignored) < 0) {
		f->c->step->all_facts = true;
		return;
	}
	if (encrypted_file_is(path))
		f->c->step->all_facts = true;
	facts_scan(f->c, strbuf_slice(&text));
	names_of_other_text(f->c, f->node, strbuf_slice(&text), srcfile_intern(path));
	f->hostvars |= text.len && memmem(text.ptr, text.len, "hostvars", 8);
}

static void scan_folder(struct folder *f, const char *dir, unsigned depth)
{
	struct stat st;
	struct dirent *e;
	DIR *d = depth < FOLDER_DEPTH ? opendir(dir) : NULL;
	while (d && (e = readdir(d))) {
		const char *path = arena_printf(&f->c->plan->arena, "%s/%s", dir, e->d_name);
		if (*e->d_name == '.' || stat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			scan_folder(f, path, depth + 1);
		else if (S_ISREG(st.st_mode))
			scan_file(f, path);
	}
	if (d)
		closedir(d);
}

/* Once a step; what was found is kept. */
static void facts_of_path(struct compiler *c, struct plan_node *node, const char *path)
{
	static char clean, tainted;
	struct stat st;
	struct folder f = {.c = c, .node = node};
	const char *key = arena_printf(&c->plan->arena, "folder/%s", path);
	const void *known = strmap_get(&c->step->names, slice_from(key));
	if (!known)
		strmap_set(&c->step->names, slice_from(key), &clean); /* it may name itself */
	if (!known && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			scan_folder(&f, path, 0);
		else
			scan_file(&f, path);
	}
	if (f.hostvars)
		strmap_set(&c->step->names, slice_from(key), &tainted);
	node->mentions_hostvars |= f.hostvars || known == &tainted;
}

static void facts_of_subdir(struct compiler *c, struct plan_node *node, const char *subdir)
{
	struct arena *a = &c->plan->arena;
	for (const char *const *d = node->search_dirs; *d; d++)
		facts_of_path(c, node, arena_printf(a, "%s/%s", *d, subdir));
}

/* A name that run time knows, of a file in `subdir` or anywhere. */
static void facts_of_computed(struct compiler *c, struct plan_node *node, const struct value *name,
			      const char *subdir)
{
	bool anywhere = name->type != VALUE_STRING || slice_starts_with(name->str, "/");
	if (!anywhere && slice_starts_with(name->str, "{{"))
		anywhere = memchr(name->str.ptr, '/', name->str.len) != NULL;
	if (anywhere)
		c->step->all_facts = true;
	facts_of_subdir(c, node, subdir);
}

/* ---- values and tasks ---- */

static void facts_of_string(struct compiler *c, struct plan_node *node, struct slice text)
{
	bool looks_up = memmem(text.ptr, text.len, "lookup", 6) ||
			memmem(text.ptr, text.len, "query", 5) ||
			memmem(text.ptr, text.len, "q(", 2);
	if (has_computed_name(text))
		c->step->all_facts = true;
	if (looks_up && memmem(text.ptr, text.len, "template", 8))
		facts_of_subdir(c, node, "templates");
}

void facts_of_value(struct compiler *c, struct plan_node *node, const struct value *v)
{
	if (v->type == VALUE_STRING && v->str.len)
		facts_of_string(c, node, v->str);
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		facts_of_value(c, node, v->list.at[i]);
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		facts_of_value(c, node, v->dict.at[i].value);
}

void facts_of_text(struct compiler *c, struct plan_node *node, struct slice text)
{
	static const char *const others[] = {"include", "import", "extends"};
	facts_of_string(c, node, text);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (memmem(text.ptr, text.len, others[i], strlen(others[i])))
			facts_of_subdir(c, node, "templates");
}

/* The template that may give more arguments than are written. */
static const struct value *late_args(const struct plan_node *node)
{
	return node->variable_args ? node->variable_args : node->default_args;
}

static void facts_of_include_vars(struct compiler *c, struct plan_node *node)
{
	const struct value *dir = value_get(node->args, "dir"), *name = task_include_name(node);
	struct plan_place place = {node->search_dirs, "vars"};
	struct err ignored = {0};
	const char *path;
	if (!name || value_is_str(name, ""))
		name = dir ? dir : late_args(node);
	if (!name || plan_has_markup(name) || name->type != VALUE_STRING)
		facts_of_computed(c, node, name ? name : node->args, "vars");
	else if (plan_find_file(&place, name->str, &c->plan->arena, &path, &ignored) == 0)
		facts_of_path(c, node, path);
	else
		facts_of_subdir(c, node, "vars");
}

void facts_of_task(struct compiler *c, struct plan_node *node)
{
	const struct value *src = value_get(node->args, "src");
	if (!src)
		src = late_args(node);
	if (node->module->kind == MODULE_KIND_INCLUDE_VARS)
		facts_of_include_vars(c, node);
	else if (node->module->kind == MODULE_KIND_TEMPLATE && src && plan_has_markup(src))
		facts_of_computed(c, node, src, "templates");
	if (c->step->late_vars_files.len)
		c->step->all_facts = true;
}
