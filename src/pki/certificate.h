#pragma once
/*
 * X.509 certificates (RFC 5280): what one shall be (the specification), its
 * issue, and whether one that exists still is what it shall be.
 *
 * All have critical basic constraints and key usage, subject and authority key
 * identifiers, and a random 128-bit serial number. They begin an hour before
 * they are made, for hosts whose clocks are behind.
 */
#include "key.h"
#include "subject.h"

#define CERTIFICATE_BACKDATE_S 3600
#define CERTIFICATE_DAY_S 86400

enum certificate_usage { USAGE_CA, USAGE_SERVER, USAGE_CLIENT, USAGE_BOTH };

struct certificate_spec {
	X509_NAME *subject;
	GENERAL_NAMES *sans; /* NULL: none */
	enum certificate_usage usage;
	int path_length; /* of USAGE_CA; -1: no limit */
	enum key_type key_type;
	int64_t now_s, days;
	int64_t renew_before_days;
	bool force;
};
void certificate_spec_release(struct certificate_spec *spec);

bool usage_by_name(const char *name, enum certificate_usage *ret); /* server, client, both */

/* Signs. issuer NULL: by `key` itself. The end is the issuer's where that comes
 * first; *ret_clamped says so. ERR_CRYPTO; ERR_INVALID: the issuer has ended. */
struct certificate_issuer {
	X509 *cert;
	EVP_PKEY *key;
};
int certificate_issue(const struct certificate_spec *spec, EVP_PKEY *key,
		      const struct certificate_issuer *issuer, X509 **ret, bool *ret_clamped,
		      struct err *err);

/* Why `cert` must be issued anew, in words; NULL when it is as it shall be.
 * cert or key NULL: there is none. issuer NULL: self-signed. An end that is near
 * is no reason while the issuer's own end allows no later one; *ret_held then
 * says so. */
const char *certificate_reason(X509 *cert, EVP_PKEY *key, const struct certificate_spec *spec,
			       X509 *issuer, bool *ret_held);

/* cert's signature is by issuer's key and its issuer name is issuer's subject. */
bool certificate_issued_by(X509 *cert, X509 *issuer);
int64_t certificate_end_s(const X509 *cert); /* seconds since the epoch */
int64_t certificate_begin_s(const X509 *cert);

void certificate_to_pem(X509 *cert, struct strbuf *out);
int certificate_from_pem(struct slice pem, const char *path, X509 **ret, struct err *err);
void certificate_serial(const X509 *cert, struct strbuf *out);	    /* lower-case hex */
void certificate_fingerprint(const X509 *cert, struct strbuf *out); /* SHA-256, lower-case hex */
/* What it says, a line for each field, for diffs. Nothing for NULL. */
void certificate_describe(X509 *cert, struct strbuf *out);
