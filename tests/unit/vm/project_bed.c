#include "project_bed.h"

#include "rollout/base/file.h"
#include "tool.h"

#include <stdlib.h>

int bed_set_up(void **state)
{
	struct project_bed *bed = xcalloc(1, sizeof(*bed));
	struct err e = {0};
	strcpy(bed->folder, "/tmp/rollout-project-XXXXXX");
	if (!mkdtemp(bed->folder))
		return -1;
	bed->inventory = path_join(bed->folder, "a 100% b's");
	bed->topology = vm_topology_new();
	*state = bed;
	return dir_create_all(bed->inventory, 0755, &e);
}

int bed_tear_down(void **state)
{
	struct project_bed *bed = *state;
	const char *const argv[] = {"rm", "-rf", bed->folder, NULL};
	const struct tool_call call = {.argv = argv};
	vm_project_close(bed->project);
	vm_topology_free(bed->topology);
	int r = vm_tool_run(&call, NULL, NULL);
	free(bed->inventory);
	free(bed);
	return r;
}

struct vm_spec *bed_host(struct project_bed *bed, const char *name)
{
	struct vm_spec *s = &bed->specs[bed->topology->specs.len];
	*s = (struct vm_spec){.name = name,
			      .at = {"hosts.yml", 1, 1},
			      .user = "rollout",
			      .cpus = 1,
			      .memory_bytes = 2ll << 30,
			      .disk_bytes = 10ll << 30};
	vec_push(&bed->topology->specs, s);
	return s;
}

void bed_open(struct project_bed *bed)
{
	struct err e = {0};
	vm_project_close(bed->project);
	bed->project = NULL;
	if (vm_project_open(bed->topology, bed->inventory, &bed->project, &e) < 0)
		fail_msg("%s", e.msg);
}

void bed_prepare(struct project_bed *bed)
{
	struct err e = {0};
	bed_open(bed);
	if (vm_project_prepare(bed->project, &e) < 0)
		fail_msg("%s", e.msg);
}

struct vm_machine *bed_machine(const struct project_bed *bed, const char *name)
{
	struct vm_machine *m = vm_project_find(bed->project, name);
	assert_non_null(m);
	return m;
}

void bed_make_machine(const struct project_bed *bed, const char *name)
{
	struct err e = {0};
	assert_int_equal(dir_create_all(bed_machine(bed, name)->dir, 0700, &e), 0);
}

void bed_read_state(const struct project_bed *bed, const char *name, struct strbuf *out)
{
	CLEANUP(free_ptr) char *path = vm_project_path(bed->project, name);
	struct err e = {0};
	if (file_read(path, 1u << 20, out, &e) < 0)
		fail_msg("%s", e.msg);
}
