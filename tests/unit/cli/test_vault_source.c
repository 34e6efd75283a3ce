/* Where vault passwords come from: files, scripts, client scripts. */
#include "scratch.h"

#include "rollout/base/file.h"
#include "vault/passwords.h"
#include "vault/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *put(const char *name, const char *text, mode_t mode)
{
	char *path = path_join(scratch, name);
	struct err err = {0};
	if (file_write_atomic(path, text, strlen(text), mode, &err) < 0)
		fail_msg("%s", err.msg);
	return path;
}

static const struct {
	const char *name, *text;
	mode_t mode;
	const char *id, *password, *error;
} sources[] = {
	{"file", "  secret word \n", 0600, "", "secret word", NULL},
	{"two-lines", "one\ntwo\n", 0600, "", "one\ntwo", NULL},
	{"empty", "\n", 0600, "", NULL, "password is empty"},
	{"script", "#!/bin/sh\necho \" from script $#\"\n", 0700, "x", " from script 0", NULL},
	{"get-client", "#!/bin/sh\necho \"$1 $2\"\n", 0700, "prod", "--vault-id prod", NULL},
	{"get-client.py", "#!/bin/sh\necho \"$1 $2\"\n", 0700, "dev", "--vault-id dev", NULL},
	{"bare-client", "#!/bin/sh\necho \"$# args\"\n", 0700, "", "0 args", NULL},
	{"lost-client", "#!/bin/sh\nexit 2\n", 0700, "dev", NULL, "no password for the id 'dev'"},
	{"broken", "#!/bin/sh\necho x; exit 3\n", 0700, "", NULL, "status 3"},
	{"silent", "#!/bin/sh\n", 0700, "", NULL, "password is empty"},
	{"no-program", "just a password\n", 0700, "", NULL, "executable bit"},
	{"endless", "#!/bin/sh\nexec yes\n", 0700, "", NULL, "more than"},
};

static void test_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		CLEANUP(strbuf_wipe) struct strbuf got = {0};
		CLEANUP(free_ptr)
		char *path = put(sources[i].name, sources[i].text, sources[i].mode);
		struct vault *v = vault_new();
		struct err err = {0};
		int r = vault_source_read(v, path, slice_from(sources[i].id), &got, &err);
		if (sources[i].error) {
			assert_true(r < 0);
			if (!strstr(err.msg, sources[i].error))
				fail_msg("%s: %s", sources[i].name, err.msg);
		} else {
			if (r < 0)
				fail_msg("%s: %s", sources[i].name, err.msg);
			assert_string_equal(got.ptr, sources[i].password);
		}
		vault_free(v);
	}
}

/* A password file that is itself encrypted, with a password named before it. */
static void test_encrypted_file(void **state)
{
	CLEANUP(strbuf_release) struct strbuf envelope = {0}, got = {0};
	struct vault *v = vault_new();
	struct err err = {0};
	(void)state;
	assert_int_equal(vault_encrypt(SLICE_LIT("inner\n"), SLICE_LIT("outer"), SLICE_LIT(""),
				       SLICE_LIT(""), &envelope, &err),
			 0);
	CLEANUP(free_ptr) char *path = put("encrypted", envelope.ptr, 0600);
	assert_int_equal(vault_source_read(v, path, SLICE_LIT(""), &got, &err), ERR_CRYPTO);
	assert_int_equal(vault_add(v, SLICE_LIT("a"), SLICE_LIT("outer"), &err), 0);
	assert_int_equal(vault_source_read(v, path, SLICE_LIT(""), &got, &err), 0);
	assert_string_equal(got.ptr, "inner");
	vault_free(v);
}

/* Ansible's order; a source that gives none is passed over while another does. */
static void test_order(void **state)
{
	CLEANUP(free_ptr)
	char *one = put("one", "1", 0600), *two = put("two", "2", 0600),
	     *three = put("three", "3", 0600), *four = put("four", "4", 0600);
	CLEANUP(strbuf_release) struct strbuf id = {0};
	CLEANUP(strbuf_release) struct strbuf list = {0}, all = {0};
	struct vault *v = NULL;
	struct err err = {0};
	(void)state;
	strbuf_printf(&id, "b@%s", two);
	strbuf_printf(&list, "a@%s, x@%s/missing", one, scratch);
	const char *ids[] = {id.ptr, NULL}, *files[] = {three, NULL}, *bad[] = {"/missing", NULL},
		   *odd[] = {"a;b@x", NULL};
	struct vault_request rq = {
		.ids = ids, .files = files, .identity_list = list.ptr, .last_file = four};
	assert_int_equal(vault_passwords_collect(&rq, &v, &err), 0);
	for (size_t i = 0; i < vault_count(v); i++)
		strbuf_printf(&all, "%.*s=%.*s ", SLICE_ARG(vault_id(v, i)),
			      SLICE_ARG(vault_password(v, i)));
	assert_string_equal(all.ptr, "a=1 b=2 default=3 default=4 ");
	vault_free(v);
	rq = (struct vault_request){.files = bad};
	assert_true(vault_passwords_collect(&rq, &v, &err) < 0);
	rq = (struct vault_request){.ids = odd};
	assert_int_equal(vault_passwords_collect(&rq, &v, &err), ERR_INVALID);
	rq = (struct vault_request){0};
	assert_int_equal(vault_passwords_collect(&rq, &v, &err), 0);
	assert_int_equal(vault_count(v), 0);
	vault_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_encrypted_file),
		cmocka_unit_test(test_order),
	};
	unsetenv("ANSIBLE_VAULT_ID_MATCH");
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
