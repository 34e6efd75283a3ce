/* x509_certificate_info and openssl_dhparam, with the real openssl. */
#include "program_bed.h"
#include "rollout/value/yaml.h"

#include "crypto/certificate_text.h"

#include <stdlib.h>

static const char make[] =
	"printf '[req]\\ndistinguished_name=dn\\nx509_extensions=x\\nprompt=no\\n[dn]\\nC=DE\\n"
	"O=A = "
	"b\\n0.OU=one\\n1.OU=two\\nCN=a.x\\n[x]\\nsubjectAltName=critical,DNS:a.x,IP:10.0.0.1,"
	"RID:1.2.3\\nkeyUsage=critical,digitalSignature,keyCertSign\\nextendedKeyUsage="
	"serverAuth\\n"
	"basicConstraints=critical,CA:TRUE,pathlen:1\\ntlsfeature=status_request\\n"
	"subjectKeyIdentifier=00:AA\\nauthorityInfoAccess=OCSP;URI:http://o/,caIssuers;URI:http://"
	"i/"
	"\\n' >conf\n"
	"openssl req -x509 -newkey rsa:2048 -nodes -keyout k -config conf -days 10 -set_serial "
	"0x0123456789abcdef0123456789abcdef -out c.pem 2>/dev/null\n"
	"openssl req -x509 -newkey ed25519 -nodes -keyout k2 -subj / -days 1 -set_serial 258 -out "
	"small.pem -config /dev/null 2>/dev/null\n"
	"openssl x509 -in c.pem -outform DER -out c.der; echo none >broken";

static const struct value *info(struct file_bed *b, struct host *h, const char *args)
{
	return file_bed_run(b, h, "x509_certificate_info", args);
}

static void has(const struct value *r, const char *key, const char *want)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *v = value_get(r, key);
	if (v)
		value_repr(&text, v);
	if (!v || strcmp(text.ptr, want) != 0)
		fail_msg("%s is %s, not %s", key, v ? text.ptr : "absent", want);
}

static const struct {
	const char *key, *want;
} fields[] = {
	{"changed", "False"},
	{"expired", "False"},
	{"subject",
	 "{'countryName': 'DE', 'organizationName': 'A = b', 'organizationalUnitName': 'two', "
	 "'commonName': 'a.x'}"},
	{"issuer_ordered",
	 "[['countryName', 'DE'], ['organizationName', 'A = b'], ['organizationalUnitName', "
	 "'one'], ['organizationalUnitName', 'two'], ['commonName', 'a.x']]"},
	{"subject_alt_name", "['DNS:a.x', 'IP:10.0.0.1', 'RID:1.2.3']"},
	{"subject_alt_name_critical", "True"},
	{"key_usage", "['Digital Signature', 'Certificate Sign']"},
	{"key_usage_critical", "True"},
	{"extended_key_usage", "['TLS Web Server Authentication']"},
	{"extended_key_usage_critical", "False"},
	{"basic_constraints", "['CA:TRUE', 'pathlen:1']"},
	{"ocsp_must_staple", "True"},
	{"ocsp_must_staple_critical", "False"},
	{"subject_key_identifier", "'00:aa'"},
	{"authority_key_identifier", "None"},
	{"ocsp_uri", "'http://o/'"},
	{"issuer_uri", "'http://i/'"},
	{"version", "3"},
	{"signature_algorithm", "'sha256WithRSAEncryption'"},
	{"public_key_type", "'RSA'"},
	{"serial_number", "'1512366075204170929049582354406559215'"},
	{"valid_at", "{'before': False, 'now': True, 'soon': True, 'late': False, 'then': False}"},
};

static void test_fields(void **state)
{
	static const char args[] =
		"{\"path\": \"@/c.pem\", \"valid_at\": {\"before\": \"-1d\", \"now\": \"+0s\", "
		"\"soon\": \"+1w\", \"late\": \"+11d\", \"then\": \"20000101000000Z\"}}";
	struct file_bed *b = *state;
	file_bed_shell(b, make);
	/* Predicted, done, and done again: it only reads. */
	for (int i = 0; i < 3; i++) {
		struct host *o = host_overlay_new(b->real);
		const struct value *r = info(b, i ? b->real : o, args);
		for (size_t j = 0; j < ARRAY_LEN(fields); j++)
			has(r, fields[j].key, fields[j].want);
		const char *key = value_get(r, "public_key")->str.ptr;
		const char *sha256 = value_get(value_get(r, "fingerprints"), "sha256")->str.ptr;
		const char *of_key =
			value_get(value_get(r, "public_key_fingerprints"), "sha256")->str.ptr;
		file_bed_shell(
			b, arena_printf(
				   &b->arena,
				   "[ \"$(openssl x509 -in c.pem -noout -pubkey)\" = '%.*s' ] && "
				   "openssl x509 -in c.pem -noout -fingerprint -sha256 | grep -qi "
				   "'=%s$' && openssl pkey -in k -pubout -outform DER | sha256sum "
				   "| sed 's/../&:/g' | grep -q '^%s'",
				   (int)strlen(key) - 1, key, sha256, of_key));
		const char *end = value_get(r, "not_after")->str.ptr;
		file_bed_shell(
			b, arena_printf(&b->arena,
					"[ \"$(date -u -d \"$(openssl x509 -in c.pem -noout "
					"-enddate | cut -d= -f2)\" +%%Y%%m%%d%%H%%M%%SZ)\" = %s ]",
					end));
		host_free(o);
	}
}

static void test_others(void **state)
{
	struct file_bed *b = *state;
	file_bed_shell(b, make);
	const struct value *r = info(b, b->real, "{\"path\": \"@/small.pem\"}");
	has(r, "serial_number", "258");
	has(r, "subject", "{}");
	has(r, "key_usage", "None");
	has(r, "key_usage_critical", "False");
	has(r, "ocsp_must_staple", "None");
	has(r, "public_key_type", "'Ed25519'");
	r = info(b, b->real, "{\"path\": \"@/c.der\"}");
	has(r, "public_key_type", "'RSA'");
	assert_true(value_equal(
		value_get(r, "fingerprints"),
		value_get(info(b, b->real, "{\"path\": \"@/c.pem\"}"), "fingerprints")));
	r = info(b, b->real, "{\"path\": \"@/broken\"}");
	assert_non_null(strstr(value_get(r, "msg")->str.ptr, "the certificate cannot be read"));
	r = info(b, b->real, "{\"path\": \"@/none\"}");
	assert_non_null(strstr(value_get(r, "msg")->str.ptr, "none does not exist"));
	struct host *o = host_overlay_new(b->real);
	host_overlay_assume(o, "a command would run");
	assert_non_null(value_get(info(b, o, "{\"path\": \"@/none\"}"), "_unknown"));
	host_free(o);
}

#define DH(more) "{\"path\": \"@/dh.pem\", \"size\": 512" more "}"

static const struct program_case parameters[] = {
	{.module = "openssl_dhparam",
	 .args = DH(""),
	 .changed = true,
	 .after = "openssl dhparam -in dh.pem -noout -text | grep -q '512 bit' && cp dh.pem kept"},
	{.module = "openssl_dhparam",
	 .args = DH(", \"mode\": \"0600\", \"return_content\": true"),
	 .changed = true,
	 .after = "cmp dh.pem kept && [ $(stat -c %a dh.pem) = 600 ]"},
	{.module = "openssl_dhparam",
	 .args = DH(", \"force\": true, \"backup\": true"),
	 .changed = true,
	 .again = true,
	 .after = "! cmp -s dh.pem kept && ls dh.pem.*~ && echo none >dh.pem"},
	{.module = "openssl_dhparam", .args = DH(""), .changed = true},
	{.module = "openssl_dhparam",
	 .args = "{\"path\": \"@/dh.pem\", \"size\": 520}",
	 .changed = true},
	{.module = "openssl_dhparam",
	 .args = DH(", \"state\": \"absent\""),
	 .changed = true,
	 .after = "[ ! -e dh.pem ]"},
};

static void test_parameters(void **state)
{
	program_bed_run(*state, parameters, ARRAY_LEN(parameters));
}

/* Refused where they are read. */
static void test_wrong_values(void **state)
{
	(void)state;
	static const struct {
		const char *module, *args, *at, *msg;
	} cases[] = {
		{"x509_certificate_info", "valid_at: {a: +1d, b: soon}", "soon",
		 "'soon' is not a time like"},
		{"x509_certificate_info", "content: x", "{path", "mutually exclusive"},
		{"openssl_dhparam", "size: 5", "5}", "5 is not a number from 512"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		struct err err = {0};
		const struct value *args;
		const char *text = arena_printf(&a, "{path: /x, %s}", cases[i].args);
		assert_int_equal(yaml_parse(&a, "t.yml", slice_from(text), &args, &err), 0);
		int r = module_check_args(module_find(slice_from(cases[i].module)), args, true,
					  &err);
		size_t column = (size_t)(strstr(text, cases[i].at) - text) + 1;
		if (r == 0 || !strstr(err.msg, cases[i].msg) || column != err.at.column)
			fail_msg("%s: column %u, said \"%s\"", cases[i].args,
				 (unsigned)err.at.column, err.msg);
	}
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *hex, *want;
	} cases[] = {
		{"00", "0"},
		{"", "0"},
		{"0102", "258"},
		{"-0A", "-10"},
		{"DE0B6B3A763FFFF", "999999999999999999"},
		{"DE0B6B3A7640000", "'1000000000000000000'"},
		{"xy", "None"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		CLEANUP(strbuf_release) struct strbuf text = {0};
		value_repr(&text, certificate_number(&a, slice_from(cases[i].hex)));
		assert_string_equal(text.ptr, cases[i].want);
	}
}

int main(void)
{
	if (system("command -v openssl >/dev/null") != 0)
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fields, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_others, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_parameters, file_bed_setup, file_bed_teardown),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
