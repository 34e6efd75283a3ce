/* module_defaults: which modules its keys name. Source: Ansible, "Module defaults". */
#include "../internal.h"
#include "rollout/base/nearest.h"

/* Ansible's groups of modules (ansible_builtin_runtime.yml, and those of the
 * collections that it redirects to). rollout has modules of k8s and helm alone. */
static const char *const groups[] = {
	"acme",
	"amazon.aws.aws",
	"aws",
	"azure",
	"azure.azcollection.azure",
	"community.aws.aws",
	"community.crypto.acme",
	"community.docker.docker",
	"community.general.docker",
	"community.general.k8s",
	"community.general.ovirt",
	"community.kubernetes.k8s",
	"community.kubevirt.k8s",
	"community.okd.k8s",
	"community.vmware.vmware",
	"cpm",
	"docker",
	"gcp",
	"google.cloud.gcp",
	"k8s",
	"kubernetes.core.helm",
	"kubernetes.core.k8s",
	"openstack.cloud.os",
	"os",
	"ovirt",
	"ovirt.ovirt.ovirt",
	"vmware",
	"wti.remote.cpm",
};

static const char group_prefix[] = "group/";

static bool is_group(const struct value *key)
{
	return key->type == VALUE_STRING && slice_starts_with(key->str, group_prefix);
}

static int check_group(const struct value *key, struct err *err)
{
	struct nearest near;
	char hint[128];
	size_t skip = strlen(group_prefix);
	struct slice name = {key->str.ptr + skip, key->str.len - skip};
	nearest_init(&near, name);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (slice_is(name, groups[i]))
			return 0;
		nearest_offer(&near, slice_from(groups[i]));
	}
	return err_at(err, ERR_INVALID, key->at,
		      "module_defaults: there is no group of modules '%.*s'%s", SLICE_ARG(name),
		      nearest_hint(&near, hint, sizeof(hint)));
}

/* group/k8s, of whichever collection: k8s and k8s_…; the same of helm. */
static bool is_of_group(const struct value *key, const struct module *m)
{
	const char *dot = memrchr(key->str.ptr, '.', key->str.len);
	struct slice name =
		dot ? slice_from(dot + 1) : slice_from(key->str.ptr + strlen(group_prefix));
	return m && slice_starts_with(slice_from(m->full_name), "kubernetes.core.") &&
	       strncmp(m->name, name.ptr, name.len) == 0 &&
	       (m->name[name.len] == '\0' || m->name[name.len] == '_');
}

bool defaults_name(const struct value *key, const struct plan_node *node, bool of_group)
{
	if (is_group(key) != of_group)
		return false;
	if (of_group)
		return is_of_group(key, node->module);
	if (node->library)
		return value_is_str(key, node->written_name);
	return module_find(key->str) == node->module;
}

int defaults_check_key(struct compiler *c, const struct value *key, struct err *err)
{
	char hint[160];
	const char *library = NULL;
	if (is_group(key))
		return check_group(key, err);
	struct slice name = key->type == VALUE_STRING ? key->str : SLICE_LIT("?");
	if (key->type == VALUE_STRING && (module_find(name) || foreign_find(c, name)))
		return 0;
	int r = key->type == VALUE_STRING ? library_find(c, key, &library, err) : 0;
	if (r < 0 || library)
		return r;
	return err_at(err, ERR_UNSUPPORTED, key->at,
		      "module_defaults: rollout has no module '%.*s'%s", SLICE_ARG(name),
		      module_hint(name, hint, sizeof(hint)));
}
