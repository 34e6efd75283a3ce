/*
 * x509_certificate: signed on the host, by the key itself or by a CA whose key
 * is there. rollout's own CAs are the controller's (docs/pki.md).
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/x509_certificate_module.html
 */
#include "../call.h"
#include "certificate_time.h"
#include "openssl_run.h"
#include "rollout/base/clock.h"
#include "rollout/module/attributes.h"

#include <sys/random.h>

static const char *const providers[] = {"selfsigned", "ownca", NULL};
static const char *const identifiers[] = {"create_if_not_provided", "always_create", "never_create",
					  NULL};
static const char *const selfsigned_not_after_aliases[] = {"selfsigned_notAfter", NULL};
static const char *const selfsigned_not_before_aliases[] = {"selfsigned_notBefore", NULL};

static const char *check_version(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return v->integer == 3 ? NULL : "3, the version of a certificate with extensions";
}

#define VERSION(name_)                                                                             \
	{                                                                                          \
		.name = name_, .type = MODULE_INT, .fallback = "3", .check = check_version,        \
		.doc = "It is 3."                                                                  \
	}

static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The file of the certificate."},
	{.name = "provider",
	 .type = MODULE_STR,
	 .choices = providers,
	 .doc = "Who signs it; needed for state: present."},
	{.name = "csr_path", .type = MODULE_PATH, .doc = "The request, on the host."},
	{.name = "csr_content", .type = MODULE_STR, .doc = "The request itself."},
	{.name = "privatekey_path", .type = MODULE_PATH, .doc = "The key of a self-signed one."},
	{.name = "privatekey_content",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "That key itself."},
	{.name = "privatekey_passphrase", .type = MODULE_STR, .secret = true, .doc = "Opens it."},
	{.name = "selfsigned_not_before",
	 .type = MODULE_STR,
	 .fallback = "+0s",
	 .aliases = selfsigned_not_before_aliases,
	 .doc = "It begins now."},
	{.name = "selfsigned_not_after",
	 .type = MODULE_STR,
	 .fallback = "+3650d",
	 .aliases = selfsigned_not_after_aliases,
	 .doc = "When it ends, rounded up to a day: +3650d, or 20300101000000Z."},
	{.name = "selfsigned_digest",
	 .type = MODULE_STR,
	 .fallback = "sha256",
	 .doc = "Of its signature."},
	{.name = "selfsigned_create_subject_key_identifier",
	 .type = MODULE_STR,
	 .fallback = "create_if_not_provided",
	 .choices = identifiers,
	 .doc = "Whether it names its key."},
	VERSION("selfsigned_version"),
	{.name = "ownca_path", .type = MODULE_PATH, .doc = "The CA's certificate, on the host."},
	{.name = "ownca_content", .type = MODULE_STR, .doc = "The CA's certificate itself."},
	{.name = "ownca_privatekey_path", .type = MODULE_PATH, .doc = "The CA's key, on the host."},
	{.name = "ownca_privatekey_content",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "The CA's key itself."},
	{.name = "ownca_privatekey_passphrase",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "Opens it."},
	{.name = "ownca_not_before",
	 .type = MODULE_STR,
	 .fallback = "+0s",
	 .doc = "It begins now."},
	{.name = "ownca_not_after",
	 .type = MODULE_STR,
	 .fallback = "+3650d",
	 .doc = "When it ends, rounded up to a day."},
	{.name = "ownca_digest",
	 .type = MODULE_STR,
	 .fallback = "sha256",
	 .doc = "Of its signature."},
	{.name = "ownca_create_subject_key_identifier",
	 .type = MODULE_STR,
	 .fallback = "create_if_not_provided",
	 .choices = identifiers,
	 .doc = "Whether it names its key."},
	{.name = "ownca_create_authority_key_identifier",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Whether it names the CA's key."},
	VERSION("ownca_version"),
	OPENSSL_FILE_PARAMS("Signs a new one.", "certificate"),
	{.name = "ignore_timestamps",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; times alone are no reason for a new one."},
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

struct signing {
	struct module_call *call;
	bool own_ca;
	struct slice request, ca; /* PEM */
	const char *digest;
	int64_t days;
};

static int open_text(struct module_call *call, const char *name, struct slice *ret, struct err *err)
{
	const char *content = arena_printf(call->arena, "%s_content", name);
	int r = openssl_need(call, name, err);
	if (r < 0)
		return r;
	if (!arg_has(call, content))
		return call_read(call, arg_str(call, arena_printf(call->arena, "%s_path", name)),
				 ret, err);
	*ret = arg_slice(call, content);
	return 0;
}

static const char *of_provider(const struct signing *s, const char *what)
{
	return arena_printf(s->call->arena, "%s_%s", s->own_ca ? "ownca" : "selfsigned", what);
}

static const char *key_name(const struct signing *s)
{
	return s->own_ca ? "ownca_privatekey" : "privatekey";
}

static int open_signing(struct module_call *call, struct signing *s, struct err *err)
{
	const char *provider = arg_str(call, "provider");
	if (!provider)
		return err_set(err, ERR_INVALID, "provider is needed: selfsigned or ownca");
	*s = (struct signing){.call = call, .own_ca = strcmp(provider, "ownca") == 0};
	s->digest = arg_str(call, of_provider(s, "digest"));
	if (strcmp(arg_str(call, of_provider(s, "not_before")), "+0s") != 0)
		return err_set(err, ERR_UNSUPPORTED, "%s: a certificate begins now",
			       of_provider(s, "not_before"));
	int r = certificate_days(arg_str(call, of_provider(s, "not_after")),
				 clock_realtime_us() / 1000000, &s->days, err);
	if (r == 0)
		r = open_text(call, "csr", &s->request, err);
	if (r == 0)
		r = openssl_need(call, key_name(s), err);
	return r == 0 && s->own_ca ? open_text(call, "ownca", &s->ca, err) : r;
}

/* --- does the one that is there fit? ------------------------------------ */

/* The extension that starts at `at`: its first line, and the value below. */
static bool next_extension(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice line;
	while (slice_split(rest, '\n', &line)) {
		line = slice_trim(line);
		if (!slice_starts_with(line, "X509v3 ") || slice_is(line, "X509v3 extensions:"))
			continue;
		*name = line;
		*value = (struct slice){"", 0};
		(void)slice_split(rest, '\n', value);
		*value = slice_trim(*value);
		return true;
	}
	return false;
}

static bool has_extension(struct slice text, struct slice name, struct slice value)
{
	struct slice n, v;
	while (next_extension(&text, &n, &v))
		if (slice_eq(n, name) && slice_eq(v, value))
			return true;
	return false;
}

/* All that the request asks for is in the certificate. */
static int extensions_fit(const struct signing *s, struct slice old, bool *ret, struct err *err)
{
	struct slice asked = {"", 0}, given = {"", 0}, name, value;
	int r = openssl_describe(s->call, "req", s->request, &asked, err);
	if (r == 0)
		r = openssl_describe(s->call, "x509", old, &given, err);
	while (r == 0 && *ret && next_extension(&asked, &name, &value))
		*ret = has_extension(given, name, value);
	return r;
}

static int issuer_fits(const struct signing *s, struct slice old, bool *ret, struct err *err)
{
	struct program p;
	struct slice issuer = {"", 0}, subject = {"", 0};
	int r = openssl_subject(s->call, "x509", "-issuer", old, &issuer, err);
	if (r == 0)
		r = openssl_subject(s->call, "x509", "-subject", s->ca, &subject, err);
	if (r < 0 || !(*ret = slice_eq(issuer, subject)))
		return r;
	/* The same name does not make it the same CA. */
	openssl_begin_with(&p, s->call, "verify");
	const char *const words[] = {"-partial_chain", "-no_check_time", "-CAfile",
				     openssl_text(&p, 3, s->ca), NULL};
	program_add_all(&p, words);
	p.stdin_bytes = old;
	r = program_probe(&p, err);
	*ret = r == 0 && p.exit_code == 0;
	return r;
}

static int fits(const struct signing *s, struct slice old, bool *ret, struct err *err)
{
	struct slice a = {"", 0}, b = {"", 0};
	*ret = false;
	int r = openssl_public_key(s->call, "req", s->request, &a, err);
	if (r == 0)
		r = openssl_public_key(s->call, "x509", old, &b, err);
	if (r < 0 || !a.len || !slice_eq(a, b))
		return r;
	r = openssl_subject(s->call, "req", "-subject", s->request, &a, err);
	if (r == 0)
		r = openssl_subject(s->call, "x509", "-subject", old, &b, err);
	if (r < 0 || !slice_eq(a, b))
		return r;
	*ret = true;
	r = extensions_fit(s, old, ret, err);
	return r == 0 && *ret && s->own_ca ? issuer_fits(s, old, ret, err) : r;
}

/* --- a new one ----------------------------------------------------------- */

static const char *extensions(const struct signing *s, struct slice request_text)
{
	const char *how = arg_str(s->call, of_provider(s, "create_subject_key_identifier"));
	bool asked = memmem(request_text.ptr, request_text.len, "Subject Key Identifier", 22);
	bool subject = strcmp(how, "always_create") == 0 ||
		       (strcmp(how, "create_if_not_provided") == 0 && !asked);
	bool authority = s->own_ca && arg_bool(s->call, "ownca_create_authority_key_identifier");
	return arena_printf(s->call->arena, "%s%s", subject ? "subjectKeyIdentifier = hash\n" : "",
			    authority ? "authorityKeyIdentifier = keyid\n" : "");
}

/* 126 bits, as CAs shall (at least 64; RFC 5280 allows 160). */
static int add_serial(struct program *p, struct err *err)
{
	uint64_t n[2];
	if (getrandom(n, sizeof(n), 0) != sizeof(n))
		return err_sys(err, "getrandom");
	program_add(p, "-set_serial");
	program_add_fmt(p, "0x%016llx%016llx", (unsigned long long)(n[0] >> 2 | 1),
			(unsigned long long)n[1]);
	return 0;
}

static int sign(const struct signing *s, struct slice *ret, struct err *err)
{
	struct program p;
	struct slice text = {"", 0};
	int r = openssl_describe(s->call, "req", s->request, &text, err);
	if (r < 0 || !text.len)
		return r < 0 ? r : err_set(err, ERR_INVALID, "the request cannot be read");
	openssl_begin_with(&p, s->call, "x509");
	const char *const words[] = {"-req",
				     "-in",
				     openssl_text(&p, 4, s->request),
				     "-extfile",
				     openssl_text(&p, 3, slice_from(extensions(s, text))),
				     "-copy_extensions",
				     "copyall",
				     "-days",
				     NULL};
	program_add_all(&p, words);
	program_add_fmt(&p, "%lld", (long long)s->days);
	program_add_fmt(&p, "-%s", s->digest);
	openssl_passphrase(&p, "-passin",
			   arena_printf(s->call->arena, "%s_passphrase", key_name(s)));
	if (s->own_ca) {
		program_add(&p, "-CA");
		program_add(&p, openssl_text(&p, 5, s->ca));
	}
	program_add(&p, s->own_ca ? "-CAkey" : "-signkey");
	program_add(&p, openssl_key(&p, key_name(s)));
	r = add_serial(&p, err);
	if (r == 0)
		r = program_read(&p, err);
	if (r < 0 && strstr(p.err.ptr ? p.err.ptr : "", "copy_extensions"))
		return err_set(err, ERR_UNSUPPORTED,
			       "the host's openssl is too old: x509_certificate needs 3.0");
	*ret = p.out;
	return r;
}

static int present(struct module_call *call, const char *path, struct err *err)
{
	struct signing s;
	struct slice old = {"", 0}, new;
	bool keep = false;
	int r = open_signing(call, &s, err);
	if (r == 0)
		r = call_read(call, path, &old, err);
	if (r == 0 && old.len && !arg_bool(call, "force"))
		r = fits(&s, old, &keep, err);
	new = old;
	if (r == 0 && !keep)
		r = sign(&s, &new, err);
	if (r == 0)
		r = openssl_file_settle(call, path, old, keep ? NULL : &new, err);
	if (r == 0 && arg_bool(call, "return_content"))
		result_put(call, "certificate", value_str(call->arena, new));
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *path = call_absolute_path(call, NULL, arg_str(call, "path"));
	result_put_str(call, "filename", path);
	result_put_str(call, "privatekey", arg_str(call, "privatekey_path"));
	result_put_str(call, "csr", arg_str(call, "csr_path"));
	int r = strcmp(arg_str(call, "state"), "absent") == 0 ? openssl_file_remove(call, path, err)
							      : present(call, path, err);
	return program_settle(call, r, err);
}

static const char *const excludes[] = {"csr_path|csr_content", "privatekey_path|privatekey_content",
				       "ownca_path|ownca_content",
				       "ownca_privatekey_path|ownca_privatekey_content", NULL};

const struct module module_x509_certificate = {
	.name = "x509_certificate",
	.full_name = "community.crypto.x509_certificate",
	.doc = "Signs a certificate on the host.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
