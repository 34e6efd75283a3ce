#include "real.h"

#include <stdlib.h>

static void real_free(struct host *h)
{
	dpkg_index_free(real_of(h)->dpkg);
	free(h);
}

static const struct host_ops real_ops = {
	.free = real_free,
	.stat = real_stat,
	.read = real_read,
	.open = real_open_file,
	.digest = real_digest,
	.list = real_list,
	.write = real_write,
	.mkdir = real_mkdir,
	.symlink = real_symlink,
	.link = real_link,
	.remove = real_remove,
	.rename = real_rename,
	.set_attr = real_set_attr,
	.flags = real_flags,
	.set_flags = real_set_flags,
	.run = real_run,
	.probe = real_run,
	.user = real_user,
	.user_by_id = real_user_by_id,
	.group = real_group,
	.group_by_id = real_group_by_id,
	.user_set = real_user_set,
	.user_remove = real_user_remove,
	.group_set = real_group_set,
	.group_remove = real_group_remove,
	.package = real_package,
	.package_candidate = real_package_candidate,
	.package_change = real_package_change,
	.package_refresh = real_package_refresh,
	.unit = real_unit,
	.unit_act = real_unit_act,
	.daemon_reload = real_daemon_reload,
};

struct host *host_real_new(void)
{
	struct host_real *real = xcalloc(1, sizeof(*real));
	real->base.ops = &real_ops;
	real->paths = (struct real_paths){
		.passwd = "/etc/passwd",
		.group = "/etc/group",
		.shadow = "/etc/shadow",
		.dpkg_status = "/var/lib/dpkg/status",
		.apt_stamp = "/var/lib/apt/periodic/update-success-stamp",
		.apt_lists = "/var/lib/apt/lists",
		.policy_rc_d = "/usr/sbin/policy-rc.d",
	};
	return &real->base;
}

void host_free(struct host *h)
{
	if (h)
		h->ops->free(h);
}

void host_command_result_release(struct host_command_result *r)
{
	strbuf_release(&r->out);
	strbuf_release(&r->err);
}
