#include "results.h"

#include <time.h>

static void put_text(struct module_call *call, const char *key, const struct strbuf *text)
{
	result_put(call, key, value_str(call->arena, strbuf_slice(text)));
}

static void put_time(struct module_call *call, const char *key, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[32] = "";
	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	result_put_str(call, key, text);
}

static void put_made(struct module_call *call, const char *key, X509 *cert,
		     void (*make)(const X509 *cert, struct strbuf *out))
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	make(cert, &text);
	put_text(call, key, &text);
}

void results_certificate(struct module_call *call, X509 *cert)
{
	CLEANUP(strbuf_release) struct strbuf pem = {0}, subject = {0};
	certificate_to_pem(cert, &pem);
	put_text(call, "certificate", &pem);
	subject_print(X509_get_subject_name(cert), &subject);
	put_text(call, "subject", &subject);
	put_made(call, "serial", cert, certificate_serial);
	put_made(call, "fingerprint", cert, certificate_fingerprint);
	put_time(call, "not_before", certificate_begin_s(cert));
	put_time(call, "not_after", certificate_end_s(cert));
}

static void warn_of_end(struct module_call *call, const struct issuance *i)
{
	if (i->clamped)
		result_warn(call, "%s ends with its issuer '%s', before the %lld days asked for",
			    i->cert_path, i->issuer->name, (long long)i->spec.days);
	if (i->held)
		result_warn(call,
			    "the end of %s is near, and its issuer '%s' ends no later: renew that "
			    "first",
			    i->cert_path, i->issuer ? i->issuer->name : "itself");
}

void results_issuance(struct module_call *call, const struct issuance *i)
{
	if (i->changed)
		result_changed(call);
	result_put_str(call, "reason", i->reason ? i->reason : "");
	result_put_str(call, "path", i->cert_path);
	result_put_str(call, "key_path", i->key_path);
	warn_of_end(call, i);
	if (!i->reason)
		return;
	CLEANUP(strbuf_release) struct strbuf before = {0}, after = {0};
	certificate_describe(i->old, &before);
	certificate_describe(i->cert, &after);
	strbuf_printf(&after, "issued because: %s\n", i->reason);
	result_diff(call, i->cert_path, strbuf_slice(&before), i->cert_path, strbuf_slice(&after));
}

static void put_chain(struct module_call *call, const char *key, X509 *leaf,
		      const struct authority *a, bool with_root)
{
	CLEANUP(strbuf_release) struct strbuf pem = {0};
	if (leaf)
		certificate_to_pem(leaf, &pem);
	authority_chain_pem(a, 0, with_root, &pem);
	put_text(call, key, &pem);
}

void results_chain(struct module_call *call, X509 *leaf, const struct authority *a)
{
	CLEANUP(strbuf_release) struct strbuf own = {0}, root = {0};
	certificate_to_pem(a->cert, &own);
	put_text(call, "ca_certificate", &own);
	if (a->complete)
		certificate_to_pem(a->chain[a->depth - 1], &root);
	put_text(call, "root_certificate", &root);
	put_chain(call, "chain", leaf, a, false);
	put_chain(call, "ca_chain", NULL, a, true);
}

int results_key(struct module_call *call, const EVP_PKEY *key, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf pem = {0};
	CLEANUP(strbuf_release) struct strbuf public = {0};
	int r = key_to_pem(key, NULL, &pem, err);
	if (r == 0)
		r = key_public_to_pem(key, &public, err);
	if (r < 0)
		return r;
	struct value *secret = value_str(call->arena, strbuf_slice(&pem));
	secret->flags |= VALUE_SECRET;
	result_put(call, "private_key", secret);
	put_text(call, "public_key", &public);
	return 0;
}
