/* Vault values in templates: rendering, filters, test, lookup, the mark. */
#include "fixture.h"

#include "rollout/value/secret.h"
#include "rollout/vault/vault.h"
#include "test.h"

#include <stdio.h>

static struct vault *passwords;

/* A variable `s` that is a !vault value, and a list of two. */
static void init(struct fixture *f, const char *plain)
{
	CLEANUP(strbuf_release) struct strbuf text = {0}, envelope = {0};
	struct err err = {0};
	if (vault_encrypt(slice_from(plain), SLICE_LIT("pw"), SLICE_LIT("x"), SLICE_LIT("salt"),
			  &envelope, &err) < 0)
		fail_msg("%s", err.msg);
	struct slice rest = strbuf_slice(&envelope), line;
	strbuf_puts(&text, "s: !vault |\n");
	while (rest.len && slice_split(&rest, '\n', &line))
		strbuf_printf(&text, "  %.*s\n", SLICE_ARG(line));
	strbuf_puts(&text, "alias: '{{ s }}'\nplain: p\nother: o\n");
	fixture_init(f, text.ptr);
}

static int setup(void **state)
{
	(void)state;
	passwords = vault_new();
	if (vault_add(passwords, SLICE_LIT("x"), SLICE_LIT("pw"), NULL) < 0)
		return -1;
	encrypted_set_decryptor(vault_decryptor(passwords, true));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	encrypted_set_decryptor((struct decryptor){0});
	vault_free(passwords);
	secret_forget();
	return 0;
}

static void test_values(void **state)
{
	static const struct fixture_case cases[] = {
		{"s", "'hi {{ other }}'"}, /* no template, as in Ansible */
		{"alias", "'hi {{ other }}'"},	   {"s ~ '!'", "'hi {{ other }}!'"},
		{"s is vault_encrypted", "True"},  {"plain is vault_encrypted", "False"},
		{"1 is vault_encrypted", "False"}, {"s | length", "14"},
	};
	struct fixture f;
	(void)state;
	init(&f, "hi {{ other }}");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(fixture_run(&f, EVAL, cases[i].text), cases[i].expected);
	fixture_release(&f);
}

static unsigned flags_of(struct fixture *f, const char *text)
{
	const struct value *v = NULL;
	struct err err = {0};
	if (template_eval(f->env, &f->scope, &f->arena, slice_from(text), (struct srcloc){0}, &v,
			  &err) < 0)
		fail_msg("%s", err.msg);
	return v->flags;
}

static void test_mark(void **state)
{
	struct fixture f;
	bool secret = false;
	struct template_text_options opts = {.ret_secret = &secret};
	struct err err = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	(void)state;
	init(&f, "hidden");
	assert_true(flags_of(&f, "s") & VALUE_SECRET);
	assert_true(flags_of(&f, "s | upper | b64encode") & VALUE_SECRET);
	assert_true(flags_of(&f, "[s, 1] | join('-')") & VALUE_SECRET);
	assert_false(flags_of(&f, "plain") & VALUE_SECRET);
	assert_int_equal(
		template_text(f.env, &f.scope, SLICE_LIT("{{ plain }}"), "t", &opts, &out, &err),
		0);
	assert_false(secret);
	assert_int_equal(
		template_text(f.env, &f.scope, SLICE_LIT("{{ alias }}"), "t", &opts, &out, &err),
		0);
	assert_true(secret);
	fixture_release(&f);
}

static void test_wrong_password(void **state)
{
	struct fixture f;
	(void)state;
	init(&f, "hidden");
	vault_free(passwords);
	passwords = vault_new();
	assert_int_equal(vault_add(passwords, SLICE_LIT("y"), SLICE_LIT("no"), NULL), 0);
	encrypted_set_decryptor(vault_decryptor(passwords, false));
	const char *out = fixture_run(&f, EVAL, "alias");
	assert_non_null(strstr(out, "ERROR vars:1:4: vault id 'x': none of the vault passwords"));
	assert_non_null(strstr(out, "those of: y"));
	fixture_release(&f);
}

static void test_filters(void **state)
{
	/* ansible-core: 'text' | vault('pw', 'saltsalt', 'id') and so on */
	static const struct fixture_case cases[] = {
		{"'text' | vault('pw', 'saltsalt') | unvault('pw')", "'text'"},
		{"('text' | vault('pw')).split('\\n')[0]",
		 "'$ANSIBLE_VAULT;1.2;AES256;filter_default'"},
		{"('text' | vault('pw', 'saltsalt', 'default')).split('\\n')[0]",
		 "'$ANSIBLE_VAULT;1.1;AES256'"},
		{"('text' | vault('pw', 'saltsalt')) == ('text' | vault('pw', 'saltsalt'))",
		 "True"},
		{"('text' | vault('pw')) == ('text' | vault('pw'))", "False"},
		{"'plain' | unvault('pw')", "'plain'"},
		{"'$ANSIBLE_VAULT;1.1;AES256' | unvault('pw')", "ERROR damaged"},
		{"'$ANSIBLE_VAULT;1.1;AES256' | vault('pw')", "ERROR encrypted already"},
		{"'text' | vault", "ERROR at least 1 argument"},
	};
	(void)state;
	fixture_check(EVAL, cases, ARRAY_LEN(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mark, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
