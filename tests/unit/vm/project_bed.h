#pragma once
/* Each test has a project of its own, in a folder whose name needs quoting. */
#include "project/project.h"
#include "test.h"

struct project_bed {
	char folder[64];
	char *inventory;
	struct vm_topology *topology;
	struct vm_project *project;
	struct vm_spec specs[VM_MAX + 2];
	char names[VM_MAX + 2][8];
};

int bed_set_up(void **state);
int bed_tear_down(void **state);
#define BED_TEST(test) cmocka_unit_test_setup_teardown(test, bed_set_up, bed_tear_down)

struct vm_spec *bed_host(struct project_bed *bed, const char *name);
void bed_open(struct project_bed *bed);
void bed_prepare(struct project_bed *bed);
struct vm_machine *bed_machine(const struct project_bed *bed, const char *name);
void bed_make_machine(const struct project_bed *bed, const char *name);
void bed_read_state(const struct project_bed *bed, const char *name, struct strbuf *out);
