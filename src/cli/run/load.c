/* The inventory, the site and its roles, from what the command line names. */
#include "../cli.h"
#include "../complaint.h"
#include "../config/settings.h"
#include "../inventory/program.h"
#include "../vault/passwords.h"
#include "../vm/session.h"
#include "extra_vars.h"
#include "prompt.h"
#include "rollout/base/file.h"
#include "rollout/template/template.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const default_inventories[] = {"inventory.yaml", "inventory.yml", "inventory",
						  "/etc/ansible/hosts"};

static int add_default(struct inventory *inv, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(default_inventories); i++)
		if (access(default_inventories[i], F_OK) == 0)
			return inventory_add_source(inv, default_inventories[i], err);
	complaint_warn("no inventory: neither -i, ansible.cfg, $ANSIBLE_INVENTORY, "
		       "./inventory.yaml nor ./inventory/; only localhost is there");
	return 0;
}

static int add_sources(const struct options *o, struct inventory *inv, struct err *err)
{
	if (o->inventory.len == 0)
		return add_default(inv, err);
	for (size_t i = 0; i < o->inventory.len; i++) {
		int r = inventory_add_source(inv, o->inventory.at[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* host_key_checking = False: a default of each host, which ansible_host_key_checking
 * beats. Never without a word. */
static void switch_host_keys_off(const struct options *o, struct inventory *inv)
{
	struct value *defaults = value_dict_new(&inv->arena);
	value_dict_put(&inv->arena, defaults, "ansible_host_key_checking", value_bool(false));
	for (size_t i = 0; i < inv->hosts.len; i++)
		inventory_set_defaults(inv, inv->hosts.entries[i].value, defaults);
	complaint_warn("host keys are not checked: host_key_checking is off in %s",
		       o->config.path ? o->config.path : "the environment");
}

int load_hosts(const struct options *o, const char *site, struct loaded *ret, struct err *err)
{
	int r = vault_passwords_load(o, err);
	if (r == 0)
		r = extra_vars_load(&ret->arena, o->extra_vars.at, o->extra_vars.len,
				    &ret->extra_vars, err);
	if (r < 0)
		return r;
	struct inventory *inv = inventory_new();
	inv->runner = inventory_program_runner;
	inv->merge_hashes =
		o->config.hash_behaviour && strcmp(o->config.hash_behaviour, "merge") == 0;
	r = add_sources(o, inv, err);
	if (r == 0 && o->playbook_dir && !site)
		r = inventory_add_vars_dir(inv, o->playbook_dir, err);
	/* of each playbook that the command line names */
	for (size_t i = 0; r == 0 && site && (i == 0 || i < o->words.len); i++) {
		struct slice dir = path_dirname(i == 0 ? site : o->words.at[i]);
		r = inventory_add_vars_dir(inv, arena_strndup(&ret->arena, dir.ptr, dir.len), err);
	}
	if (r == 0)
		r = inventory_finish(inv, err);
	if (r == 0 && site && o->config.no_host_keys)
		switch_host_keys_off(o, inv);
	if (r < 0) {
		inventory_free(inv);
		return r;
	}
	ret->inv = inv;
	ret->env = template_env_new();
	template_env_settings(ret->env, config_values(&ret->arena, o));
	return 0;
}

int load_inventory(const struct options *o, const char *site, struct loaded *ret, struct err *err)
{
	int r = load_hosts(o, site, ret, err);
	return r < 0 ? r : vm_session_set_defaults(ret, err);
}

static const char *const *take_paths(struct arena *a, option_texts *dirs)
{
	vec_push(dirs, NULL);
	const char **out = arena_copy(a, dirs->at, dirs->len * sizeof(*dirs->at));
	vec_release(dirs);
	return out;
}

/* The roles that come with the program: installed, or in its source tree. */
static const char *const *shipped_roles(struct arena *a)
{
	static const char *const places[] = {"../share/rollout/roles", "../roles", "../../roles"};
	char exe[PATH_MAX];
	option_texts dirs = {0};
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n <= 0)
		return take_paths(a, &dirs);
	exe[n] = '\0';
	struct slice dir = path_dirname(exe);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *path = arena_printf(a, "%.*s/%s", SLICE_ARG(dir), places[i]);
		if (access(path, R_OK | X_OK) == 0)
			vec_push(&dirs, path);
	}
	return take_paths(a, &dirs);
}

static void add_default_paths(struct arena *a, option_texts *dirs, const char *list)
{
	option_texts all = {0};
	config_split_paths(a, list, &all);
	for (size_t i = 0; i < all.len; i++)
		if (access(all.at[i], R_OK | X_OK) == 0)
			vec_push(dirs, all.at[i]);
	vec_release(&all);
}

static const char *const *roles_path(const struct options *o, struct arena *a)
{
	option_texts dirs = {0};
	config_split_paths(a, o->roles_path, &dirs);
	config_split_paths(a, o->config.roles_path, &dirs);
	if (!o->config.roles_path)
		add_default_paths(a, &dirs, CONFIG_ROLES_PATH);
	return take_paths(a, &dirs);
}

static const char *const *collections_path(const struct options *o, struct arena *a)
{
	option_texts dirs = {0};
	config_split_paths(a, o->config.collections_path, &dirs);
	if (!o->config.collections_path)
		add_default_paths(a, &dirs, CONFIG_COLLECTIONS_PATH);
	return take_paths(a, &dirs);
}

static const char *const *or_null(const option_texts *list)
{
	return list->len > 0 ? list->at : NULL;
}

int load_plan(const struct options *o, const char *site, struct loaded *l, struct err *err)
{
	bool looks = o->list_hosts || o->list_tasks || o->list_tags || o->syntax_check;
	struct plan_options p = {
		.site_path = site,
		.more_paths = o->words.len > 1 ? o->words.at + 1 : NULL,
		.limit = o->limit,
		.tags = or_null(&o->tags),
		.skip_tags = or_null(&o->skip_tags),
		.start_at_task = o->start_at_task,
		.become = o->become,
		.become_user = o->become_user,
		.force_handlers = o->force_handlers,
		.step = o->step,
		.tell = complaint_print,
		.ask = looks ? NULL : prompt_ask,
		.refuse_undefined = !looks && !l->looks,
		.roles_path = roles_path(o, &l->arena),
		.shipped_roles = shipped_roles(&l->arena),
		.collections_path = collections_path(o, &l->arena),
		.extra_vars = l->extra_vars,
	};
	return plan_load(&p, l->inv, l->env, &l->plan, err);
}

int load_site(const struct options *o, const char *site, struct loaded *ret, struct err *err)
{
	int r = access(site, R_OK) < 0 ? err_sys(err, "open %s", site) : 0;
	if (r == 0)
		r = load_inventory(o, site, ret, err);
	return r < 0 ? r : load_plan(o, site, ret, err);
}

void loaded_release(struct loaded *l)
{
	if (l->plan)
		plan_free(l->plan);
	if (l->env)
		template_env_free(l->env);
	if (l->inv)
		inventory_free(l->inv);
	arena_release(&l->arena);
}
