/* Parameter tables of the pki modules (docs/pki.md). The controller does their
 * work (the pki layer): run is NULL. */
#include "rollout/module/module.h"

static const char *const key_types[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048",
					"rsa-4096",   "ed25519",    NULL};
static const char *const usages[] = {"server", "client", "both", NULL};

#define DIR_PARAM                                                                                  \
	{                                                                                          \
		.name = "dir", .type = MODULE_PATH, .required = true,                              \
		.doc = "Absolute path on the controller of the folder that holds all CAs."         \
	}

#define KEY_PARAMS                                                                                 \
	{.name = "key_type",                                                                       \
	 .type = MODULE_STR,                                                                       \
	 .fallback = "ecdsa-p256",                                                                 \
	 .choices = key_types,                                                                     \
	 .doc = "Algorithm and size of the key."},                                                 \
	{                                                                                          \
		.name = "passphrase", .type = MODULE_STR, .secret = true,                          \
		.doc = "Encrypts the key at rest; empty is none. At least 8 characters."           \
	}

#define CERTIFICATE_PARAMS(subject_doc)                                                            \
	{.name = "common_name", .type = MODULE_STR, .required = true, .doc = subject_doc},         \
		{.name = "organization",                                                           \
		 .type = MODULE_LIST,                                                              \
		 .element = MODULE_STR,                                                            \
		 .doc = "O of the subject; several are allowed."},                                 \
		{.name = "organizational_unit",                                                    \
		 .type = MODULE_LIST,                                                              \
		 .element = MODULE_STR,                                                            \
		 .doc = "OU of the subject; several are allowed."},                                \
		{.name = "country",                                                                \
		 .type = MODULE_STR,                                                               \
		 .doc = "C of the subject, a two-letter code."},                                   \
		{.name = "state", .type = MODULE_STR, .doc = "ST of the subject."},                \
		{.name = "locality", .type = MODULE_STR, .doc = "L of the subject."},              \
		{.name = "renew_before_days",                                                      \
		 .type = MODULE_INT,                                                               \
		 .doc = "Issues anew this long before the end; a third of days, at most 365, "     \
			"without it."},                                                            \
		{.name = "force",                                                                  \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "false",                                                              \
		 .doc = "Issues anew in any case."},                                               \
	{                                                                                          \
		.name = "new_key", .type = MODULE_BOOL, .fallback = "false",                       \
		.doc = "Makes a new key whenever a certificate is issued, instead of keeping the " \
		       "old one."                                                                  \
	}

static const struct module_param ca_params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Name of the CA: its folder below dir."},
	DIR_PARAM,
	{.name = "issuer",
	 .type = MODULE_STR,
	 .doc = "Name of the CA that signs it; without it it is a root."},
	{.name = "issuer_passphrase",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "Opens the issuer's key where its passphrase is another one."},
	{.name = "path_length",
	 .type = MODULE_INT,
	 .doc = "How many CAs may follow below it; without it as many as the issuer allows."},
	{.name = "days",
	 .type = MODULE_INT,
	 .fallback = "3650",
	 .doc = "Lifetime; ends with the issuer at the latest."},
	CERTIFICATE_PARAMS("CN of the subject."),
	KEY_PARAMS,
	{0},
};

const struct module module_pki_ca = {
	.name = "pki_ca",
	.full_name = "rollout.builtin.pki_ca",
	.doc = "Makes a certificate authority on the controller and keeps it valid.",
	.flags = MODULE_ACTION,
	.params = ca_params,
};

static const struct module_param cert_params[] = {
	{.name = "ca",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Name of the CA that issues it."},
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Name of its files; unique within the CA."},
	DIR_PARAM,
	{.name = "usage",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = usages,
	 .doc = "What it is for: server, client, or both."},
	{.name = "dns",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "DNS names it is valid for."},
	{.name = "ip",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "IP addresses it is valid for."},
	{.name = "ca_passphrase",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "Opens the CA's key where its passphrase is another one."},
	{.name = "days",
	 .type = MODULE_INT,
	 .fallback = "365",
	 .doc = "Lifetime; ends with the issuer at the latest."},
	CERTIFICATE_PARAMS("CN of the subject; not one of the names it is valid for."),
	KEY_PARAMS,
	{0},
};

const struct module module_pki_cert = {
	.name = "pki_cert",
	.full_name = "rollout.builtin.pki_cert",
	.doc = "Issues a certificate on the controller and keeps it valid.",
	.flags = MODULE_ACTION,
	.params = cert_params,
};

static const struct module_param key_params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "Name of its files."},
	DIR_PARAM,
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes a new one in any case."},
	KEY_PARAMS,
	{0},
};

const struct module module_pki_key = {
	.name = "pki_key",
	.full_name = "rollout.builtin.pki_key",
	.doc = "Makes a key pair without a certificate on the controller.",
	.flags = MODULE_ACTION,
	.params = key_params,
};

static const struct module_param info_params[] = {
	{.name = "ca", .type = MODULE_STR, .required = true, .doc = "Name of the CA."},
	DIR_PARAM,
	{0},
};

const struct module module_pki_info = {
	.name = "pki_info",
	.full_name = "rollout.builtin.pki_info",
	.doc = "Reads the certificates of a CA that is on the controller.",
	.flags = MODULE_ACTION,
	.params = info_params,
};
