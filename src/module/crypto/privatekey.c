/*
 * openssl_privatekey: a key made on the host by its openssl.
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_privatekey_module.html
 */
#include "../call.h"
#include "../path/path_state.h"
#include "../path/whole_file.h"
#include "openssl_run.h"
#include "regenerate.h"
#include "rollout/module/attributes.h"

#include <stdlib.h>

#define KEY_MODE 0600

static const char *const types[] = {"RSA", "ECC", "Ed25519", "Ed448", "X25519", "X448", NULL};
static const char *const mismatches[] = {"regenerate", "convert", NULL};
static const char *const formats[] = {"auto", "auto_ignore", "pkcs8", NULL};

static const struct module_param params[] = {
	{.name = "path", .type = MODULE_PATH, .required = true, .doc = "The file of the key."},
	{.name = "type",
	 .type = MODULE_STR,
	 .fallback = "RSA",
	 .choices = types,
	 .doc = "Its algorithm."},
	{.name = "size", .type = MODULE_INT, .fallback = "4096", .doc = "Bits of an RSA key."},
	{.name = "curve", .type = MODULE_STR, .doc = "Curve of an ECC key, like secp384r1."},
	{.name = "passphrase", .type = MODULE_STR, .secret = true, .doc = "Encrypts it at rest."},
	{.name = "cipher",
	 .type = MODULE_STR,
	 .fallback = "auto",
	 .doc = "The cipher for that; auto is AES-256."},
	{.name = "format",
	 .type = MODULE_STR,
	 .fallback = "auto_ignore",
	 .choices = formats,
	 .doc = "It is PKCS #8 in each case."},
	OPENSSL_STATE_PARAM,
	OPENSSL_BACKEND_PARAM,
	OPENSSL_WRITE_PARAMS,
	OPENSSL_RETURN_PARAM("privatekey"),
	{.name = "format_mismatch",
	 .type = MODULE_STR,
	 .fallback = "regenerate",
	 .choices = mismatches,
	 .doc = "What becomes of a key that is not in format: pkcs8."},
	REGENERATE_PARAMS("full_idempotence"),
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

/* openssl's name of a curve that has two. */
static const char *curve_name(const char *curve)
{
	if (strcmp(curve, "secp256r1") == 0)
		return "prime256v1";
	return strcmp(curve, "secp192r1") == 0 ? "prime192v1" : curve;
}

static bool is_type(const struct module_call *call, const char *type)
{
	return strcmp(arg_str(call, "type"), type) == 0;
}

/* "Public-Key: (4096 bit)", "ED25519 Public-Key:", "ASN1 OID: prime256v1" */
static bool fits(struct module_call *call, const char *text)
{
	if (is_type(call, "RSA")) {
		const char *bits = strstr(text, "Public-Key: (");
		return bits && strstr(text, "Modulus:") &&
		       strtoll(bits + 13, NULL, 10) == arg_int(call, "size", 4096);
	}
	if (is_type(call, "ECC")) {
		const char *oid = strstr(text, "ASN1 OID: "),
			   *curve = curve_name(arg_str(call, "curve"));
		return oid && strncmp(oid + 10, curve, strlen(curve)) == 0 &&
		       strchr("\r\n", oid[10 + strlen(curve)]);
	}
	return strcasestr(text, arg_str(call, "type")) != NULL;
}

/* The PEM header tells whether it is encrypted. */
static bool has_passphrase(struct slice pem)
{
	return memmem(pem.ptr, pem.len, "ENCRYPTED", 9) != NULL;
}

static bool is_pkcs8(struct slice pem)
{
	static const char plain[] = "BEGIN PRIVATE KEY", locked[] = "BEGIN ENCRYPTED PRIVATE KEY";
	return memmem(pem.ptr, pem.len, plain, strlen(plain)) ||
	       memmem(pem.ptr, pem.len, locked, strlen(locked));
}

static int look(struct module_call *call, const char *path, enum key_fit *ret,
		struct slice *ret_pem, struct err *err)
{
	struct program p;
	struct slice pem;
	bool there = false, wanted = arg_has(call, "passphrase");
	*ret = KEY_ABSENT;
	int r = whole_file_exists(call, path, &there, err);
	if (r < 0 || !there)
		return r;
	r = call_read(call, path, &pem, err);
	if (r < 0)
		return r;
	*ret = KEY_UNREADABLE;
	*ret_pem = pem;
	if (has_passphrase(pem) != wanted)
		return 0;
	openssl_begin(&p, call, "pkey");
	program_add(&p, "-noout");
	program_add(&p, "-text_pub");
	openssl_passphrase(&p, "-passin", "passphrase");
	p.stdin_bytes = pem;
	r = program_probe(&p, err);
	if (r == 0 && p.exit_code == 0)
		*ret = fits(call, p.out.ptr) ? KEY_FITS : KEY_DIFFERS;
	return r;
}

static int make(struct module_call *call, const char *path, struct err *err)
{
	struct program p;
	const char *cipher = arg_str(call, "cipher");
	openssl_begin(&p, call, "genpkey");
	program_add(&p, "-algorithm");
	program_add(&p, is_type(call, "ECC") ? "EC" : arg_str(call, "type"));
	if (is_type(call, "RSA")) {
		program_add(&p, "-pkeyopt");
		program_add_fmt(&p, "rsa_keygen_bits:%lld", (long long)arg_int(call, "size", 4096));
	} else if (is_type(call, "ECC")) {
		program_add(&p, "-pkeyopt");
		program_add_fmt(&p, "ec_paramgen_curve:%s", curve_name(arg_str(call, "curve")));
		program_add(&p, "-pkeyopt");
		program_add(&p, "ec_param_enc:named_curve");
	}
	if (arg_has(call, "passphrase")) {
		program_add_fmt(&p, "-%s", strcmp(cipher, "auto") == 0 ? "aes-256-cbc" : cipher);
		openssl_passphrase(&p, "-pass", "passphrase");
	}
	int r = path_need_folder(call, path, err);
	if (r == 0 && arg_bool(call, "backup"))
		r = path_backup(call, path, err);
	if (r < 0)
		return r;
	result_changed(call);
	host_overlay_assume(call->host,
			    arena_printf(call->arena, "the key %s would be made", path));
	r = program_change(&p, err);
	if (r < 0 || call->check_mode)
		return r;
	return whole_file_settle(call, path, p.out, KEY_MODE, true, err);
}

/* The same key as PKCS #8. */
static int convert(struct module_call *call, const char *path, struct slice pem, struct err *err)
{
	struct program p;
	openssl_begin(&p, call, "pkcs8");
	program_add(&p, "-topk8");
	openssl_passphrase(&p, "-passin", "passphrase");
	if (arg_has(call, "passphrase")) {
		program_add(&p, "-v2");
		program_add(&p, "aes-256-cbc");
		program_add(&p, "-passout");
		program_add(&p, "env:ROLLOUT_PASSPHRASE");
	} else {
		program_add(&p, "-nocrypt");
	}
	p.stdin_bytes = pem;
	int r = program_read(&p, err);
	if (r == 0 && arg_bool(call, "backup"))
		r = path_backup(call, path, err);
	return r < 0 ? r : whole_file_settle(call, path, p.out, KEY_MODE, true, err);
}

static int settle(struct module_call *call, const char *path, struct err *err)
{
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0 || st.type == HOST_ABSENT)
		return r;
	r = attributes_wanted(call, &st, &want, err);
	if (want.mode < 0)
		want.mode = KEY_MODE;
	return r < 0 ? r : attributes_apply(call, path, &want, err);
}

static int remove_key(struct module_call *call, const char *path, struct err *err)
{
	bool there = false;
	int r = whole_file_exists(call, path, &there, err);
	if (r == 0 && there && arg_bool(call, "backup"))
		r = path_backup(call, path, err);
	if (r < 0 || !there)
		return r;
	result_changed(call);
	return call->host->ops->remove(call->host, path, false, err);
}

static int present(struct module_call *call, const char *path, struct err *err)
{
	enum key_fit fit;
	struct slice pem = {"", 0};
	bool anew = false;
	int r = look(call, path, &fit, &pem, err);
	bool other =
		fit == KEY_FITS && strcmp(arg_str(call, "format"), "pkcs8") == 0 && !is_pkcs8(pem);
	bool converts = other && strcmp(arg_str(call, "format_mismatch"), "convert") == 0;
	if (other && !converts)
		fit = KEY_DIFFERS;
	if (r == 0)
		r = regenerate_decide(call, path, fit, &anew, err);
	if (r == 0 && anew)
		r = make(call, path, err);
	else if (r == 0 && converts)
		r = convert(call, path, pem, err);
	return r < 0 ? r : settle(call, path, err);
}

static int give_back(struct module_call *call, const char *path, struct err *err)
{
	struct slice pem = {"", 0};
	int r = arg_bool(call, "return_content") ? call_read(call, path, &pem, err) : 0;
	if (r == 0 && pem.len)
		result_put(call, "privatekey", value_str(call->arena, pem));
	return r;
}

static int apply(struct module_call *call, struct err *err)
{
	const char *path = call_absolute_path(call, NULL, arg_str(call, "path"));
	result_put_str(call, "filename", path);
	result_put_str(call, "type", arg_str(call, "type"));
	result_put_int(call, "size", arg_int(call, "size", 4096));
	if (strcmp(arg_str(call, "state"), "absent") == 0)
		return remove_key(call, path, err);
	if (is_type(call, "ECC") && !arg_has(call, "curve"))
		return err_set(err, ERR_INVALID, "type ECC needs curve, like secp384r1");
	int r = present(call, path, err);
	return r < 0 ? r : give_back(call, path, err);
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

static const char *const secret_results[] = {"privatekey", NULL};

const struct module module_openssl_privatekey = {
	.name = "openssl_privatekey",
	.full_name = "community.crypto.openssl_privatekey",
	.doc = "Makes a private key on the host.",
	.secret_results = secret_results,
	.params = params,
	.run = run,
};
