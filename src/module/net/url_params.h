#pragma once
/* The rows that uri, which asks from the host, and get_url, which asks from the
 * controller, share. */
#include "rollout/module/module.h"

#define URL_PARAMS(username_aliases_, password_aliases_)                                           \
	{.name = "headers", .type = MODULE_DICT, .doc = "Further HTTP headers."},                  \
		{.name = "http_agent",                                                             \
		 .type = MODULE_STR,                                                               \
		 .fallback = "ansible-httpget",                                                    \
		 .doc = "The User-Agent header."},                                                 \
		{.name = "url_username",                                                           \
		 .type = MODULE_STR,                                                               \
		 .aliases = username_aliases_,                                                     \
		 .doc = "Name for HTTP authentication."},                                          \
		{.name = "url_password",                                                           \
		 .type = MODULE_STR,                                                               \
		 .secret = true,                                                                   \
		 .aliases = password_aliases_,                                                     \
		 .doc = "Password for HTTP authentication."},                                      \
		{.name = "force_basic_auth",                                                       \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "false",                                                              \
		 .doc = "Sends name and password unasked."},                                       \
		{.name = "use_netrc",                                                              \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Looks for names and passwords in ~/.netrc."},                             \
		{.name = "validate_certs",                                                         \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Checks the server's certificate."},                                       \
		{.name = "ciphers",                                                                \
		 .type = MODULE_LIST,                                                              \
		 .element = MODULE_STR,                                                            \
		 .doc = "TLS ciphers up to 1.2, by OpenSSL's names."},                             \
		{.name = "use_proxy",                                                              \
		 .type = MODULE_BOOL,                                                              \
		 .fallback = "true",                                                               \
		 .doc = "Goes through the proxy that the environment names."},                     \
	{                                                                                          \
		.name = "decompress", .type = MODULE_BOOL, .fallback = "true",                     \
		.doc = "Unpacks what is sent compressed."                                          \
	}
