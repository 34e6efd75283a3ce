#pragma once
/* The host's openssl program. It prints to standard output, which stays in
 * the agent's memory; passphrases go by the environment. */
#include "../program.h"

void openssl_begin(struct program *p, struct module_call *call, const char *verb);
/* name: of an argument that holds a passphrase; -passin env:… when it is given. */
void openssl_passphrase(struct program *p, const char *option, const char *name);
/* Text of a request or certificate in PEM: verb is "req" or "x509"; without its
 * signature, serial number and times. "" where it cannot be parsed. */
int openssl_describe(struct module_call *call, const char *verb, struct slice pem,
		     struct slice *ret, struct err *err);
/* PEM of the public key of a request or certificate. */
int openssl_public_key(struct module_call *call, const char *verb, struct slice pem,
		       struct slice *ret, struct err *err);
/* The subject, one line, RFC 2253. */
int openssl_subject(struct module_call *call, const char *verb, const char *field, struct slice pem,
		    struct slice *ret, struct err *err);

/* A value in openssl's configuration format (config(5ssl)). */
void openssl_conf_put(struct strbuf *out, const char *name, const char *value);
