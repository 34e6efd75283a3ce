/* Hosts and groups that come while a run goes on. */
#include "test.h"

#include "project.h"

#include "rollout/inventory/inventory.h"

struct bed {
	struct project project;
	struct inventory *inv;
	struct err err;
};

static void open_bed(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	project_open(&b->project);
	project_file(&b->project, "inv.yaml",
		     "all: {vars: {x: all}, hosts: {a: {}, b: {}},\n"
		     "      children: {web: {vars: {y: web}, hosts: {a: {}}}}}\n");
	b->inv = inventory_new();
	assert_int_equal(
		inventory_add_source(b->inv, project_path(&b->project, "inv.yaml"), &b->err), 0);
	assert_int_equal(inventory_finish(b->inv, &b->err), 0);
}

static void close_bed(struct bed *b)
{
	inventory_free(b->inv);
	project_close(&b->project);
}

static size_t count(struct bed *b, const char *pattern)
{
	inv_hosts hosts = {0};
	assert_int_equal(
		inventory_match(b->inv, slice_from(pattern), (struct srcloc){0}, &hosts, &b->err),
		0);
	size_t n = hosts.len;
	vec_release(&hosts);
	return n;
}

static void test_new_host(void **state)
{
	struct bed b;
	struct inv_host *h = NULL;
	bool changed = false;
	(void)state;
	open_bed(&b);
	struct value *vars = value_dict_new(&b.inv->arena);
	value_dict_put(&b.inv->arena, vars, "z", value_cstr(&b.inv->arena, "own"));
	assert_int_equal(inventory_add_dynamic_host(b.inv, SLICE_LIT("new"), vars, &h, &b.err), 0);
	assert_true(value_is_str(value_get(h->vars, "x"), "all"));
	assert_true(value_is_str(value_get(h->vars, "z"), "own"));
	assert_null(value_get(h->vars, "y"));
	assert_int_equal(inventory_add_dynamic_group(b.inv, SLICE_LIT("web"), h, &changed, &b.err),
			 0);
	assert_true(changed);
	assert_true(value_is_str(value_get(h->vars, "y"), "web"));
	assert_int_equal(inventory_add_dynamic_group(b.inv, SLICE_LIT("web"), h, &changed, &b.err),
			 0);
	assert_false(changed);
	assert_int_equal(count(&b, "web"), 2);
	assert_int_equal(count(&b, "all"), 3);
	assert_int_equal(count(&b, "ungrouped"), 1);
	assert_true(b.inv->grown > 0);
	close_bed(&b);
}

static void test_new_group_with_parent(void **state)
{
	struct bed b;
	bool changed = false;
	(void)state;
	open_bed(&b);
	struct inv_host *h = inventory_host(b.inv, SLICE_LIT("b"));
	assert_int_equal(
		inventory_add_dynamic_group(b.inv, SLICE_LIT("child"), h, &changed, &b.err), 0);
	assert_int_equal(
		inventory_add_dynamic_parent(b.inv, SLICE_LIT("child"), SLICE_LIT("top"), &b.err),
		0);
	assert_int_equal(count(&b, "top"), 1);
	assert_int_equal(
		inventory_add_dynamic_parent(b.inv, SLICE_LIT("top"), SLICE_LIT("child"), &b.err),
		ERR_INVALID); /* a group its own descendant */
	close_bed(&b);
}

static void tell(void *ctx, struct slice name, const struct err *why)
{
	size_t *n = ctx;
	assert_true(slice_is(name, "wbe"));
	assert_non_null(strstr(why->msg, "did you mean 'web'"));
	++*n;
}

static void test_missing_names(void **state)
{
	struct bed b;
	size_t told = 0;
	inv_hosts hosts = {0};
	(void)state;
	open_bed(&b);
	const struct inv_missing missing = {&told, tell};
	const struct inv_pattern pattern = {SLICE_LIT("wbe:b"), {0}, &missing};
	assert_int_equal(inventory_match_known(b.inv, &pattern, &hosts, &b.err), 0);
	assert_int_equal(told, 1);
	assert_int_equal(hosts.len, 1);
	vec_release(&hosts);
	close_bed(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_host),
		cmocka_unit_test(test_new_group_with_parent),
		cmocka_unit_test(test_missing_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
