#include "certificate.h"

#include <time.h>

void certificate_spec_release(struct certificate_spec *spec)
{
	X509_NAME_free(spec->subject);
	GENERAL_NAMES_free(spec->sans);
	spec->subject = NULL;
	spec->sans = NULL;
}

bool usage_by_name(const char *name, enum certificate_usage *ret)
{
	if (strcmp(name, "server") == 0)
		*ret = USAGE_SERVER;
	else if (strcmp(name, "client") == 0)
		*ret = USAGE_CLIENT;
	else if (strcmp(name, "both") == 0)
		*ret = USAGE_BOTH;
	else
		return false;
	return true;
}

static int64_t asn1_seconds(const ASN1_TIME *t)
{
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

int64_t certificate_end_s(const X509 *cert)
{
	return asn1_seconds(X509_get0_notAfter(cert));
}

int64_t certificate_begin_s(const X509 *cert)
{
	return asn1_seconds(X509_get0_notBefore(cert));
}

bool certificate_issued_by(X509 *cert, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	return key && X509_check_issued(issuer, cert) == X509_V_OK && X509_verify(cert, key) == 1;
}

/* The end that a certificate issued now would have. */
static int64_t end_if_issued(const struct certificate_spec *spec, const X509 *issuer)
{
	int64_t end = spec->now_s + spec->days * CERTIFICATE_DAY_S;
	if (issuer && certificate_end_s(issuer) < end)
		end = certificate_end_s(issuer);
	return end;
}

static int set_serial(X509 *cert)
{
	CLEANUP(bignum_free) BIGNUM *serial = BN_new();
	if (!serial || !BN_rand(serial, 128, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY))
		return 0;
	return BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL;
}

static int set_fields(X509 *cert, const struct certificate_spec *spec, EVP_PKEY *key,
		      const X509 *issuer)
{
	X509_NAME *by = issuer ? X509_get_subject_name(issuer) : spec->subject;
	return X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	       X509_set_subject_name(cert, spec->subject) && X509_set_issuer_name(cert, by) &&
	       X509_set_pubkey(cert, key) &&
	       ASN1_TIME_set(X509_getm_notBefore(cert),
			     (time_t)(spec->now_s - CERTIFICATE_BACKDATE_S)) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)end_if_issued(spec, issuer));
}

static int add_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *text)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, ctx, nid, text);
	int ok = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static int add_basic_constraints(X509 *cert, X509V3_CTX *ctx, const struct certificate_spec *spec)
{
	char text[64] = "critical,CA:FALSE";
	if (spec->usage == USAGE_CA && spec->path_length >= 0)
		snprintf(text, sizeof(text), "critical,CA:TRUE,pathlen:%d", spec->path_length);
	else if (spec->usage == USAGE_CA)
		snprintf(text, sizeof(text), "critical,CA:TRUE");
	return add_extension(cert, ctx, NID_basic_constraints, text);
}

static int add_usage(X509 *cert, X509V3_CTX *ctx, enum certificate_usage usage, bool rsa)
{
	static const char *const extended[] = {
		[USAGE_CA] = NULL,
		[USAGE_SERVER] = "serverAuth",
		[USAGE_CLIENT] = "clientAuth",
		[USAGE_BOTH] = "serverAuth,clientAuth",
	};
	const char *usages = "critical,digitalSignature";
	if (usage == USAGE_CA)
		usages = "critical,keyCertSign,cRLSign";
	else if (rsa)
		usages = "critical,digitalSignature,keyEncipherment";
	return add_extension(cert, ctx, NID_key_usage, usages) &&
	       (!extended[usage] || add_extension(cert, ctx, NID_ext_key_usage, extended[usage]));
}

static int add_extensions(X509 *cert, const struct certificate_spec *spec, const EVP_PKEY *key,
			  X509 *issuer)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer ? issuer : cert, cert, NULL, NULL, 0);
	/* The subject's identifier comes first: a root's authority identifier is a copy of it. */
	return add_basic_constraints(cert, &ctx, spec) &&
	       add_usage(cert, &ctx, spec->usage, key_is_rsa(key)) &&
	       add_extension(cert, &ctx, NID_subject_key_identifier, "hash") &&
	       add_extension(cert, &ctx, NID_authority_key_identifier, "keyid:always") &&
	       (!spec->sans || X509_add1_ext_i2d(cert, NID_subject_alt_name, spec->sans, 0, 0));
}

int certificate_issue(const struct certificate_spec *spec, EVP_PKEY *key,
		      const struct certificate_issuer *issuer, X509 **ret, bool *ret_clamped,
		      struct err *err)
{
	X509 *by = issuer ? issuer->cert : NULL;
	EVP_PKEY *with = issuer ? issuer->key : key;
	if (end_if_issued(spec, by) <= spec->now_s)
		return err_set(err, ERR_INVALID, "the issuing CA's own certificate has ended");
	CLEANUP(x509_free) X509 *cert = X509_new();
	if (!cert || !set_fields(cert, spec, key, by) || !add_extensions(cert, spec, key, by) ||
	    !X509_sign(cert, with, key_digest(with)))
		return openssl_err(err, "issue a certificate");
	if (by && !certificate_issued_by(cert, by))
		return err_set(err, ERR_CRYPTO,
			       "the issuing CA's key does not belong to its certificate");
	*ret_clamped = end_if_issued(spec, by) < spec->now_s + spec->days * CERTIFICATE_DAY_S;
	*ret = cert;
	cert = NULL;
	return 0;
}

void certificate_to_pem(X509 *cert, struct strbuf *out)
{
	CLEANUP(bio_free) BIO *bio = BIO_new(BIO_s_mem());
	if (bio && PEM_write_bio_X509(bio, cert))
		openssl_bio_text(bio, out);
}

int certificate_from_pem(struct slice pem, const char *path, X509 **ret, struct err *err)
{
	CLEANUP(bio_free) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	if (!cert)
		return openssl_err(err, "%s is not a certificate", path);
	*ret = cert;
	return 0;
}
