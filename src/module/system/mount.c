/*
 * mount (ansible.posix): an entry of fstab, and what is mounted now.
 * https://docs.ansible.com/ansible/latest/collections/ansible/posix/mount_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "../path/path_state.h"
#include "fstab.h"

static const char *const path_aliases[] = {"name", NULL};
static const char *const states[] = {"absent",	  "absent_from_fstab", "mounted",   "present",
				     "unmounted", "remounted",	       "ephemeral", NULL};
static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .aliases = path_aliases,
	 .doc = "Where it is mounted."},
	{.name = "src", .type = MODULE_PATH, .doc = "What is mounted there."},
	{.name = "fstype", .type = MODULE_STR, .doc = "Type of the file system."},
	{.name = "opts", .type = MODULE_STR, .doc = "Mount options; defaults without it."},
	{.name = "dump", .type = MODULE_STR, .fallback = "'0'", .doc = "fstab's fifth field."},
	{.name = "passno", .type = MODULE_STR, .fallback = "'0'", .doc = "fstab's sixth field."},
	{.name = "state",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = states,
	 .doc = "mounted: in fstab and mounted; present: in fstab; unmounted; absent: neither, and "
		"the folder goes; remounted; ephemeral: mounted and not in fstab."},
	{.name = "fstab", .type = MODULE_PATH, .doc = "In place of /etc/fstab."},
	{.name = "boot",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Without it noauto is among the options."},
	{.name = "backup",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Keeps a copy of the old fstab, with a timestamp."},
	{.name = "opts_no_log",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The options are secret: no diff is made."},
	{0},
};

struct mount_call {
	struct module_call *call;
	struct fstab_entry entry;
	const char *fstab, *state;
	bool edited; /* fstab was not as it shall be */
};

static bool is_state(const struct mount_call *m, const char *state)
{
	return strcmp(m->state, state) == 0;
}

static int write_fstab(struct mount_call *m, bool set, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	bool stop = false, diff = m->call->diff_mode;
	int r = text_file_open_at(m->call, m->fstab, true, &f, &stop, err);
	if (r < 0 || stop)
		return r;
	struct slice old = strbuf_slice(&f.content);
	(set ? fstab_set : fstab_unset)(m->call->arena, old, &m->entry, &text);
	/* A last line without its end is no reason to write. */
	if (slice_eq(slice_trim(old), slice_trim(strbuf_slice(&text))))
		return 0;
	m->call->diff_mode = diff && !arg_bool(m->call, "opts_no_log");
	m->edited = true;
	r = text_file_save(m->call, &f, strbuf_slice(&text), "", err);
	m->call->diff_mode = diff;
	return r;
}

/* Of /proc/self/mountinfo, the fifth field: \040 and the like. */
static bool is_point(struct slice field, const char *path)
{
	size_t at = 0;
	for (size_t i = 0; i < field.len; i++, at++) {
		char c = field.ptr[i];
		if (c == '\\' && i + 3 < field.len) {
			c = (char)((field.ptr[i + 1] - '0') * 64 + (field.ptr[i + 2] - '0') * 8 +
				   (field.ptr[i + 3] - '0'));
			i += 3;
		}
		if (path[at] != c)
			return false;
	}
	return path[at] == '\0';
}

#define MOUNTINFO_MAX (16u << 20)
#define MOUNTINFO_POINT 4

/* The table has it under the name without links: /run/x of /var/run/x. */
static int is_other_device(struct mount_call *m, bool *ret, struct err *err)
{
	struct host_stat here = {0}, above = {0};
	struct host *h = m->call->host;
	struct arena *a = m->call->arena;
	int r = h->ops->stat(h, a, m->entry.name, false, &here, err);
	if (r == 0)
		r = h->ops->stat(h, a, path_below(m->call, m->entry.name, ".."), true, &above, err);
	/* What the overlay makes is on no device. */
	*ret = r == 0 && here.type == HOST_DIR && here.device && above.device &&
	       here.device != above.device;
	return r;
}

static int is_mounted(struct mount_call *m, bool *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct host *h = m->call->host;
	struct slice rest, line, field = {NULL, 0};
	*ret = false;
	int r = h->ops->read(h, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, err);
	rest = strbuf_slice(&text);
	while (r == 0 && slice_split(&rest, '\n', &line)) {
		bool there = true;
		for (int i = 0; there && i <= MOUNTINFO_POINT; i++)
			there = slice_split(&line, ' ', &field);
		*ret |= there && is_point(field, m->entry.name);
	}
	return r < 0 || *ret ? r : is_other_device(m, ret, err);
}

static int do_mount(struct mount_call *m, struct err *err)
{
	const char *argv[12] = {"mount"};
	size_t n = 1;
	bool ephemeral = is_state(m, "ephemeral");
	if (!ephemeral && strcmp(m->fstab, "/etc/fstab") != 0) {
		argv[n++] = "-T";
		argv[n++] = m->fstab;
	}
	if (ephemeral) {
		argv[n++] = "-t";
		argv[n++] = m->entry.fstype;
		if (strcmp(m->entry.opts, "defaults") != 0) {
			argv[n++] = "-o";
			argv[n++] = m->entry.opts;
		}
		argv[n++] = "--";
		argv[n++] = m->entry.src;
	}
	argv[n] = m->entry.name;
	result_changed(m->call);
	return call_change(m->call, argv, NULL, err);
}

static int do_umount(struct mount_call *m, struct err *err)
{
	const char *const argv[] = {"umount", m->entry.name, NULL};
	result_changed(m->call);
	return call_change(m->call, argv, NULL, err);
}

/* Where the file system cannot be remounted it is unmounted and mounted. */
static int do_remount(struct mount_call *m, struct err *err)
{
	bool given = is_state(m, "remounted") && strcmp(m->entry.opts, "defaults") != 0;
	const char *opts =
		given ? arena_printf(m->call->arena, "remount,%s", m->entry.opts) : "remount";
	const char *argv[8] = {"mount", "-o", opts};
	size_t n = 3;
	if (strcmp(m->fstab, "/etc/fstab") != 0) {
		argv[n++] = "-T";
		argv[n++] = m->fstab;
	}
	argv[n] = m->entry.name;
	result_changed(m->call);
	struct err first = {0};
	int r = call_change(m->call, argv, NULL, &first);
	if (r == 0)
		return 0;
	if (given) {
		*err = first;
		return err_wrap(err, r, "the options cannot be changed by a remount");
	}
	r = do_umount(m, err);
	return r < 0 ? r : do_mount(m, err);
}

static int make_point(struct mount_call *m, struct err *err)
{
	struct host_stat st = {0};
	struct host *h = m->call->host;
	int r = h->ops->stat(h, m->call->arena, m->entry.name, true, &st, err);
	if (r < 0 || st.type != HOST_ABSENT)
		return r;
	result_changed(m->call);
	return path_make_folders(m->call, m->entry.name, NULL, err);
}

static int ensure_mounted(struct mount_call *m, struct err *err)
{
	bool mounted;
	int r = make_point(m, err);
	if (r == 0 && is_state(m, "mounted"))
		r = write_fstab(m, true, err);
	if (r == 0)
		r = is_mounted(m, &mounted, err);
	if (r < 0)
		return r;
	if (!mounted)
		return do_mount(m, err);
	return m->edited || is_state(m, "ephemeral") ? do_remount(m, err) : 0;
}

static int ensure_unmounted(struct mount_call *m, struct err *err)
{
	bool mounted;
	int r = is_mounted(m, &mounted, err);
	return r < 0 || !mounted ? r : do_umount(m, err);
}

/* Neither in fstab nor mounted, and its folder is gone. */
static int ensure_absent(struct mount_call *m, struct err *err)
{
	struct host_stat st = {0};
	struct host_names names = {0};
	struct host *h = m->call->host;
	int r = write_fstab(m, false, err);
	/* As Ansible: what is not in fstab is left alone. */
	if (r < 0 || !m->edited)
		return r;
	r = ensure_unmounted(m, err);
	if (r == 0)
		r = h->ops->stat(h, m->call->arena, m->entry.name, false, &st, err);
	if (r < 0 || st.type != HOST_DIR)
		return r;
	/* Under the overlay what is mounted there is still to be seen. */
	if (!m->call->check_mode) {
		r = h->ops->list(h, m->call->arena, m->entry.name, &names, err);
		if (r == 0 && names.len)
			r = err_set(err, ERR_INVALID, "Error rmdir %s: Directory not empty",
				    m->entry.name);
	}
	if (r < 0)
		return r;
	result_changed(m->call);
	return h->ops->remove(h, m->entry.name, m->call->check_mode, err);
}

static int check_arguments(const struct mount_call *m, struct err *err)
{
	bool puts = is_state(m, "present") || is_state(m, "mounted") || is_state(m, "ephemeral");
	if (puts && (!m->entry.src || !m->entry.fstype))
		return err_set(err, ERR_INVALID,
			       "state is %s but all of the following are missing: "
			       "%s%s%s",
			       m->state, m->entry.src ? "" : "src",
			       m->entry.src || m->entry.fstype ? "" : ", ",
			       m->entry.fstype ? "" : "fstype");
	return 0;
}

static void put_result(struct mount_call *m)
{
	struct module_call *call = m->call;
	result_put_str(call, "name", m->entry.name);
	result_put_str(call, "src", m->entry.src);
	result_put_str(call, "fstype", m->entry.fstype);
	if (!arg_bool(call, "opts_no_log"))
		result_put_str(call, "opts", m->entry.opts);
	result_put_str(call, "dump", m->entry.dump);
	result_put_str(call, "passno", m->entry.passno);
	result_put_str(call, "fstab", m->fstab);
	result_put_bool(call, "boot", arg_bool(call, "boot"));
}

/* fstab has "none" or "swap" where there is no folder: swap space. */
static bool is_no_path(const char *path)
{
	return strcmp(path, "none") == 0 || strcmp(path, "swap") == 0;
}

/* Of those nothing is mounted. */
static int dispatch_no_path(struct mount_call *m, struct err *err)
{
	if (is_state(m, "present"))
		return write_fstab(m, true, err);
	if (is_state(m, "absent") || is_state(m, "absent_from_fstab"))
		return write_fstab(m, false, err);
	if (is_state(m, "unmounted"))
		return 0;
	return err_set(err, ERR_INVALID, "state %s needs the path of a folder, not '%s'", m->state,
		       m->entry.name);
}

static int dispatch(struct mount_call *m, struct err *err)
{
	if (is_no_path(m->entry.name))
		return dispatch_no_path(m, err);
	if (is_state(m, "mounted") || is_state(m, "ephemeral"))
		return ensure_mounted(m, err);
	if (is_state(m, "present"))
		return write_fstab(m, true, err);
	if (is_state(m, "absent_from_fstab"))
		return write_fstab(m, false, err);
	if (is_state(m, "unmounted"))
		return ensure_unmounted(m, err);
	return is_state(m, "absent") ? ensure_absent(m, err) : do_remount(m, err);
}

/* An empty field would make the next one its own. */
static const char *text_or(struct module_call *call, const char *name, const char *otherwise)
{
	const char *text = arg_str(call, name);
	return text && *text ? text : otherwise;
}

static int run(struct module_call *call, struct err *err)
{
	struct mount_call m = {.call = call, .state = arg_str(call, "state")};
	const char *path = arg_str(call, "path");
	if (!is_no_path(path))
		path = call_absolute_path(call, NULL, path);
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	m.entry = (struct fstab_entry){.src = arg_str(call, "src"),
				       .name = arena_strndup(call->arena, path, len),
				       .fstype = arg_str(call, "fstype"),
				       .opts = text_or(call, "opts", "defaults"),
				       .dump = text_or(call, "dump", "0"),
				       .passno = text_or(call, "passno", "0")};
	if (!arg_bool(call, "boot") && !strstr(m.entry.opts, "noauto"))
		m.entry.opts = arena_printf(call->arena, "%s,noauto", m.entry.opts);
	m.fstab = arg_has(call, "fstab") ? arg_str(call, "fstab") : "/etc/fstab";
	int r = check_arguments(&m, err);
	if (r == 0)
		r = dispatch(&m, err);
	value_dict_remove(call->result, SLICE_LIT("msg"));
	put_result(&m);
	return r;
}

const struct module module_mount = {
	.name = "mount",
	.full_name = "ansible.posix.mount",
	.doc = "Mounts file systems and keeps fstab.",
	.params = params,
	.run = run,
};
