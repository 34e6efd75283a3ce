#include "registry_files.h"
#include "registry_host.h"
#include "registry_net.h"
#include "registry_pki.h"
#include "registry_settings.h"
#include "registry_system.h"
#include "registry_vault.h"
#include "rollout/base/nearest.h"
#include "rollout/module/module.h"

#define DECLARE(name) extern const struct module module_##name;
MODULES_FILES(DECLARE)
MODULES_HOST(DECLARE)
MODULES_SYSTEM(DECLARE)
MODULES_ACTION(DECLARE)
MODULES_PKI(DECLARE)
MODULES_NET(DECLARE)
MODULES_SETTINGS(DECLARE)
MODULES_VAULT(DECLARE)

#define ROW(name) &module_##name,
static const struct module *const modules[] = {
	MODULES_FILES(ROW) MODULES_HOST(ROW) MODULES_SYSTEM(ROW) MODULES_ACTION(ROW)
		MODULES_PKI(ROW) MODULES_NET(ROW) MODULES_SETTINGS(ROW) MODULES_VAULT(ROW)};

/* Further names that Ansible gives the same module. */
static const struct {
	const char *name, *module;
} redirects[] = {
	{"systemd_service", "systemd"},
	{"gather_facts", "setup"},
	{"k8s_facts", "k8s_info"},
	{"community.kubernetes.helm", "helm"},
	{"community.kubernetes.helm_info", "helm_info"},
	{"community.kubernetes.helm_repository", "helm_repository"},
	{"community.kubernetes.k8s", "k8s"},
	{"community.kubernetes.k8s_info", "k8s_info"},
	{"community.kubernetes.k8s_scale", "k8s_scale"},
};

const struct module *const *module_all(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(modules);
	return modules;
}

static const struct module *find_short(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(redirects); i++)
		if (slice_is(name, redirects[i].name))
			name = slice_from(redirects[i].module);
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (slice_is(name, modules[i]->name))
			return modules[i];
	return NULL;
}

/* What stood in Ansible before collections is still found under
 * ansible.builtin (its routing table), whichever collection has it now. */
static bool strip_builtin(struct slice *name)
{
	static const char *const prefixes[] = {"ansible.builtin.", "ansible.legacy."};
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (!slice_starts_with(*name, prefixes[i]))
			continue;
		name->ptr += strlen(prefixes[i]);
		name->len -= strlen(prefixes[i]);
		return true;
	}
	return false;
}

const struct module *module_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (slice_is(name, modules[i]->full_name))
			return modules[i];
	bool builtin = strip_builtin(&name);
	const struct module *m = find_short(name);
	return m && builtin && slice_starts_with(slice_from(m->full_name), "rollout.") ? NULL : m;
}

const char *module_hint(struct slice name, char *buf, size_t size)
{
	/* A name of a collection is compared by its last part as well: the
	 * collection is what people get wrong. */
	const char *dot = memrchr(name.ptr, '.', name.len);
	size_t skip = dot ? (size_t)(dot - name.ptr) + 1 : 0;
	struct slice last = {name.ptr + skip, name.len - skip};
	struct nearest n;
	nearest_init(&n, last);
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		nearest_offer(&n, slice_from(modules[i]->name));
	const struct module *m = dot && n.best.len ? find_short(n.best) : NULL;
	if (m)
		n.best = slice_from(m->full_name);
	return nearest_hint(&n, buf, size);
}
