/* Any bytes as a certificate and as a private key: PEM as it is, anything else
 * as DER put into PEM. A certificate that is taken is described, judged, and
 * written and read again. */
#include "../../src/pki/certificate.h"
#include "rollout/base/digest.h"
#include "rollout/pki/modules.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(X509 *cert)
{
	static const char *const dns[] = {"web1", NULL}, *const ip[] = {"10.0.0.1", NULL};
	struct certificate_spec spec = {.usage = USAGE_BOTH, .now_s = 1700000000, .days = 90};
	struct subject subject = {.common_name = "web1"};
	bool held;
	if (subject_name(&subject, &spec.subject, NULL) < 0 ||
	    sans_build(dns, ip, &spec.sans, NULL) < 0)
		abort();
	certificate_reason(cert, X509_get0_pubkey(cert), &spec, NULL, &held);
	certificate_reason(cert, X509_get0_pubkey(cert), &spec, cert, &held);
	certificate_spec_release(&spec);
}

static void check_again(X509 *cert)
{
	CLEANUP(strbuf_release) struct strbuf pem = {0};
	CLEANUP(x509_free) X509 *again = NULL;
	certificate_to_pem(cert, &pem);
	if (pem.len && certificate_from_pem(strbuf_slice(&pem), "again", &again, NULL) < 0)
		abort();
}

static void take_certificate(struct slice pem)
{
	CLEANUP(x509_free) X509 *cert = NULL;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err err = {0};
	if (certificate_from_pem(pem, "fuzz", &cert, &err) < 0)
		return;
	certificate_describe(cert, &text);
	certificate_serial(cert, &text);
	certificate_fingerprint(cert, &text);
	certificate_begin_s(cert);
	judge(cert);
	check_again(cert);
}

static void take_key(struct slice pem)
{
	CLEANUP(pkey_free) EVP_PKEY *key = NULL;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err err = {0};
	if (key_from_pem(pem, NULL, "fuzz", &key, &err) < 0)
		return;
	for (int type = KEY_ECDSA_P256; type <= KEY_ED25519; type++)
		key_is_type(key, (enum key_type)type);
	key_to_pem(key, NULL, &text, &err);
	key_public_to_pem(key, &text, &err);
}

static void wrap(struct strbuf *out, const char *label, struct slice der)
{
	CLEANUP(strbuf_release) struct strbuf base64 = {0};
	base64_encode(&base64, der.ptr, der.len);
	strbuf_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < base64.len; i += 64)
		strbuf_printf(out, "%.64s\n", base64.ptr + i);
	strbuf_printf(out, "-----END %s-----\n", label);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	CLEANUP(strbuf_release) struct strbuf cert = {0};
	CLEANUP(strbuf_release) struct strbuf key = {0};
	if (size && memmem(data, size, "-----BEGIN", 10)) {
		take_certificate(text);
		take_key(text);
		return 0;
	}
	wrap(&cert, "CERTIFICATE", text);
	wrap(&key, "PRIVATE KEY", text);
	take_certificate(strbuf_slice(&cert));
	take_key(strbuf_slice(&key));
	return 0;
}
