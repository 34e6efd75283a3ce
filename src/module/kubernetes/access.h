#pragma once
/*
 * How kubectl reaches the cluster: the authentication parameters of
 * kubernetes.core's modules, or the environment variables K8S_AUTH_* of the task.
 * A token, a password and a kubeconfig that is a mapping go by a private file.
 */
#include "../program.h"

extern const char *const access_validate_aliases[],
	*const access_ca_aliases[], *const access_cert_aliases[], *const access_key_aliases[];

#define ACCESS_PARAMS                                                                              \
	{.name = "kubeconfig",                                                                     \
	 .type = MODULE_RAW,                                                                       \
	 .doc = "The cluster's kubeconfig: a path on the host, or the configuration itself."},     \
		{.name = "context", .type = MODULE_STR, .doc = "Its context."},                    \
		{.name = "host", .type = MODULE_STR, .doc = "The API server's URL."},              \
		{.name = "api_key", .type = MODULE_STR, .secret = true, .doc = "A token."},        \
		{.name = "username", .type = MODULE_STR, .doc = "For basic authentication."},      \
		{.name = "password",                                                               \
		 .type = MODULE_STR,                                                               \
		 .secret = true,                                                                   \
		 .doc = "For basic authentication."},                                              \
		{.name = "validate_certs",                                                         \
		 .type = MODULE_BOOL,                                                              \
		 .aliases = access_validate_aliases,                                               \
		 .doc = "Whether the API server's certificate is verified."},                      \
		{.name = "ca_cert",                                                                \
		 .type = MODULE_PATH,                                                              \
		 .aliases = access_ca_aliases,                                                     \
		 .doc = "The CA's certificate on the host."},                                      \
		{.name = "client_cert",                                                            \
		 .type = MODULE_PATH,                                                              \
		 .aliases = access_cert_aliases,                                                   \
		 .doc = "A client's certificate on the host."},                                    \
		{.name = "client_key",                                                             \
		 .type = MODULE_PATH,                                                              \
		 .aliases = access_key_aliases,                                                    \
		 .doc = "Its key on the host."},                                                   \
		{.name = "proxy", .type = MODULE_STR, .doc = "An HTTP proxy's URL."},              \
	{                                                                                          \
		.name = "no_proxy", .type = MODULE_STR, .doc = "What is reached without it."       \
	}

/* Whether the arguments can be used; before the first access_begin. */
int access_check(const struct module_call *call, struct err *err);
/* An argument, else its variable K8S_AUTH_*; NULL without either. */
const char *access_setting(const struct module_call *call, const char *name);
/* A kubeconfig that is a mapping becomes the program's private file; false: it is none. */
bool access_put_config(struct module_call *call, struct program *p);
/* What is said about validate_certs; false: nothing. */
bool access_verifies(const struct module_call *call, bool *ret);
/* kubectl, its options for all that, and its verb. */
void access_begin(struct module_call *call, const char *verb, struct program *p);
/* The error of a kubectl that failed; ERR_UNKNOWN in check mode, where the cluster may come. */
int access_failed(const struct program *p, struct err *err);
/* As program_read, with that error. */
int access_read(struct program *p, struct err *err);
