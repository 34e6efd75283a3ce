/* Encrypted values and files, with a decryptor that reverses letters; and what
 * must not be shown. */
#include "test.h"

#include "rollout/value/encrypted.h"
#include "rollout/value/secret.h"
#include "rollout/value/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned opened;

/* The envelope's second line, backwards; "wrong" cannot be opened. */
static int reverse(void *self, struct slice envelope, struct srcloc at, struct strbuf *out,
		   struct err *err)
{
	struct slice rest = envelope, line;
	(void)self;
	opened++;
	slice_split(&rest, '\n', &line);
	rest = slice_trim(rest);
	if (slice_is(rest, "wrong"))
		return err_at(err, ERR_CRYPTO, at, "wrong password");
	for (size_t i = rest.len; i-- > 0;)
		strbuf_putc(out, rest.ptr[i]);
	return 0;
}

static const struct decryptor_ops ops = {reverse};

static int reset(void **state)
{
	(void)state;
	opened = 0;
	encrypted_set_decryptor((struct decryptor){0});
	secret_forget();
	return 0;
}

static const char yaml[] = "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  terces\n"
			   "b: [1, !vault-encrypted \"$ANSIBLE_VAULT;1.1;AES256\\nwrong\"]\n"
			   "c: plain\n";

static const struct value *parse(struct arena *a)
{
	const struct value *v = NULL;
	struct err err = {0};
	if (yaml_parse(a, "f", slice_from(yaml), &v, &err) < 0)
		fail_msg("%s", err.msg);
	return v;
}

/* Parsing opens nothing. */
static void test_kept(void **state)
{
	struct arena a = {0};
	const struct value *v = parse(&a), *x = value_get(v, "a");
	(void)state;
	assert_int_equal(x->flags, VALUE_ENCRYPTED | VALUE_SECRET | VALUE_UNSAFE);
	assert_true(encrypted_is(x->str));
	assert_int_equal(x->at.line, 1);
	assert_int_equal(x->at.column, 4);
	assert_true(encrypted_holds(v));
	assert_true(encrypted_holds(value_get(v, "b")));
	assert_false(encrypted_holds(value_get(v, "c")));
	assert_int_equal(opened, 0);
	arena_release(&a);
}

static void test_open(void **state)
{
	struct arena a = {0};
	const struct value *v = parse(&a), *out = NULL, *bad = value_get(v, "b")->list.at[1];
	struct err err = {0};
	(void)state;
	assert_int_equal(encrypted_value_open(&a, value_get(v, "a"), &out, &err), ERR_CRYPTO);
	assert_non_null(strstr(err.msg, "no vault password"));
	assert_int_equal(err.at.line, 1);
	encrypted_set_decryptor((struct decryptor){&ops, NULL, false});
	assert_int_equal(encrypted_value_open(&a, value_get(v, "a"), &out, &err), 0);
	assert_true(value_is_str(out, "secret"));
	assert_int_equal(out->flags, VALUE_SECRET | VALUE_UNSAFE | VALUE_VAULTED);
	assert_int_equal(encrypted_value_open(&a, value_get(v, "c"), &out, &err), 0);
	assert_ptr_equal(out, value_get(v, "c"));
	assert_int_equal(encrypted_value_open(&a, bad, &out, &err), ERR_CRYPTO);
	assert_int_equal(err.at.line, 4);
	arena_release(&a);
}

/* Only an eager decryptor is asked before the value is used. */
static void test_check(void **state)
{
	struct arena a = {0};
	const struct value *v = parse(&a);
	struct err err = {0};
	(void)state;
	assert_int_equal(encrypted_check(v, &err), 0);
	encrypted_set_decryptor((struct decryptor){&ops, NULL, false});
	assert_int_equal(encrypted_check(v, &err), 0);
	assert_int_equal(opened, 0);
	encrypted_set_decryptor((struct decryptor){&ops, NULL, true});
	assert_int_equal(encrypted_check(value_get(v, "a"), &err), 0);
	assert_int_equal(encrypted_check(v, &err), ERR_CRYPTO);
	assert_int_equal(opened, 3);
	arena_release(&a);
}

static void write_file(char path[32], const char *text)
{
	snprintf(path, 32, "%s", "/tmp/test-encrypted-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_file(void **state)
{
	struct arena a = {0};
	char path[32];
	const struct value *v = NULL;
	struct err err = {0};
	(void)state;
	write_file(path,
		   "$ANSIBLE_VAULT;1.1;AES256\n]210987 ,tneserp ,retsam ,dn0ces ,tsrif[ :a\n");
	assert_true(encrypted_file_is(path));
	assert_int_equal(yaml_load(&a, path, &v, &err), ERR_CRYPTO);
	assert_string_equal(err.at.file, path);
	encrypted_set_decryptor((struct decryptor){&ops, NULL, true});
	assert_int_equal(yaml_load(&a, path, &v, &err), 0);
	assert_true(v->flags & VALUE_SECRET);
	assert_true(value_is_str(value_get(v, "a")->list.at[1], "sec0nd"));
	assert_true(value_get(v, "a")->list.at[1]->flags & VALUE_SECRET);
	CLEANUP(strbuf_release) struct strbuf out = {0};
	assert_true(secret_hide(&out, SLICE_LIT("the first, sec0nd present 789012")));
	assert_string_equal(out.ptr, "the first, ******** present ********");
	unlink(path);
	arena_release(&a);
}

/* The message of what cannot be read does not quote it. */
static void test_file_error(void **state)
{
	struct arena a = {0};
	char path[32];
	const struct value *v = NULL;
	struct err err = {0};
	(void)state;
	write_file(path, "$ANSIBLE_VAULT;1.1;AES256\nterces* :a\n");
	encrypted_set_decryptor((struct decryptor){&ops, NULL, true});
	assert_int_equal(yaml_load(&a, path, &v, &err), ERR_SYNTAX);
	assert_null(strstr(err.msg, "secret"));
	assert_int_equal(err.at.line, 1);
	unlink(path);
	arena_release(&a);
}

static const struct {
	const char *text, *shown; /* NULL: as it is */
} hidden[] = {
	{"nothing here", NULL},
	{"hunter2", "********"},
	{"a hunter2, hunter2hunter2!", "a ********, ****************!"},
	{"hunter22 is longer", "******** is longer"},
	{"line one of it", "******** of it"},
	{"abc is too short", NULL},
	{"", NULL},
};

static void test_hide(void **state)
{
	(void)state;
	secret_remember(SLICE_LIT("hunter2"));
	secret_remember(SLICE_LIT("hunter22\n"));
	secret_remember(SLICE_LIT("abc"));
	secret_remember(SLICE_LIT("line one\nx\n"));
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		assert_int_equal(secret_hide(&out, slice_from(hidden[i].text)),
				 hidden[i].shown != NULL);
		assert_string_equal(text_of(&out), hidden[i].shown ? hidden[i].shown : "");
	}
	secret_forget();
	CLEANUP(strbuf_release) struct strbuf out = {0};
	assert_false(secret_hide(&out, SLICE_LIT("hunter2")));
}

static void test_hide_tree(void **state)
{
	struct arena a = {0};
	const struct value *v = NULL;
	struct err err = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	(void)state;
	secret_remember(SLICE_LIT("hunter2"));
	assert_int_equal(yaml_parse(&a, "f",
				    SLICE_LIT("{a: [x, 1, -hunter2-], hunter2: 5, b: {c: d}}"), &v,
				    &err),
			 0);
	((struct value *)value_get(value_get(v, "b"), "c"))->flags = VALUE_SECRET;
	value_repr(&out, secret_hide_tree(&a, v));
	assert_string_equal(out.ptr, "{'a': ['x', 1, '-********-'], '********': 5, 'b': {'c': "
				     "'********'}}");
	assert_ptr_equal(secret_hide_tree(&a, value_get(v, "a")->list.at[0]),
			 value_get(v, "a")->list.at[0]);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, reset, reset),
		cmocka_unit_test_setup_teardown(test_open, reset, reset),
		cmocka_unit_test_setup_teardown(test_check, reset, reset),
		cmocka_unit_test_setup_teardown(test_file, reset, reset),
		cmocka_unit_test_setup_teardown(test_file_error, reset, reset),
		cmocka_unit_test_setup_teardown(test_hide, reset, reset),
		cmocka_unit_test_setup_teardown(test_hide_tree, reset, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
