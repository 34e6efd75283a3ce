/* What a rendering leaves in the caller's buffer, and asks of the scope. */
#include "rollout/template/template.h"

#include "test.h"

struct counted {
	const struct value *vars;
	unsigned asked;
};

static int get(void *self, struct slice name, const struct value **ret, struct err *err)
{
	struct counted *c = self;
	(void)err;
	c->asked++;
	*ret = value_get_slice(c->vars, name);
	return 0;
}

static void each_name(void *self, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	(void)self, (void)fn, (void)ctx;
}

static const struct template_scope_ops ops = {get, each_name};

struct bed {
	struct arena arena;
	struct template_env *env;
	struct counted counted;
	struct template_scope scope;
	struct strbuf out;
};

static void set_up(struct bed *b)
{
	*b = (struct bed){.env = template_env_new(), .scope = {.ops = &ops}};
	struct value *vars = value_dict_new(&b->arena);
	value_dict_put(&b->arena, vars, "a", value_cstr(&b->arena, "A"));
	b->counted.vars = vars;
	b->scope.self = &b->counted;
}

static void tear_down(struct bed *b)
{
	strbuf_release(&b->out);
	template_env_free(b->env);
	arena_release(&b->arena);
}

static int run(struct bed *b, const char *text)
{
	struct err err = {0};
	return template_text(b->env, &b->scope, slice_from(text), "test", NULL, &b->out, &err);
}

static void text_is_appended(void **state)
{
	struct bed b;
	(void)state;
	set_up(&b);
	strbuf_puts(&b.out, "before ");
	assert_int_equal(run(&b, "{% set x %}[{{ a }}]{% endset %}{{ x }}\n\n"), 0);
	assert_string_equal(b.out.ptr, "before [A]\n\n");
	tear_down(&b);
}

static void a_failure_leaves_the_buffer(void **state)
{
	static const char *const texts[] = {
		"text {{ nope }}",
		"text {% set x %}captured {{ nope }}{% endset %}",
		"text {% macro m() %}inner {{ a / 0 }}{% endmacro %}{{ m() }}",
		"text {% for i in [1, 0] %}{{ 1 // i }}{% endfor %}",
		"text {% if %}",
	};
	struct bed b;
	(void)state;
	set_up(&b);
	strbuf_puts(&b.out, "before");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_true(run(&b, texts[i]) < 0);
		assert_string_equal(b.out.ptr, "before");
		assert_int_equal(b.out.len, 6);
	}
	assert_int_equal(run(&b, " {{ a }}"), 0);
	assert_string_equal(b.out.ptr, "before A");
	tear_down(&b);
}

static void the_scope_is_asked_once_in_a_rendering(void **state)
{
	struct bed b;
	(void)state;
	set_up(&b);
	assert_int_equal(run(&b, "{% for i in [1, 2] %}{{ a }}{% endfor %}{{ a ~ a }}"), 0);
	assert_int_equal(b.counted.asked, 1);
	struct value *vars = value_dict_new(&b.arena);
	value_dict_put(&b.arena, vars, "a", value_cstr(&b.arena, "B"));
	b.counted.vars = vars;
	assert_int_equal(run(&b, "{{ a }}{% set a = 'own' %}{{ a }}"), 0);
	assert_int_equal(b.counted.asked, 2);
	assert_string_equal(b.out.ptr, "AAAABown");
	tear_down(&b);
}

static void one_text_with_other_marks_is_another_template(void **state)
{
	const struct template_text_options marks = {.variable_start = "<<", .variable_end = ">>"};
	struct bed b;
	struct err err = {0};
	(void)state;
	set_up(&b);
	struct slice text = SLICE_LIT("{{ a }} << a >>");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(run(&b, text.ptr), 0);
		assert_int_equal(template_text(b.env, &b.scope, text, "test", &marks, &b.out, &err),
				 0);
	}
	assert_string_equal(b.out.ptr, "A << a >>{{ a }} AA << a >>{{ a }} A");
	tear_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_appended),
		cmocka_unit_test(a_failure_leaves_the_buffer),
		cmocka_unit_test(the_scope_is_asked_once_in_a_rendering),
		cmocka_unit_test(one_text_with_other_marks_is_another_template),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
