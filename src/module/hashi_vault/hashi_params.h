#pragma once
/* The rows that all modules of community.hashi_vault have. */
#include "rollout/module/module.h"

#define HASHI_TEXT(name_, doc_)                                                                    \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .doc = doc_                                     \
	}
#define HASHI_SECRET(name_, doc_)                                                                  \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .secret = true, .doc = doc_                     \
	}

extern const char *const hashi_methods[], *const hashi_ca_aliases[], *const hashi_retry_actions[];
/* Results that are never shown, and the members of them that nothing else shows either. */
extern const char *const hashi_secret_data[], *const hashi_secret_texts[];

#define HASHI_CONNECTION_PARAMS                                                                    \
	HASHI_TEXT("url", "URL of Vault; else $VAULT_ADDR, else http://127.0.0.1:8200."),          \
		HASHI_TEXT("namespace", "Vault namespace; else $VAULT_NAMESPACE."),                \
		{.name = "ca_cert",                                                                \
		 .type = MODULE_STR,                                                               \
		 .aliases = hashi_ca_aliases,                                                      \
		 .doc = "CA certificates on the host, PEM or a folder; else $VAULT_CACERT."},      \
		{.name = "validate_certs",                                                         \
		 .type = MODULE_BOOL,                                                              \
		 .doc = "Checks the server's certificate; else not $VAULT_SKIP_VERIFY."},          \
		{.name = "timeout",                                                                \
		 .type = MODULE_INT,                                                               \
		 .fallback = "30",                                                                 \
		 .doc = "For the connection, and without a byte, in seconds."},                    \
		{.name = "retries",                                                                \
		 .type = MODULE_RAW,                                                               \
		 .doc = "How often it is tried again, or a mapping with total, backoff_factor, "   \
			"status_forcelist."},                                                      \
		{.name = "retry_action",                                                           \
		 .type = MODULE_STR,                                                               \
		 .fallback = "warn",                                                               \
		 .choices = hashi_retry_actions,                                                   \
		 .doc = "Whether a further try is a warning."},                                    \
	{                                                                                          \
		.name = "proxies", .type = MODULE_RAW,                                             \
		.doc = "URL of a proxy, or a mapping from scheme to URL."                          \
	}

#define HASHI_AUTH_PARAMS                                                                          \
	{.name = "auth_method",                                                                    \
	 .type = MODULE_STR,                                                                       \
	 .fallback = "token",                                                                      \
	 .choices = hashi_methods,                                                                 \
	 .doc = "How to log in."},                                                                 \
		HASHI_TEXT("mount_point", "Where the auth method is mounted."),                    \
		HASHI_SECRET("token", "Vault token; else $VAULT_TOKEN, else the token file."),     \
		HASHI_TEXT("token_path", "The token file's folder on the host; else $HOME."),      \
		{.name = "token_file",                                                             \
		 .type = MODULE_STR,                                                               \
		 .fallback = ".vault-token",                                                       \
		 .doc = "Its name."},                                                              \
		{.name = "token_validate",                                                         \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "false",                                                              \
		 .doc = "Looks the token up before it is used."},                                  \
		HASHI_TEXT("username", "For userpass and ldap."),                                  \
		HASHI_SECRET("password", "For userpass and ldap."),                                \
		HASHI_TEXT("role_id", "For approle, jwt and cert."),                               \
		HASHI_SECRET("secret_id", "For approle."), HASHI_SECRET("jwt", "For jwt."),        \
		{.name = "cert_auth_public_key",                                                   \
		 .type = MODULE_PATH,                                                              \
		 .doc = "For cert: the certificate on the host, PEM."},                            \
	{                                                                                          \
		.name = "cert_auth_private_key", .type = MODULE_PATH,                              \
		.doc = "For cert: its key on the host, PEM."                                       \
	}

#define HASHI_PARAMS HASHI_CONNECTION_PARAMS, HASHI_AUTH_PARAMS
