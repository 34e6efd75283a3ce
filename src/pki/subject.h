#pragma once
/* Who a certificate is about: the subject's name and the alternative names,
 * checked before OpenSSL sees them so that messages name the argument. */
#include "openssl.h"

#define SUBJECT_SANS_MAX 256

struct subject {
	const char *common_name, *country, *state, *locality; /* NULL: none */
	const char *const *organizations, *const *units;      /* NULL-terminated, or NULL */
};

/* RFC 5280 appendix A's upper bounds; countryName is two letters. ERR_INVALID. */
int subject_name(const struct subject *s, X509_NAME **ret, struct err *err);
/* Byte for byte, unlike X509_NAME_cmp, which folds case. */
bool subject_equal(const X509_NAME *a, const X509_NAME *b);
/* "O=homelab, CN=etcd-1" */
void subject_print(const X509_NAME *name, struct strbuf *out);

/* From lists of DNS names and addresses; repeated ones once. *ret is NULL when
 * there are none. ERR_INVALID, ERR_LIMIT. */
int sans_build(const char *const *dns, const char *const *ip, GENERAL_NAMES **ret, struct err *err);
/* As sets; NULL is the empty one. */
bool sans_equal(const GENERAL_NAMES *a, const GENERAL_NAMES *b);
/* "DNS:etcd-1, IP:10.0.0.1" */
void sans_print(const GENERAL_NAMES *sans, struct strbuf *out);
