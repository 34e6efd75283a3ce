/* What lookup('config', NAME) gives: the settings that count here, under Ansible's
 * names, as the run has them. Source: Ansible's "Ansible Configuration Settings". */
#include "rollout/base/file.h"
#include "rollout/run/run.h"
#include "rollout/value/value.h"
#include "settings.h"

#include <stdlib.h>

#define AT(field) offsetof(struct options, field)

enum shape { TEXT, NUMBER, FLAG, NOT_FLAG, LIST, PATHS };

static const struct {
	const char *name;
	enum shape shape;
	size_t offset;
	const char *fallback; /* of texts and paths; NULL: none */
	int64_t number;	      /* where it is 0 */
} rows[] = {
	{"BECOME_PASSWORD_FILE", TEXT, AT(become_password_file), NULL, 0},
	{"COLLECTIONS_PATHS", PATHS, AT(config.collections_path), CONFIG_COLLECTIONS_PATH, 0},
	{"CONFIG_FILE", TEXT, AT(config.path), NULL, 0},
	{"CONNECTION_PASSWORD_FILE", TEXT, AT(connection_password_file), NULL, 0},
	{"DEFAULT_ASK_PASS", FLAG, AT(ask_pass), NULL, 0},
	{"DEFAULT_ASK_VAULT_PASS", FLAG, AT(config.ask_vault_pass), NULL, 0},
	{"DEFAULT_BECOME", FLAG, AT(become), NULL, 0},
	{"DEFAULT_BECOME_ASK_PASS", FLAG, AT(ask_become_pass), NULL, 0},
	{"DEFAULT_BECOME_METHOD", TEXT, AT(become_method), "sudo", 0},
	{"DEFAULT_BECOME_USER", TEXT, AT(become_user), "root", 0},
	{"DEFAULT_FORKS", NUMBER, AT(forks), NULL, RUN_FORKS_DEFAULT},
	{"DEFAULT_HASH_BEHAVIOUR", TEXT, AT(config.hash_behaviour), "replace", 0},
	{"DEFAULT_HOST_LIST", LIST, AT(inventory), NULL, 0},
	{"DEFAULT_PRIVATE_KEY_FILE", TEXT, AT(private_key), NULL, 0},
	{"DEFAULT_REMOTE_USER", TEXT, AT(user), NULL, 0},
	{"DEFAULT_ROLES_PATH", PATHS, AT(config.roles_path), CONFIG_ROLES_PATH, 0},
	{"DEFAULT_TIMEOUT", NUMBER, AT(timeout_s), NULL, 10},
	{"DEFAULT_TRANSPORT", TEXT, AT(connection), "smart", 0},
	{"DEFAULT_VAULT_ENCRYPT_IDENTITY", TEXT, AT(config.vault_encrypt_identity), NULL, 0},
	{"DEFAULT_VAULT_IDENTITY", TEXT, AT(config.vault_identity), "default", 0},
	{"DEFAULT_VAULT_ID_MATCH", FLAG, AT(config.vault_id_match), NULL, 0},
	{"DEFAULT_VAULT_PASSWORD_FILE", TEXT, AT(config.vault_password_file), NULL, 0},
	{"DEFAULT_VERBOSITY", NUMBER, AT(verbosity), NULL, 0},
	{"DIFF_ALWAYS", FLAG, AT(diff), NULL, 0},
	{"HOST_KEY_CHECKING", NOT_FLAG, AT(config.no_host_keys), NULL, 0},
	{"INVENTORY_EXPORT", FLAG, AT(export), NULL, 0},
	{"PLAYBOOK_DIR", TEXT, AT(playbook_dir), NULL, 0},
	{"TAGS_RUN", LIST, AT(tags), NULL, 0},
	{"TAGS_SKIP", LIST, AT(skip_tags), NULL, 0},
};

static const struct value *text_value(struct arena *a, const char *text, const char *fallback)
{
	text = text ? text : fallback;
	return text ? value_cstr(a, text) : value_null();
}

void config_split_paths(struct arena *a, const char *list, option_texts *ret)
{
	struct slice rest = slice_from(list), part;
	const char *home = getenv("HOME");
	while (list && slice_split(&rest, ':', &part)) {
		if (part.len == 0)
			continue;
		CLEANUP(free_ptr) char *dir = xstrndup(part.ptr, part.len);
		CLEANUP(free_ptr) char *expanded = path_expand_home(dir, home ? home : "");
		vec_push(ret, arena_strdup(a, expanded));
	}
}

static const struct value *text_list(struct arena *a, const option_texts *texts)
{
	struct value *list = value_list_new(a);
	for (size_t i = 0; i < texts->len; i++)
		value_list_push(a, list, value_cstr(a, texts->at[i]));
	return list;
}

/* With the home directory for ~, as Ansible has them. */
static const struct value *path_list(struct arena *a, const char *text)
{
	option_texts dirs = {0};
	config_split_paths(a, text, &dirs);
	const struct value *list = text_list(a, &dirs);
	vec_release(&dirs);
	return list;
}

static const struct value *value_of(struct arena *a, size_t i, const char *field)
{
	const char *text;
	unsigned n;
	switch (rows[i].shape) {
	case TEXT:
		memcpy(&text, field, sizeof(text));
		return text_value(a, text, rows[i].fallback);
	case PATHS:
		memcpy(&text, field, sizeof(text));
		return path_list(a, text ? text : rows[i].fallback);
	case NUMBER:
		memcpy(&n, field, sizeof(n));
		return value_int(a, n ? n : rows[i].number);
	case LIST:
		return text_list(a, (const option_texts *)(const void *)field);
	case NOT_FLAG:
		return value_bool(!*(const bool *)field);
	default:
		return value_bool(*(const bool *)field);
	}
}

const struct value *config_values(struct arena *a, const struct options *o)
{
	struct value *all = value_dict_new(a);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		value_dict_put(a, all, rows[i].name,
			       value_of(a, i, (const char *)o + rows[i].offset));
	return all;
}
