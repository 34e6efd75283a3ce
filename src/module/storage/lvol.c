/*
 * lvol: logical volumes of LVM, lvm(8). Sizes are compared in extents.
 * https://docs.ansible.com/ansible/latest/collections/community/general/lvol_module.html
 */
#include "../call.h"
#include "lvm.h"
#include "lvol_size.h"

static const char *const states[] = {"absent", "present", NULL};

static const struct module_param params[] = {
	{.name = "vg", .type = MODULE_STR, .required = true, .doc = "The volume group."},
	{.name = "lv", .type = MODULE_STR, .doc = "The logical volume."},
	{.name = "size",
	 .type = MODULE_STR,
	 .doc = "In MB, with a unit, or like 80%VG, 100%FREE; + and - change what is there."},
	{.name = "opts", .type = MODULE_STR, .doc = "Options of lvcreate."},
	LVM_PARAMS(states, "Removes and shrinks; without it neither is done."),
	{.name = "shrink",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Without it one that is larger stays so."},
	{.name = "active", .type = MODULE_BOOL, .fallback = "true", .doc = "Whether it is active."},
	{.name = "snapshot", .type = MODULE_STR, .doc = "Name of a snapshot of lv."},
	{.name = "pvs", .type = MODULE_STR, .doc = "Devices that it shall lie on."},
	{.name = "resizefs",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Resizes the file system with it."},
	{.name = "thinpool",
	 .type = MODULE_STR,
	 .doc = "The thin pool that lv is of; without lv it is made itself."},
	{0},
};
static const char *const one_of[] = {"lv|thinpool", NULL};

struct volume {
	bool exists, active, is_pool, is_thin;
	const char *name;
	uint64_t size;
};
struct lvol {
	struct module_call *call;
	const char *vg, *lv, *snapshot, *thinpool;
	struct lvol_size size;
	bool sized, is_foreseen; /* is_foreseen: an earlier task would make the group */
	uint64_t vg_size, vg_free, extent;
	struct lvm_table volumes;
	struct volume now;
};

/* lv may be "vg/lv", and lvs puts hidden ones into brackets. */
static bool is_named(const char *field, const char *name)
{
	struct slice shown = slice_from(field);
	const char *slash = strrchr(name, '/');
	if (shown.len > 2 && shown.ptr[0] == '[')
		shown = (struct slice){shown.ptr + 1, shown.len - 2};
	return slice_is(shown, name) || (slash && slice_is(shown, slash + 1));
}

static struct volume find(const struct lvol *l, const char *name)
{
	for (size_t i = 0; i < l->volumes.len; i++) {
		const struct lvm_row *row = &l->volumes.at[i];
		const char *attr = row->field[2];
		if (!is_named(row->field[0], name) || strlen(attr) < 5)
			continue;
		return (struct volume){.exists = true,
				       .active = attr[4] == 'a',
				       .is_pool = attr[0] == 't',
				       .is_thin = attr[0] == 'V',
				       .name = name,
				       .size = lvm_size(row->field[1])};
	}
	return (struct volume){.name = name};
}

static int no_group(struct lvol *l, bool present, bool *ret_stop, struct err *err)
{
	const char *why = host_assumes(l->call->host);
	int r = lvm_is_foreseen(l->call, l->vg, NULL, &l->is_foreseen, err);
	if (r < 0 || (l->is_foreseen && present))
		return r;
	*ret_stop = true;
	if (why)
		return err_set(err, ERR_UNKNOWN, "the volume group %s is not there yet: %s", l->vg,
			       why);
	if (present)
		return err_set(err, ERR_NOT_FOUND, "Volume group %s does not exist.", l->vg);
	result_put_str(l->call, "stdout",
		       arena_printf(l->call->arena, "Volume group %s does not exist.", l->vg));
	return 0;
}

static int look(struct lvol *l, bool present, bool *ret_stop, struct err *err)
{
	struct lvm_table t;
	int r = lvm_read(l->call, "vgs", "vg_name,vg_size,vg_free,vg_extent_size", l->vg, &t, err);
	if (r == 0 && (t.failed || t.len == 0))
		return no_group(l, present, ret_stop, err);
	if (r == 0)
		r = lvm_read(l->call, "lvs", "lv_name,lv_size,lv_attr", l->vg, &l->volumes, err);
	if (r < 0)
		return r;
	if (l->volumes.failed)
		return no_group(l, present, ret_stop, err);
	l->vg_size = lvm_size(t.at[0].field[1]);
	l->vg_free = lvm_size(t.at[0].field[2]);
	l->extent = lvm_size(t.at[0].field[3]);
	return l->extent ? 0
			 : err_set(err, ERR_INVALID, "vgs told no size of an extent of %s", l->vg);
}

/* The volume that another is made of. */
static int find_base(struct lvol *l, const char *name, struct volume *ret, struct err *err)
{
	bool foreseen = false;
	*ret = find(l, name);
	if (ret->exists)
		return 0;
	int r = lvm_is_foreseen(l->call, l->vg, name, &foreseen, err);
	ret->exists = foreseen;
	l->is_foreseen |= foreseen;
	return r;
}

/* Which volume it is about. */
static int choose(struct lvol *l, struct err *err)
{
	struct volume base = {0};
	int r = l->snapshot	       ? find_base(l, l->lv ? l->lv : l->thinpool, &base, err)
		: l->thinpool && l->lv ? find_base(l, l->thinpool, &base, err)
				       : 0;
	if (r < 0)
		return r;
	if (l->snapshot) {
		if (!base.exists)
			return err_set(err, ERR_NOT_FOUND,
				       "Snapshot origin LV %s does not exist in volume group %s.",
				       base.name, l->vg);
		if (base.is_pool || l->thinpool)
			return err_set(err, ERR_UNSUPPORTED,
				       "Snapshots of thin pool LVs are not supported.");
		l->now = find(l, l->snapshot);
		return 0;
	}
	if (l->thinpool && l->lv && !base.exists)
		return err_set(err, ERR_NOT_FOUND,
			       "Thin pool LV %s does not exist in volume group %s.", l->thinpool,
			       l->vg);
	l->now = find(l, l->lv ? l->lv : l->thinpool);
	return 0;
}

/* In check mode LVM's own test, of which nothing is written. */
static int change(const struct lvol *l, struct program *p, struct err *err)
{
	struct module_call *call = p->call;
	result_changed(call);
	if (!call->check_mode || l->is_foreseen)
		return program_change(p, err);
	program_add(p, "--test");
	return program_read(p, err);
}

static const char *path_of(const struct lvol *l, const char *name)
{
	const char *slash = strrchr(name, '/');
	return arena_printf(l->call->arena, "%s/%s", l->vg, slash ? slash + 1 : name);
}

static void add_devices(struct lvol *l, struct program *p)
{
	struct slice rest = arg_slice(l->call, "pvs"), part, word;
	while (rest.len && slice_split(&rest, ',', &part))
		while (slice_word(&part, &word))
			program_add(p, arena_slice(l->call->arena, word).ptr);
}

static int check_create(const struct lvol *l, struct err *err)
{
	bool of_thin = l->snapshot && l->lv && find(l, l->lv).is_thin;
	if (l->sized && l->size.sign == '-')
		return err_set(err, ERR_INVALID, "Bad size specification of '%s' for creating LV",
			       arg_str(l->call, "size"));
	if (!l->sized && !of_thin)
		return err_set(err, ERR_INVALID, "No size given.");
	if (l->thinpool && l->lv && l->size.whole)
		return err_set(err, ERR_UNSUPPORTED,
			       "Thin volume sizing with percentage not supported.");
	return 0;
}

static int create(struct lvol *l, struct err *err)
{
	struct program p;
	int r = check_create(l, err);
	if (r < 0)
		return r;
	program_init(&p, l->call, "lvcreate");
	program_add(&p, "--yes");
	if (l->snapshot || l->lv) {
		program_add(&p, "-n");
		program_add(&p, l->snapshot ? l->snapshot : l->lv);
	}
	if (l->sized)
		lvol_size_add(&p, &l->size, l->thinpool && l->lv ? 'V' : 'L', false);
	if (l->snapshot)
		program_add(&p, "-s");
	r = program_add_text(&p, arg_str(l->call, "opts"), err);
	if (r < 0)
		return r;
	if (l->thinpool && !l->snapshot)
		program_add(&p, "-T");
	program_add(&p, l->snapshot   ? path_of(l, l->lv)
			: l->thinpool ? path_of(l, l->thinpool)
				      : l->vg);
	if (!l->snapshot && !l->thinpool)
		add_devices(l, &p);
	r = change(l, &p, err);
	if (r < 0)
		return err_wrap(err, r, "Creating logical volume '%s' failed", l->now.name);
	result_put_str(l->call, "msg", "");
	const char *slash = strrchr(l->now.name, '/');
	return lvm_foresee(l->call, l->vg, slash ? slash + 1 : l->now.name, err);
}

static int drop(struct lvol *l, struct err *err)
{
	struct program p;
	if (!arg_bool(l->call, "force"))
		return err_set(err, ERR_INVALID,
			       "Sorry, no removal of logical volume %s without force=true.",
			       l->now.name);
	program_init(&p, l->call, "lvremove");
	program_add(&p, "--force");
	program_add(&p, path_of(l, l->now.name));
	int r = change(l, &p, err);
	return r < 0 ? err_wrap(err, r, "Failed to remove logical volume %s", l->now.name) : 0;
}

/* In whole extents: LVM rounds sizes up and percentages down. */
static uint64_t wanted_size(const struct lvol *l)
{
	const struct lvol_size *s = &l->size;
	uint64_t whole = s->whole && strcmp(s->whole, "FREE") == 0 ? l->vg_free : l->vg_size;
	uint64_t part = s->whole ? whole / 100 * s->percent + whole % 100 * s->percent / 100
				 : (uint64_t)s->bytes;
	uint64_t up = s->whole ? 0 : l->extent - 1;
	if (s->sign == '+')
		part += l->now.size;
	else if (s->sign == '-')
		part = part > l->now.size ? 0 : l->now.size - part;
	return (part + up) / l->extent * l->extent;
}

static int check_shrink(const struct lvol *l, uint64_t wanted, struct err *err)
{
	if (wanted == 0)
		return err_set(err, ERR_INVALID, "Sorry, no shrinking of %s to 0 permitted.",
			       l->now.name);
	if (!arg_bool(l->call, "force"))
		return err_set(err, ERR_INVALID, "Sorry, no shrinking of %s without force=true.",
			       l->now.name);
	return 0;
}

static int check_room(const struct lvol *l, uint64_t wanted, struct err *err)
{
	uint64_t more = wanted - l->now.size;
	if (!l->size.whole || more <= l->vg_free)
		return 0;
	return err_set(err, ERR_INVALID,
		       "Logical Volume %s could not be extended. Not enough free space left "
		       "(%.2fm required / %.2fm available)",
		       l->now.name, lvol_size_show(&l->size, more),
		       lvol_size_show(&l->size, l->vg_free));
}

static int run_resize(struct lvol *l, bool grows, uint64_t wanted, struct err *err)
{
	struct program p;
	program_init(&p, l->call, grows ? "lvextend" : "lvreduce");
	if (!grows)
		program_add(&p, "--force");
	if (arg_bool(l->call, "resizefs"))
		program_add(&p, "--resizefs");
	lvol_size_add(&p, &l->size, 'L', true);
	program_add(&p, path_of(l, l->now.name));
	if (grows)
		add_devices(l, &p);
	int r = change(l, &p, err);
	if (r == 0 && memmem(p.out.ptr, p.out.len, "Reached maximum COW size", 24))
		r = err_set(err, ERR_INVALID, "Reached maximum COW size");
	if (r < 0)
		return err_wrap(err, r, "Unable to resize %s to %s", l->now.name,
				arg_str(l->call, "size"));
	if (l->size.whole)
		result_put_str(l->call, "msg",
			       arena_printf(l->call->arena, "Volume %s resized to %.2fm",
					    l->now.name, lvol_size_show(&l->size, wanted)));
	return 0;
}

static int resize(struct lvol *l, struct err *err)
{
	uint64_t wanted = wanted_size(l), now = l->now.size;
	/* With a percentage an extent more is no reason to shrink. */
	uint64_t slack = l->size.whole ? l->extent : 0;
	int r;
	if (wanted > now) {
		r = check_room(l, wanted, err);
		return r < 0 ? r : run_resize(l, true, wanted, err);
	}
	if (wanted + slack >= now || !(arg_bool(l->call, "shrink") || l->size.sign == '-'))
		return 0;
	r = check_shrink(l, wanted, err);
	return r < 0 ? r : run_resize(l, false, wanted, err);
}

static int activate(struct lvol *l, struct err *err)
{
	struct program p;
	bool active = arg_bool(l->call, "active");
	result_put_str(l->call, "vg", l->vg);
	result_put_str(l->call, "lv", l->now.name);
	result_put(l->call, "size",
		   value_float(l->call->arena, lvol_size_show(&l->size, l->now.size)));
	if (l->now.active == active)
		return 0;
	program_init(&p, l->call, "lvchange");
	program_add(&p, active ? "-ay" : "-an");
	program_add(&p, path_of(l, l->now.name));
	result_changed(l->call);
	int r = program_change(&p, err);
	return r < 0 ? err_wrap(err, r, "Failed to %s logical volume %s",
				active ? "activate" : "deactivate", l->now.name)
		     : 0;
}

static int check_names(const struct lvol *l, struct err *err)
{
	int r = lvm_check_name("volume group", l->vg, err);
	if (r == 0 && l->lv)
		r = lvm_check_name("logical volume", l->lv, err);
	if (r == 0 && l->snapshot)
		r = lvm_check_name("logical volume", l->snapshot, err);
	if (r == 0 && l->thinpool)
		r = lvm_check_name("logical volume", l->thinpool, err);
	return r;
}

static int apply(struct lvol *l, struct err *err)
{
	const char *size = arg_str(l->call, "size");
	bool present = strcmp(arg_str(l->call, "state"), "present") == 0, stop = false;
	int r = check_names(l, err);
	l->sized = size && size[0];
	if (r == 0 && l->sized)
		r = lvol_size_parse(l->call->arena, size, &l->size, err);
	else
		l->size.unit = 'm';
	if (r == 0)
		r = look(l, present, &stop, err);
	if (r == 0 && !stop)
		r = choose(l, err);
	if (r < 0 || stop)
		return r;
	if (!present)
		return l->now.exists ? drop(l, err) : 0;
	if (!l->now.exists)
		return create(l, err);
	if (l->sized)
		r = resize(l, err);
	return r < 0 ? r : activate(l, err);
}

static int run(struct module_call *call, struct err *err)
{
	struct lvol l = {.call = call,
			 .vg = arg_str(call, "vg"),
			 .lv = arg_str(call, "lv"),
			 .snapshot = arg_str(call, "snapshot"),
			 .thinpool = arg_str(call, "thinpool")};
	return program_settle(call, apply(&l, err), err);
}

const struct module module_lvol = {
	.name = "lvol",
	.full_name = "community.general.lvol",
	.doc = "Manages logical volumes of LVM.",
	.params = params,
	.required_one_of = one_of,
	.run = run,
};
