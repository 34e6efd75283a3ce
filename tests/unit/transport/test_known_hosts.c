#include "probe.h"
#include "ssh/hostkey/hostkey.h"
#include "ssh/hostkey/known_hosts.h"

#include "rollout/base/digest.h"
#include "rollout/base/file.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A blob of that type whose rest is one letter. */
static struct slice blob_of(const char *type, char letter, struct strbuf *to)
{
	const char head[4] = {0, 0, 0, (char)strlen(type)};
	strbuf_truncate(to, 0);
	strbuf_append(to, head, 4);
	strbuf_puts(to, type);
	for (int i = 0; i < 36; i++)
		strbuf_putc(to, letter);
	return strbuf_slice(to);
}

/* $A $B: ed25519 keys; $E: ecdsa; %N%: the hashed form of the name N */
static void expand(struct strbuf *out, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	for (; *text; text++) {
		if (*text == '$') {
			const char *type = *++text == 'E' ? "ecdsa-sha2-nistp256" : "ssh-ed25519";
			strbuf_printf(out, "%s ", type);
			struct slice blob = blob_of(type, *text, &key);
			base64_encode(out, blob.ptr, blob.len);
		} else if (*text == '%') {
			const char *end = strchr(text + 1, '%');
			unsigned char mac[20];
			HMAC(EVP_sha1(), "saltsaltsaltsaltsalt", 20,
			     (const unsigned char *)text + 1, (size_t)(end - text - 1), mac, NULL);
			strbuf_puts(out, "|1|");
			base64_encode(out, "saltsaltsaltsaltsalt", 20);
			strbuf_putc(out, '|');
			base64_encode(out, mac, 20);
			text = end;
		} else {
			strbuf_putc(out, *text);
		}
	}
}

static const struct {
	const char *file, *name;
	int port;
	enum known_hosts_outcome want;
	unsigned line;
} cases[] = {
	{"", "web1", 22, KNOWN_HOSTS_NEW, 0},
	{"web1 $A", "web1", 22, KNOWN_HOSTS_OK, 1},
	{"# c\n\nweb1 $A comment here\n", "web1", 22, KNOWN_HOSTS_OK, 3},
	{"WEB1 $A", "web1", 22, KNOWN_HOSTS_OK, 1},
	{"web1 $A", "WEB1", 22, KNOWN_HOSTS_OK, 1},
	{"web1 $B", "web1", 22, KNOWN_HOSTS_CHANGED, 1},
	{"web1 $E", "web1", 22, KNOWN_HOSTS_NEW, 1},
	{"web1 $B\nweb1 $A", "web1", 22, KNOWN_HOSTS_OK, 2},
	{"web2,web1,10.0.0.1 $A", "10.0.0.1", 22, KNOWN_HOSTS_OK, 1},
	{"web? $A", "web1", 22, KNOWN_HOSTS_OK, 1},
	{"*.example.org $A", "a.example.org", 22, KNOWN_HOSTS_OK, 1},
	{"*.example.org,!a.example.org $A", "a.example.org", 22, KNOWN_HOSTS_NEW, 0},
	{"!a.example.org,*.example.org $A", "a.example.org", 22, KNOWN_HOSTS_NEW, 0},
	{"*a*a*a*a*b $A", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", 22, KNOWN_HOSTS_NEW, 0},
	{"[web1]:2222 $A", "web1", 2222, KNOWN_HOSTS_OK, 1},
	{"[web1]:2222 $A", "web1", 22, KNOWN_HOSTS_NEW, 0},
	{"web1 $A", "web1", 2222, KNOWN_HOSTS_NEW, 0},
	{"%web1% $A", "web1", 22, KNOWN_HOSTS_OK, 1},
	{"%[web1]:2222% $A", "web1", 2222, KNOWN_HOSTS_OK, 1},
	{"%web2% $A", "web1", 22, KNOWN_HOSTS_NEW, 0},
	{"%web1% $B", "web1", 22, KNOWN_HOSTS_CHANGED, 1},
	{"|1|!!!|x $A\n|1| $A\n|1|abc $A", "web1", 22, KNOWN_HOSTS_NEW, 0},
	{"@revoked * $A\nweb1 $A", "web1", 22, KNOWN_HOSTS_IS_REVOKED, 1},
	{"web1 $A\n@revoked web1 $A", "web1", 22, KNOWN_HOSTS_IS_REVOKED, 2},
	{"@revoked web1 $B\nweb1 $A", "web1", 22, KNOWN_HOSTS_OK, 2},
	{"@cert-authority * $A", "web1", 22, KNOWN_HOSTS_NEW, 0},
	{"@unknown web1 $A", "web1", 22, KNOWN_HOSTS_NEW, 0},
	{"web1\nweb1 ssh-ed25519\nweb1 $A\r", "web1", 22, KNOWN_HOSTS_OK, 3},
};

static void finds(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		CLEANUP(strbuf_release) struct strbuf key = {0};
		struct known_hosts kh = {0};
		struct known_hosts_found found;
		expand(&text, cases[i].file);
		known_hosts_add_text(&kh, "known_hosts", strbuf_slice(&text));
		struct slice blob = blob_of("ssh-ed25519", 'A', &key);
		enum known_hosts_outcome got =
			known_hosts_find(&kh, cases[i].name, cases[i].port, blob, &found);
		if (got != cases[i].want || found.at.line != cases[i].line)
			fail_msg("case %zu: outcome %d, line %u", i, (int)got, found.at.line);
		known_hosts_release(&kh);
	}
}

static void policy(const char *file, enum ssh_strict strict, int want, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	CLEANUP(strbuf_release) struct strbuf key = {0};
	struct ssh_options o = {.hostname = "10.0.0.1", .port = 22, .strict = strict};
	struct hostkey_policy p = {0};
	struct err err = {0};
	strbuf_puts(&lines, "");
	expand(&lines, file);
	probe_write("known", lines.len ? lines.ptr : "", 0600);
	o.user_known_hosts = probe_path("known");
	o.global_known_hosts = "/dev/null";
	assert_int_equal(hostkey_policy_load(&p, &o, "web1", "/nohome", &err), 0);
	assert_int_equal(hostkey_policy_check(&p, blob_of("ssh-ed25519", 'A', &key), &err), want);
	if (text && !strstr(err.msg, text))
		fail_msg("no \"%s\" in: %s", text, err.msg);
	hostkey_policy_release(&p);
	ssh_options_release(&o);
}

static void decides(void **state UNUSED)
{
	policy("10.0.0.1 $A", SSH_STRICT_YES, 0, NULL);
	policy("web1 $A", SSH_STRICT_YES, 0, NULL); /* the name the user gave */
	policy("", SSH_STRICT_YES, ERR_HOSTKEY, "ssh-keyscan -t ed25519 -p 22 10.0.0.1 >> ");
	policy("", SSH_STRICT_YES, ERR_HOSTKEY, "SHA256:");
	policy("10.0.0.1 $E", SSH_STRICT_YES, ERR_HOSTKEY, "has its ecdsa-sha2-nistp256 key only");
	policy("x $B\n10.0.0.1 $B", SSH_STRICT_YES, ERR_HOSTKEY, "known:2 has another");
	policy("10.0.0.1 $B", SSH_STRICT_ACCEPT_NEW, ERR_HOSTKEY, "ssh-keygen -f");
	policy("10.0.0.1 $B", SSH_STRICT_NO, 0, NULL);
	policy("@revoked * $A", SSH_STRICT_NO, ERR_HOSTKEY, "revoked");
	policy("web1 $B\n@revoked web1 $A", SSH_STRICT_NO, ERR_HOSTKEY, "revoked");
}

static void accepts_new(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err err = {0};
	policy("other $B", SSH_STRICT_ACCEPT_NEW, 0, NULL); /* no newline at its end */
	assert_int_equal(file_read(probe_path("known"), 4096, &text, &err), 0);
	assert_non_null(strstr(text.ptr, "\n10.0.0.1 ssh-ed25519 "));
	assert_int_equal(text.ptr[text.len - 1], '\n');
}

static void prefers_known_types(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(strbuf_release) struct strbuf types = {0};
	struct hostkey_policy p = {.name = "web1", .port = 22};
	expand(&text, "web1 $E");
	known_hosts_add_text(&p.known, "f", strbuf_slice(&text));
	hostkey_policy_types(&p, &types);
	assert_true(slice_starts_with(strbuf_slice(&types), "ecdsa-sha2-nistp256,ssh-ed25519,"));
	hostkey_policy_release(&p);
}

static void survives_bad_blobs(void **state UNUSED)
{
	static const struct slice blobs[] = {{"", 0},
					     {"\0\0", 2},
					     {"\0\0\0\0", 4},
					     {"\xff\xff\xff\xff", 4},
					     {"\0\0\0\x7fxx", 6}};
	for (size_t i = 0; i < ARRAY_LEN(blobs); i++)
		assert_int_equal(hostkey_blob_type(blobs[i]).len, 0);
}

static int clean(void **state UNUSED)
{
	probe_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(decides),
		cmocka_unit_test(accepts_new),
		cmocka_unit_test(prefers_known_types),
		cmocka_unit_test(survives_bad_blobs),
	};
	return cmocka_run_group_tests(tests, NULL, clean);
}
