/*
 * openssl_publickey: the public half of a private key that is on the host, or given.
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_publickey_module.html
 */
#include "../call.h"
#include "certificate_text.h"
#include "openssl_run.h"
#include "rollout/base/digest.h"
#include "rollout/module/attributes.h"

/* SubjectPublicKeyInfo of Ed25519 (RFC 8410): a head of 12 bytes, and the key. */
#define ED25519_HEAD 12u
#define ED25519_LEN 32u

static const char *const formats[] = {"OpenSSH", "PEM", NULL};

static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The file of the public key."},
	{.name = "privatekey_path", .type = MODULE_PATH, .doc = "The private key, on the host."},
	{.name = "privatekey_content",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "The private key itself."},
	{.name = "privatekey_passphrase", .type = MODULE_STR, .secret = true, .doc = "Opens it."},
	{.name = "format",
	 .type = MODULE_STR,
	 .fallback = "PEM",
	 .choices = formats,
	 .doc = "How the public key is written."},
	OPENSSL_FILE_PARAMS("Writes it anew.", "publickey"),
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

static int read_public(struct module_call *call, struct slice *ret, struct err *err)
{
	struct program p;
	openssl_begin(&p, call, "pkey");
	program_add(&p, "-pubout");
	program_add(&p, "-in");
	program_add(&p, openssl_key(&p, "privatekey"));
	openssl_passphrase(&p, "-passin", "privatekey_passphrase");
	int r = program_read(&p, err);
	*ret = p.out;
	return r;
}

static void put_string(struct strbuf *out, const char *bytes, size_t len)
{
	const char head[] = {0, 0, 0, (char)len};
	strbuf_append(out, head, sizeof(head));
	strbuf_append(out, bytes, len);
}

/* ssh-keygen converts all kinds but this one. RFC 8709, section 4. */
static bool ed25519(struct module_call *call, struct slice pem, struct slice *ret)
{
	static const char name[] = "ssh-ed25519";
	static const char head[ED25519_HEAD] = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21";
	CLEANUP(strbuf_release) struct strbuf der = {0}, blob = {0}, line = {0};
	if (certificate_der(pem, &der) < 0 || der.len != ED25519_HEAD + ED25519_LEN ||
	    memcmp(der.ptr, head, ED25519_HEAD) != 0)
		return false;
	put_string(&blob, name, strlen(name));
	put_string(&blob, der.ptr + ED25519_HEAD, ED25519_LEN);
	strbuf_printf(&line, "%s ", name);
	base64_encode(&line, blob.ptr, blob.len);
	strbuf_putc(&line, '\n');
	*ret = arena_slice(call->arena, strbuf_slice(&line));
	return true;
}

static int as_openssh(struct module_call *call, struct slice pem, struct slice *ret,
		      struct err *err)
{
	struct program p;
	const char *const words[] = {"-i", "-m", "PKCS8", "-f", "/dev/stdin", NULL};
	if (ed25519(call, pem, ret))
		return 0;
	program_init(&p, call, "ssh-keygen");
	program_add_all(&p, words);
	p.stdin_bytes = pem;
	int r = program_read(&p, err);
	*ret = p.out;
	return r;
}

/* OpenSSH's line may have a comment; PEM is the same in each line. */
static bool is_same(const struct module_call *call, struct slice a, struct slice b)
{
	struct slice x, y;
	if (strcmp(arg_str(call, "format"), "PEM") == 0)
		return slice_eq(slice_trim(a), slice_trim(b));
	for (int i = 0; i < 2; i++) {
		bool more = slice_word(&a, &x);
		if (!slice_word(&b, &y) || !more || !slice_eq(x, y))
			return false;
	}
	return true;
}

static int present(struct module_call *call, const char *path, struct err *err)
{
	struct slice old = {"", 0}, pem = {"", 0}, new;
	int r = openssl_need(call, "privatekey", err);
	if (r == 0)
		r = read_public(call, &pem, err);
	new = pem;
	if (r == 0 && strcmp(arg_str(call, "format"), "OpenSSH") == 0)
		r = as_openssh(call, pem, &new, err);
	if (r == 0)
		r = call_read(call, path, &old, err);
	if (r < 0)
		return r;
	bool keep = !arg_bool(call, "force") && is_same(call, old, new);
	struct value *digests = certificate_digests(call->arena, pem);
	if (digests)
		result_put(call, "fingerprint", digests);
	if (arg_bool(call, "return_content"))
		result_put(call, "publickey", value_str(call->arena, keep ? old : new));
	if (arg_bool(call, "force"))
		result_changed(call);
	return openssl_file_settle(call, path, old, keep ? NULL : &new, err);
}

static int run(struct module_call *call, struct err *err)
{
	const char *path = call_absolute_path(call, NULL, arg_str(call, "path"));
	result_put_str(call, "filename", path);
	result_put_str(call, "privatekey", arg_str(call, "privatekey_path"));
	result_put_str(call, "format", arg_str(call, "format"));
	int r = strcmp(arg_str(call, "state"), "absent") == 0 ? openssl_file_remove(call, path, err)
							      : present(call, path, err);
	return program_settle(call, r, err);
}

static const char *const excludes[] = {"privatekey_path|privatekey_content", NULL};

const struct module module_openssl_publickey = {
	.name = "openssl_publickey",
	.full_name = "community.crypto.openssl_publickey",
	.doc = "Writes the public key of a private one.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
