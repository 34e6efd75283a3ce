/* The table of every module of the registry: wrong arguments are refused before
 * any host is contacted, and the message names them. */
#include "rollout/value/yaml.h"
#include "test.h"

#include "rollout/module/module.h"

/* Of arguments as YAML text; NULL: they are accepted. In the arena. */
static const char *complaint(struct arena *a, const struct module *m, const char *text)
{
	struct err err = {0};
	const struct value *args;
	assert_int_equal(yaml_parse(a, "args", slice_from(text), &args, &err), 0);
	return module_check_args(m, args, false, &err) < 0 ? arena_strdup(a, err.msg) : NULL;
}

static void each(void (*look)(struct arena *a, const struct module *m))
{
	size_t count;
	const struct module *const *all = module_all(&count);
	assert_true(count > 40);
	for (size_t i = 0; i < count; i++) {
		struct arena a = {0};
		look(&a, all[i]);
		arena_release(&a);
	}
}

static void expect(const struct module *m, const char *said, const char *part)
{
	if (!said || !strstr(said, part))
		fail_msg("%s: %s, wanted: %s", m->name, said ? said : "accepted", part);
}

static void unknown_of(struct arena *a, const struct module *m)
{
	if (m->flags & MODULE_ANY_ARGS)
		return;
	expect(m, complaint(a, m, "{no_such_parameter: 1}"), "no_such_parameter");
	/* A slip in a real name brings that name. */
	const struct module_param *p = m->params;
	if (!p || !p->name || strlen(p->name) < 4)
		return;
	const char *said = complaint(a, m, arena_printf(a, "{%sx: 1}", p->name));
	expect(m, said, arena_printf(a, "'%s'", p->name));
}

static void missing_of(struct arena *a, const struct module *m)
{
	bool needs = false;
	for (const struct module_param *p = m->params; p && p->name; p++)
		needs |= p->required;
	if (needs)
		expect(m, complaint(a, m, "{}"), "required");
}

static const char *wrong_value(const struct module_param *p)
{
	if (p->choices)
		return "no such choice";
	switch (p->type) {
	case MODULE_BOOL:
		return "perhaps";
	case MODULE_INT:
	case MODULE_FLOAT:
		return "some";
	case MODULE_MODE:
		return "rwx";
	case MODULE_DICT:
		return "[1]";
	default:
		return NULL;
	}
}

static void wrong_types_of(struct arena *a, const struct module *m)
{
	for (const struct module_param *p = m->params; p && p->name; p++) {
		const char *wrong = wrong_value(p);
		if (wrong)
			expect(m, complaint(a, m, arena_printf(a, "{%s: %s}", p->name, wrong)),
			       arena_printf(a, "'%s'", p->name));
	}
}

static void fallbacks_of(struct arena *a, const struct module *m)
{
	for (const struct module_param *p = m->params; p && p->name; p++) {
		assert_non_null(p->doc);
		if (!p->fallback || p->type == MODULE_RAW)
			continue;
		const char *text = arena_printf(a, "{%s: %s}", p->name, p->fallback);
		const char *said = complaint(a, m, text);
		if (said && strstr(said, arena_printf(a, "parameter '%s'", p->name)))
			fail_msg("%s: the default of %s is refused: %s", m->name, p->name, said);
	}
}

static const char *right_value(const struct module_param *p)
{
	if (p->choices)
		return p->choices[0];
	switch (p->type) {
	case MODULE_BOOL:
		return "true";
	case MODULE_INT:
	case MODULE_FLOAT:
		return "1";
	case MODULE_MODE:
		return "'0644'";
	case MODULE_DICT:
		return "{}";
	case MODULE_LIST:
		return p->element == MODULE_DICT ? "[{x: x}]" : "x";
	default:
		return "x";
	}
}

static const struct module_param *param_of(const struct module *m, struct slice name)
{
	for (const struct module_param *p = m->params; p && p->name; p++)
		if (slice_is(name, p->name))
			return p;
	return NULL;
}

/* The first name of a group of which one is needed. */
static bool stands_for_a_group(const struct module *m, const char *name)
{
	for (const char *const *g = m->required_one_of; g && *g; g++)
		if (slice_is((struct slice){*g, strcspn(*g, "|")}, name))
			return true;
	return false;
}

/* All that is required, and the first two of "a|b|c". */
static const char *two_of(struct arena *a, const struct module *m, const char *group)
{
	struct slice rest = slice_from(group), first, second;
	assert_true(slice_split(&rest, '|', &first) && slice_split(&rest, '|', &second));
	const char *text = "";
	for (const struct module_param *p = m->params; p && p->name; p++)
		if (p->required || slice_is(first, p->name) || slice_is(second, p->name) ||
		    stands_for_a_group(m, p->name))
			text = arena_printf(a, "%s%s: %s, ", text, p->name, right_value(p));
	bool known = param_of(m, first) && param_of(m, second);
	return known ? arena_printf(a, "{%s}", text) : NULL;
}

static void groups_of(struct arena *a, const struct module *m)
{
	for (const char *const *g = m->mutually_exclusive; g && *g; g++) {
		const char *both = two_of(a, m, *g);
		if (both)
			expect(m, complaint(a, m, both), "mutually exclusive");
	}
	const char *text = "";
	for (const struct module_param *p = m->params; p && p->name; p++)
		if (p->required)
			text = arena_printf(a, "%s%s: %s, ", text, p->name, right_value(p));
	if (m->required_one_of && *m->required_one_of)
		expect(m, complaint(a, m, arena_printf(a, "{%s}", text)), "one of");
}

static void groups_are_kept(void **state)
{
	(void)state;
	each(groups_of);
}

static void unknown_is_refused(void **state)
{
	(void)state;
	each(unknown_of);
}

static void missing_is_refused(void **state)
{
	(void)state;
	each(missing_of);
}

static void wrong_types_are_refused(void **state)
{
	(void)state;
	each(wrong_types_of);
}

static void defaults_are_fit(void **state)
{
	(void)state;
	each(fallbacks_of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_is_refused),	   cmocka_unit_test(missing_is_refused),
		cmocka_unit_test(wrong_types_are_refused), cmocka_unit_test(defaults_are_fit),
		cmocka_unit_test(groups_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
