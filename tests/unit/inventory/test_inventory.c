/* Groups, precedence of the inventory's levels, and what is refused. */
#include "project.h"

#include "rollout/inventory/inventory.h"

static struct inventory *load(const struct project *p, const char *source, int *ret,
			      struct err *err)
{
	struct inventory *inv = inventory_new();
	*ret = inventory_add_source(inv, project_path(p, source), err);
	if (*ret == 0)
		*ret = inventory_add_vars_dir(inv, project_path(p, "play"), err);
	if (*ret == 0)
		*ret = inventory_finish(inv, err);
	return inv;
}

static void expect(struct inventory *inv, const char *host, const char *name, const char *want)
{
	const struct value *v = value_get(inventory_host(inv, slice_from(host))->vars, name);
	print_message("%s.%s\n", host, name);
	assert_non_null(v);
	assert_true(value_is_str(v, want));
}

/* `vm` alone is merged key by key; defaults are beaten by all. */
static void test_vm_and_defaults(void **state)
{
	struct project p;
	struct err err = {0};
	struct arena a = {0};
	int r;
	(void)state;
	project_open(&p);
	project_file(&p, "inv/hosts.yaml",
		     "all:\n"
		     "  vars: {vm: {memory: 1G, disk: 10G}, other: {a: 1}, port: mine}\n"
		     "  children:\n"
		     "    g:\n"
		     "      vars: {vm: {memory: 2G}, other: {b: 2}}\n"
		     "      hosts: {x: {vm: {disk: 40G}}, y: {vm: false}}\n");
	project_file(&p, "inv/host_vars/x.yml", "vm: {cpus: many}\n");
	struct inventory *inv = load(&p, "inv", &r, &err);
	assert_int_equal(r, 0);
	struct inv_host *x = inventory_host(inv, SLICE_LIT("x"));
	const struct value *vm = value_get(x->vars, "vm");
	assert_int_equal(vm->dict.len, 3);
	assert_true(value_is_str(value_get(vm, "memory"), "2G"));
	assert_true(value_is_str(value_get(vm, "disk"), "40G"));
	assert_true(value_is_str(value_get(vm, "cpus"), "many"));
	assert_int_equal(value_get(x->vars, "other")->dict.len, 1);
	assert_int_equal(value_get(inventory_host(inv, SLICE_LIT("y"))->vars, "vm")->type,
			 VALUE_BOOL);
	struct value *defaults = value_dict_new(&a);
	value_dict_put(&a, defaults, "port", value_cstr(&a, "default"));
	value_dict_put(&a, defaults, "address", value_cstr(&a, "default"));
	inventory_set_defaults(inv, x, defaults);
	expect(inv, "x", "port", "mine");
	expect(inv, "x", "address", "default");
	inventory_free(inv);
	arena_release(&a);
	project_close(&p);
}

static void test_precedence(void **state)
{
	struct project p;
	struct err err = {0};
	int r;
	(void)state;
	project_open(&p);
	project_file(&p, "inv/hosts.yaml",
		     "all:\n"
		     "  vars: {a: all, b: all, c: all, d: all, e: all, f: all, g: all, h: all}\n"
		     "  children:\n"
		     "    outer:\n"
		     "      vars: {b: outer, c: outer, d: outer, e: outer, f: outer, g: outer, h: "
		     "outer}\n"
		     "      children: {inner: {vars: {c: inner, d: inner, e: inner, f: inner, g: "
		     "inner, h: inner}, hosts: {x: {g: host, h: host}, y: {}}}}\n");
	project_file(&p, "inv/group_vars/all.yml", "d: gv-all\ne: gv-all\nf: gv-all\n");
	project_file(&p, "play/group_vars/all.yml", "e: play-all\nf: play-all\n");
	project_file(&p, "inv/group_vars/inner/main.yml", "f: gv-inner\n");
	project_file(&p, "inv/host_vars/x.yml", "h: hv\n");
	struct inventory *inv = load(&p, "inv", &r, &err);
	assert_int_equal(r, 0);
	expect(inv, "x", "a", "all");
	expect(inv, "x", "b", "outer");
	expect(inv, "x", "c", "inner");
	expect(inv, "x", "d", "gv-all");
	expect(inv, "x", "e", "play-all");
	expect(inv, "x", "f", "gv-inner");
	expect(inv, "x", "g", "host");
	expect(inv, "x", "h", "hv");
	expect(inv, "y", "h", "inner");
	expect(inv, "localhost", "a", "all");
	expect(inv, "localhost", "ansible_connection", "local");
	const struct value *h = value_get(inventory_host(inv, SLICE_LIT("x"))->vars, "h");
	assert_non_null(strstr(h->at.file, "host_vars/x.yml"));
	assert_int_equal(h->at.line, 1);
	inventory_free(inv);
	project_close(&p);
}

static const struct {
	const char *text, *error;
} wrong[] = {
	{"- a\n- b\n", "mapping of groups"},
	{"all: {host: {a: {}}}\n", "did you mean 'hosts'"},
	{"all: {hosts: [a, b]}\n", "must be a mapping"},
	{"all: {hosts: {a: 3}}\n", "mapping of variables"},
	{"all: {vars: 3}\n", "must be a mapping"},
	{"a: {children: {b: {children: {a: {}}}}}\n", "its own descendant"},
	{"a: {children: {a: {}}}\n", "cannot be a child"},
	{"all: {hosts: {\"w[1:]\": {}}}\n", "not a host range"},
	{"all: {children: {g: {vars: {ansible_group_priority: x}, hosts: {a: {}}}}}\n",
	 "must be a number"},
};

static void test_wrong_inventories(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct project p;
		struct err err = {0};
		char text[1400];
		int r;
		project_open(&p);
		project_file(&p, "inv.yaml", wrong[i].text);
		struct inventory *inv = load(&p, "inv.yaml", &r, &err);
		print_message("%s", wrong[i].text);
		assert_true(r < 0);
		assert_non_null(strstr(err_format(&err, text, sizeof(text)), wrong[i].error));
		assert_int_equal(err.at.line, 1);
		inventory_free(inv);
		project_close(&p);
	}
}

/* inventory_file and inventory_dir: the first source that names the host. */
static void test_sources_of_hosts(void **state)
{
	struct project p;
	struct err err = {0};
	(void)state;
	project_open(&p);
	project_file(&p, "inv/a.yml", "all: {hosts: {x: {}}}\n");
	project_file(&p, "inv/sub/b.yml", "all: {hosts: {x: {}, y: {}}}\n");
	struct inventory *inv = inventory_new();
	assert_int_equal(inventory_add_source(inv, project_path(&p, "inv"), &err), 0);
	assert_int_equal(inventory_add_source(inv, "z,", &err), 0);
	assert_int_equal(inventory_finish(inv, &err), 0);
	assert_int_equal(inventory_add_dynamic_host(inv, SLICE_LIT("late"), NULL, NULL, &err), 0);
	const struct inv_host *x = inventory_host(inv, SLICE_LIT("x")),
			      *y = inventory_host(inv, SLICE_LIT("y")),
			      *z = inventory_host(inv, SLICE_LIT("z"));
	assert_true(slice_ends_with(slice_from(x->source), "/inv/a.yml"));
	assert_true(slice_ends_with(slice_from(x->source_dir), "/inv"));
	assert_true(slice_ends_with(slice_from(y->source), "/inv/sub/b.yml"));
	assert_true(slice_ends_with(slice_from(y->source_dir), "/inv/sub"));
	assert_string_equal(z->source, "z,");
	assert_null(z->source_dir);
	assert_null(inventory_host(inv, SLICE_LIT("late"))->source);
	assert_int_equal(inv->sources.len, 2);
	assert_string_equal(inv->sources.at[1], "z,");
	inventory_free(inv);
	project_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vm_and_defaults), cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_sources_of_hosts), cmocka_unit_test(test_wrong_inventories)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
