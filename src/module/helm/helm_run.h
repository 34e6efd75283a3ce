#pragma once
/* The host's helm, how it reaches the cluster, and what releases it knows. */
#include "../kubernetes/access.h"

extern const char *const helm_context_aliases[], *const helm_kubeconfig_aliases[];
extern const char *const helm_name_aliases[], *const helm_namespace_aliases[];

#define HELM_PARAMS                                                                                \
	{.name = "binary_path", .type = MODULE_PATH, .doc = "The helm program."},                  \
		{.name = "context",                                                                \
		 .type = MODULE_STR,                                                               \
		 .aliases = helm_context_aliases,                                                  \
		 .doc = "The kubeconfig's context."},                                              \
		{.name = "kubeconfig",                                                             \
		 .type = MODULE_RAW,                                                               \
		 .aliases = helm_kubeconfig_aliases,                                               \
		 .doc = "The kubeconfig: a path on the host, or the configuration itself."},       \
		{.name = "host", .type = MODULE_STR, .doc = "The API server's URL."},              \
		{.name = "api_key", .type = MODULE_STR, .secret = true, .doc = "A token."},        \
		{.name = "ca_cert",                                                                \
		 .type = MODULE_PATH,                                                              \
		 .aliases = access_ca_aliases,                                                     \
		 .doc = "The CA's certificate on the host."},                                      \
	{                                                                                          \
		.name = "validate_certs", .type = MODULE_BOOL, .aliases = access_validate_aliases, \
		.doc = "Whether the API server's certificate is verified."                         \
	}

/* Which release. */
#define HELM_RELEASE_PARAMS                                                                        \
	{.name = "release_name",                                                                   \
	 .type = MODULE_STR,                                                                       \
	 .required = true,                                                                         \
	 .aliases = helm_name_aliases,                                                             \
	 .doc = "The release."},                                                                   \
	{                                                                                          \
		.name = "release_namespace", .type = MODULE_STR, .required = true,                 \
		.aliases = helm_namespace_aliases, .doc = "Its namespace."                         \
	}

/* helm VERB, which may be two words, with the cluster and release_namespace. */
void helm_begin(struct module_call *call, const char *verb, struct program *p);
/* What it said, and "helm upgrade …" as command, into the result. */
void helm_put_output(const struct program *p);

/* What `helm list` says of the release, with its values; *ret NULL: it is not there. */
int helm_release(struct module_call *call, const char *const *states, bool all_values,
		 struct value **ret, struct err *err);
