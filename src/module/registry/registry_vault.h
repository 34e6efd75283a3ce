#pragma once
/* Rows of the registry: community.hashi_vault. X(n) names the object `module_n`. */
/* clang-format off */
#define MODULES_VAULT(X) \
	X(vault_kv1_get) X(vault_kv2_delete) X(vault_kv2_get) X(vault_kv2_write) X(vault_list) \
	X(vault_login) X(vault_pki_generate_certificate) X(vault_read) X(vault_write)
/* clang-format on */
