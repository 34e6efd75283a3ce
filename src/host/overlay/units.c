/* Units that earlier tasks would have written, started, enabled, masked; and
 * those that a pending package would bring. */
#include "overlay.h"

#define UNIT_FILE_MAX (1u << 20)

static const char *const system_dirs[] = {
	"/etc/systemd/system",	   "/run/systemd/system", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system", NULL};
static const char *const user_dirs[] = {"/etc/systemd/user", "/run/systemd/user",
					"/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
					NULL};
static const char *const suffixes[] = {".service", ".socket", ".target",    ".timer",
				       ".mount",   ".path",   ".automount", ".device",
				       ".swap",	   ".slice",  ".scope"};

/* As systemctl: a name without a type is a service. */
static const char *full_name(struct arena *a, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (slice_ends_with(slice_from(name), suffixes[i]))
			return name;
	return arena_printf(a, "%s.service", name);
}

static bool is_system(const char *scope)
{
	return !scope || strcmp(scope, "system") == 0;
}

/* "a@b.service" is made from "a@.service". NULL: the name is no instance. */
static const char *template_of(struct arena *a, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');
	if (!at || !dot || dot <= at + 1)
		return NULL;
	return arena_printf(a, "%.*s%s", (int)(at + 1 - name), name, dot);
}

static int find_in_dirs(struct host *h, struct arena *a, const char *name, const char *scope,
			const char **ret_path, struct err *err)
{
	struct host_stat st = {0};
	*ret_path = NULL;
	for (const char *const *dir = is_system(scope) ? system_dirs : user_dirs; *dir; dir++) {
		const char *path = arena_printf(a, "%s/%s", *dir, name);
		int r = overlay_stat(h, a, path, true, &st, err);
		if (r < 0)
			return r;
		if (st.type == HOST_ABSENT)
			continue;
		*ret_path = path;
		return 0;
	}
	return 0;
}

static int find_unit_file(struct host *h, struct arena *a, const char *name, const char *scope,
			  const char **ret_path, struct err *err)
{
	int r = find_in_dirs(h, a, name, scope, ret_path, err);
	const char *template = template_of(a, name);
	if (r < 0 || *ret_path || !template)
		return r;
	return find_in_dirs(h, a, template, scope, ret_path, err);
}

static const char *unit_file_state(struct host *h, struct arena *a, const char *path)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct host_stat st = {0};
	if (overlay_stat(h, a, path, false, &st, NULL) == 0 && st.type == HOST_LINK &&
	    strcmp(st.link_target, "/dev/null") == 0)
		return "masked";
	if (overlay_read(h, path, UNIT_FILE_MAX, &text, NULL) < 0)
		return "disabled";
	return text.len && strstr(text.ptr, "[Install]") ? "disabled" : "static";
}

static struct host_unit idle_unit(const char *state)
{
	return (struct host_unit){
		.exists = true,
		.load_state = strcmp(state, "masked") == 0 ? "masked" : "loaded",
		.active_state = "inactive",
		.sub_state = "dead",
		.unit_file_state = state,
	};
}

/* The machine does not know it. Why it may exist nevertheless, most certain
 * first: a file that an earlier task wrote, a package, a command. */
static int predict(struct host *h, struct arena *a, const char *name, const char *scope,
		   struct host_unit *u, struct err *err)
{
	struct overlay *o = overlay_of(h);
	const char *path;
	int r = find_unit_file(h, a, name, scope, &path, err);
	if (r < 0)
		return r;
	if (path) {
		*u = idle_unit(unit_file_state(h, a, path));
	} else if (o->package_pending) {
		*u = idle_unit("enabled");
		u->active_state = o->services_start ? "active" : "inactive";
		u->sub_state = o->services_start ? "running" : "dead";
		u->assumed = true;
	} else if (o->why) {
		*u = idle_unit("disabled");
		u->assumed = true;
	}
	return 0;
}

/* Its only file was removed, and systemd has been told. */
static int is_gone(struct host *h, struct arena *a, const char *name, const char *scope, bool *ret,
		   struct err *err)
{
	struct overlay *o = overlay_of(h);
	const char *path;
	*ret = false;
	if (!o->reloaded)
		return 0;
	int r = find_unit_file(h, a, name, scope, &path, err);
	if (r < 0 || path)
		return r;
	for (const char *const *dir = is_system(scope) ? system_dirs : user_dirs; *dir; dir++) {
		const char *file = arena_printf(a, "%s/%s", *dir, name);
		const struct node *n = strmap_get(&o->nodes, slice_from(file));
		if (n && n->st.type == HOST_ABSENT)
			*ret = true;
	}
	return 0;
}

static const struct host_unit *kept_unit(struct overlay *o, struct arena *a, const char *name,
					 const char *scope)
{
	const char *key = arena_printf(a, "%s/%s", scope ? scope : "system", name);
	return strmap_get(&o->units, slice_from(key));
}

int overlay_unit(struct host *h, struct arena *a, const char *name, const char *scope,
		 struct host_unit *ret, struct err *err)
{
	struct overlay *o = overlay_of(h);
	struct host_unit u = {0};
	struct err e = {0};
	bool gone = false;
	name = full_name(a, name);
	const struct host_unit *kept = kept_unit(o, a, name, scope);
	if (kept) {
		*ret = *kept;
		return 0;
	}
	int r = o->under->ops->unit(o->under, a, name, scope, &u, &e);
	if (r < 0 && !o->why) {
		if (err)
			*err = e;
		return r;
	}
	r = 0;
	if (u.exists)
		r = is_gone(h, a, name, scope, &gone, err);
	if (gone)
		u = (struct host_unit){.load_state = "not-found",
				       .active_state = "inactive",
				       .sub_state = "dead",
				       .unit_file_state = ""};
	else if (r == 0 && !u.exists)
		r = predict(h, a, name, scope, &u, err);
	if (r == 0)
		*ret = u;
	return r;
}

static void apply(struct host_unit *u, enum host_unit_action action)
{
	bool can_change = strcmp(u->unit_file_state, "static") != 0 &&
			  strcmp(u->unit_file_state, "generated") != 0;
	switch (action) {
	case HOST_UNIT_START:
	case HOST_UNIT_RESTART:
		u->active_state = "active";
		u->sub_state = "running";
		return;
	case HOST_UNIT_STOP:
		u->active_state = "inactive";
		u->sub_state = "dead";
		return;
	case HOST_UNIT_RELOAD:
		return;
	case HOST_UNIT_ENABLE:
		u->unit_file_state = can_change ? "enabled" : u->unit_file_state;
		return;
	case HOST_UNIT_DISABLE:
		u->unit_file_state = can_change ? "disabled" : u->unit_file_state;
		return;
	case HOST_UNIT_MASK:
		u->load_state = u->unit_file_state = "masked";
		return;
	case HOST_UNIT_UNMASK:
		if (strcmp(u->unit_file_state, "masked") == 0)
			u->unit_file_state = "disabled";
		u->load_state = "loaded";
		return;
	}
}

int overlay_unit_act(struct host *h, const char *name, const char *scope,
		     enum host_unit_action action, bool no_block, struct err *err)
{
	(void)no_block;
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct host_unit u = idle_unit("");
	name = full_name(&a, name);
	int r = overlay_unit(h, &a, name, scope, &u, err);
	if (r < 0)
		return r;
	/* A unit that is not there can be masked, nothing else. */
	if (!u.exists && action != HOST_UNIT_MASK)
		return err_set(err, ERR_NOT_FOUND, "Unit %s not found.", name);
	if (strcmp(u.load_state, "masked") == 0 &&
	    (action == HOST_UNIT_START || action == HOST_UNIT_RESTART ||
	     action == HOST_UNIT_ENABLE))
		return err_set(err, ERR_INVALID, "Unit %s is masked.", name);
	u.exists = true;
	apply(&u, action);
	struct host_unit *kept = ARENA_NEW(&o->arena, struct host_unit);
	*kept = u;
	const char **texts[] = {&kept->load_state, &kept->active_state, &kept->sub_state,
				&kept->unit_file_state};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_strdup(&o->arena, *texts[i] ? *texts[i] : "");
	strmap_set(&o->units, slice_from(arena_printf(&a, "%s/%s", scope ? scope : "system", name)),
		   kept);
	return 0;
}

int overlay_daemon_reload(struct host *h, const char *scope, struct err *err)
{
	(void)scope;
	(void)err;
	overlay_of(h)->reloaded = true;
	return 0;
}
