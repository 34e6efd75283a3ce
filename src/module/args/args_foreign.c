/* Parameters that Ansible's modules have and rollout's have not (docs/modules.md). */
#include "args.h"

static const struct {
	const char *module, *params;
} foreign[] = {
	{"get_url", "use_gssapi"},
	{"helm", "insecure_registry plain_http set_values skip_schema_validation take_ownership"},
	{"helm_repository", "insecure_skip_tls_verify"},
	{"k8s", "append_hash delete_all hidden_fields impersonate_groups impersonate_user "
		"persist_config proxy_headers"},
	{"k8s_drain", "impersonate_groups impersonate_user persist_config proxy_headers"},
	{"k8s_exec", "impersonate_groups impersonate_user persist_config proxy_headers"},
	{"k8s_info", "impersonate_groups impersonate_user persist_config proxy_headers"},
	{"k8s_log", "impersonate_groups impersonate_user persist_config proxy_headers"},
	{"k8s_scale", "continue_on_error impersonate_groups impersonate_user persist_config "
		      "proxy_headers"},
	{"synchronize", "link_dest"},
	{"uri", "use_gssapi"},
	{"user", "seuser"},
	{"x509_certificate",
	 "acme_accountkey_path acme_chain acme_challenge_path acme_directory "
	 "entrust_api_client_cert_key_path entrust_api_client_cert_path entrust_api_key "
	 "entrust_api_specification_path entrust_api_user entrust_cert_type entrust_not_after "
	 "entrust_requester_email entrust_requester_name entrust_requester_phone"},
};

bool args_is_foreign(const struct module *m, struct slice param)
{
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		struct slice rest = slice_from(foreign[i].params), word;
		if (strcmp(foreign[i].module, m->name) != 0)
			continue;
		while (slice_split(&rest, ' ', &word))
			if (slice_eq(word, param))
				return true;
	}
	return false;
}
