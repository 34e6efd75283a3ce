/*
 * lvg: volume groups of LVM, lvm(8).
 * https://docs.ansible.com/ansible/latest/collections/community/general/lvg_module.html
 */
#include "../call.h"
#include "lvg_active.h"
#include "lvm.h"

#include <stdlib.h>

static const char *const states[] = {"absent", "present", "active", "inactive", NULL};

static const struct module_param params[] = {
	{.name = "vg", .type = MODULE_STR, .required = true, .doc = "Name of the volume group."},
	{.name = "pvs",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Its devices, all of them; needed for a new group."},
	{.name = "pesize",
	 .type = MODULE_STR,
	 .fallback = "'4'",
	 .doc = "Size of an extent of a new group, in MB or with a unit."},
	{.name = "pv_options", .type = MODULE_STR, .fallback = "''", .doc = "Options of pvcreate."},
	{.name = "pvresize",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Uses devices that have grown as a whole."},
	{.name = "vg_options", .type = MODULE_STR, .fallback = "''", .doc = "Options of vgcreate."},
	LVM_PARAMS(states, "With state absent: its logical volumes go too."),
	{.name = "remove_extra_pvs",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Takes devices out that pvs does not name."},
	{.name = "reset_pv_uuid",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Gives the devices of a group that is there new UUIDs, each time; needs pvs."},
	{.name = "reset_vg_uuid",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Gives a group that is there a new UUID, each time."},
	{0},
};

struct device {
	const char *name, *real; /* of LVM's or the task's words; after links */
	const char *group;	 /* "" without one */
};
struct devices {
	struct device *at;
	size_t len;
};
struct lvg {
	struct module_call *call;
	const char *vg;
	struct devices wanted, all; /* all: physical volumes of the host */
	bool exists;
	bool steers, active; /* states active and inactive; which of them */
	bool switches;	     /* it is the other one now */
	long lv_count;
};

static const struct device *find(const struct devices *d, const char *real)
{
	for (size_t i = 0; i < d->len; i++)
		if (strcmp(d->at[i].real, real) == 0)
			return &d->at[i];
	return NULL;
}

static bool is_member(const struct lvg *g, const struct device *d)
{
	return strcmp(d->group, g->vg) == 0;
}

static int no_device(struct lvg *g, const char *dev, struct err *err)
{
	const char *why = host_assumes(g->call->host);
	return why ? err_set(err, ERR_UNKNOWN, "%s is not there yet: %s", dev, why)
		   : err_set(err, ERR_NOT_FOUND, "Device %s not found.", dev);
}

static int read_wanted(struct lvg *g, struct err *err)
{
	struct host *h = g->call->host;
	size_t len;
	const char *const *names = arg_list(g->call, "pvs", &len);
	g->wanted.at = ARENA_ARRAY(g->call->arena, struct device, len + 1);
	for (size_t i = 0; i < len; i++) {
		struct host_stat st = {0};
		struct device d = {.name = names[i], .real = names[i], .group = ""};
		if (names[i][0] != '/' || strpbrk(names[i], " \t\n;"))
			return err_set(err, ERR_INVALID, "'%s' is not the path of a device",
				       names[i]);
		int r = h->ops->stat(h, g->call->arena, names[i], true, &st, err);
		if (r == 0 && (st.type == HOST_ABSENT || st.assumed))
			r = no_device(g, names[i], err);
		if (r == 0)
			r = lvm_real_path(g->call, names[i], &d.real, err);
		if (r < 0)
			return r;
		if (!find(&g->wanted, d.real))
			g->wanted.at[g->wanted.len++] = d;
	}
	return 0;
}

static int failed(const char *program, const struct lvm_table *t, struct err *err)
{
	return err_set(err, ERR_INVALID, "Failed executing %s command: %.*s", program,
		       SLICE_ARG(t->err));
}

static int read_all(struct lvg *g, struct err *err)
{
	struct lvm_table t;
	int r = lvm_read(g->call, "pvs", "pv_name,vg_name", NULL, &t, err);
	if (r < 0 || t.failed)
		return r < 0 ? r : failed("pvs", &t, err);
	g->all.at = ARENA_ARRAY(g->call->arena, struct device, t.len + 1);
	for (size_t i = 0; i < t.len; i++) {
		struct device *d = &g->all.at[g->all.len++];
		*d = (struct device){.name = t.at[i].field[0], .group = t.at[i].field[1]};
		r = lvm_real_path(g->call, d->name, &d->real, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* None of them belongs to somebody else. */
static int check_devices(const struct lvg *g, struct err *err)
{
	for (size_t i = 0; i < g->wanted.len; i++) {
		const struct device *d = find(&g->all, g->wanted.at[i].real);
		if (d && d->group[0] && !is_member(g, d))
			return err_set(err, ERR_INVALID, "Device %s is already in %s volume group.",
				       d->name, d->group);
	}
	return 0;
}

static int read_group(struct lvg *g, struct err *err)
{
	struct lvm_table t;
	int r = lvm_read(g->call, "vgs", "vg_name,pv_count,lv_count", NULL, &t, err);
	if (r < 0 || t.failed)
		return r < 0 ? r : failed("vgs", &t, err);
	for (size_t i = 0; i < t.len; i++) {
		if (strcmp(t.at[i].field[0], g->vg) != 0)
			continue;
		g->exists = true;
		g->lv_count = strtol(t.at[i].field[2], NULL, 10);
	}
	return 0;
}

static int change(struct program *p, struct err *err)
{
	result_changed(p->call);
	return program_change(p, err);
}

static int make_physical(struct lvg *g, const struct device *d, struct err *err)
{
	struct program p;
	program_init(&p, g->call, "pvcreate");
	int r = program_add_text(&p, arg_str(g->call, "pv_options"), err);
	if (r < 0)
		return r;
	program_add(&p, "-f");
	program_add(&p, d->real);
	r = change(&p, err);
	return r < 0 ? err_wrap(err, r, "Creating physical volume '%s' failed", d->real) : 0;
}

static int create(struct lvg *g, struct err *err)
{
	struct program p;
	int r = 0;
	for (size_t i = 0; r == 0 && i < g->wanted.len; i++)
		r = make_physical(g, &g->wanted.at[i], err);
	if (r < 0)
		return r;
	program_init(&p, g->call, "vgcreate");
	r = program_add_text(&p, arg_str(g->call, "vg_options"), err);
	if (r == 0 && g->steers)
		r = lvg_create_active(&p, g->active, err);
	program_add(&p, "-s");
	program_add(&p, arg_str(g->call, "pesize"));
	program_add(&p, g->vg);
	for (size_t i = 0; i < g->wanted.len; i++)
		program_add(&p, g->wanted.at[i].real);
	if (r == 0)
		r = change(&p, err);
	if (r < 0)
		return err_wrap(err, r, "Creating volume group '%s' failed", g->vg);
	return lvm_foresee(g->call, g->vg, NULL, err);
}

static int drop(struct lvg *g, struct err *err)
{
	struct program p;
	if (g->lv_count > 0 && !arg_bool(g->call, "force"))
		return err_set(err, ERR_INVALID,
			       "Refuse to remove non-empty volume group %s without force=true",
			       g->vg);
	program_init(&p, g->call, "vgremove");
	program_add(&p, "--force");
	program_add(&p, g->vg);
	return change(&p, err);
}

/* Has the device room for another extent? */
static int has_grown(struct lvg *g, const struct device *d, bool *ret, struct err *err)
{
	struct lvm_table t;
	int r = lvm_read(g->call, "pvs", "dev_size,pv_size,pe_start,vg_extent_size", d->name, &t,
			 err);
	if (r < 0)
		return r;
	if (t.failed || t.len != 1)
		return failed("pvs", &t, err);
	uint64_t device = lvm_size(t.at[0].field[0]);
	uint64_t used = lvm_size(t.at[0].field[1]) + lvm_size(t.at[0].field[2]);
	*ret = device > used && device - used > lvm_size(t.at[0].field[3]);
	return 0;
}

static int resize_physical(struct lvg *g, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < g->all.len; i++) {
		struct program p;
		bool grown = false;
		if (!is_member(g, &g->all.at[i]))
			continue;
		r = has_grown(g, &g->all.at[i], &grown, err);
		if (r < 0 || !grown)
			continue;
		program_init(&p, g->call, "pvresize");
		program_add(&p, g->all.at[i].name);
		r = change(&p, err);
	}
	return r;
}

static int reset(struct lvg *g, const char *program, const char *name, struct err *err)
{
	struct program p;
	program_init(&p, g->call, program);
	program_add(&p, "-u");
	program_add(&p, name);
	return change(&p, err);
}

static int reset_uuids(struct lvg *g, struct err *err)
{
	int r = arg_bool(g->call, "reset_vg_uuid") ? reset(g, "vgchange", g->vg, err) : 0;
	if (!arg_bool(g->call, "reset_pv_uuid"))
		return r;
	for (size_t i = 0; r == 0 && i < g->all.len; i++)
		if (is_member(g, &g->all.at[i]))
			r = reset(g, "pvchange", g->all.at[i].name, err);
	return r;
}

static int extend(struct lvg *g, struct err *err)
{
	struct program p;
	size_t added = 0;
	int r = 0;
	program_init(&p, g->call, "vgextend");
	program_add(&p, g->vg);
	for (size_t i = 0; r == 0 && i < g->wanted.len; i++) {
		const struct device *d = find(&g->all, g->wanted.at[i].real);
		if (d && is_member(g, d))
			continue;
		added++;
		program_add(&p, g->wanted.at[i].real);
		r = make_physical(g, &g->wanted.at[i], err);
	}
	if (r == 0 && added)
		r = change(&p, err);
	return r < 0 && added ? err_wrap(err, r, "Unable to extend %s", g->vg) : r;
}

static int reduce(struct lvg *g, struct err *err)
{
	struct program p;
	size_t removed = 0;
	program_init(&p, g->call, "vgreduce");
	program_add(&p, "--force");
	program_add(&p, g->vg);
	for (size_t i = 0; i < g->all.len; i++) {
		if (!is_member(g, &g->all.at[i]) || find(&g->wanted, g->all.at[i].real))
			continue;
		removed++;
		program_add(&p, g->all.at[i].name);
	}
	int r = removed ? change(&p, err) : 0;
	return r < 0 ? err_wrap(err, r, "Unable to reduce %s", g->vg) : 0;
}

static void report(struct lvg *g, bool present)
{
	CLEANUP(strbuf_release) struct strbuf before = {0}, after = {0};
	bool all_stay = present && (!g->wanted.len || !arg_bool(g->call, "remove_extra_pvs"));
	for (size_t i = 0; i < g->all.len; i++) {
		if (!is_member(g, &g->all.at[i]))
			continue;
		strbuf_printf(&before, "%s\n", g->all.at[i].real);
		if (all_stay && !find(&g->wanted, g->all.at[i].real))
			strbuf_printf(&after, "%s\n", g->all.at[i].real);
	}
	for (size_t i = 0; present && i < g->wanted.len; i++)
		strbuf_printf(&after, "%s\n", g->wanted.at[i].real);
	if (g->switches) {
		strbuf_puts(&before, g->active ? "inactive\n" : "active\n");
		strbuf_puts(&after, g->active ? "active\n" : "inactive\n");
	}
	result_diff(g->call, g->vg, strbuf_slice(&before), g->vg, strbuf_slice(&after));
}

static int bring(struct lvg *g, struct err *err)
{
	if (!g->wanted.len && (!g->exists || arg_bool(g->call, "reset_pv_uuid")))
		return err_set(err, ERR_INVALID, "No physical volumes given.");
	if (!g->exists)
		return create(g, err);
	int r = g->steers ? lvg_activate(g->call, g->vg, g->active, &g->switches, err) : 0;
	if (r == 0)
		r = reset_uuids(g, err);
	if (r == 0 && g->wanted.len && arg_bool(g->call, "pvresize"))
		r = resize_physical(g, err);
	if (r == 0 && g->wanted.len)
		r = extend(g, err);
	if (r == 0 && g->wanted.len && arg_bool(g->call, "remove_extra_pvs"))
		r = reduce(g, err);
	return r;
}

static int apply(struct lvg *g, bool present, struct err *err)
{
	int r = lvm_check_name("volume group", g->vg, err);
	if (r == 0 && present)
		r = read_wanted(g, err);
	if (r == 0)
		r = read_all(g, err);
	if (r == 0 && present)
		r = check_devices(g, err);
	if (r == 0)
		r = read_group(g, err);
	if (r == 0)
		r = present ? bring(g, err) : g->exists ? drop(g, err) : 0;
	if (r == 0 && result_is_changed(g->call))
		report(g, present);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	struct lvg g = {.call = call, .vg = arg_str(call, "vg")};
	const char *state = arg_str(call, "state");
	bool present = strcmp(state, "absent") != 0;
	g.active = strcmp(state, "active") == 0;
	g.steers = g.active || strcmp(state, "inactive") == 0;
	return program_settle(call, apply(&g, present, err), err);
}

const struct module module_lvg = {
	.name = "lvg",
	.full_name = "community.general.lvg",
	.doc = "Manages volume groups of LVM.",
	.params = params,
	.run = run,
};
