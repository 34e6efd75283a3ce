/* Facts that a host may not set: what says how hosts are reached, and what this
 * machine runs for it (ProxyCommand). Source: ansible.vars.clean, clean_facts(). */
#include "facts.h"

static const char *const names[] = {
	"ansible_connection",	     "ansible_host",
	"ansible_host_key_checking", "ansible_module_compression",
	"ansible_password",	     "ansible_pipelining",
	"ansible_playbook_python",   "ansible_port",
	"ansible_private_key_file",  "ansible_rsync_path",
	"ansible_shell_executable",  "ansible_shell_type",
	"ansible_timeout",	     "ansible_user",
};

static const char *const prefixes[] = {
	"ansible_become", "ansible_local_", "ansible_paramiko_",
	"ansible_ssh_",	  "ansible_su_",    "ansible_sudo_",
};

static bool ends_with(struct slice s, const char *end)
{
	size_t n = strlen(end);
	return s.len >= n && memcmp(s.ptr + s.len - n, end, n) == 0;
}

bool fact_may_be_set(struct slice name)
{
	if (!slice_starts_with(name, "ansible_") ||
	    slice_starts_with(name, "ansible_ssh_host_key_"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(name, names[i]))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts_with(name, prefixes[i]))
			return false;
	return !ends_with(name, "_interpreter");
}

struct value *facts_only(struct arena *a, const struct value *result)
{
	static const char *const ours[] = {"_level", "_cacheable"};
	struct value *own = value_copy(a, result, VALUE_UNSAFE);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		value_dict_remove(own, slice_from(ours[i]));
	return own;
}
