#pragma once
/* The result fields that the pki modules share. */
#include "../issuance/issuance.h"
#include "rollout/module/module.h"

/* certificate (PEM), serial, fingerprint, not_before, not_after, subject. */
void results_certificate(struct module_call *call, X509 *cert);
/* changed, reason, path, key_path, the warnings on its end, and a diff. */
void results_issuance(struct module_call *call, const struct issuance *i);
/* ca_certificate, ca_chain (this CA up to the root), root_certificate ("" when
 * the root is not in the store); chain: `leaf` (may be NULL) and the CAs below the root. */
void results_chain(struct module_call *call, X509 *leaf, const struct authority *a);
/* private_key in the clear, marked secret, and public_key. */
int results_key(struct module_call *call, const EVP_PKEY *key, struct err *err);
