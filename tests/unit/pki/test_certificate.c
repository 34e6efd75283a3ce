/* The reissue rules, one by one, and verification of chains by OpenSSL. */
#include "certificate.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1800000000

struct world {
	EVP_PKEY *ca_key, *other_ca_key, *key;
	X509 *ca, *other_ca, *cert;
};
static struct world world;

static const char *const dns[] = {"etcd-1", "localhost", NULL};
static const char *const ip[] = {"10.0.0.1", NULL};

/* A leaf's specification; ca: that of a CA of this name. */
static struct certificate_spec spec_of(const char *common_name, enum certificate_usage usage)
{
	struct certificate_spec spec = {
		.usage = usage,
		.path_length = -1,
		.now_s = NOW,
		.days = usage == USAGE_CA ? 1000 : 90,
		.renew_before_days = 30,
	};
	struct subject subject = {.common_name = common_name};
	assert_int_equal(subject_name(&subject, &spec.subject, NULL), 0);
	if (usage != USAGE_CA)
		assert_int_equal(sans_build(dns, ip, &spec.sans, NULL), 0);
	return spec;
}

static X509 *make(struct certificate_spec spec, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	struct err err = {0};
	X509 *cert = NULL;
	bool clamped = false;
	struct certificate_issuer issuer = {ca, ca_key};
	if (certificate_issue(&spec, key, ca ? &issuer : NULL, &cert, &clamped, &err) < 0)
		fail_msg("%s", err.msg);
	certificate_spec_release(&spec);
	return cert;
}

static int world_init(void **state UNUSED)
{
	assert_int_equal(key_generate(KEY_ECDSA_P256, &world.ca_key, NULL), 0);
	assert_int_equal(key_generate(KEY_ECDSA_P256, &world.other_ca_key, NULL), 0);
	assert_int_equal(key_generate(KEY_ECDSA_P256, &world.key, NULL), 0);
	world.ca = make(spec_of("CA", USAGE_CA), world.ca_key, NULL, NULL);
	world.other_ca = make(spec_of("CA", USAGE_CA), world.other_ca_key, NULL, NULL);
	world.cert = make(spec_of("etcd-1", USAGE_BOTH), world.key, world.ca, world.ca_key);
	return 0;
}

static int world_release(void **state UNUSED)
{
	EVP_PKEY_free(world.ca_key);
	EVP_PKEY_free(world.other_ca_key);
	EVP_PKEY_free(world.key);
	X509_free(world.ca);
	X509_free(world.other_ca);
	X509_free(world.cert);
	return 0;
}

static void replace_sans(struct certificate_spec *spec, const char *const *names)
{
	GENERAL_NAMES_free(spec->sans);
	assert_int_equal(sans_build(names, ip, &spec->sans, NULL), 0);
}

static void change_nothing(struct certificate_spec *spec UNUSED)
{
}
static void change_order(struct certificate_spec *spec)
{
	replace_sans(spec, (const char *const[]){"localhost", "etcd-1", "localhost", NULL});
}
static void change_sans(struct certificate_spec *spec)
{
	replace_sans(spec, (const char *const[]){"etcd-1", "localhost", "etcd-2", NULL});
}
static void fewer_sans(struct certificate_spec *spec)
{
	replace_sans(spec, (const char *const[]){"etcd-1", NULL});
}
static void change_subject(struct certificate_spec *spec)
{
	X509_NAME_free(spec->subject);
	struct subject subject = {.common_name = "ETCD-1"};
	assert_int_equal(subject_name(&subject, &spec->subject, NULL), 0);
}
static void change_usage(struct certificate_spec *spec)
{
	spec->usage = USAGE_SERVER;
}
static void change_key_type(struct certificate_spec *spec)
{
	spec->key_type = KEY_ED25519;
}
static void change_days(struct certificate_spec *spec)
{
	spec->days = 50;
}
static void change_force(struct certificate_spec *spec)
{
	spec->force = true;
}
static void not_yet_near(struct certificate_spec *spec)
{
	spec->now_s = NOW + 59 * CERTIFICATE_DAY_S;
}
static void near(struct certificate_spec *spec)
{
	spec->now_s = NOW + 60 * CERTIFICATE_DAY_S;
}
static void ended(struct certificate_spec *spec)
{
	spec->now_s = NOW + 91 * CERTIFICATE_DAY_S;
}

static const struct {
	void (*change)(struct certificate_spec *spec);
	const char *reason;
} rules[] = {
	{change_nothing, NULL},
	{change_order, NULL},
	{change_days, NULL},
	{not_yet_near, NULL},
	{change_sans, "the names changed"},
	{fewer_sans, "the names changed"},
	{change_subject, "the subject changed"},
	{change_usage, "the usage changed"},
	{change_key_type, "the key type changed"},
	{change_force, "forced"},
	{near, "its end is near"},
	{ended, "it has ended"},
};

static void check_reason(const char *got, const char *wanted)
{
	if (!wanted)
		assert_null(got);
	else
		assert_string_equal(got, wanted);
}

static void test_rules(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		bool held = true;
		struct certificate_spec spec = spec_of("etcd-1", USAGE_BOTH);
		rules[i].change(&spec);
		check_reason(certificate_reason(world.cert, world.key, &spec, world.ca, &held),
			     rules[i].reason);
		assert_false(held);
		certificate_spec_release(&spec);
	}
}

static void test_pair_and_issuer(void **state UNUSED)
{
	bool held;
	struct certificate_spec spec = spec_of("etcd-1", USAGE_BOTH);
	check_reason(certificate_reason(NULL, world.key, &spec, world.ca, &held), "there was none");
	check_reason(certificate_reason(world.cert, NULL, &spec, world.ca, &held),
		     "its key was missing");
	check_reason(certificate_reason(world.cert, world.ca_key, &spec, world.ca, &held),
		     "the key does not belong to the certificate");
	/* The same name, another key: told apart by identifier and signature. */
	check_reason(certificate_reason(world.cert, world.key, &spec, world.other_ca, &held),
		     "the issuer changed");
	certificate_spec_release(&spec);
}

/* A renewed CA of the same key and name leaves what it issued valid. */
static void test_issuer_renewed(void **state UNUSED)
{
	bool held;
	struct certificate_spec spec = spec_of("etcd-1", USAGE_BOTH),
				later = spec_of("CA", USAGE_CA);
	later.now_s += 1000;
	CLEANUP(x509_free) X509 *renewed = make(later, world.ca_key, NULL, NULL);
	assert_null(certificate_reason(world.cert, world.key, &spec, renewed, &held));
	certificate_spec_release(&spec);
}

static void test_clamped(void **state UNUSED)
{
	struct certificate_spec spec = spec_of("etcd-1", USAGE_SERVER),
				again = spec_of("etcd-1", USAGE_SERVER);
	struct certificate_issuer issuer = {world.ca, world.ca_key};
	CLEANUP(x509_free) X509 *cert = NULL;
	bool clamped = false, held = false;
	spec.days = 5000;
	assert_int_equal(certificate_issue(&spec, world.key, &issuer, &cert, &clamped, NULL), 0);
	assert_true(clamped);
	assert_true(certificate_end_s(cert) == certificate_end_s(world.ca));
	/* Near the end, but nothing later is to be had: left alone, and said. */
	again.now_s = NOW + 990 * CERTIFICATE_DAY_S;
	assert_null(certificate_reason(cert, world.key, &again, world.ca, &held));
	assert_true(held);
	certificate_spec_release(&spec);
	certificate_spec_release(&again);
}

static void test_issuer_ended(void **state UNUSED)
{
	struct certificate_spec spec = spec_of("etcd-1", USAGE_SERVER);
	struct certificate_issuer issuer = {world.ca, world.ca_key};
	X509 *cert = NULL;
	bool clamped;
	struct err err = {0};
	spec.now_s = NOW + 1001 * CERTIFICATE_DAY_S;
	assert_int_equal(certificate_issue(&spec, world.key, &issuer, &cert, &clamped, &err),
			 ERR_INVALID);
	assert_null(cert);
	certificate_spec_release(&spec);
}

static void test_wrong_issuer_key(void **state UNUSED)
{
	struct certificate_spec spec = spec_of("etcd-1", USAGE_SERVER);
	struct certificate_issuer issuer = {world.ca, world.other_ca_key};
	X509 *cert = NULL;
	bool clamped;
	assert_int_equal(certificate_issue(&spec, world.key, &issuer, &cert, &clamped, NULL),
			 ERR_CRYPTO);
	certificate_spec_release(&spec);
}

/* X509_verify_cert: the outcome for a purpose. */
static int verify(X509 *leaf, X509 *ca, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_STORE_add_cert(store, ca);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, NOW + 10);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_set_purpose(ctx, purpose);
	int error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return error;
}

static void test_usages_verified(void **state UNUSED)
{
	static const struct {
		enum certificate_usage usage;
		int server, client;
	} cases[] = {
		{USAGE_SERVER, X509_V_OK, X509_V_ERR_INVALID_PURPOSE},
		{USAGE_CLIENT, X509_V_ERR_INVALID_PURPOSE, X509_V_OK},
		{USAGE_BOTH, X509_V_OK, X509_V_OK},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(x509_free)
		X509 *cert =
			make(spec_of("etcd-1", cases[i].usage), world.key, world.ca, world.ca_key);
		assert_int_equal(verify(cert, world.ca, X509_PURPOSE_SSL_SERVER), cases[i].server);
		assert_int_equal(verify(cert, world.ca, X509_PURPOSE_SSL_CLIENT), cases[i].client);
		assert_int_equal(X509_check_host(cert, "etcd-1", 0, 0, NULL), 1);
		assert_int_equal(X509_check_host(cert, "etcd-2", 0, 0, NULL), 0);
		assert_int_equal(X509_check_ip_asc(cert, "10.0.0.1", 0), 1);
	}
}

static void test_key_types_sign(void **state UNUSED)
{
	for (int type = KEY_ECDSA_P256; type <= KEY_ED25519; type++) {
		if (type == KEY_RSA_4096)
			continue; /* slow, and as RSA-2048 */
		CLEANUP(pkey_free) EVP_PKEY *key = NULL;
		assert_int_equal(key_generate((enum key_type)type, &key, NULL), 0);
		assert_true(key_is_type(key, (enum key_type)type));
		CLEANUP(x509_free) X509 *ca = make(spec_of("CA", USAGE_CA), key, NULL, NULL);
		CLEANUP(x509_free)
		X509 *leaf = make(spec_of("x", USAGE_SERVER), world.key, ca, key);
		assert_int_equal(verify(leaf, ca, X509_PURPOSE_SSL_SERVER), X509_V_OK);
	}
}

static void test_serial_is_random(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf a = {0}, b = {0};
	certificate_serial(world.ca, &a);
	certificate_serial(world.other_ca, &b);
	assert_int_equal(a.len, 32);
	assert_string_not_equal(a.ptr, b.ptr);
}

static void test_describe(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	certificate_describe(world.cert, &text);
	assert_string_equal(text.ptr, "subject: CN=etcd-1\n"
				      "issuer: CN=CA\n"
				      "names: DNS:etcd-1, DNS:localhost, IP:10.0.0.1\n"
				      "usage: server, client\n"
				      "key: ecdsa-p256\n"
				      "ends: 2027-04-15\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_pair_and_issuer),
		cmocka_unit_test(test_issuer_renewed),
		cmocka_unit_test(test_clamped),
		cmocka_unit_test(test_issuer_ended),
		cmocka_unit_test(test_wrong_issuer_key),
		cmocka_unit_test(test_usages_verified),
		cmocka_unit_test(test_key_types_sign),
		cmocka_unit_test(test_serial_is_random),
		cmocka_unit_test(test_describe),
	};
	return cmocka_run_group_tests(tests, world_init, world_release);
}
