#pragma once
/* The host's openssl program. It prints to standard output, which stays in
 * the agent's memory; passphrases go by the environment. */
#include "../program.h"

/* The rows that its files share. */
#define OPENSSL_STATE_PARAM                                                                        \
	{                                                                                          \
		.name = "state", .type = MODULE_STR, .fallback = "present",                        \
		.choices = openssl_states, .doc = "Whether it is there."                           \
	}
#define OPENSSL_BACKEND_PARAM                                                                      \
	{                                                                                          \
		.name = "select_crypto_backend", .type = MODULE_STR,                               \
		.doc = "Accepted; it is the host's openssl."                                       \
	}
#define OPENSSL_WRITE_PARAMS                                                                       \
	{.name = "backup",                                                                         \
	 .type = MODULE_BOOL,                                                                      \
	 .fallback = "false",                                                                      \
	 .doc = "Keeps the old one under a name with the time."},                                  \
	{                                                                                          \
		.name = "unsafe_writes", .type = MODULE_BOOL, .fallback = "false",                 \
		.doc = "Accepted; the file is replaced."                                           \
	}
#define OPENSSL_RETURN_PARAM(content_)                                                             \
	{                                                                                          \
		.name = "return_content", .type = MODULE_BOOL, .fallback = "false",                \
		.doc = "Gives it back as " content_ "."                                            \
	}
#define OPENSSL_FILE_PARAMS(forced_, content_)                                                     \
	{.name = "force", .type = MODULE_BOOL, .fallback = "false", .doc = forced_},               \
		OPENSSL_STATE_PARAM, OPENSSL_BACKEND_PARAM, OPENSSL_WRITE_PARAMS,                  \
		OPENSSL_RETURN_PARAM(content_)
extern const char *const openssl_states[];

void openssl_begin(struct program *p, struct module_call *call, const char *verb);
/* As openssl_begin, for one that reads texts which are no files: what is not secret
 * through openssl_text, a key through openssl_key. */
void openssl_begin_with(struct program *p, struct module_call *call, const char *verb);
/* The text as a file for openssl; fd is 3, 4 or 5, each once. It goes by the environment. */
const char *openssl_text(struct program *p, unsigned fd, struct slice text);
/* The key of NAME_content, which goes by the standard input, or of NAME_path. */
const char *openssl_key(struct program *p, const char *name);
/* NAME_content is given, or there is a file NAME_path. Where check mode assumes that
 * one would be made: ERR_UNKNOWN. */
int openssl_need(struct module_call *call, const char *name, struct err *err);
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

/* The file as it is to be: `new` (NULL: it stays) in place of `old`, which `backup`
 * keeps, with the attributes that are asked for. */
int openssl_file_settle(struct module_call *call, const char *path, struct slice old,
			const struct slice *new, struct err *err);
/* state: absent. */
int openssl_file_remove(struct module_call *call, const char *path, struct err *err);

/* A value in openssl's configuration format (config(5ssl)). */
void openssl_conf_put(struct strbuf *out, const char *name, const char *value);
