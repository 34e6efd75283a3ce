/* status: a table, or JSON. */
#include "verbs.h"

#include "display/size.h"
#include "display/table.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"
#include "topology/topology.h"

#include <dirent.h>
#include <stdio.h>

/* Where SSH answers; NULL before the machine was prepared. */
static const char *ssh_place(struct arena *a, const struct vm_machine *m)
{
	if (!m->address)
		return NULL;
	return m->ssh_port ? arena_printf(a, "127.0.0.1:%u", m->ssh_port)
			   : arena_printf(a, "%s:22", m->address);
}

static void add_row(struct table *t, const struct vm_machine *m, const struct vm_status *s)
{
	bool there = s->state != VM_ABSENT, silent = s->state == VM_RUNNING && !s->reachable;
	const char *ssh = ssh_place(&t->arena, m);
	const char *image = m->spec->image.name;
	const char *cells[] = {
		m->spec->name,
		vm_state_name(s->state),
		there ? vm_driver_kind_name(s->driver) : NULL,
		s->accel,
		m->address,
		silent ? arena_printf(&t->arena, "%s (no answer)", ssh ? ssh : "") : ssh,
		vm_size_short(&t->arena, m->spec->memory_bytes),
		arena_printf(&t->arena, "%u", m->spec->cpus),
		strchr(image, '/') ? path_basename(image).ptr : image,
	};
	table_add(t, cells);
}

static const struct value *text_or_null(struct arena *a, const char *text)
{
	return text && *text ? value_cstr(a, text) : value_null();
}

static const struct value *describe(struct arena *a, const struct vm_machine *m,
				    const struct vm_status *s)
{
	struct value *d = value_dict_new(a);
	bool there = s->state != VM_ABSENT;
	const char *driver = there ? vm_driver_kind_name(s->driver) : NULL;
	value_dict_put(a, d, "name", value_cstr(a, m->spec->name));
	value_dict_put(a, d, "state", value_cstr(a, vm_state_name(s->state)));
	value_dict_put(a, d, "driver", text_or_null(a, driver));
	value_dict_put(a, d, "accel", text_or_null(a, s->accel));
	value_dict_put(a, d, "pid", s->pid > 0 ? value_int(a, s->pid) : value_null());
	value_dict_put(a, d, "reachable", value_bool(s->reachable));
	value_dict_put(a, d, "address", text_or_null(a, m->address));
	value_dict_put(a, d, "ssh", text_or_null(a, ssh_place(a, m)));
	value_dict_put(a, d, "user", value_cstr(a, m->spec->user));
	value_dict_put(a, d, "memory", value_int(a, m->spec->memory_bytes));
	value_dict_put(a, d, "disk", value_int(a, m->spec->disk_bytes));
	value_dict_put(a, d, "cpus", value_int(a, m->spec->cpus));
	value_dict_put(a, d, "image", value_cstr(a, m->spec->image.name));
	return d;
}

static void print_json(const struct vm_session *s, const vm_indexes *machines,
		       const struct vm_status *all)
{
	struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct value *list = value_list_new(&a);
	for (size_t i = 0; i < machines->len; i++)
		value_list_push(&a, list,
				describe(&a, s->project->machines.at[machines->at[i]], &all[i]));
	json_emit(&text, list, JSON_PRETTY);
	puts(text.ptr);
	arena_release(&a);
}

static void print_table(const struct vm_session *s, const vm_indexes *machines,
			const struct vm_status *all)
{
	CLEANUP(table_release) struct table t = {.ncolumns = 9};
	table_add(&t, (const char *const[]){"NAME", "STATE", "DRIVER", "ACCEL", "ADDRESS", "SSH",
					    "MEMORY", "CPUS", "IMAGE"});
	for (size_t i = 0; i < machines->len; i++)
		add_row(&t, s->project->machines.at[machines->at[i]], &all[i]);
	table_print(&t);
}

/* Machines of hosts that were taken out of the inventory, or renamed. */
static void print_strangers(const struct vm_project *p)
{
	CLEANUP(free_ptr) char *path = path_join(p->dir, "machines");
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.' && !vm_project_find(p, e->d_name))
			printf("not in the inventory any more, but there: %s/%s\n", path,
			       e->d_name);
	if (dir)
		closedir(dir);
}

int vm_verb_status(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	vm_indexes machines = {0};
	int r = vm_session_select(s, words->at, words->len, &machines, err);
	CLEANUP(free_ptr) struct vm_status *all = xcalloc(machines.len + 1, sizeof(*all));
	for (size_t i = 0; r == 0 && i < machines.len; i++) {
		struct vm_machine *m = s->project->machines.at[machines.at[i]];
		r = vm_machine_status(m, &all[i], err);
	}
	if (r == 0 && s->options->json)
		print_json(s, &machines, all);
	if (r == 0 && !s->options->json)
		print_table(s, &machines, all);
	if (r == 0 && !s->options->json && words->len == 0)
		print_strangers(s->project);
	vec_release(&machines);
	return r;
}
