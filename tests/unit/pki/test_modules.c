/* The modules over the real host and over check mode's overlay. */
#include "fixture.h"

#define ETCD_1                                                                                     \
	"{ca: etcd, name: etcd-1, common_name: etcd-1, usage: both, dns: [etcd-1, localhost],"     \
	" ip: [10.0.0.1, 127.0.0.1]}"

static int setup(void **state)
{
	static struct pki_fixture f;
	fixture_init(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_release(*state);
	return 0;
}

static void test_chain_verifies(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	const struct value *r = fixture_call(f, f->real, "pki_cert", ETCD_1);
	assert_true(fixture_changed(r));
	assert_string_equal(fixture_text(r, "reason"), "there was none");
	assert_int_equal(value_get(r, "private_key")->flags & VALUE_SECRET, VALUE_SECRET);
	setenv("FINGERPRINT", fixture_text(r, "fingerprint"), 1);
	setenv("SERIAL", fixture_text(r, "serial"), 1);
	assert_int_equal(
		fixture_shell(f, "o() { openssl x509 -noout -in $D/etcd/issued/etcd-1.crt $@ |"
				 " cut -d= -f2 | tr -d : | tr A-F a-f; };"
				 " test $(o -sha256 -fingerprint) = $FINGERPRINT -a"
				 " $(o -serial) = $SERIAL"),
		0);
	assert_int_equal(
		fixture_shell(f, "cat $D/etcd/ca.crt $D/intermediate/ca.crt > $D/between.pem"), 0);
	assert_int_equal(
		fixture_shell(f, "openssl verify -x509_strict -CAfile $D/root/ca.crt -untrusted"
				 " $D/between.pem -purpose sslserver -verify_hostname etcd-1"
				 " $D/etcd/issued/etcd-1.crt >/dev/null"),
		0);
	assert_int_equal(
		fixture_shell(f, "openssl verify -CAfile $D/root/ca.crt -untrusted $D/between.pem"
				 " -purpose sslclient -verify_ip 10.0.0.1"
				 " $D/etcd/issued/etcd-1.crt >/dev/null"),
		0);
	assert_int_equal(fixture_shell(f, "test $(stat -c %a $D/etcd) = 700 -a"
					  " $(stat -c %a $D/etcd/ca.key) = 600 -a"
					  " $(stat -c %a $D/etcd/issued) = 700 -a"
					  " $(stat -c %a $D/etcd/issued/etcd-1.key) = 600"),
			 0);
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;
	for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
		n++;
	return n;
}

static void test_chains_in_results(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	const struct value *r = fixture_call(f, f->real, "pki_cert", ETCD_1);
	assert_int_equal(count(fixture_text(r, "certificate"), "BEGIN CERT"), 1);
	assert_int_equal(count(fixture_text(r, "chain"), "BEGIN CERT"), 3);
	assert_int_equal(count(fixture_text(r, "ca_chain"), "BEGIN CERT"), 3);
	assert_string_equal(fixture_text(r, "ca_certificate"), fixture_file(f, "etcd/ca.crt"));
	assert_string_equal(fixture_text(r, "root_certificate"), fixture_file(f, "root/ca.crt"));
	assert_string_equal(fixture_text(r, "certificate"),
			    fixture_file(f, "etcd/issued/etcd-1.crt"));
	assert_string_equal(fixture_text(r, "private_key"),
			    fixture_file(f, "etcd/issued/etcd-1.key"));
	assert_true(slice_starts_with(slice_from(fixture_text(r, "chain")),
				      fixture_text(r, "certificate")));
	const struct value *info = fixture_call(f, f->real, "pki_info", "{ca: etcd}");
	assert_string_equal(fixture_text(info, "ca_chain"), fixture_text(r, "ca_chain"));
	assert_false(fixture_changed(info));
}

static void test_second_run_changes_nothing(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	fixture_call(f, f->real, "pki_cert", ETCD_1);
	fixture_shell(f, "find $D -type f | xargs stat -c '%n %i %y' | sort > $D.before");
	fixture_hierarchy(f, f->real);
	const struct value *r = fixture_call(f, f->real, "pki_cert", ETCD_1);
	assert_false(fixture_changed(r));
	assert_string_equal(fixture_text(r, "reason"), "");
	assert_int_equal(
		fixture_shell(f,
			      "find $D -type f | xargs stat -c '%n %i %y' | sort | cmp - $D.before;"
			      " r=$?; rm $D.before; exit $r"),
		0);
}

static void test_reissue_keeps_key(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	const char *key = fixture_text(fixture_call(f, f->real, "pki_cert", ETCD_1), "private_key");
	const struct value *r = fixture_call(
		f, f->real, "pki_cert",
		"{ca: etcd, name: etcd-1, common_name: etcd-1, usage: both, dns: etcd-9}");
	assert_string_equal(fixture_text(r, "reason"), "the names changed");
	assert_string_equal(fixture_text(r, "private_key"), key);
	r = fixture_call(f, f->real, "pki_cert",
			 "{ca: etcd, name: etcd-1, common_name: etcd-1, usage: both, dns: etcd-9, "
			 "force: true,"
			 " new_key: true}");
	assert_string_not_equal(fixture_text(r, "private_key"), key);
}

/* A new root key goes through the whole tree. */
static void test_new_root(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	fixture_call(f, f->real, "pki_cert", ETCD_1);
	const struct value *r = fixture_call(
		f, f->real, "pki_ca",
		"{name: root, common_name: Root CA, path_length: 2, force: true, new_key: true}");
	assert_string_equal(fixture_text(r, "reason"), "forced");
	r = fixture_call(
		f, f->real, "pki_ca",
		"{name: intermediate, common_name: Intermediate CA, issuer: root, path_length: 1,"
		" days: 1800}");
	assert_string_equal(fixture_text(r, "reason"), "the issuer changed");
	/* The intermediate kept its key: what it issued still is its. */
	assert_false(fixture_changed(fixture_call(f, f->real, "pki_cert", ETCD_1)));
}

static void test_passphrase(void **state)
{
	struct pki_fixture *f = *state;
	const char *plain = "{name: root, common_name: Root CA}";
	const char *sealed = "{name: root, common_name: Root CA, passphrase: correct horse}";
	const char *wrong = "{name: root, common_name: Root CA, passphrase: battery staple}";
	assert_true(fixture_changed(fixture_call(f, f->real, "pki_ca", plain)));
	assert_non_null(strstr(fixture_file(f, "root/ca.key"), "BEGIN PRIVATE KEY"));
	const struct value *r = fixture_call(f, f->real, "pki_ca", sealed);
	assert_true(fixture_changed(r));
	assert_string_equal(fixture_text(r, "reason"), "");
	assert_non_null(strstr(fixture_file(f, "root/ca.key"), "BEGIN ENCRYPTED PRIVATE KEY"));
	assert_false(fixture_changed(fixture_call(f, f->real, "pki_ca", sealed)));
	assert_null(fixture_call(f, f->real, "pki_ca", wrong));
	assert_int_equal(f->err.code, ERR_AUTH);
	assert_null(fixture_call(f, f->real, "pki_ca", plain));
	assert_non_null(strstr(f->err.msg, "a passphrase is needed"));
	assert_int_equal(
		fixture_shell(
			f, "openssl pkey -in $D/root/ca.key -passin 'pass:correct horse' -noout"),
		0);

	r = fixture_call(
		f, f->real, "pki_cert",
		"{ca: root, name: a, common_name: a, usage: client, passphrase: correct horse}");
	assert_non_null(strstr(fixture_text(r, "private_key"), "BEGIN PRIVATE KEY"));
	assert_non_null(
		strstr(fixture_file(f, "root/issued/a.key"), "BEGIN ENCRYPTED PRIVATE KEY"));
}

static void test_offline_root(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	fixture_shell(f, "rm $D/root/ca.key");
	const struct value *r = fixture_call(f, f->real, "pki_ca",
					     "{name: root, common_name: Root CA, path_length: 2}");
	assert_false(fixture_changed(r));
	assert_null(fixture_call(f, f->real, "pki_ca",
				 "{name: root, common_name: Other CA, path_length: 2}"));
	assert_int_equal(f->err.code, ERR_NOT_FOUND);
	assert_null(fixture_call(f, f->real, "pki_ca", "{name: b, common_name: B, issuer: root}"));
	assert_non_null(strstr(f->err.msg, "is not here"));
	assert_null(fixture_file(f, "b/ca.crt"));
}

/* Killed between key and certificate, and a key that lies open. */
static void test_interrupted(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	fixture_call(f, f->real, "pki_cert", ETCD_1);
	fixture_shell(f, "rm $D/etcd/issued/etcd-1.crt");
	const struct value *r = fixture_call(f, f->real, "pki_cert", ETCD_1);
	assert_string_equal(fixture_text(r, "reason"), "there was none");
	fixture_shell(f, "cp $D/etcd/ca.key $D/etcd/issued/etcd-1.key");
	r = fixture_call(f, f->real, "pki_cert", ETCD_1);
	assert_string_equal(fixture_text(r, "reason"),
			    "the key does not belong to the certificate");
	fixture_shell(f, "chmod 0644 $D/etcd/issued/etcd-1.key; chmod 0755 $D/etcd");
	r = fixture_call(f, f->real, "pki_cert", ETCD_1);
	assert_true(fixture_changed(r));
	assert_string_equal(fixture_text(r, "reason"), "");
	assert_int_equal(fixture_shell(f, "test $(stat -c %a $D/etcd/issued/etcd-1.key) = 600"), 0);
}

static const struct {
	const char *module, *yaml, *message;
} refused[] = {
	{"pki_ca", "{name: a, common_name: A, issuer: nowhere}", "there is no CA 'nowhere'"},
	{"pki_ca", "{name: a, common_name: A, issuer: a}", "its own issuer"},
	{"pki_ca", "{name: a, common_name: A, issuer: etcd}", "cannot be below 'etcd'"},
	{"pki_ca", "{name: a, common_name: A, issuer: intermediate, path_length: 1}",
	 "does not fit below"},
	{"pki_ca", "{name: ../a, common_name: A}", "names files"},
	{"pki_ca", "{name: keys, common_name: A}", "'keys'"},
	{"pki_ca", "{name: a, common_name: A, country: India}", "two-letter"},
	{"pki_ca", "{name: a, common_name: A, days: 0}", "days is 0"},
	{"pki_ca", "{name: a, common_name: A, days: 10, renew_before_days: 10}", "less than days"},
	{"pki_ca", "{name: a, common_name: A, passphrase: short}", "at least 8"},
	{"pki_cert", "{ca: etcd, name: a, common_name: a, usage: server}", "needs dns or ip"},
	{"pki_cert", "{ca: etcd, name: a, common_name: a, usage: server, dns: 10.0.0.1}",
	 "belongs under ip"},
	{"pki_cert", "{ca: none, name: a, common_name: a, usage: client}", "there is no CA 'none'"},
};

static void test_refused(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		assert_null(fixture_call(f, f->real, refused[i].module, refused[i].yaml));
		if (!strstr(f->err.msg, refused[i].message))
			fail_msg("%s: %s", refused[i].yaml, f->err.msg);
	}
	assert_null(fixture_file(f, "a/ca.crt"));
}

static void test_lifetime_ends_with_issuer(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->real);
	const struct value *r =
		fixture_call(f, f->real, "pki_cert",
			     "{ca: etcd, name: a, common_name: a, usage: client, days: 3000}");
	const struct value *ca = fixture_call(f, f->real, "pki_info", "{ca: etcd}");
	assert_string_equal(fixture_text(r, "not_after"), fixture_text(ca, "not_after"));
	assert_non_null(value_get(r, "warnings"));
}

static void test_check_mode(void **state)
{
	struct pki_fixture *f = *state;
	fixture_hierarchy(f, f->overlay);
	const struct value *r = fixture_call(f, f->overlay, "pki_cert", ETCD_1);
	assert_true(fixture_changed(r));
	assert_int_equal(count(fixture_text(r, "chain"), "BEGIN CERT"), 3);
	assert_non_null(value_get(r, "diff"));
	/* Predicted once, then there; and nothing of it on the disk. */
	assert_false(fixture_changed(fixture_call(f, f->overlay, "pki_cert", ETCD_1)));
	assert_true(fixture_changed(fixture_call(f, f->overlay, "pki_key", "{name: sa}")));
	assert_false(fixture_changed(fixture_call(f, f->overlay, "pki_key", "{name: sa}")));
	assert_int_equal(fixture_shell(f, "test -z \"$(ls -A $D)\""), 0);
}

static void test_bare_key(void **state)
{
	struct pki_fixture *f = *state;
	const struct value *r =
		fixture_call(f, f->real, "pki_key", "{name: sa, key_type: rsa-2048}");
	assert_true(fixture_changed(r));
	assert_string_equal(fixture_text(r, "public_key"), fixture_file(f, "keys/sa.pub"));
	assert_false(fixture_changed(
		fixture_call(f, f->real, "pki_key", "{name: sa, key_type: rsa-2048}")));
	fixture_shell(f, "rm $D/keys/sa.pub");
	assert_true(fixture_changed(
		fixture_call(f, f->real, "pki_key", "{name: sa, key_type: rsa-2048}")));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_chain_verifies),
		TEST(test_chains_in_results),
		TEST(test_second_run_changes_nothing),
		TEST(test_reissue_keeps_key),
		TEST(test_new_root),
		TEST(test_passphrase),
		TEST(test_offline_root),
		TEST(test_interrupted),
		TEST(test_refused),
		TEST(test_lifetime_ends_with_issuer),
		TEST(test_check_mode),
		TEST(test_bare_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
