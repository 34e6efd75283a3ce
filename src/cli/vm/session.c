#include "session.h"

#include "rollout/base/nearest.h"
#include "topology/topology.h"

#include <unistd.h>

#define STATE_FOLDER ".rollout/vm"

static const char example[] = "no host of the inventory has a vm: mapping. One that has:\n"
			      "    all:\n"
			      "      vars:\n"
			      "        vm: {image: debian-12, memory: 1G}\n"
			      "      hosts:\n"
			      "        web-1:\n"
			      "        web-2: {vm: {memory: 2G, cpus: 2}}";

/* ---- the project ---- */

/* Machines that were made with another driver than the one asked for. */
enum driver_use { DRIVER_SAME, DRIVER_ANY };

static int open_project(struct vm_session *s, struct err *err)
{
	int r = vm_topology_check(s->topology, err);
	if (r == 0)
		r = vm_project_open(s->topology, s->loaded->inv->dir, &s->project, err);
	return r;
}

/* What the machines that are there were made with; false: none is there. */
static bool made_with(const struct vm_project *p, enum vm_driver_kind *ret, const char **ret_name)
{
	for (size_t i = 0; i < p->machines.len; i++) {
		struct vm_status status = {0};
		struct vm_machine *m = p->machines.at[i];
		if (vm_machine_status(m, &status, NULL) < 0 || status.state == VM_ABSENT)
			continue;
		*ret = status.driver;
		*ret_name = m->spec->name;
		return true;
	}
	return false;
}

/* Machines of the other driver: either nobody asked for this one, or it is an error. */
static int follow_driver(struct vm_session *s, enum driver_use use, bool chosen, struct err *err)
{
	enum vm_driver_kind there, wanted = s->topology->driver;
	const char *name;
	if (!made_with(s->project, &there, &name) || there == wanted)
		return 0;
	if (chosen && use == DRIVER_ANY)
		return 0;
	if (chosen)
		return err_set(err, ERR_INVALID,
			       "%s was made with the driver %s, and %s is asked for; "
			       "first: rollout vm destroy, or anew: rollout vm recreate all",
			       name, vm_driver_kind_name(there), vm_driver_kind_name(wanted));
	vm_project_close(s->project);
	s->project = NULL;
	s->topology->driver = there;
	return open_project(s, err);
}

/* Without VMs there is no project. */
static int open_session(const struct vm_source *source, enum driver_use use, struct vm_session *s,
			struct err *err)
{
	bool chosen;
	int r = vm_topology_from_inventory(source, &s->topology, &chosen, err);
	if (r < 0 || s->topology->specs.len == 0)
		return r;
	r = open_project(s, err);
	return r < 0 ? r : follow_driver(s, use, chosen, err);
}

static int open_for(const struct options *o, struct loaded *l, enum driver_use use,
		    struct vm_session *ret, struct err *err)
{
	struct vm_session s = {.options = o, .loaded = l};
	const struct vm_source source = {.loaded = l, .driver = o->driver, .accel = o->accel};
	int r = l->inv->dir ? open_session(&source, use, &s, err)
			    : err_set(err, ERR_USAGE,
				      "VMs are described by an inventory that is a file or a "
				      "folder: rollout vm -i inventory.yaml …");
	if (r == 0 && !s.project)
		r = err_set(err, ERR_NOT_FOUND, "%s", example);
	if (r < 0) {
		vm_session_close(&s);
		return r;
	}
	*ret = s;
	return 0;
}

int vm_session_open(const struct options *o, struct loaded *l, struct vm_session *ret,
		    struct err *err)
{
	return open_for(o, l, DRIVER_SAME, ret, err);
}

int vm_session_open_any(const struct options *o, struct loaded *l, struct vm_session *ret,
			struct err *err)
{
	return open_for(o, l, DRIVER_ANY, ret, err);
}

void vm_session_close(struct vm_session *s)
{
	vm_project_close(s->project);
	vm_topology_free(s->topology);
	s->project = NULL;
	s->topology = NULL;
}

/* ---- selection ---- */

static int no_vm(const struct vm_session *s, const char *pattern, const inv_hosts *hosts,
		 struct err *err)
{
	struct nearest n;
	char hint[128];
	if (hosts->len != 1)
		return err_set(err, ERR_NOT_FOUND, "'%s' names no VM", pattern);
	nearest_init(&n, slice_from(pattern));
	for (size_t i = 0; i < s->topology->specs.len; i++)
		nearest_offer(&n, slice_from(s->topology->specs.at[i]->name));
	return err_set(err, ERR_NOT_FOUND, "'%s' is no VM: it has no vm: mapping%s",
		       hosts->at[0]->name, nearest_hint(&n, hint, sizeof(hint)));
}

static int by_number(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

static int add_matches(const struct vm_session *s, const char *pattern, vm_indexes *out,
		       struct err *err)
{
	inv_hosts hosts = {0};
	size_t before = out->len;
	int r = inventory_match(s->loaded->inv, slice_from(pattern), (struct srcloc){0}, &hosts,
				err);
	for (size_t i = 0; i < hosts.len; i++) {
		const struct vm_machine *m = vm_project_find(s->project, hosts.at[i]->name);
		if (m)
			vec_push(out, m->index);
	}
	if (r == 0 && out->len == before)
		r = no_vm(s, pattern, &hosts, err);
	vec_release(&hosts);
	return r;
}

/* Several words are one pattern, so that "workers '!worker-3'" means what it says. */
int vm_session_select(const struct vm_session *s, const char *const *patterns, size_t count,
		      vm_indexes *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf pattern = {0};
	for (size_t i = 0; count == 0 && i < s->project->machines.len; i++)
		vec_push(ret, i);
	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&pattern, "%s%s", i ? "," : "", patterns[i]);
	size_t before = ret->len;
	int r = add_matches(s, pattern.ptr, ret, err);
	if (r == 0 && ret->len > before)
		qsort(ret->at + before, ret->len - before, sizeof(ret->at[0]), by_number);
	return r;
}

static int which_one(const struct vm_session *s, const vm_indexes *found, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = {0};
	for (size_t i = 0; i < found->len && i < 5; i++)
		strbuf_printf(&names, "%s%s", i ? ", " : "",
			      s->project->machines.at[found->at[i]]->spec->name);
	return err_set(err, ERR_USAGE, "which of %zu VMs? %s%s", found->len, names.ptr,
		       found->len > 5 ? " …" : "");
}

int vm_session_one(const struct vm_session *s, const char *name, struct vm_machine **ret,
		   struct err *err)
{
	vm_indexes found = {0};
	int r = vm_session_select(s, &name, name ? 1 : 0, &found, err);
	if (r == 0 && found.len != 1)
		r = which_one(s, &found, err);
	if (r == 0)
		*ret = s->project->machines.at[found.at[0]];
	vec_release(&found);
	return r;
}

/* ---- for every command ---- */

void vm_session_give_vars(const struct vm_session *s)
{
	struct inventory *inv = s->loaded->inv;
	for (size_t i = 0; i < s->project->machines.len; i++) {
		const struct vm_machine *m = s->project->machines.at[i];
		struct inv_host *h = inventory_host(inv, slice_from(m->spec->name));
		const struct value *vars = vm_machine_vars(m, &inv->arena);
		if (h && vars)
			inventory_set_defaults(inv, h, vars);
	}
}

static bool any_has_vm(const struct inventory *inv)
{
	for (size_t i = 0; i < inv->hosts.len; i++) {
		const struct inv_host *h = inv->hosts.entries[i].value;
		if (value_get(h->vars, "vm"))
			return true;
	}
	return false;
}

/* The state folder is asked for first: `vm` may be anything to an inventory that
 * was never used for VMs. */
int vm_session_set_defaults(struct loaded *l, struct err *err)
{
	static const struct options none = {0};
	struct vm_session s = {.options = &none, .loaded = l};
	const struct vm_source source = {.loaded = l};
	if (!l->inv->dir || !any_has_vm(l->inv))
		return 0;
	if (access(arena_printf(&l->arena, "%s/" STATE_FOLDER, l->inv->dir), F_OK) < 0)
		return 0;
	int r = open_session(&source, DRIVER_SAME, &s, err);
	if (r == 0 && s.project)
		vm_session_give_vars(&s);
	vm_session_close(&s);
	return r;
}
