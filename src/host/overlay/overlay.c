#include "overlay.h"

#include <stdlib.h>

static void overlay_free(struct host *h)
{
	struct overlay *o = overlay_of(h);
	strmap_release(&o->nodes);
	strmap_release(&o->flags);
	strmap_release(&o->users);
	strmap_release(&o->groups);
	strmap_release(&o->packages);
	strmap_release(&o->units);
	arena_release(&o->arena);
	free(o);
}

static int overlay_run(struct host *h, const struct host_command *cmd,
		       struct host_command_result *result, struct err *err)
{
	(void)err;
	CLEANUP(strbuf_release) struct strbuf why = {0};
	*result = (struct host_command_result){.unknown = true};
	strbuf_printf(&why, "the command %s would run", cmd->argv[0]);
	host_overlay_assume(h, why.ptr);
	return 0;
}

static int overlay_probe(struct host *h, const struct host_command *cmd,
			 struct host_command_result *result, struct err *err)
{
	struct host *under = overlay_of(h)->under;
	return under->ops->probe(under, cmd, result, err);
}

static const struct host_ops overlay_ops = {
	.free = overlay_free,
	.stat = overlay_stat,
	.read = overlay_read,
	.open = overlay_open,
	.digest = overlay_digest,
	.list = overlay_list,
	.write = overlay_write,
	.mkdir = overlay_mkdir,
	.symlink = overlay_symlink,
	.link = overlay_link,
	.remove = overlay_remove,
	.rename = overlay_rename,
	.set_attr = overlay_set_attr,
	.flags = overlay_flags,
	.set_flags = overlay_set_flags,
	.run = overlay_run,
	.probe = overlay_probe,
	.user = overlay_user,
	.user_by_id = overlay_user_by_id,
	.group = overlay_group,
	.group_by_id = overlay_group_by_id,
	.user_set = overlay_user_set,
	.user_remove = overlay_user_remove,
	.group_set = overlay_group_set,
	.group_remove = overlay_group_remove,
	.package = overlay_package,
	.package_candidate = overlay_package_candidate,
	.package_change = overlay_package_change,
	.package_refresh = overlay_package_refresh,
	.unit = overlay_unit,
	.unit_act = overlay_unit_act,
	.daemon_reload = overlay_daemon_reload,
};

struct host *host_overlay_new(struct host *under)
{
	struct overlay *o = xcalloc(1, sizeof(*o));
	o->base = (struct host){.ops = &overlay_ops, .is_overlay = true};
	o->under = under;
	o->next_id = HOST_ID_PROVISIONAL_MIN;
	o->next_inode = UINT64_C(1) << 62; /* file systems do not get there */
	return &o->base;
}

void host_overlay_assume(struct host *h, const char *why)
{
	struct overlay *o = overlay_of(h);
	if (h->is_overlay)
		o->why = arena_strdup(&o->arena, why);
}

const char *host_assumes(const struct host *h)
{
	return h->is_overlay ? ((const struct overlay *)h)->why : NULL;
}
