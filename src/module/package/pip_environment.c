#include "pip_environment.h"

#include "../path/path_state.h"

#include <fnmatch.h>

static void look_at(struct pip_environment *e, const char *path)
{
	struct host *h = e->call->host;
	struct pip_folder f = {.path = path};
	if (h->ops->list(h, e->call->arena, path, &f.names, NULL) == 0)
		vec_push(&e->folders, f);
}

void pip_environment_look(struct pip_environment *e, struct module_call *call, const char *path)
{
	struct host *h = call->host;
	struct host_names libraries = {0};
	*e = (struct pip_environment){.call = call};
	if (!path)
		return;
	const char *lib = path_below(call, path, "lib");
	look_at(e, path_below(call, path, "bin"));
	if (h->ops->list(h, call->arena, lib, &libraries, NULL) < 0)
		return;
	for (size_t i = 0; i < libraries.len; i++)
		look_at(e, arena_printf(call->arena, "%s/%s/site-packages", lib, libraries.at[i]));
}

void pip_environment_forget_pip(struct module_call *call, const char *path)
{
	struct host *h = call->host;
	struct host_names libraries = {0}, names = {0};
	const char *lib = path_below(call, path, "lib");
	if (h->ops->list(h, call->arena, lib, &libraries, NULL) < 0)
		return;
	for (size_t i = 0; i < libraries.len; i++) {
		const char *site =
			arena_printf(call->arena, "%s/%s/site-packages", lib, libraries.at[i]);
		if (h->ops->list(h, call->arena, site, &names, NULL) < 0)
			continue;
		for (size_t n = 0; n < names.len; n++)
			if (fnmatch("pip-*.dist-info", names.at[n], 0) == 0)
				(void)h->ops->remove(h, path_below(call, site, names.at[n]), true,
						     NULL);
	}
}

static bool is_among(const struct host_names *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++)
		if (strcmp(names->at[i], name) == 0)
			return true;
	return false;
}

void pip_environment_take_back(const struct pip_environment *e)
{
	struct host *h = e->call->host;
	for (size_t i = 0; i < e->folders.len; i++) {
		const struct pip_folder *f = &e->folders.at[i];
		struct host_names now = {0};
		if (h->ops->list(h, e->call->arena, f->path, &now, NULL) < 0)
			continue;
		for (size_t n = 0; n < now.len; n++)
			if (!is_among(&f->names, now.at[n]))
				(void)h->ops->remove(h, path_below(e->call, f->path, now.at[n]),
						     true, NULL);
	}
}

void pip_environment_release(struct pip_environment *e)
{
	vec_release(&e->folders);
}
