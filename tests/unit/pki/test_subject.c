/* Names of subjects, alternative names, and keys in PEM. */
#include "key.h"
#include "subject.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
	struct subject subject;
	const char *printed; /* NULL: refused */
	const char *message; /* part of it */
} subjects[] = {
	{{.common_name = "etcd-1"}, "CN=etcd-1", NULL},
	{{.common_name = "x", .country = "in"}, "C=IN, CN=x", NULL},
	{{.common_name = "x", .country = "India"},
	 NULL,
	 "country 'India' is not a two-letter code"},
	{{.common_name = "x", .country = "I1"}, NULL, "two-letter"},
	{{.common_name = "x", .state = "", .locality = "BLR"}, "L=BLR, CN=x", NULL},
	{{.common_name = "system:node:w1",
	  .organizations = (const char *const[]){"system:nodes", "b", NULL}},
	 "O=system:nodes, O=b, CN=system:node:w1",
	 NULL},
	{{.common_name = LONG64}, "CN=" LONG64, NULL},
	{{.common_name = LONG64 "4"}, NULL, "longer than 64 characters"},
	{{.common_name = "a\nb"}, NULL, "control character"},
	{{.common_name = ""}, NULL, "common_name is missing"},
};

static void test_subjects(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		CLEANUP(x509_name_free) X509_NAME *name = NULL;
		CLEANUP(strbuf_release) struct strbuf text = {0};
		struct err err = {0};
		int r = subject_name(&subjects[i].subject, &name, &err);
		assert_int_equal(r, subjects[i].printed ? 0 : ERR_INVALID);
		if (r == 0) {
			subject_print(name, &text);
			assert_string_equal(text.ptr, subjects[i].printed);
		} else {
			assert_non_null(strstr(err.msg, subjects[i].message));
		}
	}
}

static const struct {
	const char *dns, *ip; /* one of them */
	bool fine;
} names[] = {
	{"etcd-1", NULL, true},	       {"kubernetes.default.svc.cluster.local", NULL, true},
	{"*.example.org", NULL, true}, {"_etcd-server._tcp.example.org", NULL, true},
	{"localhost", NULL, true},     {"a.*.example.org", NULL, false},
	{"-a", NULL, false},	       {"a-", NULL, false},
	{"a..b", NULL, false},	       {"a.", NULL, false},
	{"a b", NULL, false},	       {"", NULL, false},
	{"10.0.0.1", NULL, false},     {"fd00::1", NULL, false},
	{NULL, "10.0.0.1", true},      {NULL, "fd00::1", true},
	{NULL, "10.0.0", false},       {NULL, "10.0.0.0/8", false},
	{NULL, "etcd-1", false},
};

static void test_names(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(general_names_free) GENERAL_NAMES *sans = NULL;
		const char *const dns[] = {names[i].dns, NULL}, *const ip[] = {names[i].ip, NULL};
		int r = sans_build(dns, ip, &sans, NULL);
		if (r != (names[i].fine ? 0 : ERR_INVALID))
			fail_msg("case %zu: %d", i, r);
		assert_int_equal(sans != NULL, names[i].fine);
	}
}

static void test_key_at_rest(void **state UNUSED)
{
	CLEANUP(pkey_free) EVP_PKEY *key = NULL, *back = NULL, *none = NULL;
	CLEANUP(strbuf_wipe) struct strbuf plain = {0}, sealed = {0};
	assert_int_equal(key_generate(KEY_ECDSA_P256, &key, NULL), 0);
	assert_int_equal(key_to_pem(key, NULL, &plain, NULL), 0);
	assert_int_equal(key_to_pem(key, "correct horse", &sealed, NULL), 0);
	assert_true(slice_starts_with(strbuf_slice(&plain), "-----BEGIN PRIVATE KEY-----\n"));
	assert_true(slice_starts_with(strbuf_slice(&sealed),
				      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));

	assert_int_equal(key_from_pem(strbuf_slice(&sealed), "correct horse", "k", &back, NULL), 0);
	assert_int_equal(EVP_PKEY_eq(key, back), 1);
	assert_int_equal(key_from_pem(strbuf_slice(&sealed), "battery staple", "k", &none, NULL),
			 ERR_AUTH);
	assert_int_equal(key_from_pem(strbuf_slice(&sealed), NULL, "k", &none, NULL), ERR_AUTH);
	assert_int_equal(key_from_pem(SLICE_LIT("junk"), NULL, "k", &none, NULL), ERR_CRYPTO);
	assert_null(none);
}

static void test_passphrases(void **state UNUSED)
{
	assert_int_equal(key_passphrase_check(NULL, NULL), 0);
	assert_int_equal(key_passphrase_check("12345678", NULL), 0);
	assert_int_equal(key_passphrase_check("1234567", NULL), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_key_at_rest),
		cmocka_unit_test(test_passphrases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
