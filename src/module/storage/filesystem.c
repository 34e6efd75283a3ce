/*
 * filesystem: mkfs, wipefs, and what makes one grow. What is there is what blkid says.
 * https://docs.ansible.com/ansible/latest/collections/community/general/filesystem_module.html
 */
#include "../call.h"
#include "filesystem_kind.h"

#include <ctype.h>
#include <stdlib.h>

#define BLKID_AMBIVALENT 8

static const char *const states[] = {"present", "absent", NULL};
static const char *const types[] = {"btrfs", "ext2",	 "ext3", "ext4", "ext4dev", "f2fs", "lvm",
				    "ocfs2", "reiserfs", "ufs",	 "vfat", "xfs",	    "swap", NULL};
static const char *const fstype_aliases[] = {"type", NULL};
static const char *const dev_aliases[] = {"device", NULL};
static const char *check_uuid(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	bool fits = v->type == VALUE_STRING && v->str.len > 0 && v->str.len <= 64 &&
		    v->str.ptr[0] != '-';
	for (size_t i = 0; fits && i < v->str.len; i++)
		fits = isalnum((unsigned char)v->str.ptr[i]) || v->str.ptr[i] == '-';
	return fits ? NULL : "a UUID, or a word like random";
}

static const struct module_param params[] = {
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "absent: the signatures go, and with them what is on it."},
	{.name = "fstype",
	 .type = MODULE_STR,
	 .choices = types,
	 .aliases = fstype_aliases,
	 .doc = "Which file system; needed with state present."},
	{.name = "dev",
	 .type = MODULE_PATH,
	 .required = true,
	 .aliases = dev_aliases,
	 .doc = "The device, or a file."},
	{.name = "opts", .type = MODULE_STR, .doc = "Options of mkfs."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes a new one over what is there."},
	{.name = "resizefs",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes one that is there as large as the device."},
	{.name = "uuid",
	 .type = MODULE_STR,
	 .check = check_uuid,
	 .doc = "Its UUID, or a word of the program that sets it, like random; changed each time."},
	{0},
};

struct fs_call {
	struct module_call *call;
	const char *dev;
	const struct filesystem_kind *kind; /* NULL: state absent */
	struct host_stat st;
	const char *now; /* blkid's type, "" without one */
};

static int blkid(struct fs_call *f, const char *tag, struct program *p, struct err *err)
{
	program_init(p, f->call, "blkid");
	program_add(p, "-c");
	program_add(p, "/dev/null");
	program_add(p, "-o");
	program_add(p, "value");
	program_add(p, "-s");
	program_add(p, tag);
	program_add(p, f->dev);
	return program_probe(p, err);
}

static int used_as(const struct fs_call *f, const char *what, struct err *err)
{
	return err_set(err, ERR_EXISTS, "'%s' is already used as %s, use force=true to overwrite",
		       f->dev, what);
}

/* What blkid cannot name may be in use all the same. */
static int check_unnamed(struct fs_call *f, int exit_code, struct err *err)
{
	struct program p;
	if (arg_bool(f->call, "force"))
		return 0;
	if (exit_code == BLKID_AMBIVALENT)
		return used_as(f, "more than one thing", err);
	int r = blkid(f, "PTTYPE", &p, err);
	if (r == 0 && program_line(&p)[0])
		r = used_as(f,
			    arena_printf(f->call->arena, "a disk with partitions (%s)",
					 program_line(&p)),
			    err);
	return r;
}

static int look(struct fs_call *f, struct err *err)
{
	struct program p;
	int r = blkid(f, "TYPE", &p, err);
	if (r < 0)
		return r;
	f->now = program_line(&p);
	return f->kind && !f->now[0] ? check_unnamed(f, p.exit_code, err) : 0;
}

static int change(struct program *p, struct err *err)
{
	result_changed(p->call);
	return program_change(p, err);
}

static void report(struct fs_call *f, const char *then)
{
	const char *before = arena_printf(f->call->arena, "%s\n", f->now[0] ? f->now : "nothing");
	const char *after = arena_printf(f->call->arena, "%s\n", then);
	result_diff(f->call, f->dev, slice_from(before), f->dev, slice_from(after));
}

/* Of one that is there. *ret_said: what the program printed. */
static int change_uuid(struct fs_call *f, struct slice *ret_said, struct err *err)
{
	struct program p;
	struct slice rest = slice_from(f->kind->uuid_change), word;
	(void)slice_word(&rest, &word);
	program_init(&p, f->call, arena_slice(f->call->arena, word).ptr);
	while (slice_word(&rest, &word))
		program_add(&p, slice_is(word, "{uuid}") ? arg_str(f->call, "uuid")
							 : arena_slice(f->call->arena, word).ptr);
	program_add(&p, f->dev);
	int r = change(&p, err);
	*ret_said = p.out;
	return r;
}

static int another_uuid(struct fs_call *f, struct err *err)
{
	struct slice said;
	int r = change_uuid(f, &said, err);
	result_put(f->call, "msg",
		   f->call->check_mode
			   ? value_fmt(f->call->arena, "Changing %s filesystem UUID on device %s",
				       f->kind->type, f->dev)
			   : value_str(f->call->arena, said));
	return r;
}

/* opts may have one of its own. */
static bool opts_have_uuid(struct fs_call *f)
{
	struct slice options = slice_from(f->kind->uuid_options), option, word;
	while (slice_word(&options, &option)) {
		struct slice rest = arg_slice(f->call, "opts");
		while (rest.len && slice_word(&rest, &word))
			if (slice_eq(word, option))
				return true;
	}
	return false;
}

static void put_uuid(struct fs_call *f, struct program *p)
{
	struct slice options, first;
	if (!arg_has(f->call, "uuid") || !f->kind->uuid_options || opts_have_uuid(f))
		return;
	options = slice_from(f->kind->uuid_options);
	(void)slice_word(&options, &first);
	program_add(p, arena_slice(f->call->arena, first).ptr);
	program_add(p, arg_str(f->call, "uuid"));
	if (strcmp(f->kind->name, "lvm") == 0)
		program_add(p, "--norestorefile");
}

static int make(struct fs_call *f, struct err *err)
{
	struct program p;
	struct slice rest = arg_slice(f->call, "opts"), word, said;
	program_init(&p, f->call, f->kind->mkfs);
	if (f->kind->force)
		program_add(&p, f->kind->force);
	while (rest.len && slice_word(&rest, &word))
		program_add(&p, arena_slice(f->call->arena, word).ptr);
	put_uuid(f, &p);
	program_add(&p, f->dev);
	int r = change(&p, err);
	if (r == 0 && arg_has(f->call, "uuid") && !f->kind->uuid_options)
		r = change_uuid(f, &said, err);
	if (r == 0)
		report(f, arena_printf(f->call->arena, "%s (new)", f->kind->type));
	return r;
}

static int wipe(struct fs_call *f, struct err *err)
{
	struct program p;
	program_init(&p, f->call, "wipefs");
	program_add(&p, "--all");
	program_add(&p, f->dev);
	int r = change(&p, err);
	if (r == 0)
		report(f, "nothing");
	return r;
}

static int device_size(struct fs_call *f, uint64_t *ret, struct err *err)
{
	struct program p;
	char *end;
	*ret = f->st.size;
	if (f->st.type == HOST_FILE)
		return 0;
	if (f->st.type != HOST_BLOCKDEV)
		return err_set(err, ERR_INVALID, "Target device not supported: %s", f->dev);
	program_init(&p, f->call, "blockdev");
	program_add(&p, "--getsize64");
	program_add(&p, f->dev);
	int r = program_read(&p, err);
	if (r < 0)
		return r;
	const char *line = program_line(&p);
	*ret = strtoull(line, &end, 10);
	return end != line && !*end ? 0 : err_set(err, ERR_INVALID, "blockdev said '%s'", line);
}

/* Where it is mounted; NULL: nowhere. */
static int find_mount(struct fs_call *f, const char **ret, struct err *err)
{
	struct program p;
	program_init(&p, f->call, "findmnt");
	program_add(&p, "--mtab");
	program_add(&p, "--noheadings");
	program_add(&p, "--output");
	program_add(&p, "TARGET");
	program_add(&p, "--source");
	program_add(&p, f->dev);
	int r = program_probe(&p, err);
	if (r == 0)
		*ret = p.exit_code == 0 && program_line(&p)[0] ? program_line(&p) : NULL;
	return r;
}

static int needs_mount(const struct fs_call *f, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s needs to be mounted for %s operations", f->dev,
		       f->kind->name);
}

static int run_grow(struct fs_call *f, const char *target, uint64_t was, struct err *err)
{
	struct program p;
	uint64_t now = 0;
	const char *mounted = f->kind->when_mounted ? target : NULL;
	program_init(&p, f->call, f->kind->grow);
	program_add_all(&p, f->kind->grow_words);
	program_add(&p, target);
	if (f->call->check_mode) {
		result_changed(f->call);
		result_put_str(f->call, "msg",
			       arena_printf(f->call->arena, "resizing filesystem %s on device %s",
					    f->kind->type, f->dev));
		return 0;
	}
	int r = program_change(&p, err);
	if (r == 0)
		r = f->kind->size(f->call, f->dev, mounted, &now, err);
	if (r < 0)
		return r;
	/* A rest that is too small for a block is no room. */
	if (now != was)
		result_changed(f->call);
	result_put(f->call, "msg", value_str(f->call->arena, p.out));
	return 0;
}

static int grow(struct fs_call *f, struct err *err)
{
	uint64_t device = 0, size = 0;
	const char *mounted = NULL;
	if (!f->kind->grow)
		return err_set(err, ERR_UNSUPPORTED,
			       "module does not support resizing %s filesystem yet.",
			       f->kind->name);
	int r = device_size(f, &device, err);
	if (r == 0 && f->kind->when_mounted)
		r = find_mount(f, &mounted, err);
	if (r == 0 && !mounted && strcmp(f->kind->name, "btrfs") == 0)
		r = needs_mount(f, err);
	if (r == 0)
		r = f->kind->size(f->call, f->dev, mounted, &size, err);
	if (r < 0)
		return r;
	if (size >= device) {
		result_put_str(f->call, "msg",
			       arena_printf(f->call->arena,
					    "%s filesystem is using the whole device %s",
					    f->kind->type, f->dev));
		return 0;
	}
	if (f->kind->when_mounted && !mounted)
		return needs_mount(f, err);
	return run_grow(f, mounted ? mounted : f->dev, size, err);
}

static int bring(struct fs_call *f, struct err *err)
{
	bool force = arg_bool(f->call, "force"), resize = arg_bool(f->call, "resizefs");
	bool same = f->now[0] && filesystem_kind_is(f->kind, f->now),
	     uuid = arg_has(f->call, "uuid");
	if (uuid && !f->kind->uuid_change)
		return err_set(err, ERR_UNSUPPORTED,
			       "module does not support UUID option for this filesystem (%s) yet.",
			       f->kind->type);
	if (same && resize)
		return grow(f, err);
	if (same && uuid)
		return another_uuid(f, err);
	if (same && !force)
		return 0;
	return f->now[0] && !force ? used_as(f, f->now, err) : make(f, err);
}

/* Nothing at dev: an error, but where nothing shall be. */
static int absent(struct fs_call *f, struct err *err)
{
	const char *why = host_assumes(f->call->host);
	if (why)
		return err_set(err, ERR_UNKNOWN, "%s is not there yet: %s", f->dev, why);
	if (f->kind)
		return err_set(err, ERR_NOT_FOUND, "Device %s not found.", f->dev);
	result_put_str(f->call, "msg",
		       arena_printf(f->call->arena, "Device %s not found.", f->dev));
	return 0;
}

static int apply(struct fs_call *f, struct err *err)
{
	struct host *h = f->call->host;
	int r = h->ops->stat(h, f->call->arena, f->dev, true, &f->st, err);
	if (r < 0)
		return r;
	if (f->st.type == HOST_ABSENT || f->st.assumed)
		return absent(f, err);
	r = look(f, err);
	if (r < 0)
		return r;
	if (f->kind)
		return bring(f, err);
	return f->now[0] ? wipe(f, err) : 0;
}

static int run(struct module_call *call, struct err *err)
{
	const char *type = arg_str(call, "fstype");
	bool present = strcmp(arg_str(call, "state"), "present") == 0;
	struct fs_call f = {.call = call, .dev = arg_str(call, "dev")};
	if (present && !type)
		return err_set(err, ERR_INVALID,
			       "state is present but all of the following are missing: fstype");
	if (f.dev[0] != '/')
		return err_set(err, ERR_INVALID, "'%s' is not the path of a device", f.dev);
	f.kind = present ? filesystem_kind_find(type) : NULL;
	return program_settle(call, apply(&f, err), err);
}

static const char *const excludes[] = {"resizefs|uuid", NULL};

const struct module module_filesystem = {
	.name = "filesystem",
	.full_name = "community.general.filesystem",
	.doc = "Makes file systems.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
