#include "openssl.h"

#include <openssl/err.h>
#include <stdio.h>

int openssl_err(struct err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return err_set(err, ERR_CRYPTO, "%s: %s", text,
		       reason ? reason : "OpenSSL gives no reason");
}

void openssl_bio_text(BIO *bio, struct strbuf *out)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		strbuf_append(out, data, (size_t)len);
}
