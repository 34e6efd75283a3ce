/* SELinux, AppArmor, FIPS mode, capabilities, chroot. */
#include "../call.h"
#include "facts.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>

/* KEY=value of /etc/selinux/config. */
static struct slice selinux_setting(struct facts *f, const char *key)
{
	struct slice text = call_read_trimmed(f->call, "/etc/selinux/config"), line, name;
	while (slice_split(&text, '\n', &line)) {
		struct slice value = line;
		if (slice_split(&value, '=', &name) && value.ptr && slice_is(slice_trim(name), key))
			return slice_trim(value);
	}
	return SLICE_LIT("unknown");
}

static void put_selinux(struct facts *f)
{
	struct value *d = value_dict_new(f->a);
	struct slice enforce = call_read_trimmed(f->call, "/sys/fs/selinux/enforce");
	struct slice policy = call_read_trimmed(f->call, "/sys/fs/selinux/policyvers");
	value_dict_put(f->a, d, "status", value_cstr(f->a, enforce.len ? "enabled" : "disabled"));
	if (enforce.len) {
		value_dict_put(f->a, d, "policyvers",
			       policy.len ? value_int(f->a, strtoll(policy.ptr, NULL, 10))
					  : value_cstr(f->a, "unknown"));
		value_dict_put(f->a, d, "config_mode",
			       value_str(f->a, selinux_setting(f, "SELINUX")));
		value_dict_put(
			f->a, d, "mode",
			value_cstr(f->a, slice_is(enforce, "1") ? "enforcing" : "permissive"));
		value_dict_put(f->a, d, "type", value_str(f->a, selinux_setting(f, "SELINUXTYPE")));
	}
	facts_put(f, "selinux", d);
	/* Ansible's modules need libselinux for Python, rollout nothing. */
	facts_put(f, "selinux_python_present", value_bool(true));
}

static void put_apparmor(struct facts *f)
{
	struct value *d = value_dict_new(f->a);
	bool armored = facts_exists(f, "/sys/kernel/security/apparmor");
	value_dict_put(f->a, d, "status", value_cstr(f->a, armored ? "enabled" : "disabled"));
	facts_put(f, "apparmor", d);
}

/* As Ansible reads the line "Current: =ep" of capsh: of what is between the first
 * and the second sign of equality, what commas part. */
static void put_current(struct facts *f, struct slice line)
{
	struct value *list = value_list_new(f->a);
	struct slice rest = line, part;
	slice_split(&rest, ':', &part);
	bool all = slice_is(slice_trim(rest), "=ep");
	facts_put_str(f, "system_capabilities_enforced", all ? "False" : "True");
	rest = line;
	slice_split(&rest, '=', &part);
	if (rest.ptr && !all) {
		struct slice mine = rest;
		slice_split(&rest, '=', &mine);
		while (slice_split(&mine, ',', &part))
			value_list_push(f->a, list, value_str(f->a, slice_trim(part)));
	}
	facts_put(f, "system_capabilities", list);
}

static void put_capabilities(struct facts *f)
{
	if (!facts_wants(f, "system_capabilities") &&
	    !facts_wants(f, "system_capabilities_enforced"))
		return;
	const char *capsh = facts_program(f, "capsh");
	const char *const argv[] = {capsh, "--print", NULL};
	struct slice out = SLICE_LIT(""), line;
	if (capsh && call_probe(f->call, argv, NULL, &out, NULL) == 0)
		while (slice_split(&out, '\n', &line))
			if (slice_starts_with(line, "Current:")) {
				put_current(f, line);
				return;
			}
	facts_put_str(f, "system_capabilities_enforced", "N/A");
	facts_put_str(f, "system_capabilities", "N/A");
}

/* The number of a file system's first inode. */
static uint64_t root_inode(void)
{
	struct statfs fs;
	if (statfs("/", &fs) < 0)
		return 2;
	if ((unsigned long)fs.f_type == BTRFS_SUPER_MAGIC)
		return 256;
	return (unsigned long)fs.f_type == XFS_SUPER_MAGIC ? 128 : 2;
}

static void put_is_chroot(struct facts *f)
{
	struct host_stat here, init;
	struct host *host = f->call->host;
	const char *said = getenv("debian_chroot");
	bool chroot = said && *said;
	if (!chroot && host->ops->stat(host, f->a, "/", true, &here, NULL) == 0) {
		/* Only root may look. */
		bool seen = host->ops->stat(host, f->a, "/proc/1/root/.", true, &init, NULL) == 0 &&
			    init.type == HOST_DIR;
		chroot = seen ? here.inode != init.inode || here.device != init.device
			      : here.inode != root_inode();
	}
	facts_put(f, "is_chroot", value_bool(chroot));
}

static void collect(struct facts *f)
{
	put_selinux(f);
	put_apparmor(f);
	put_capabilities(f);
	put_is_chroot(f);
	facts_put(f, "fips",
		  value_bool(slice_is(call_read_trimmed(f->call, "/proc/sys/crypto/fips_enabled"),
				      "1")));
}

static const char *const names[] = {"selinux", "selinux_python_present", "apparmor",
				    "fips",    "system_capabilities*",	 "is_chroot",
				    NULL};
const struct collector facts_security = {"min", names, collect};
