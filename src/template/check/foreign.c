/* Filters, tests and lookups that Ansible's collections have and rollout has not.
 * Source: ansible-core's ansible_builtin_runtime.yml, the collections' indexes. */
#include "registry.h"

static const char filter_names[] =
	"comp_type5 consolidate crc32 from_csv from_xml gcp_kms_decrypt "
	"gcp_kms_encrypt get_path hash_salt hashids_decode hashids_encode index_of "
	"jc k8s_config_resource_name keep_keys openssl_csr_info parse_cli "
	"parse_cli_textfsm parse_xml remove_keys replace_keys split_pem "
	"to_paths to_xml "
	"type5_pw unicode_normalize validate vault_login_token vlan_expander vlan_parser "
	"x509_certificate_info ";

static const char test_names[] = "a_module validate ";

static const char lookup_names[] =
	"aws_account_attribute aws_secret aws_service_ip_ranges aws_ssm bitwarden "
	"chef_databag collection_version config conjur_variable consul_kv credstash "
	"cyberarkpassword dependent dig dnstxt dsv etcd etcd3 filetree gcp_storage_file get_path "
	"grafana_dashboard hiera index_of k8s keyring kustomize laps_password lastpass "
	"lmdb_kv manifold merge_variables mongodb nios nios_next_ip onepassword onepassword_raw "
	"openshift passwordstore rabbitmq random_pet random_string random_words redis revbitspss "
	"shelvefile sops to_paths tss validate vault_ansible_settings vault_login "
	"vault_token_create vault_write ";

/* Collections whose functions are all in rollout's tables or above. */
static const char *const listed[] = {"ansible.builtin.",   "ansible.legacy.",
				     "ansible.posix.",	   "ansible.utils.",
				     "community.general.", "community.hashi_vault."};

static bool has_word(const char *words, struct slice word)
{
	struct slice rest = slice_from(words), next;
	while (rest.len > 0 && slice_split(&rest, ' ', &next))
		if (word.len && slice_eq(next, word))
			return true;
	return false;
}

/* rollout has it under another name: that is a mistake. */
static bool is_known(char kind, struct slice name)
{
	return kind == 'f'   ? registry_filter(name) != NULL
	       : kind == 't' ? registry_test(name) != NULL
			     : registry_lookup(name) != NULL;
}

bool registry_is_foreign(char kind, struct slice name)
{
	const char *words = kind == 'f' ? filter_names : kind == 't' ? test_names : lookup_names;
	const char *dot = name.len ? memrchr(name.ptr, '.', name.len) : NULL;
	if (!dot)
		return has_word(words, name);
	struct slice collection = {name.ptr, (size_t)(dot - name.ptr) + 1};
	struct slice last = {dot + 1, name.len - collection.len};
	for (size_t i = 0; i < ARRAY_LEN(listed); i++)
		if (slice_is(collection, listed[i]))
			return has_word(words, last);
	return last.len && !is_known(kind, last) && memchr(name.ptr, '.', (size_t)(dot - name.ptr));
}
