#pragma once
/* What openssl prints about a certificate, as x509_certificate_info's results. */
#include "rollout/module/module.h"

/* The rest of the first line that begins so, blanks aside; "" without one. */
struct slice certificate_line(struct slice text, const char *begin);
/* What follows the line that is this. */
struct slice certificate_below(struct slice text, const char *line);
/* From the first "-----BEGIN" to the end of its "-----END"; "" without one. */
struct slice certificate_pem(struct slice text);
/* Of hexadecimal digits; one that is too large for an integer is its decimal digits. */
const struct value *certificate_number(struct arena *a, struct slice hex);
/* What the first PEM in it holds; negative where there is none. */
int certificate_der(struct slice pem, struct strbuf *out);
/* Digests of what a PEM holds, or of DER, by name, "aa:bb:…"; NULL of a broken PEM. */
struct value *certificate_digests(struct arena *a, struct slice pem);
/* Version, algorithm and extensions, of the output of -text. */
void certificate_text_put(struct module_call *call, struct slice text);
