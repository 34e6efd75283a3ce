#include "lvg_active.h"

#include "../call.h"
#include "lvm.h"

#define OPTION "--setautoactivation"

/* Of LVM 2.03.12. */
static int knows_autoactivation(struct module_call *call, const char *program, bool *ret,
				struct err *err)
{
	struct program p;
	program_init(&p, call, program);
	program_add(&p, "--help");
	int r = program_read(&p, err);
	if (r == 0)
		*ret = memmem(p.out.ptr, p.out.len, OPTION, strlen(OPTION)) != NULL;
	return r;
}

static int change(struct module_call *call, const char *vg, const char *option, bool on,
		  struct err *err)
{
	struct program p;
	program_init(&p, call, "vgchange");
	program_add(&p, option);
	program_add(&p, on ? "y" : "n");
	program_add(&p, vg);
	result_changed(call);
	return program_change(&p, err);
}

/* lvs(8), lv_attr: the fifth is a where the volume is active. */
static bool is_active(const char *attributes)
{
	return strlen(attributes) > 4 && attributes[4] == 'a';
}

int lvg_activate(struct module_call *call, const char *vg, bool active, bool *ret_changes,
		 struct err *err)
{
	struct lvm_table t;
	bool knows = false, automatic = false, differs = false;
	int r = knows_autoactivation(call, "vgchange", &knows, err);
	if (r == 0)
		r = lvm_read(call, "vgs", knows ? "lv_attr,autoactivation" : "lv_attr", vg, &t,
			     err);
	if (r < 0)
		return r;
	if (t.failed)
		return err_set(err, ERR_INVALID, "Failed executing vgs command: %.*s",
			       SLICE_ARG(t.err));
	for (size_t i = 0; i < t.len; i++) {
		const char *attributes = t.at[i].field[0];
		differs |= attributes[0] && is_active(attributes) != active;
		automatic |= strcmp(t.at[i].field[1], "enabled") == 0;
	}
	if (knows && automatic != active)
		r = change(call, vg, OPTION, active, err);
	if (r == 0 && differs)
		r = change(call, vg, "--activate", active, err);
	*ret_changes = differs || (knows && automatic != active);
	return r;
}

int lvg_create_active(struct program *vgcreate, bool active, struct err *err)
{
	struct module_call *call = vgcreate->call;
	bool knows = false;
	int r = strstr(arg_str(call, "vg_options"), OPTION)
			? 0
			: knows_autoactivation(call, "vgcreate", &knows, err);
	if (r < 0 || !knows)
		return r;
	program_add(vgcreate, OPTION);
	program_add(vgcreate, active ? "y" : "n");
	return 0;
}
