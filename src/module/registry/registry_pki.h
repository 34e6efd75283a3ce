#pragma once
/* The pki modules' rows of the registry; pki_tables.c defines them. */
#define MODULES_PKI(X) X(pki_ca) X(pki_cert) X(pki_key) X(pki_info)
