/* A certificate in words: for results and diffs. */
#include "certificate.h"

#include <time.h>

static void put_hex(struct strbuf *out, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		strbuf_printf(out, "%02x", bytes[i]);
}

void certificate_serial(const X509 *cert, struct strbuf *out)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	put_hex(out, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
}

void certificate_fingerprint(const X509 *cert, struct strbuf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	if (X509_digest(cert, EVP_sha256(), digest, &len))
		put_hex(out, digest, len);
}

static void put_name(struct strbuf *out, const char *label, const X509_NAME *name)
{
	strbuf_puts(out, label);
	subject_print(name, out);
	strbuf_putc(out, '\n');
}

static void put_sans(struct strbuf *out, X509 *cert)
{
	CLEANUP(general_names_free)
	GENERAL_NAMES *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	if (!sans)
		return;
	strbuf_puts(out, "names: ");
	sans_print(sans, out);
	strbuf_putc(out, '\n');
}

static void put_usage(struct strbuf *out, X509 *cert)
{
	if (X509_check_ca(cert) == 1) {
		long path_length = X509_get_pathlen(cert);
		strbuf_puts(out, "usage: CA");
		if (path_length >= 0)
			strbuf_printf(out, ", path length %ld", path_length);
		strbuf_putc(out, '\n');
		return;
	}
	uint32_t usage = X509_get_extended_key_usage(cert);
	bool server = usage & XKU_SSL_SERVER, client = usage & XKU_SSL_CLIENT;
	strbuf_printf(out, "usage: %s%s%s\n", server ? "server" : "", server && client ? ", " : "",
		      client ? "client" : "");
}

static void put_key(struct strbuf *out, X509 *cert)
{
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	for (int type = KEY_ECDSA_P256; key && type <= KEY_ED25519; type++) {
		if (key_is_type(key, (enum key_type)type))
			strbuf_printf(out, "key: %s\n", key_type_name((enum key_type)type));
	}
}

void certificate_describe(X509 *cert, struct strbuf *out)
{
	if (!cert)
		return;
	time_t end = (time_t)certificate_end_s(cert);
	struct tm tm;
	char date[32] = "";
	if (gmtime_r(&end, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	put_name(out, "subject: ", X509_get_subject_name(cert));
	put_name(out, "issuer: ", X509_get_issuer_name(cert));
	put_sans(out, cert);
	put_usage(out, cert);
	put_key(out, cert);
	strbuf_printf(out, "ends: %s\n", date);
}
