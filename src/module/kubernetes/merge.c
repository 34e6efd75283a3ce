#include "merge.h"

/* Which member tells the members of a list apart; NULL: they are plain values. */
static const struct {
	const char *list, *key;
} keys[] = {
	{"addresses", "type"},
	{"conditions", "type"},
	{"containers", "name"},
	{"env", "name"},
	{"finalizers", NULL},
	{"ephemeralContainers", "name"},
	{"hostAliases", "ip"},
	{"imagePullSecrets", "name"},
	{"initContainers", "name"},
	{"ownerReferences", "uid"},
	{"podIPs", "ip"},
	{"ports", "containerPort"},
	{"ports", "port"},
	{"resourceClaims", "name"},
	{"secrets", "name"},
	{"topologySpreadConstraints", "topologyKey"},
	{"volumeDevices", "devicePath"},
	{"volumeMounts", "mountPath"},
	{"volumes", "name"},
	{"webhooks", "name"},
};

struct merge {
	struct arena *arena;
	bool strategic;
};

static const struct value *merge_value(const struct merge *m, const struct value *old,
				       const struct value *patch, unsigned depth);

bool merge_is_strategic(const struct value *object)
{
	static const char *const groups[] = {"apps", "autoscaling", "batch", "extensions",
					     "policy"};
	const struct value *v = value_get(object, "apiVersion");
	if (!v || v->type != VALUE_STRING)
		return false;
	const char *slash = memchr(v->str.ptr, '/', v->str.len);
	struct slice group = {v->str.ptr, slash ? (size_t)(slash - v->str.ptr) : 0};
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (slice_is(group, groups[i]))
			return true;
	/* a definition of kinds is patched so, too; what others define in k8s.io is not */
	static const char *const own[] = {
		"admissionregistration",
		"apiextensions",
		"apiregistration",
		"authentication",
		"authorization",
		"certificates",
		"coordination",
		"discovery",
		"events",
		"flowcontrol.apiserver",
		"internal.apiserver",
		"networking",
		"node",
		"rbac.authorization",
		"resource",
		"scheduling",
		"storage",
	};
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (slice_starts_with(group, own[i]) && group.len == strlen(own[i]) + 7 &&
		    slice_ends_with(group, ".k8s.io"))
			return true;
	return group.len == 0;
}

static bool wants(const struct value *patch, const char *directive)
{
	const struct value *v = value_get(patch, "$patch");
	return v && value_is_str(v, directive);
}

static const struct value *merge_dict(const struct merge *m, const struct value *old,
				      const struct value *patch, unsigned depth);

/* ---- lists ---- */

/* The list's key that its first member has; *ret_plain: its members are values. */
static const char *key_of(struct slice list, const struct value *patch, bool *ret_plain)
{
	for (size_t i = 0; patch->list.len && i < ARRAY_LEN(keys); i++) {
		if (!slice_is(list, keys[i].list))
			continue;
		if (!keys[i].key)
			*ret_plain = true;
		else if (value_get(patch->list.at[0], keys[i].key))
			return keys[i].key;
	}
	return NULL;
}

/* How members are told apart: by a key; a port for TCP and UDP by its protocol, too. */
struct identity {
	const char *key; /* NULL: they are plain values */
	bool protocol;
};

static bool is_same(const struct identity *id, const struct value *a, const struct value *b)
{
	static const char tcp[] = "TCP";
	const struct value *left = id->key ? value_get(a, id->key) : a,
			   *right = id->key ? value_get(b, id->key) : b;
	if (!left || !right || !value_equal(left, right))
		return false;
	left = id->protocol ? value_get(a, "protocol") : NULL;
	right = id->protocol ? value_get(b, "protocol") : NULL;
	if (left && right)
		return value_equal(left, right);
	return (!left || value_is_str(left, tcp)) && (!right || value_is_str(right, tcp));
}

static const struct value *member(const struct value *list, const struct identity *id,
				  const struct value *like)
{
	for (size_t i = 0; i < list->list.len; i++)
		if (is_same(id, list->list.at[i], like))
			return list->list.at[i];
	return NULL;
}

static bool has_twins(const struct value *list, const struct identity *id)
{
	for (size_t i = 0; i < list->list.len; i++)
		if (member(list, id, list->list.at[i]) != list->list.at[i] &&
		    value_get(list->list.at[i], id->key))
			return true;
	return false;
}

static bool replaces_list(const struct value *patch)
{
	for (size_t i = 0; i < patch->list.len; i++)
		if (wants(patch->list.at[i], "replace"))
			return true;
	return false;
}

/* Those that there are, in their order, then those that are new. */
static const struct value *merge_members(const struct merge *m, const struct identity *id,
					 const struct value *old, const struct value *patch,
					 unsigned depth)
{
	struct value *list = value_list_new(m->arena);
	for (size_t i = 0; !replaces_list(patch) && i < old->list.len; i++) {
		const struct value *was = old->list.at[i], *p = member(patch, id, was);
		if (!p)
			value_list_push(m->arena, list, was);
		else if (!wants(p, "delete"))
			value_list_push(m->arena, list, merge_value(m, was, p, depth + 1));
	}
	for (size_t i = 0; i < patch->list.len; i++) {
		const struct value *p = patch->list.at[i];
		bool directive = p->type == VALUE_DICT && value_get(p, "$patch");
		if (!directive && !member(list, id, p))
			value_list_push(m->arena, list, merge_value(m, NULL, p, depth + 1));
	}
	return list;
}

static const struct value *merge_list(const struct merge *m, struct slice name,
				      const struct value *old, const struct value *patch,
				      unsigned depth)
{
	bool plain = false;
	struct identity id = {.key = m->strategic ? key_of(name, patch, &plain) : NULL};
	if (!id.key && !plain)
		return patch;
	/* Where the key is not enough the API's own merge fails, and kubernetes.core
	 * goes on with one that replaces the list. */
	if (id.key && (has_twins(old, &id) || has_twins(patch, &id))) {
		id.protocol = slice_is(name, "ports");
		if (!id.protocol || has_twins(old, &id) || has_twins(patch, &id))
			return patch;
	}
	return merge_members(m, &id, old, patch, depth);
}

/* ---- dicts ---- */

static const struct value *merge_dict(const struct merge *m, const struct value *old,
				      const struct value *patch, unsigned depth)
{
	bool anew = !old || old->type != VALUE_DICT || (m->strategic && wants(patch, "replace"));
	struct value *dict = anew ? value_dict_new(m->arena) : value_dict_dup(m->arena, old);
	for (size_t i = 0; i < patch->dict.len; i++) {
		const struct value *key = patch->dict.at[i].key, *v = patch->dict.at[i].value;
		const struct value *was = anew ? NULL : value_find(old, key);
		if (key->type != VALUE_STRING || (m->strategic && slice_is(key->str, "$patch")))
			continue;
		if (v->type == VALUE_NULL)
			value_dict_remove(dict, key->str);
		else if (v->type == VALUE_LIST && was && was->type == VALUE_LIST)
			value_dict_set(m->arena, dict, key,
				       merge_list(m, key->str, was, v, depth + 1));
		else
			value_dict_set(m->arena, dict, key, merge_value(m, was, v, depth + 1));
	}
	return dict;
}

/* Too deep for any API object: as it is, which the server refuses. */
static const struct value *merge_value(const struct merge *m, const struct value *old,
				       const struct value *patch, unsigned depth)
{
	return patch->type == VALUE_DICT && depth < MERGE_MAX_DEPTH
		       ? merge_dict(m, old, patch, depth)
		       : patch;
}

const struct value *merge_patch(struct arena *a, const struct value *object,
				const struct value *patch, bool strategic)
{
	const struct merge m = {.arena = a, .strategic = strategic};
	return merge_value(&m, object, patch, 0);
}
