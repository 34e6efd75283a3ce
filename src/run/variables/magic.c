/* The variables that nobody wrote: inventory_hostname, groups, hostvars … Source:
 * Ansible, "Special Variables". */
#include "magic.h"
#include "../run.h"
#include "rollout/template/object.h"

#include <stdlib.h>

static const struct value *str(struct arena *a, const char *s)
{
	return s ? value_cstr(a, s) : value_null();
}

static const struct value *strings(struct arena *a, const char *const *at)
{
	struct value *l = value_list_new(a);
	for (; at && *at; at++)
		value_list_push(a, l, value_cstr(a, *at));
	return l;
}

static const struct value *all_groups(struct run *run)
{
	if (!run->groups)
		run->groups = inventory_groups(run->plan->inv, &run->arena);
	return run->groups;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static const struct value *group_names(struct arena *a, const struct inv_host *h)
{
	struct value *l = value_list_new(a);
	const char **names = ARENA_ARRAY(a, const char *, h->groups.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < h->groups.len; i++)
		if (strcmp(h->groups.at[i]->name, "all") != 0)
			names[n++] = h->groups.at[i]->name;
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++)
		value_list_push(a, l, value_cstr(a, names[i]));
	return l;
}

/* Of the batch, those that have not failed. */
static const struct value *play_batch(struct arena *a, const struct run_step *step)
{
	struct value *l = value_list_new(a);
	for (size_t i = step->batch_start; i < step->batch_end; i++)
		if (!step->hosts.at[i]->failed && !step->hosts.at[i]->unreachable)
			value_list_push(a, l, value_cstr(a, step->hosts.at[i]->inv->name));
	return l;
}

static const struct value *short_name(struct arena *a, const char *name)
{
	const char *dot = strchr(name, '.');
	return value_str(a, (struct slice){name, dot ? (size_t)(dot - name) : strlen(name)});
}

/* ansible_facts: the names without their prefix, but for ansible_local */
static const struct value *bare_facts(struct arena *a, const struct run_host *h)
{
	struct value *d = value_dict_new(a);
	for (size_t i = 0; i < h->facts->dict.len; i++) {
		const struct value *key = h->facts->dict.at[i].key;
		bool prefixed = slice_starts_with(key->str, "ansible_") &&
				!value_is_str(key, "ansible_local");
		value_dict_put(a, d, prefixed ? key->str.ptr + 8 : key->str.ptr,
			       h->facts->dict.at[i].value);
	}
	return d;
}

static const struct value *version(struct arena *a)
{
	struct value *d = value_dict_new(a);
	value_dict_put(a, d, "full", value_cstr(a, "2.14.0"));
	value_dict_put(a, d, "string", value_cstr(a, "2.14.0"));
	value_dict_put(a, d, "major", value_int(a, 2));
	value_dict_put(a, d, "minor", value_int(a, 14));
	value_dict_put(a, d, "revision", value_int(a, 0));
	return d;
}
struct hostvars {
	struct vars *vars; /* of one host */
};

static int host_entry_get(void *self, struct arena *a, const struct value *key,
			  const struct value **ret, struct err *err)
{
	struct hostvars *hv = self;
	(void)a;
	*ret = NULL;
	return key->type == VALUE_STRING ? vars_get(hv->vars, key->str.ptr, ret, err) : 0;
}

static void collect_name(void *ctx, struct slice name)
{
	strmap_set(ctx, name, ctx);
}

static int host_entry_keys(void *self, struct arena *a, const struct value **ret, struct err *err)
{
	struct hostvars *hv = self;
	struct strmap names = {0};
	struct value *l = value_list_new(a);
	(void)err;
	hv->vars->scope.ops->each_name(hv->vars->scope.self, collect_name, &names);
	for (size_t i = 0; i < names.len; i++)
		value_list_push(a, l, value_str(a, names.entries[i].key));
	strmap_release(&names);
	*ret = l;
	return 0;
}

static const struct value_object_ops host_entry_ops = {
	.type_name = "HostVarsVars", .get = host_entry_get, .keys = host_entry_keys};

/* Another host's variables, seen from here. They live as long as the scope,
 * which may be longer than the evaluation that asks. */
static const struct value *host_entry(struct scope *sc, struct run_host *h)
{
	struct arena *a = sc->vars.arena;
	for (size_t i = 0; i < sc->others.len; i++)
		if (sc->others.at[i]->host == h)
			return sc->others.at[i]->as_value;
	struct hostvars *hv = ARENA_NEW(a, struct hostvars);
	struct scope *other = ARENA_NEW(a, struct scope);
	hv->vars = &other->vars;
	other->host = h;
	other->strand = sc->strand;
	other->magic = (struct vars_magic){other, magic_get, magic_names};
	vars_init(&other->vars, h->run->env, a, &other->magic);
	scope_base_levels(&other->vars, h);
	if (sc->strand)
		other->vars.levels[VARS_PLAY] = sc->strand->step->plan->play_vars;
	other->as_value = value_object(a, &host_entry_ops, hv);
	vec_push(&sc->others, other);
	return other->as_value;
}

static int hostvars_get(void *self, struct arena *a, const struct value *key,
			const struct value **ret, struct err *err)
{
	struct scope *sc = self;
	(void)a;
	(void)err;
	*ret = NULL;
	struct inv_host *inv = key->type == VALUE_STRING
				       ? inventory_host(sc->host->run->plan->inv, key->str)
				       : NULL;
	if (inv)
		*ret = host_entry(sc, run_host_get(sc->host->run, inv));
	return 0;
}

static int hostvars_keys(void *self, struct arena *a, const struct value **ret, struct err *err)
{
	struct scope *sc = self;
	struct inventory *inv = sc->host->run->plan->inv;
	struct value *l = value_list_new(a);
	(void)err;
	for (size_t i = 0; i < inv->hosts.len; i++)
		value_list_push(a, l, value_str(a, inv->hosts.entries[i].key));
	*ret = l;
	return 0;
}

static const struct value_object_ops hostvars_ops = {
	.type_name = "HostVars", .get = hostvars_get, .keys = hostvars_keys};

/* `vars`: what this evaluation sees, by name */
static int own_vars_get(void *self, struct arena *a, const struct value *key,
			const struct value **ret, struct err *err)
{
	struct scope *sc = self;
	(void)a;
	*ret = NULL;
	return key->type == VALUE_STRING ? vars_get(&sc->vars, key->str.ptr, ret, err) : 0;
}

static const struct value_object_ops own_vars_ops = {.type_name = "vars", .get = own_vars_get};
enum magic {
	M_HOSTNAME,
	M_HOSTNAME_SHORT,
	M_GROUP_NAMES,
	M_GROUPS,
	M_HOSTVARS,
	M_VARS,
	M_PLAY_HOSTS,
	M_PLAY_HOSTS_ALL,
	M_PLAY_BATCH,
	M_INVENTORY_DIR,
	M_INVENTORY_FILE,
	M_PLAYBOOK_DIR,
	M_ROLE_PATH,
	M_ROLE_NAME,
	M_ROLE_FULL_NAME,
	M_CHECK_MODE,
	M_DIFF_MODE,
	M_FORKS,
	M_LIMIT,
	M_RUN_TAGS,
	M_SKIP_TAGS,
	M_VERBOSITY,
	M_VERSION,
	M_FACTS,
	M_OMIT,
	M_PLAYBOOK_PYTHON,
	M_PLAY_NAME,
	M_PLAY_ROLE_NAMES,
	M_DEPENDENT_ROLE_NAMES,
	M_ROLE_NAMES,
	M_PARENT_ROLE_NAMES,
	M_PARENT_ROLE_PATHS,
	M_COLLECTION_NAME,
	M_SEARCH_PATH,
	M_ENVIRONMENT,
	M_INVENTORY_SOURCES,
	M_CONFIG_FILE,
	M_FAILED_TASK,
	M_FAILED_RESULT,
	M_MANAGED,
};

static const struct {
	const char *name;
	enum magic id;
} magics[] = {
	{"inventory_hostname", M_HOSTNAME},
	{"inventory_hostname_short", M_HOSTNAME_SHORT},
	{"group_names", M_GROUP_NAMES},
	{"groups", M_GROUPS},
	{"hostvars", M_HOSTVARS},
	{"vars", M_VARS},
	{"ansible_play_hosts", M_PLAY_HOSTS},
	{"play_hosts", M_PLAY_BATCH},
	{"ansible_play_hosts_all", M_PLAY_HOSTS_ALL},
	{"ansible_play_batch", M_PLAY_BATCH},
	{"inventory_dir", M_INVENTORY_DIR},
	{"inventory_file", M_INVENTORY_FILE},
	{"playbook_dir", M_PLAYBOOK_DIR},
	{"role_path", M_ROLE_PATH},
	{"role_name", M_ROLE_NAME},
	{"ansible_role_name", M_ROLE_FULL_NAME},
	{"ansible_check_mode", M_CHECK_MODE},
	{"ansible_diff_mode", M_DIFF_MODE},
	{"ansible_forks", M_FORKS},
	{"ansible_limit", M_LIMIT},
	{"ansible_run_tags", M_RUN_TAGS},
	{"ansible_skip_tags", M_SKIP_TAGS},
	{"ansible_verbosity", M_VERBOSITY},
	{"ansible_version", M_VERSION},
	{"ansible_facts", M_FACTS},
	{"omit", M_OMIT},
	{"ansible_playbook_python", M_PLAYBOOK_PYTHON},
	{"ansible_play_name", M_PLAY_NAME},
	{"ansible_play_role_names", M_PLAY_ROLE_NAMES},
	{"role_names", M_PLAY_ROLE_NAMES},
	{"ansible_dependent_role_names", M_DEPENDENT_ROLE_NAMES},
	{"ansible_role_names", M_ROLE_NAMES},
	{"ansible_parent_role_names", M_PARENT_ROLE_NAMES},
	{"ansible_parent_role_paths", M_PARENT_ROLE_PATHS},
	{"ansible_collection_name", M_COLLECTION_NAME},
	{"ansible_search_path", M_SEARCH_PATH},
	{"environment", M_ENVIRONMENT},
	{"ansible_inventory_sources", M_INVENTORY_SOURCES},
	{"ansible_config_file", M_CONFIG_FILE},
	{"ansible_failed_task", M_FAILED_TASK},
	{"ansible_failed_result", M_FAILED_RESULT},
	{"ansible_managed", M_MANAGED},
};

/* `order` is that of the work; these are told in the inventory's. */
static int by_index(const void *x, const void *y)
{
	const struct run_host *a = *(struct run_host *const *)x, *b = *(struct run_host *const *)y;
	return (a->inv->index > b->inv->index) - (a->inv->index < b->inv->index);
}

static const struct value *hosts_of_play(struct arena *a, const struct run_step *step,
					 bool also_failed)
{
	struct value *l = value_list_new(a);
	struct run_host **hosts = ARENA_ARRAY(a, struct run_host *, step->hosts.len + 1);
	for (size_t i = 0; i < step->hosts.len; i++)
		hosts[i] = step->hosts.at[i];
	if (step->plan->order != PLAN_ORDER_INVENTORY)
		qsort(hosts, step->hosts.len, sizeof(hosts[0]), by_index);
	for (size_t i = 0; i < step->hosts.len; i++)
		if (also_failed || (!hosts[i]->failed && !hosts[i]->unreachable))
			value_list_push(a, l, value_cstr(a, hosts[i]->inv->name));
	return l;
}

/* The keyword's values, outer first. */
static int environment(struct scope *sc, struct arena *a, const struct value **ret, struct err *err)
{
	struct value *l = value_list_new(a);
	for (size_t i = 0; i < sc->node->attrs.environment.len; i++) {
		const struct value *v;
		int r = template_render(sc->host->run->env, &sc->vars.scope, a,
					sc->node->attrs.environment.at[i], &v, err);
		if (r < 0)
			return r;
		value_list_push(a, l, v);
	}
	*ret = l;
	return 0;
}

static const struct value *sources(struct arena *a, const struct inventory *inv)
{
	struct value *l = value_list_new(a);
	for (size_t i = 0; i < inv->sources.len; i++)
		value_list_push(a, l, value_cstr(a, inv->sources.at[i]));
	return l;
}

static const struct value *magic_of_host(struct scope *sc, struct arena *a, enum magic id)
{
	struct run_host *h = sc->host;
	switch (id) {
	case M_HOSTNAME:
		return value_cstr(a, h->inv->name);
	case M_HOSTNAME_SHORT:
		return short_name(a, h->inv->name);
	case M_GROUP_NAMES:
		return group_names(a, h->inv);
	case M_GROUPS:
		return all_groups(h->run);
	case M_HOSTVARS:
		return value_object(a, &hostvars_ops, sc);
	case M_VARS:
		return value_object(a, &own_vars_ops, sc);
	case M_INVENTORY_DIR:
		return str(a, h->inv->implicit ? h->run->plan->inv->dir : h->inv->source_dir);
	case M_INVENTORY_FILE:
		return str(a, h->inv->implicit ? h->run->plan->inv->file : h->inv->source);
	case M_FACTS:
		return bare_facts(a, h);
	default:
		return NULL;
	}
}

static const struct value *magic_of_step(struct scope *sc, struct arena *a, enum magic id)
{
	const struct strand *s = sc->strand;
	const struct plan_role *role = sc->node ? sc->node->role : NULL;
	switch (id) {
	case M_PLAY_HOSTS:
		return s ? hosts_of_play(a, s->step, false) : NULL;
	case M_PLAY_HOSTS_ALL:
		return s ? hosts_of_play(a, s->step, true) : NULL;
	case M_PLAY_BATCH:
		return s ? play_batch(a, s->step) : NULL;
	case M_ROLE_PATH:
		return role ? value_cstr(a, role->dir) : NULL;
	case M_ROLE_NAME:
		return role ? value_cstr(a, role->short_name) : NULL;
	case M_ROLE_FULL_NAME:
		return role ? value_cstr(a, role->name) : NULL;
	case M_PLAY_NAME:
		return s ? value_cstr(a, s->step->plan->name) : NULL;
	case M_COLLECTION_NAME:
		return role ? value_null() : NULL;
	case M_PLAY_ROLE_NAMES:
		return magic_role_names(sc, a, ROLE_NAMES_PLAY);
	case M_DEPENDENT_ROLE_NAMES:
		return magic_role_names(sc, a, ROLE_NAMES_DEPENDENT);
	case M_ROLE_NAMES:
		return magic_role_names(sc, a, ROLE_NAMES_ALL);
	case M_PARENT_ROLE_NAMES:
		return magic_parent_roles(sc, a, false);
	case M_PARENT_ROLE_PATHS:
		return magic_parent_roles(sc, a, true);
	case M_SEARCH_PATH:
		return magic_search_path(sc, a);
	case M_FAILED_TASK:
		return s ? s->failed_task : NULL;
	case M_FAILED_RESULT:
		return s ? s->failed_result : NULL;
	default:
		return NULL;
	}
}

const char *magic_playbook_dir(const struct scope *sc)
{
	const struct plan_step *step = sc->strand ? sc->strand->step->plan : NULL;
	return step && step->dir ? step->dir : sc->host->run->plan->dir;
}

static const struct value *magic_of_run(struct scope *sc, struct arena *a, enum magic id)
{
	const struct run *run = sc->host->run;
	switch (id) {
	case M_PLAYBOOK_DIR:
		return value_cstr(a, magic_playbook_dir(sc));
	case M_INVENTORY_SOURCES:
		return sources(a, run->plan->inv);
	case M_CONFIG_FILE:
		return str(a, run->opts->config_file);
	case M_CHECK_MODE:
		return value_bool(run->opts->check_mode);
	case M_DIFF_MODE:
		return value_bool(run->opts->diff_mode);
	case M_FORKS:
		return value_int(a, run->opts->forks);
	case M_LIMIT:
		return run->opts->limit ? value_cstr(a, run->opts->limit) : NULL;
	case M_RUN_TAGS:
		return run->opts->tags ? strings(a, run->opts->tags)
				       : strings(a, (const char *const[]){"all", NULL});
	case M_SKIP_TAGS:
		return strings(a, run->opts->skip_tags);
	case M_VERBOSITY:
		return value_int(a, run->opts->verbosity);
	case M_VERSION:
		return version(a);
	case M_OMIT:
		return template_omit();
	case M_PLAYBOOK_PYTHON:
		return value_cstr(a, "/usr/bin/python3");
	case M_MANAGED:
		return value_cstr(a, "Ansible managed");
	default:
		return NULL;
	}
}

/* Is the user's own value seen in its place? To Ansible some are variables of the
 * inventory. */
static bool gives_way(const struct scope *sc, enum magic id, struct slice name)
{
	enum vars_level level;
	bool of_inventory = id == M_HOSTNAME || id == M_HOSTNAME_SHORT || id == M_GROUP_NAMES ||
			    id == M_INVENTORY_DIR || id == M_INVENTORY_FILE;
	if (!of_inventory && id != M_MANAGED)
		return false;
	return vars_raw(&sc->vars, name, &level) && (id == M_MANAGED || level > VARS_INVENTORY);
}

int magic_get(void *self, struct arena *a, struct slice name, const struct value **ret,
	      struct err *err)
{
	struct scope *sc = self;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (!slice_is(name, magics[i].name))
			continue;
		enum magic id = magics[i].id;
		if (gives_way(sc, id, name))
			return 0;
		if (id == M_ENVIRONMENT)
			return sc->node ? environment(sc, a, ret, err) : 0;
		*ret = magic_of_host(sc, a, id);
		if (!*ret)
			*ret = magic_of_step(sc, a, id);
		if (!*ret)
			*ret = magic_of_run(sc, a, id);
		return 0;
	}
	return 0;
}

void magic_names(void *self, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	(void)self;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		fn(ctx, slice_from(magics[i].name));
}
