#include "subject.h"

#include <arpa/inet.h>
#include <ctype.h>

static int add_text(X509_NAME *name, int nid, const char *argument, const char *text,
		    struct err *err)
{
	size_t max = nid == NID_localityName || nid == NID_stateOrProvinceName ? 128 : 64;
	/* Characters, not bytes: the bounds of RFC 5280 count those. */
	size_t len = 0;
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(err, ERR_INVALID, "%s holds a control character", argument);
		len += ((unsigned char)*p & 0xc0) != 0x80;
	}
	if (len > max)
		return err_set(err, ERR_INVALID, "%s '%s' is longer than %zu characters", argument,
			       text, max);
	if (!X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1,
					-1, 0))
		return openssl_err(err, "%s '%s'", argument, text);
	return 0;
}

static int add_country(X509_NAME *name, const char *country, struct err *err)
{
	if (strlen(country) != 2 || !isalpha((unsigned char)country[0]) ||
	    !isalpha((unsigned char)country[1]))
		return err_set(err, ERR_INVALID,
			       "country '%s' is not a two-letter code (ISO 3166-1: DE, IN, US, …)",
			       country);
	const unsigned char upper[2] = {(unsigned char)toupper((unsigned char)country[0]),
					(unsigned char)toupper((unsigned char)country[1])};
	if (!X509_NAME_add_entry_by_NID(name, NID_countryName, MBSTRING_ASC, upper, 2, -1, 0))
		return openssl_err(err, "country '%s'", country);
	return 0;
}

static int add_one(X509_NAME *name, int nid, const char *argument, const char *text,
		   struct err *err)
{
	return text && *text ? add_text(name, nid, argument, text, err) : 0;
}

static int add_all(X509_NAME *name, int nid, const char *argument, const char *const *texts,
		   struct err *err)
{
	int r = 0;
	for (; r == 0 && texts && *texts; texts++)
		r = add_one(name, nid, argument, *texts, err);
	return r;
}

int subject_name(const struct subject *s, X509_NAME **ret, struct err *err)
{
	CLEANUP(x509_name_free) X509_NAME *name = X509_NAME_new();
	if (!name)
		return openssl_err(err, "make a name");
	int r = 0;
	if (s->country && *s->country)
		r = add_country(name, s->country, err);
	if (r == 0)
		r = add_one(name, NID_stateOrProvinceName, "state", s->state, err);
	if (r == 0)
		r = add_one(name, NID_localityName, "locality", s->locality, err);
	if (r == 0)
		r = add_all(name, NID_organizationName, "organization", s->organizations, err);
	if (r == 0)
		r = add_all(name, NID_organizationalUnitName, "organizational_unit", s->units, err);
	if (r == 0)
		r = add_one(name, NID_commonName, "common_name", s->common_name, err);
	if (r < 0)
		return r;
	if (X509_NAME_entry_count(name) == 0)
		return err_set(err, ERR_INVALID, "the subject is empty: common_name is missing");
	*ret = name;
	name = NULL;
	return 0;
}

bool subject_equal(const X509_NAME *a, const X509_NAME *b)
{
	unsigned char *da = NULL, *db = NULL;
	int la = i2d_X509_NAME(a, &da), lb = i2d_X509_NAME(b, &db);
	bool equal = la > 0 && la == lb && memcmp(da, db, (size_t)la) == 0;
	OPENSSL_free(da);
	OPENSSL_free(db);
	return equal;
}

void subject_print(const X509_NAME *name, struct strbuf *out)
{
	CLEANUP(bio_free) BIO *bio = BIO_new(BIO_s_mem());
	unsigned long flags =
		(XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0)
		openssl_bio_text(bio, out);
}

static bool is_address(const char *text)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* RFC 1123 labels, "_" as SRV names have it, "*" alone as the first label (RFC 6125). */
static bool is_dns_name(const char *text)
{
	size_t len = strlen(text), label = 0;
	if (len == 0 || len > 253)
		return false;
	if (text[0] == '*' && text[1] == '.')
		text += 2;
	for (char before = '.';; before = *text++) {
		if (*text == '.' || *text == '\0') {
			if (label == 0 || label > 63 || before == '-')
				return false;
			if (*text == '\0')
				return true;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)*text) && *text != '_' && (*text != '-' || label == 0))
			return false;
		label++;
	}
}

static int check_san(bool is_ip, const char *text, struct err *err)
{
	if (is_ip && !is_address(text))
		return err_set(err, ERR_INVALID, "ip '%s' is not an IPv4 or IPv6 address", text);
	if (!is_ip && is_address(text))
		return err_set(err, ERR_INVALID, "dns '%s' is an address: it belongs under ip",
			       text);
	if (!is_ip && !is_dns_name(text))
		return err_set(err, ERR_INVALID, "dns '%s' is not a DNS name", text);
	return 0;
}

static bool sans_hold(const GENERAL_NAMES *sans, const GENERAL_NAME *one)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(sans); i++) {
		if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(sans, i), (GENERAL_NAME *)one) == 0)
			return true;
	}
	return false;
}

static int add_sans(GENERAL_NAMES *sans, bool is_ip, const char *const *texts, struct err *err)
{
	for (; texts && *texts; texts++) {
		int r = check_san(is_ip, *texts, err);
		if (r < 0)
			return r;
		GENERAL_NAME *one =
			a2i_GENERAL_NAME(NULL, NULL, NULL, is_ip ? GEN_IPADD : GEN_DNS, *texts, 0);
		if (!one)
			return openssl_err(err, "name '%s'", *texts);
		if (sans_hold(sans, one))
			GENERAL_NAME_free(one);
		else
			sk_GENERAL_NAME_push(sans, one);
		if (sk_GENERAL_NAME_num(sans) > SUBJECT_SANS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d names in one certificate",
				       SUBJECT_SANS_MAX);
	}
	return 0;
}

int sans_build(const char *const *dns, const char *const *ip, GENERAL_NAMES **ret, struct err *err)
{
	CLEANUP(general_names_free) GENERAL_NAMES *sans = sk_GENERAL_NAME_new_null();
	int r = add_sans(sans, false, dns, err);
	if (r == 0)
		r = add_sans(sans, true, ip, err);
	if (r < 0)
		return r;
	*ret = NULL;
	if (sk_GENERAL_NAME_num(sans) > 0) {
		*ret = sans;
		sans = NULL;
	}
	return 0;
}

static int sans_count(const GENERAL_NAMES *sans)
{
	return sans ? sk_GENERAL_NAME_num(sans) : 0;
}

bool sans_equal(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	if (sans_count(a) != sans_count(b))
		return false;
	for (int i = 0; i < sans_count(a); i++) {
		if (!sans_hold(b, sk_GENERAL_NAME_value(a, i)))
			return false;
	}
	return true;
}

static void print_san(const GENERAL_NAME *san, struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN] = "?";
	int type = 0;
	const ASN1_STRING *string = GENERAL_NAME_get0_value(san, &type);
	if (type == GEN_DNS) {
		strbuf_printf(out, "DNS:%.*s", ASN1_STRING_length(string),
			      (const char *)ASN1_STRING_get0_data(string));
	} else if (type == GEN_IPADD) {
		int family = ASN1_STRING_length(string) == 4 ? AF_INET : AF_INET6;
		inet_ntop(family, ASN1_STRING_get0_data(string), text, sizeof(text));
		strbuf_printf(out, "IP:%s", text);
	} else {
		strbuf_printf(out, "other:%d", type);
	}
}

void sans_print(const GENERAL_NAMES *sans, struct strbuf *out)
{
	for (int i = 0; i < sans_count(sans); i++) {
		if (i > 0)
			strbuf_puts(out, ", ");
		print_san(sk_GENERAL_NAME_value(sans, i), out);
	}
}
