/* openssl_csr's extensions and subject, keys that are given as text to it and to
 * x509_certificate, and openssl_publickey, with the real openssl. */
#include "program_bed.h"
#include "rollout/value/yaml.h"

#include <stdlib.h>

#define CSR(more) "{\"path\": \"@/c.csr\", \"privatekey_path\": \"@/c.key\"" more "}"
/* Before OpenSSL 3.2 names have blanks around their "=". */
#define TEXT "openssl req -in c.csr -noout -text | tr -s ' \\n' ' ' | sed 's/ = /=/g' | grep -qF "

static const struct program_case extensions[] = {
	{.module = "openssl_csr", .args = CSR(", \"CN\": \"a.x\""), .changed = true},
	{.module = "openssl_csr",
	 .args = CSR(", \"CN\": \"a.x\", \"ocsp_must_staple\": true, "
		     "\"ocspMustStaple_critical\": true"),
	 .changed = true,
	 .after = TEXT "'TLS Feature: critical status_request'"},
	{.module = "openssl_csr",
	 .args = CSR(", \"CN\": \"a.x\", \"ocsp_must_staple\": true"),
	 .changed = true,
	 .after = TEXT "'TLS Feature: status_request'"},
	{.module = "openssl_csr",
	 .args = CSR(", \"CN\": \"ca\", \"use_common_name_for_san\": false, "
		     "\"name_constraints_permitted\": [\"DNS:.x\", \"IP:10.0.0.0/9\", "
		     "\"dirName:CN = a\\\\, b, O = y\"], \"name_constraints_excluded\": "
		     "\"IP:fd00::/8,email:.z\", \"name_constraints_critical\": true"),
	 .changed = true,
	 .after = TEXT "'Constraints: critical Permitted: DNS:.x IP:10.0.0.0/255.128.0.0 "
		       "DirName:O=y, CN=\"a, b\" Excluded: IP:FD00:0:0:0:0:0:0:0/FF00:' && "
		       "! " TEXT "DNS:ca"},
	/* Without any field of a subject. */
	{.module = "openssl_csr",
	 .args = CSR(", \"subject_key_identifier\": \"00:1122:aB\""),
	 .changed = true,
	 .after = TEXT "'Subject Key Identifier: 00:11:22:AB'"},
	{.module = "openssl_csr",
	 .args = CSR(", \"create_subject_key_identifier\": true"),
	 .changed = true,
	 .after = "! " TEXT "'00:11:22:AB'"},
	{.module = "openssl_csr",
	 .args = CSR(", \"create_subject_key_identifier\": true, \"subject_key_identifier\": "
		     "\"00\""),
	 .msg = "cannot be specified if create_subject_key_identifier is true"},
	{.module = "openssl_csr",
	 .args = CSR(", \"authority_key_identifier\": \"00:11\", \"authority_cert_issuer\": "
		     "[\"DNS:ca.x\", \"email:a\\u0040x\", \"URI:http://x/a,b\", \"IP:fd00::1\", "
		     "\"RID:1.2.3\", \"dirName:/CN=my, ca/C=DE/emailAddress=a\\u0040x\"], "
		     "\"authority_cert_serial_number\": "
		     "\"340282366920938463463374607431768211456\""),
	 .changed = true,
	 .after = TEXT "'keyid:00:11 DNS:ca.x email:a' && " TEXT
		       "'x URI:http://x/a,b IP Address:FD00:0:0:0:0:0:0:1 Registered ID:1.2.3 "
		       "DirName:/emailAddress=a' && " TEXT
		       "'x/C=DE/CN=my, ca serial:01:00:00:00:00:00'"},
	{.module = "openssl_csr",
	 .args = CSR(", \"authority_cert_issuer\": [\"DNS:ca.x\"], "
		     "\"authority_cert_serial_number\": 5"),
	 .changed = true,
	 .after = TEXT "'Identifier: DNS:ca.x serial:05'"},
	{.module = "openssl_csr",
	 .args = CSR(", \"authority_cert_issuer\": [\"DNS:ca.x\"]"),
	 .msg = "are required together"},
	{.module = "openssl_csr",
	 .args = CSR(", \"crl_distribution_points\": [{\"full_name\": [\"URI:http://x/a,b.crl\", "
		     "\"URI:ldap://x\"], \"reasons\": [\"key_compromise\", \"aa_compromise\"]}, "
		     "{\"relative_name\": [\"CN=r # 1\"], \"crl_issuer\": \"dirName:CN=i,O=y\"}]"),
	 .changed = true,
	 .after = TEXT "'Full Name: URI:http://x/a,b.crl URI:ldap://x Reasons: Key Compromise, AA "
		       "Compromise Relative Name: CN=r # 1 CRL Issuer: DirName:O=y, CN=i'"},
	{.module = "openssl_csr",
	 .args = CSR(", \"subject_alt_name\": [\"URI:http://x/a,b\", \"dirName:CN=i,O=y\", "
		     "\"otherName:1.2.3.4;UTF8:t\", \"IP:::1\"], \"subject_alt_name_critical\": "
		     "true"),
	 .changed = true,
	 .after = TEXT "'Name: critical URI:http://x/a,b, DirName:/O=y/CN=i, othername:'"},
};

static const struct program_case subjects[] = {
	{.module = "openssl_csr",
	 .args = CSR(", \"subject_ordered\": [{\"CN\": \"a.x\"}, {\"OU\": [\"b\", \"c\"]}, {\"O\": "
		     "\"d\"}, {\"OU\": \"e\"}]"),
	 .changed = true,
	 .after = TEXT "'Subject: CN=a.x, OU=b, OU=c, O=d, OU=e' && " TEXT "DNS:a.x"},
	{.module = "openssl_csr",
	 .args = CSR(", \"subject_ordered\": [{\"OU\": [\"b\", \"c\"]}, {\"CN\": \"a.x\"}]"),
	 .changed = true},
	{.module = "openssl_csr",
	 .args = CSR(", \"O\": \"d\", \"subject_ordered\": [{\"CN\": \"a.x\"}]"),
	 .msg = "cannot be combined with any other subject field"},
	{.module = "openssl_csr",
	 .args = CSR(", \"subject\": {\"commonName\": \"b.x\", \"OU\": [\"e\", \"f\"]}"),
	 .changed = true,
	 .after = TEXT "'Subject: CN=b.x, OU=e, OU=f' && " TEXT "DNS:b.x"},
};

/* As the argument of a module, and what it is. */
static const char *json_text(struct file_bed *b, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf out = {0}, text = {0};
	const char *path = arena_printf(&b->arena, "%s/%s", b->root, name);
	assert_int_equal(b->real->ops->read(b->real, path, 1 << 16, &text, NULL), 0);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\n')
			strbuf_puts(&out, "\\n");
		else
			strbuf_putc(&out, text.ptr[i]);
	return arena_slice(&b->arena, strbuf_slice(&out)).ptr;
}

static void keys(struct file_bed *b)
{
	file_bed_shell(b, "openssl genrsa -out c.key 2048 && openssl genrsa -aes128 -passout "
			  "pass:s3cret -out ca.key 2048 && openssl req -x509 -new -key ca.key "
			  "-passin pass:s3cret -subj '/CN=my ca' -out ca.crt && openssl req "
			  "-x509 -newkey rsa:2048 -nodes -keyout other.key -subj '/CN=my ca' -out "
			  "other.crt");
}

static void test_extensions(void **state)
{
	keys(*state);
	program_bed_run(*state, extensions, ARRAY_LEN(extensions));
}

static void test_subjects(void **state)
{
	keys(*state);
	program_bed_run(*state, subjects, ARRAY_LEN(subjects));
}

/* openssl sees each word that it is started with, and notes it. */
static const char noting[] = "echo \"$*\" >>$R/log; exec /usr/bin/openssl \"$@\"";

#define OWN_CA                                                                                     \
	"{\"path\": \"@/c.crt\", \"csr_content\": \"%s\", \"provider\": \"ownca\", "               \
	"\"ownca_content\": \"%s\", \"ownca_privatekey_content\": \"%s\", "                        \
	"\"ownca_privatekey_passphrase\": \"s3cret\", \"ownca_version\": 3}"

static void test_texts_as_keys(void **state)
{
	struct file_bed *b = *state;
	keys(b);
	program_bed_fake(b, "openssl", noting);
	const char *key = json_text(b, "c.key"), *ca_key = json_text(b, "ca.key"),
		   *ca = json_text(b, "ca.crt");
	file_bed_shell(b, "cp c.key kept; rm c.key ca.key");
	const struct program_case request = {
		.module = "openssl_csr",
		.args = arena_printf(&b->arena,
				     "{\"path\": \"@/c.csr\", \"CN\": \"a.x\", "
				     "\"privatekey_content\": \"%s\"}",
				     key),
		.changed = true,
		.after = "openssl req -in c.csr -noout -verify && [ \"$(openssl req -in c.csr "
			 "-noout -pubkey)\" = \"$(openssl pkey -in kept -pubout)\" ]"};
	program_bed_run(b, &request, 1);
	const char *csr = json_text(b, "c.csr");
	const struct program_case cases[] = {
		{.module = "x509_certificate",
		 .args = arena_printf(&b->arena, OWN_CA, csr, ca, ca_key),
		 .changed = true,
		 .after = "openssl verify -CAfile ca.crt c.crt && openssl x509 -in c.crt -noout "
			  "-text | grep DNS:a.x"},
		{.module = "x509_certificate",
		 .args = arena_printf(&b->arena,
				      "{\"path\": \"@/s.crt\", \"csr_content\": \"%s\", "
				      "\"provider\": \"selfsigned\", \"privatekey_content\": "
				      "\"%s\", \"selfsigned_version\": 3}",
				      csr, key),
		 .changed = true,
		 .after = "openssl verify -CAfile s.crt s.crt"},
	};
	program_bed_run(b, cases, ARRAY_LEN(cases));
	/* Another CA of the same name. */
	const struct program_case other = {.module = "x509_certificate",
					   .args = arena_printf(&b->arena, OWN_CA, csr,
								json_text(b, "other.crt"),
								json_text(b, "other.key")),
					   .changed = true,
					   .after = "openssl verify -CAfile other.crt c.crt"};
	program_bed_run(b, &other, 1);
	/* No line of a key is in any file but the one that was kept, or among words. */
	file_bed_shell(b, "[ -s log ] && line=$(sed -n 5p kept) && [ ${#line} -gt 60 ] && "
			  "! grep -rlF -- \"$line\" . | grep -v kept");
}

#define PUBLIC(more) "{\"path\": \"@/c.pub\", \"privatekey_path\": \"@/c.key\"" more "}"

static const struct program_case public_keys[] = {
	{.module = "openssl_publickey",
	 .args = PUBLIC(""),
	 .changed = true,
	 .after = "openssl pkey -in c.key -pubout | cmp - c.pub"},
	{.module = "openssl_publickey",
	 .args = PUBLIC(", \"format\": \"OpenSSH\", \"mode\": \"0600\", \"backup\": true"),
	 .changed = true,
	 .after =
		 "chmod 600 c.key && ssh-keygen -y -f c.key | cmp - c.pub && [ $(stat -c %a c.pub) "
		 "= 600 ] && ls c.pub.*~ && sed -i 's/$/ me/' c.pub"},
	{.module = "openssl_publickey",
	 .args = PUBLIC(", \"format\": \"OpenSSH\""),
	 .after = "grep -q ' me$' c.pub"},
	{.module = "openssl_publickey",
	 .args = PUBLIC(", \"format\": \"OpenSSH\", \"force\": true"),
	 .changed = true,
	 .again = true,
	 .after = "openssl genpkey -algorithm ed25519 -out c.key && chmod 600 c.key"},
	{.module = "openssl_publickey",
	 .args = PUBLIC(", \"format\": \"OpenSSH\""),
	 .changed = true,
	 .after = "grep -q '^ssh-ed25519 ' c.pub && ssh-keygen -l -f c.pub && openssl pkey -in "
		  "c.key "
		  "-pubout -outform DER | tail -c 32 | base64 >raw && cut -d' ' -f2 c.pub | base64 "
		  "-d | tail -c 32 | base64 | cmp - raw"},
	{.module = "openssl_publickey",
	 .args = "{\"path\": \"@/ca.pub\", \"privatekey_path\": \"@/ca.key\"}",
	 .msg = "openssl pkey ended with"},
	{.module = "openssl_publickey",
	 .args = "{\"path\": \"@/ca.pub\", \"privatekey_path\": \"@/ca.key\", "
		 "\"privatekey_passphrase\": \"s3cret\"}",
	 .changed = true},
	{.module = "openssl_publickey",
	 .args = "{\"path\": \"@/x.pub\", \"privatekey_path\": \"@/none\"}",
	 .msg = "none does not exist"},
	{.module = "openssl_publickey", .args = "{\"path\": \"@/x.pub\"}", .msg = "is needed"},
	{.module = "openssl_publickey",
	 .args = PUBLIC(", \"state\": \"absent\""),
	 .changed = true,
	 .after = "[ ! -e c.pub ]"},
};

static void test_public_keys(void **state)
{
	struct file_bed *b = *state;
	keys(b);
	program_bed_run(b, public_keys, ARRAY_LEN(public_keys));
	const struct program_case text = {
		.module = "openssl_publickey",
		.args = arena_printf(&b->arena,
				     "{\"path\": \"@/t.pub\", \"privatekey_content\": \"%s\"}",
				     json_text(b, "other.key")),
		.changed = true,
		.after = "openssl pkey -in other.key -pubout | cmp - t.pub"};
	program_bed_run(b, &text, 1);
}

static void test_texts_stay_secret(void **state)
{
	struct file_bed *b = *state;
	const struct value *r =
		file_bed_run(b, b->real, "openssl_csr",
			     "{\"path\": \"@/c.csr\", \"CN\": \"a.x\", \"privatekey_content\": "
			     "\"s3cr3t line\", \"return_content\": true}");
	CLEANUP(strbuf_release) struct strbuf all = {0};
	assert_true(value_truthy(value_get(r, "failed")));
	value_repr(&all, r);
	assert_null(strstr(all.ptr, "s3cr3t"));
}

/* Refused where it is read, at its own place. */
static void test_wrong_values(void **state)
{
	(void)state;
	static const struct {
		const char *module, *args, *at, *msg;
	} cases[] = {
		{"openssl_csr", "subject_key_identifier: 'x'", "'x'", "not of at most 64 bytes"},
		{"openssl_csr", "authority_key_identifier: '00:1'", "'00", "not of at most 64"},
		{"openssl_csr", "authority_cert_serial_number: -1", "-1", "not a number"},
		{"openssl_csr", "authority_cert_issuer: ['DNS:x', 'otherName:1.2;UTF8:x']",
		 "'otherName", "otherName is not"},
		{"openssl_csr", "subject_alt_name: ['DNS:x', 'y.x']", "'y.x'",
		 "not a name like DNS:"},
		{"openssl_csr", "subject_alt_name: ['IP:10.0.0.0/8']", "'IP",
		 "not an address like"},
		{"openssl_csr", "subject_alt_name: ['dirName:CN']", "'dir", "not a dirName like"},
		{"openssl_csr", "name_constraints_permitted: ['IP:10.0.0.1']", "'IP",
		 "not a network"},
		{"openssl_csr", "name_constraints_excluded: ['IP:10.0.0.0/33']", "'IP",
		 "not a network"},
		{"openssl_csr", "crl_distribution_points: [{fullname: [x]}]", "fullname",
		 "'fullname' is not one of full_name"},
		{"openssl_csr", "crl_distribution_points: [{full_name: ['DNS:x', 'x']}]", "'x'",
		 "'x' is not a name like"},
		{"openssl_csr", "crl_distribution_points: [{full_name: 'DNS:x', reasons: [no]}]",
		 "no]", "not one of key_compromise"},
		{"openssl_csr", "crl_distribution_points: [{relative_name: ['x']}]", "'x'",
		 "not a field like"},
		{"openssl_csr", "crl_distribution_points: [{reasons: [superseded]}]", "{reasons",
		 "has neither full_name"},
		{"openssl_csr",
		 "crl_distribution_points: [{full_name: 'DNS:x', relative_name: ['CN=x']}]",
		 "{full", "exclude each other"},
		{"openssl_csr", "subject_ordered: [{CN: a, O: b}]", "{CN", "not a mapping of one"},
		{"openssl_csr", "privatekey_path: /a, privatekey_content: b", "{path",
		 "mutually exclusive: privatekey_path"},
		{"x509_certificate", "ownca_version: 2", "2", "not 3, the version"},
		{"x509_certificate", "ownca_path: /a, ownca_content: b", "{path",
		 "mutually exclusive"},
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

/* What templates hold is looked at once they are rendered. */
static void test_templates_are_trusted(void **state)
{
	(void)state;
	static const char text[] =
		"{path: /x, subject_alt_name: ['{{ a }}', 'DNS:x'], crl_distribution_points: "
		"[{full_name: '{{ b }}'}, {full_name: ['URI:{{ c }}']}], "
		"subject_key_identifier: '{{ d }}'}";
	CLEANUP(arena_release) struct arena a = {0};
	struct err err = {0};
	const struct value *args;
	assert_int_equal(yaml_parse(&a, "t.yml", slice_from(text), &args, &err), 0);
	if (module_check_args(module_find(SLICE_LIT("openssl_csr")), args, true, &err) < 0)
		fail_msg("%s", err.msg);
}

int main(void)
{
	if (system("command -v openssl >/dev/null && command -v ssh-keygen >/dev/null") != 0)
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_extensions, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_subjects, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_texts_as_keys, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_public_keys, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_texts_stay_secret, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_templates_are_trusted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
