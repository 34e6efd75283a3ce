#include "project.h"

#include "../liveness.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "state.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_FOLDER ".rollout/vm"

char *vm_project_path(const struct vm_project *p, const char *name)
{
	return path_join(p->dir, name);
}

char *vm_machine_path(const struct vm_machine *m, const char *name)
{
	return path_join(m->dir, name);
}

bool vm_machine_exists(const struct vm_machine *m)
{
	struct stat st;
	return stat(m->dir, &st) == 0 && S_ISDIR(st.st_mode);
}

bool vm_machine_runs(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *lock = vm_machine_path(m, "running.lock");
	return vm_lock_is_held(lock);
}

bool vm_project_has_machines(const struct vm_project *p)
{
	CLEANUP(free_ptr) char *machines = vm_project_path(p, "machines");
	DIR *d = opendir(machines);
	const struct dirent *entry;
	bool found = false;
	while (d && !found && (entry = readdir(d)))
		found = entry->d_name[0] != '.';
	if (d)
		closedir(d);
	return found;
}

bool vm_project_uses_ports(const struct vm_project *p)
{
	return p->topology->driver == VM_DRIVER_QEMU && p->topology->mode == VM_NETWORK_USER;
}

int vm_write_changed(const char *path, struct slice content, mode_t mode, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf old = {0};
	struct stat st;
	if (stat(path, &st) == 0 && (st.st_mode & 07777) == mode &&
	    file_read(path, content.len, &old, NULL) == 0 && slice_eq(strbuf_slice(&old), content))
		return 0;
	return file_write_atomic(path, content.ptr, content.len, mode, err);
}

/* The path stands in ssh's configuration and on its command lines, whose quoting
 * has no way to say these. */
static int check_path(const char *dir, struct err *err)
{
	bool good = !strpbrk(dir, "\"\\") && !strstr(dir, "${");
	for (const char *c = dir; good && *c; c++)
		good = (unsigned char)*c >= ' ' && *c != 0x7f;
	return good ? 0
		    : err_set(err, ERR_UNSUPPORTED,
			      "%s: ssh cannot be told of files below a folder with a quote, "
			      "backslash, \"${\" or control character in its name",
			      dir);
}

static int set_dir(struct vm_project *p, const char *inventory_dir, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	CLEANUP(free_ptr) char *real = realpath(inventory_dir, NULL);
	if (!real)
		return err_sys(err, "%s", inventory_dir);
	CLEANUP(free_ptr) char *dir = path_join(real, STATE_FOLDER);
	int r = check_path(dir, err);
	if (r < 0)
		return r;
	p->dir = arena_strdup(&p->arena, dir);
	digest_bytes(DIGEST_SHA256, dir, strlen(dir), hex);
	memcpy(p->id, hex, sizeof(p->id) - 1);
	p->key_file = arena_printf(&p->arena, "%s/id_ed25519", dir);
	p->known_hosts = arena_printf(&p->arena, "%s/known_hosts", dir);
	return 0;
}

static void add_machine(struct vm_project *p, const struct vm_spec *spec)
{
	struct vm_machine *m = ARENA_NEW(&p->arena, struct vm_machine);
	m->project = p;
	m->spec = spec;
	m->index = p->machines.len;
	m->dir = arena_printf(&p->arena, "%s/machines/%s", p->dir, spec->name);
	m->identity_dir = arena_printf(&p->arena, "%s/identity/%s", p->dir, spec->name);
	vec_push(&p->machines, m);
}

static int read_all(struct vm_project *p, struct err *err)
{
	struct vm_project_state state = {0};
	int r = vm_identity_read(p, err);
	if (r == 0)
		r = vm_state_read(p, &state, err);
	if (r == 0)
		r = vm_state_apply(p, &state, err);
	vm_state_release(&state);
	return r;
}

int vm_project_open(const struct vm_topology *t, const char *inventory_dir, struct vm_project **ret,
		    struct err *err)
{
	struct vm_project *p = xcalloc(1, sizeof(*p));
	p->topology = t;
	int r = set_dir(p, inventory_dir, err);
	for (size_t i = 0; i < t->specs.len && r == 0; i++)
		add_machine(p, t->specs.at[i]);
	if (r == 0) {
		vm_assign_macs(p);
		r = read_all(p, err);
	}
	if (r < 0) {
		vm_project_close(p);
		return r;
	}
	*ret = p;
	return 0;
}

void vm_project_close(struct vm_project *p)
{
	if (!p)
		return;
	vec_release(&p->machines);
	arena_release(&p->arena);
	free(p);
}

struct vm_machine *vm_project_find(const struct vm_project *p, const char *name)
{
	for (size_t i = 0; i < p->machines.len; i++)
		if (strcmp(p->machines.at[i]->spec->name, name) == 0)
			return p->machines.at[i];
	return NULL;
}
