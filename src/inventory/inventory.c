#include "rollout/inventory/inventory.h"

#include "internal.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"
#include "rollout/value/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct inventory *inventory_new(void)
{
	struct inventory *inv = xcalloc(1, sizeof(*inv));
	inv->all = inventory_group_add(inv, SLICE_LIT("all"), (struct srcloc){0});
	inv->ungrouped = inventory_group_add(inv, SLICE_LIT("ungrouped"), (struct srcloc){0});
	return inv;
}

void inventory_free(struct inventory *inv)
{
	if (!inv)
		return;
	for (size_t i = 0; i < inv->hosts.len; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		vec_release(&h->groups);
	}
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		vec_release(&g->children);
		vec_release(&g->parents);
		vec_release(&g->direct_hosts);
		vec_release(&g->hosts);
	}
	strmap_release(&inv->hosts);
	strmap_release(&inv->groups);
	vec_release(&inv->var_dirs);
	vec_release(&inv->var_dir_is_playbook);
	arena_release(&inv->arena);
	free(inv);
}

struct inv_group *inventory_group_add(struct inventory *inv, struct slice name, struct srcloc at)
{
	struct inv_group *g = strmap_get(&inv->groups, name);
	if (g)
		return g;
	g = ARENA_NEW(&inv->arena, struct inv_group);
	g->name = arena_strndup(&inv->arena, name.ptr, name.len);
	g->at = at;
	g->priority = 1;
	g->own_vars = value_dict_new(&inv->arena);
	strmap_set(&inv->groups, name, g);
	return g;
}

struct inv_host *inventory_host_add(struct inventory *inv, struct slice name, struct srcloc at)
{
	struct inv_host *h = strmap_get(&inv->hosts, name);
	if (h)
		return h;
	h = ARENA_NEW(&inv->arena, struct inv_host);
	h->name = arena_strndup(&inv->arena, name.ptr, name.len);
	h->at = at;
	h->index = inv->hosts.len;
	h->own_vars = value_dict_new(&inv->arena);
	strmap_set(&inv->hosts, name, h);
	return h;
}

void inventory_group_add_host(struct inv_group *g, struct inv_host *h)
{
	for (size_t i = 0; i < h->groups.len; i++)
		if (h->groups.at[i] == g)
			return;
	vec_push(&h->groups, g);
	vec_push(&g->direct_hosts, h);
}

void inventory_group_add_child(struct inv_group *parent, struct inv_group *child)
{
	/* `all` has many children; nobody has many parents. */
	for (size_t i = 0; i < child->parents.len; i++)
		if (child->parents.at[i] == parent)
			return;
	vec_push(&parent->children, child);
	vec_push(&child->parents, parent);
}

/* The keys of both, those of `over` winning. */
static const struct value *merged(struct arena *a, const struct value *under,
				  const struct value *over)
{
	struct value *out = value_dict_dup(a, under);
	out->at = over->at;
	for (size_t i = 0; i < over->dict.len; i++)
		value_dict_set(a, out, over->dict.at[i].key, over->dict.at[i].value);
	return out;
}

void inventory_merge_vars(struct inventory *inv, struct value *into, const struct value *from)
{
	for (size_t i = 0; from && i < from->dict.len; i++) {
		const struct value_pair *p = &from->dict.at[i];
		const struct value *value = p->value,
				   *under = p->key->type == VALUE_STRING &&
							    slice_is(p->key->str, "vm")
						    ? value_get(into, "vm")
						    : NULL;
		if (under && under->type == VALUE_DICT && value->type == VALUE_DICT)
			value = merged(&inv->arena, under, value);
		value_dict_set(&inv->arena, into, p->key, value);
	}
}

void inventory_set_defaults(struct inventory *inv, struct inv_host *h, const struct value *dict)
{
	struct value *vars = value_dict_dup(&inv->arena, dict);
	if (!h->written)
		h->written = h->vars;
	inventory_merge_vars(inv, vars, h->written);
	h->vars = vars;
}

/* ---- sources ---- */

static void remember_dir(struct inventory *inv, const char *dir, bool playbook)
{
	char real[4096];
	const char *name = realpath(dir, real) ? real : dir;
	for (size_t i = 0; i < inv->var_dirs.len; i++)
		if (strcmp(inv->var_dirs.at[i], name) == 0)
			return;
	const char *kept = arena_strdup(&inv->arena, name);
	if (!playbook && !inv->dir)
		inv->dir = kept;
	vec_push(&inv->var_dirs, kept);
	vec_push(&inv->var_dir_is_playbook, playbook);
}

static int add_file(struct inventory *inv, const char *path, struct err *err)
{
	const struct value *tree;
	int r = yaml_load(&inv->arena, path, &tree, err);
	if (r < 0)
		return r;
	return inventory_read_tree(inv, path, tree, err);
}

/* Names that Ansible passes over in an inventory folder. */
static bool is_ignored(const char *name)
{
	static const char *const endings[] = {"~",    ".orig", ".bak", ".cfg", ".retry",
					      ".pyc", ".pyo",  ".md",  ".swp"};
	if (name[0] == '.' || strcmp(name, "group_vars") == 0 || strcmp(name, "host_vars") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends_with(slice_from(name), endings[i]))
			return true;
	return false;
}

static int add_folder(struct inventory *inv, const char *path, struct err *err)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		return err_sys(err, "inventory %s", path);
	int r = 0, used = 0;
	for (int i = 0; i < n; i++) {
		if (r == 0 && !is_ignored(names[i]->d_name)) {
			CLEANUP(free_ptr) char *file = path_join(path, names[i]->d_name);
			struct stat st;
			if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
				r = add_file(inv, file, err);
				used++;
			}
		}
		free(names[i]);
	}
	free(names);
	if (r == 0 && used == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "inventory %s: the folder holds no inventory file", path);
	return r;
}

static int add_list(struct inventory *inv, const char *text, struct err *err)
{
	struct slice rest = slice_from(text), part;
	while (slice_split(&rest, ',', &part)) {
		const char **names;
		size_t n;
		part = slice_trim(part);
		if (part.len == 0)
			continue;
		int r = inventory_expand_range(&inv->arena, part, (struct srcloc){0}, &names, &n,
					       err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			inventory_group_add_host(
				inv->all,
				inventory_host_add(inv, slice_from(names[i]), (struct srcloc){0}));
	}
	return 0;
}

int inventory_add_source(struct inventory *inv, const char *source, struct err *err)
{
	struct stat st;
	if (strchr(source, ','))
		return add_list(inv, source, err);
	if (stat(source, &st) < 0)
		return err_sys(err, "inventory %s", source);
	if (S_ISDIR(st.st_mode)) {
		remember_dir(inv, source, false);
		return add_folder(inv, source, err);
	}
	struct slice dir = path_dirname(source);
	CLEANUP(free_ptr) char *dir_copy = xstrndup(dir.ptr, dir.len);
	remember_dir(inv, dir_copy, false);
	if (!inv->file) {
		char real[4096];
		inv->file = arena_strdup(&inv->arena, realpath(source, real) ? real : source);
	}
	return add_file(inv, source, err);
}

int inventory_add_vars_dir(struct inventory *inv, const char *dir, struct err *err)
{
	(void)err;
	remember_dir(inv, dir, true);
	return 0;
}

/* ---- finishing: the graph, membership, variables ---- */

/* The longest way from the top. What is below a group is gone through again only
 * when the group turns out to lie deeper: ways double where groups meet again. */
static int visit(struct inv_group *g, unsigned depth, struct err *err)
{
	if (g->visiting)
		return err_at(err, ERR_INVALID, g->at, "group '%s' is its own descendant", g->name);
	if (g->visited && depth <= g->depth)
		return 0;
	if (depth > INVENTORY_MAX_GROUP_DEPTH)
		return err_at(err, ERR_LIMIT, g->at, "groups are nested deeper than %u",
			      INVENTORY_MAX_GROUP_DEPTH);
	g->depth = depth > g->depth ? depth : g->depth;
	g->visiting = g->visited = true;
	for (size_t i = 0; i < g->children.len; i++) {
		int r = visit(g->children.at[i], g->depth + 1, err);
		if (r < 0)
			return r == ERR_INVALID ? err_wrap(err, r, "group '%s' has child", g->name)
						: r;
	}
	g->visiting = false;
	return 0;
}

/* A host's groups: those it is in, and all their ancestors. */
static void collect_groups(struct inv_host *h)
{
	for (size_t i = 0; i < h->groups.len; i++) {
		struct inv_group *g = h->groups.at[i];
		for (size_t p = 0; p < g->parents.len; p++) {
			bool known = false;
			for (size_t k = 0; k < h->groups.len && !known; k++)
				known = h->groups.at[k] == g->parents.at[p];
			if (!known)
				vec_push(&h->groups, g->parents.at[p]);
		}
	}
}

static int group_order(const void *a, const void *b)
{
	const struct inv_group *x = *(struct inv_group *const *)a,
			       *y = *(struct inv_group *const *)b;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int merge_dirs(struct inventory *inv, const char *kind, const char *name, bool playbook,
		      struct value *into, struct err *err)
{
	for (size_t d = 0; d < inv->var_dirs.len; d++) {
		if (inv->var_dir_is_playbook.at[d] != playbook)
			continue;
		int r = inventory_read_vars(inv, inv->var_dirs.at[d], kind, name, into, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int merge_groups(struct inventory *inv, const struct inv_host *h, bool playbook,
			struct value *into, struct err *err)
{
	for (size_t i = 0; i < h->groups.len; i++) {
		if (h->groups.at[i] == inv->all)
			continue;
		int r = merge_dirs(inv, "group_vars", h->groups.at[i]->name, playbook, into, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Levels 3 to 10 of Ansible's precedence, low to high. */
static int merge_host_vars(struct inventory *inv, struct inv_host *h, struct err *err)
{
	struct value *vars = value_dict_new(&inv->arena);
	int r;
	inventory_merge_vars(inv, vars, inv->all->own_vars);
	for (size_t i = 0; i < h->groups.len; i++)
		inventory_merge_vars(inv, vars, h->groups.at[i]->own_vars);
	if ((r = merge_dirs(inv, "group_vars", "all", false, vars, err)) < 0 ||
	    (r = merge_dirs(inv, "group_vars", "all", true, vars, err)) < 0 ||
	    (r = merge_groups(inv, h, false, vars, err)) < 0 ||
	    (r = merge_groups(inv, h, true, vars, err)) < 0)
		return r;
	inventory_merge_vars(inv, vars, h->own_vars);
	if ((r = merge_dirs(inv, "host_vars", h->name, false, vars, err)) < 0 ||
	    (r = merge_dirs(inv, "host_vars", h->name, true, vars, err)) < 0)
		return r;
	h->vars = vars;
	return 0;
}

static int set_priorities(struct inventory *inv, struct err *err)
{
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		const struct value *p = value_get(g->own_vars, "ansible_group_priority");
		if (p && p->type != VALUE_INT)
			return err_at(err, ERR_INVALID, p->at,
				      "ansible_group_priority of group '%s' must be a number",
				      g->name);
		if (p)
			g->priority = (int)p->integer;
	}
	return 0;
}

int inventory_finish_graph(struct inventory *inv, struct err *err)
{
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		if (g != inv->all && g->parents.len == 0)
			inventory_group_add_child(inv->all, g);
	}
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		g->visiting = g->visited = false;
		g->depth = 0;
	}
	for (size_t i = 0; i < inv->groups.len; i++) {
		int r = visit(inv->groups.entries[i].value, 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int inventory_finish_host(struct inventory *inv, struct inv_host *h, struct err *err)
{
	bool grouped = false;
	for (size_t g = 0; g < h->groups.len; g++)
		grouped |= h->groups.at[g] != inv->all;
	if (!grouped)
		inventory_group_add_host(inv->ungrouped, h);
	collect_groups(h);
	qsort(h->groups.at, h->groups.len, sizeof(h->groups.at[0]), group_order);
	for (size_t g = 0; g < h->groups.len; g++)
		vec_push(&h->groups.at[g]->hosts, h);
	return merge_host_vars(inv, h, err);
}

int inventory_finish(struct inventory *inv, struct err *err)
{
	int r = set_priorities(inv, err);
	if (r < 0 || (r = inventory_finish_graph(inv, err)) < 0)
		return r;
	for (size_t i = 0; i < inv->hosts.len; i++)
		if ((r = inventory_finish_host(inv, inv->hosts.entries[i].value, err)) < 0)
			return r;
	return 0;
}

/* Ansible's implicit localhost: not in `all`, but sees its variables. */
static struct inv_host *implicit_localhost(struct inventory *inv)
{
	struct inv_host *h = ARENA_NEW(&inv->arena, struct inv_host);
	h->name = "localhost";
	h->index = inv->hosts.len;
	h->implicit = true;
	h->own_vars = value_dict_new(&inv->arena);
	struct value *vars = value_dict_new(&inv->arena);
	struct err ignored = {0};
	inventory_merge_vars(inv, vars, inv->all->own_vars);
	(void)merge_dirs(inv, "group_vars", "all", false, vars, &ignored);
	(void)merge_dirs(inv, "group_vars", "all", true, vars, &ignored);
	(void)merge_dirs(inv, "host_vars", "localhost", false, vars, &ignored);
	value_dict_put(&inv->arena, vars, "ansible_connection", value_cstr(&inv->arena, "local"));
	h->vars = vars;
	strmap_set(&inv->hosts, SLICE_LIT("localhost"), h);
	return h;
}

struct inv_host *inventory_host(struct inventory *inv, struct slice name)
{
	struct inv_host *h = strmap_get(&inv->hosts, name);
	if (h)
		return h;
	if (slice_is(name, "localhost") || slice_is(name, "127.0.0.1") || slice_is(name, "::1")) {
		h = strmap_get(&inv->hosts, SLICE_LIT("localhost"));
		return h ? h : implicit_localhost(inv);
	}
	return NULL;
}
