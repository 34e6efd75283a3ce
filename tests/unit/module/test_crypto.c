/* Keys, requests and certificates, with the real openssl and ssh-keygen. */
#include "program_bed.h"

#include "crypto/certificate_time.h"

#include <stdlib.h>

#define KEYPAIR(more) "{\"path\": \"@/id\"" more "}"

static const struct program_case keypairs[] = {
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ed25519\", \"comment\": \"me@x\""),
	 .changed = true,
	 .unknown = true,
	 .after = "grep -q '^ssh-ed25519 .* me@x$' id.pub && [ $(stat -c %a id) = 600 ]"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ed25519\", \"comment\": \"other\""),
	 .changed = true,
	 .after = "grep -q '^ssh-ed25519 .* other$' id.pub"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ed25519\", \"mode\": \"0400\""),
	 .changed = true,
	 .after = "[ $(stat -c %a id) = 400 ] && rm id.pub"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ed25519\", \"mode\": \"0400\""),
	 .changed = true,
	 .after = "[ -s id.pub ]"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ecdsa\", \"regenerate\": \"fail\""),
	 .msg = "wrong type and/or size"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ecdsa\", \"regenerate\": \"never\", \"mode\": \"0400\"")},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ecdsa\", \"size\": 384"),
	 .changed = true,
	 .unknown = true,
	 .after = "grep -q nistp384 id.pub && ssh-keygen -q -p -P '' -N secret -f id"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ecdsa\", \"size\": 384"),
	 .msg = "Unable to read the key"},
	/* What has a passphrase of another kind is as good as broken. */
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ecdsa\", \"passphrase\": \"an $other' one\""),
	 .msg = "Unable to read the key"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ecdsa\", \"size\": 384, \"passphrase\": \"secret\""),
	 .after = "ssh-keygen -q -p -P secret -N '' -f id"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ecdsa\", \"size\": 384, \"passphrase\": \"secret\""),
	 .msg = "Unable to read the key",
	 .after = "rm id id.pub"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ed25519\", \"passphrase\": \"a $b 'c \\\"d %s\", "
			 "\"comment\": \"me\""),
	 .changed = true,
	 .unknown = true,
	 .after = "[ \"$(ssh-keygen -y -P \"a \\$b 'c \\\"d %s\" -f id)\" = \"$(cat id.pub)\" ] && "
		  "! ssh-keygen -y -P '' -f id && [ $(stat -c %a id) = 600 ]"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ed25519\", \"passphrase\": \"a $b 'c \\\"d %s\", "
			 "\"comment\": \"you\""),
	 .changed = true,
	 .after = "grep -q ' you$' id.pub"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"type\": \"ed25519\", \"passphrase\": \"a\\nb\""),
	 .msg = "passphrase is not one line"},
	{.module = "openssh_keypair",
	 .args = KEYPAIR(", \"state\": \"absent\""),
	 .changed = true,
	 .after = "[ ! -e id ] && [ ! -e id.pub ]"},
};

#define CSR(more)                                                                                  \
	"{\"path\": \"@/c.csr\", \"privatekey_path\": \"@/c.key\", \"common_name\": "              \
	"\"web.example\", \"O\": \"A # 'B' $C\\\\\"" more "}"
#define OWN_CA(more)                                                                               \
	"{\"path\": \"@/c.crt\", \"csr_path\": \"@/c.csr\", \"provider\": \"ownca\", "             \
	"\"ownca_path\": \"@/ca.crt\", \"ownca_privatekey_path\": \"@/ca.key\"" more "}"

static const struct program_case certificates[] = {
	{.module = "openssl_csr", .args = CSR(""), .msg = "c.key does not exist"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/c.key\", \"type\": \"ECC\", \"curve\": \"secp256r1\"}",
	 .changed = true,
	 .after = "[ $(stat -c %a c.key) = 600 ] && openssl pkey -noout -in c.key"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/c.key\", \"type\": \"ECC\", \"curve\": \"secp384r1\", "
		 "\"regenerate\": \"fail\"}",
	 .msg = "wrong type"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/ca.key\", \"size\": 2048, \"passphrase\": \"s3cret\"}",
	 .changed = true,
	 .after = "grep -q ENCRYPTED ca.key"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/ca.key\", \"size\": 2048, \"passphrase\": \"other\", "
		 "\"regenerate\": \"partial_idempotence\"}",
	 .msg = "Unable to read the key"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/e\", \"type\": \"ECC\"}",
	 .msg = "curve"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/e\", \"type\": \"Ed25519\"}",
	 .changed = true},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/e\", \"state\": \"absent\", \"backup\": true}",
	 .changed = true,
	 .after = "ls e.*~ && openssl genrsa -traditional -out old 2048 && cp old same"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/old\", \"size\": 2048}",
	 .after = "cmp old same && grep -q 'BEGIN RSA' old && [ $(stat -c %a old) = 600 ]"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/old\", \"size\": 2048, \"format\": \"pkcs8\", "
		 "\"regenerate\": \"fail\"}",
	 .msg = "wrong type"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/old\", \"size\": 2048, \"format\": \"pkcs8\", "
		 "\"format_mismatch\": \"convert\", \"backup\": true}",
	 .changed = true,
	 .after = "grep -q 'BEGIN PRIVATE' old && cmp old.*~ same && [ \"$(openssl pkey -in old "
		  "-pubout)\" = \"$(openssl pkey -in same -pubout)\" ] && "
		  "openssl rsa -in same -traditional -aes128 -passout pass:s -out old"},
	{.module = "openssl_privatekey",
	 .args = "{\"path\": \"@/old\", \"size\": 2048, \"format\": \"pkcs8\", "
		 "\"format_mismatch\": \"convert\", \"passphrase\": \"s\"}",
	 .changed = true,
	 .after = "grep -q 'BEGIN ENCRYPTED' old && [ \"$(openssl pkey -in old -passin pass:s "
		  "-pubout)\" = \"$(openssl pkey -in same -pubout)\" ]"},
	{.module = "openssl_csr",
	 .args = "{\"path\": \"@/ca.csr\", \"privatekey_path\": \"@/ca.key\", "
		 "\"privatekey_passphrase\": \"s3cret\", \"common_name\": \"my ca\", "
		 "\"use_common_name_for_san\": false, \"basic_constraints\": [\"CA:TRUE\"], "
		 "\"basic_constraints_critical\": true, \"key_usage\": [\"keyCertSign\"], "
		 "\"key_usage_critical\": true}",
	 .changed = true,
	 .after = "openssl req -in ca.csr -noout -text | grep -A1 'Constraints: critical' | grep "
		  "CA:TRUE"},
	{.module = "openssl_csr",
	 .args = CSR(""),
	 .changed = true,
	 .after = "openssl req -in c.csr -noout -subject -nameopt RFC2253,-esc_2253 | grep -F "
		  "\"O=A # 'B' \"'$C\\' && "
		  "openssl req -in c.csr -noout -text | grep DNS:web.example"},
	{.module = "openssl_csr",
	 .args = CSR(", \"subjectAltName\": \"DNS:a.x,IP:10.0.0.1\", \"extended_key_usage\": "
		     "\"serverAuth\", \"mode\": \"0640\""),
	 .changed = true,
	 .after = "openssl req -in c.csr -noout -text | grep 'DNS:a.x, IP Address:10.0.0.1'"},
	{.module = "x509_certificate",
	 .args = "{\"path\": \"@/ca.crt\", \"csr_path\": \"@/ca.csr\", \"provider\": "
		 "\"selfsigned\", \"privatekey_path\": \"@/ca.key\", \"privatekey_passphrase\": "
		 "\"s3cret\", \"selfsigned_not_after\": \"+100d\"}",
	 .changed = true,
	 .after =
		 "openssl x509 -in ca.crt -noout -text | grep CA:TRUE && ! openssl x509 -in ca.crt "
		 "-noout -checkend $((101*86400))"},
	{.module = "x509_certificate",
	 .args = OWN_CA(", \"ownca_privatekey_passphrase\": \"wrong\""),
	 .msg = "sh -c ended with"},
	{.module = "x509_certificate",
	 .args = OWN_CA(", \"ownca_privatekey_passphrase\": \"s3cret\""),
	 .changed = true,
	 .after = "openssl verify -CAfile ca.crt c.crt && openssl x509 -in c.crt -noout -text | "
		  "grep 'DNS:a.x' && openssl x509 -in c.crt -noout -serial >serial"},
	{.module = "openssl_csr", .args = CSR(", \"mode\": \"0640\""), .changed = true},
	{.module = "x509_certificate",
	 .args = OWN_CA(", \"ownca_privatekey_passphrase\": \"s3cret\", \"mode\": \"0600\""),
	 .changed = true,
	 .after = "! openssl x509 -in c.crt -noout -serial | cmp -s - serial && [ $(stat -c %a "
		  "c.crt) = 600 ]"},
	{.module = "x509_certificate",
	 .args = OWN_CA(", \"ownca_not_before\": \"+1d\""),
	 .msg = "begins now"},
	{.module = "openssl_csr",
	 .args = CSR(", \"authority_key_identifier\": \"00:11:fE\", \"backup\": true"),
	 .changed = true,
	 .after =
		 "openssl req -in c.csr -noout -text | grep -A1 'Authority Key' | grep 00:11:FE && "
		 "ls c.csr.*~"},
	{.module = "x509_certificate",
	 .args = "{\"path\": \"@/c.crt\", \"state\": \"absent\", \"backup\": true}",
	 .changed = true,
	 .after = "ls c.crt.*~"},
};

static void test_keypairs(void **state)
{
	program_bed_run(*state, keypairs, ARRAY_LEN(keypairs));
}

/* What it is started with, and what lies in its folder. */
static const char noting[] =
	"echo \"$*\" >>$R/log; env | grep -c ROLLOUT_PASSPHRASE=s3cr3t >>$R/log\n"
	"[ $SSH_ASKPASS ] || exec /usr/bin/ssh-keygen \"$@\"; dir=$(dirname $SSH_ASKPASS); stat -c "
	"%a \"$dir\" >>$R/log\n"
	"cat \"$dir\"/* >>$R/log 2>/dev/null; exec /usr/bin/ssh-keygen \"$@\"";

static void test_passphrase_is_unseen(void **state)
{
	struct file_bed *b = *state;
	static const char args[] = KEYPAIR(", \"type\": \"ed25519\", \"passphrase\": \"s3cr3t\"");
	program_bed_fake(b, "ssh-keygen", noting);
	const struct value *r = file_bed_run(b, b->real, "openssh_keypair", args);
	assert_true(value_truthy(value_get(r, "changed")));
	CLEANUP(strbuf_release) struct strbuf all = {0};
	value_repr(&all, r);
	assert_null(strstr(all.ptr, "s3cr3t"));
	file_bed_shell(
		b, "grep -qx 1 log && grep -qx 700 log && ! grep -r --exclude-dir=bin s3cr3t .");
}

static void test_certificates(void **state)
{
	struct file_bed *b = *state;
	program_bed_run(b, certificates, ARRAY_LEN(certificates));
	file_bed_shell(b, "! ls *.srl 2>/dev/null");
}

static void test_content_of_key(void **state)
{
	static const char args[] = "{\"path\": \"@/c.key\", \"type\": \"Ed25519\", "
				   "\"return_content\": true}";
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	assert_null(value_get(file_bed_run(b, o, "openssl_privatekey", args), "privatekey"));
	host_free(o);
	for (int i = 0; i < 2; i++) {
		const struct value *v = value_get(
			file_bed_run(b, b->real, "openssl_privatekey", args), "privatekey");
		assert_non_null(v);
		assert_true(slice_starts_with(v->str, "-----BEGIN PRIVATE KEY-----\n"));
	}
	assert_string_equal(module_find(SLICE_LIT("openssl_privatekey"))->secret_results[0],
			    "privatekey");
}

/* On a host that has nothing yet: predicted as far as it can be. */
static void test_chain(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	const struct value *r = file_bed_run(b, o, "openssl_privatekey", "{\"path\": \"@/c.key\"}");
	assert_true(value_truthy(value_get(r, "changed")));
	r = file_bed_run(b, o, "openssl_csr", CSR(""));
	assert_non_null(value_get(r, "_unknown"));
	r = file_bed_run(b, o, "x509_certificate", OWN_CA(""));
	assert_non_null(value_get(r, "_unknown"));
	host_free(o);
	file_bed_shell(b, "[ -z \"$(ls)\" ]");
}

static int no_set_attr(struct host *h, const char *path, bool follow, const struct host_attr *attr,
		       struct err *err)
{
	(void)h, (void)follow, (void)attr;
	return err_set(err, ERR_INVALID, "%s gets its mode too late", path);
}

/* Owner and mode come with the content, never after it. */
static void test_modes_with_content(void **state)
{
	static const struct {
		const char *module, *args;
	} calls[] = {
		{"openssh_keypair",
		 "{\"path\": \"@/k\", \"type\": \"ed25519\", \"mode\": \"0400\"}"},
		{"openssl_privatekey",
		 "{\"path\": \"@/c.key\", \"type\": \"Ed25519\", \"mode\": \"0640\"}"},
		{"openssl_csr", CSR(", \"mode\": \"0600\"")},
		{"x509_certificate",
		 "{\"path\": \"@/c.crt\", \"csr_path\": \"@/c.csr\", \"provider\": "
		 "\"selfsigned\", \"privatekey_path\": \"@/c.key\", \"mode\": \"0604\"}"},
	};
	struct file_bed *b = *state;
	const struct host_ops *good = b->real->ops;
	struct host_ops strict = *good;
	strict.set_attr = no_set_attr;
	b->real->ops = &strict;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		const struct value *r = file_bed_run(b, b->real, calls[i].module, calls[i].args);
		const struct value *msg = value_get(r, "msg");
		if (value_truthy(value_get(r, "failed")) || !value_truthy(value_get(r, "changed")))
			fail_msg("%s: %s", calls[i].module, msg ? msg->str.ptr : "");
	}
	b->real->ops = good;
	file_bed_shell(b, "[ \"$(stat -c %a k c.key c.csr c.crt | xargs)\" = '400 640 600 604' ]");
}

static void test_days(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int days; /* 0: refused */
	} cases[] = {
		{"+1d", 1},
		{"+2w", 14},
		{"+25h", 2},
		{"+1d1s", 2},
		{"+", 0},
		{"+d", 0},
		{"+9999999999999999999d", 0},
		{"3650d", 0},
		{"19700111000000Z", 10},
		{"19690101000000Z", 0},
		{"", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t days = 0;
		int r = certificate_days(cases[i].text, 0, &days, NULL);
		if ((r == 0) != (cases[i].days > 0) || (r == 0 && days != cases[i].days))
			fail_msg("%s: %d, %d days", cases[i].text, r, (int)days);
	}
}

int main(void)
{
	if (system("command -v openssl >/dev/null && command -v ssh-keygen >/dev/null") != 0)
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keypairs, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_passphrase_is_unseen, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_certificates, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_modes_with_content, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_content_of_key, file_bed_setup,
						file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_chain, file_bed_setup, file_bed_teardown),
		cmocka_unit_test(test_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
