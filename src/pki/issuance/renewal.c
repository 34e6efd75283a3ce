/* Whether a certificate that exists still is what it shall be: the rules, in
 * the order in which they are told. */
#include "../certificate.h"

/* A new certificate that ends less than this later is not worth its issue. */
#define GAIN_MIN_S 3600

struct question {
	X509 *cert;
	EVP_PKEY *key;
	const struct certificate_spec *spec;
	X509 *issuer;
};

static bool forced(const struct question *q)
{
	return q->spec->force;
}

static bool key_is_other(const struct question *q)
{
	return X509_check_private_key(q->cert, q->key) != 1;
}

static bool key_has_other_type(const struct question *q)
{
	return !key_is_type(q->key, q->spec->key_type);
}

static bool issuer_is_other(const struct question *q)
{
	return !certificate_issued_by(q->cert, q->issuer ? q->issuer : q->cert);
}

static bool subject_is_other(const struct question *q)
{
	return !subject_equal(X509_get_subject_name(q->cert), q->spec->subject);
}

static bool sans_are_other(const struct question *q)
{
	CLEANUP(general_names_free)
	GENERAL_NAMES *sans = X509_get_ext_d2i(q->cert, NID_subject_alt_name, NULL, NULL);
	return !sans_equal(sans, q->spec->sans);
}

static bool usage_is_other(const struct question *q)
{
	bool is_ca = X509_check_ca(q->cert) == 1;
	if (is_ca || q->spec->usage == USAGE_CA)
		return !is_ca || q->spec->usage != USAGE_CA;
	static const uint32_t extended[] = {
		[USAGE_SERVER] = XKU_SSL_SERVER,
		[USAGE_CLIENT] = XKU_SSL_CLIENT,
		[USAGE_BOTH] = XKU_SSL_SERVER | XKU_SSL_CLIENT,
	};
	return X509_get_extended_key_usage(q->cert) != extended[q->spec->usage];
}

static bool path_length_is_other(const struct question *q)
{
	return q->spec->usage == USAGE_CA && X509_get_pathlen(q->cert) != q->spec->path_length;
}

static bool has_ended(const struct question *q)
{
	return certificate_end_s(q->cert) <= q->spec->now_s;
}

static bool end_is_near(const struct question *q)
{
	return certificate_end_s(q->cert) - q->spec->now_s <=
	       q->spec->renew_before_days * CERTIFICATE_DAY_S;
}

static const struct {
	bool (*holds)(const struct question *q);
	const char *text;
} rules[] = {
	{forced, "forced"},
	{key_is_other, "the key does not belong to the certificate"},
	{key_has_other_type, "the key type changed"},
	{issuer_is_other, "the issuer changed"},
	{usage_is_other, "the usage changed"},
	{subject_is_other, "the subject changed"},
	{sans_are_other, "the names changed"},
	{path_length_is_other, "the path length changed"},
	{has_ended, "it has ended"},
};

static bool later_end_possible(const struct question *q)
{
	int64_t end = q->spec->now_s + q->spec->days * CERTIFICATE_DAY_S;
	if (q->issuer && certificate_end_s(q->issuer) < end)
		end = certificate_end_s(q->issuer);
	return end - certificate_end_s(q->cert) >= GAIN_MIN_S;
}

const char *certificate_reason(X509 *cert, EVP_PKEY *key, const struct certificate_spec *spec,
			       X509 *issuer, bool *ret_held)
{
	*ret_held = false;
	if (!cert)
		return "there was none";
	if (!key)
		return "its key was missing";
	struct question q = {cert, key, spec, issuer};
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].holds(&q))
			return rules[i].text;
	}
	if (!end_is_near(&q))
		return NULL;
	*ret_held = !later_end_possible(&q);
	return *ret_held ? NULL : "its end is near";
}
