/* A VM's disks, its seed, and the record of what it was made with. */
#include "../project/project.h"
#include "../seed/seed.h"
#include "../tool.h"
#include "args.h"
#include "machine.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/vm/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define HOST_KEY_MAX_BYTES 65536u
#define NOTE_EVERY_MS 3000
#define CREATE_LIMIT_MS 120000

struct making {
	struct vm_machine *machine;
	const struct vm_reporter *reporter;
	struct arena arena;
	const struct value *record; /* NULL: none yet */
	const char *image;
	struct vm_image_info image_info;
	const char *instance_id;
	int64_t noted_ms;
};

static bool exists(const struct vm_machine *m, const char *file)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, file);
	return access(path, F_OK) == 0;
}

static const char *image_path(const struct value *record)
{
	const struct value *path = value_get(value_get(record, "image"), "path");
	return path && path->type == VALUE_STRING ? path->str.ptr : NULL;
}

/* ---- the image ---- */

static void say_progress(void *self, const char *what, int64_t done_bytes, int64_t total_bytes)
{
	struct making *k = self;
	char text[256];
	const int64_t now_ms = clock_now_ms();
	if (now_ms - k->noted_ms < NOTE_EVERY_MS)
		return;
	k->noted_ms = now_ms;
	if (total_bytes > 0)
		snprintf(text, sizeof(text), "%.150s: %" PRId64 " of %" PRId64 " MiB", what,
			 done_bytes >> 20, total_bytes >> 20);
	else
		snprintf(text, sizeof(text), "%.150s: %" PRId64 " MiB", what, done_bytes >> 20);
	k->reporter->note(k->reporter->self, text);
}

static int check_size(const struct making *k, struct err *err)
{
	const struct vm_spec *spec = k->machine->spec;
	const int64_t need = k->image_info.virtual_bytes;
	if (spec->disk_bytes >= need)
		return 0;
	return err_at(err, ERR_INVALID, spec->at,
		      "disk: %" PRId64 " MiB is smaller than the image %s, which has %" PRId64
		      " MiB",
		      spec->disk_bytes >> 20, spec->image.name, (need + (1 << 20) - 1) >> 20);
}

static int find_image(struct making *k, struct err *err)
{
	const struct vm_spec *spec = k->machine->spec;
	const struct vm_image_progress progress = {k, say_progress};
	k->reporter->stage(k->reporter->self, "image");
	k->noted_ms = clock_now_ms();
	int r = vm_image_ensure(&spec->image, spec->arch, VM_DRIVER_QEMU, &progress, &k->arena,
				&k->image, err);
	if (r == 0)
		r = vm_image_inspect(k->image, &k->image_info, err);
	return r == 0 ? check_size(k, err) : r;
}

/* ---- disks ---- */

/* Whole or not at all: made under another name first. */
static int make_disk(const struct making *k, size_t i, int64_t bytes, struct err *err)
{
	char file[32], part[40], size[24];
	vm_qemu_disk_file(i, file);
	snprintf(part, sizeof(part), ".%s.part", file);
	snprintf(size, sizeof(size), "%" PRId64, bytes);
	const char *format = k->image_info.qcow2 ? "qcow2" : "raw";
	const char *const overlay[] = {"qemu-img", "create", "-q",   "-f", "qcow2", "-b",
				       k->image,   "-F",     format, part, size,    NULL};
	const char *const blank[] = {"qemu-img", "create", "-q", "-f", "qcow2", part, size, NULL};
	const struct tool_call call = {.argv = i == 0 ? overlay : blank,
				       .dir = k->machine->dir,
				       .timeout_ms = CREATE_LIMIT_MS};
	CLEANUP(free_ptr) char *from = vm_machine_path(k->machine, part);
	CLEANUP(free_ptr) char *to = vm_machine_path(k->machine, file);
	unlink(from);
	int r = vm_tool_run(&call, NULL, err);
	if (r == 0 && rename(from, to) < 0)
		r = err_sys(err, "rename %s to %s", from, to);
	return r;
}

static int make_disks(const struct making *k, struct err *err)
{
	const struct vm_spec *spec = k->machine->spec;
	int r = 0;
	for (size_t i = 0; r == 0 && i <= spec->ndisks; i++) {
		char file[32];
		vm_qemu_disk_file(i, file);
		/* without a record they were never booted, and may be of another image */
		if (!k->record || !exists(k->machine, file))
			r = make_disk(k, i, i == 0 ? spec->disk_bytes : spec->disks[i - 1], err);
	}
	return r;
}

/* ---- the seed ---- */

/* A new disk is a new instance for cloud-init: it does all again. */
static void choose_instance(struct making *k)
{
	const struct value *old = value_get(k->record, "instance_id");
	uint64_t n = (uint64_t)clock_realtime_us();
	if (old && old->type == VALUE_STRING && exists(k->machine, QEMU_DISK)) {
		k->instance_id = old->str.ptr;
		return;
	}
	if (getrandom(&n, sizeof(n), 0) < 0)
		n ^= (uint64_t)getpid();
	k->instance_id = arena_printf(&k->arena, "%s-%016" PRIx64, k->machine->spec->name, n);
}

static int make_seed(struct making *k, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf key = {0};
	CLEANUP(free_ptr) char *path = path_join(k->machine->identity_dir, "host_key");
	CLEANUP(free_ptr) char *iso = vm_machine_path(k->machine, QEMU_SEED);
	struct vm_seed seed;
	int r = file_read(path, HOST_KEY_MAX_BYTES, &key, err);
	if (r < 0)
		return r;
	const struct vm_seed_options options = {k->machine, strbuf_slice(&key), k->instance_id};
	r = vm_seed_render(&options, &k->arena, &seed, err);
	return r == 0 ? vm_seed_write_iso(&seed, iso, err) : r;
}

/* ---- the record ---- */

static struct value *disks_value(struct making *k)
{
	const struct vm_spec *spec = k->machine->spec;
	struct value *list = value_list_new(&k->arena);
	for (size_t i = 0; i < spec->ndisks; i++)
		value_list_push(&k->arena, list, value_int(&k->arena, spec->disks[i]));
	return list;
}

static int write_record(struct making *k, struct err *err)
{
	struct arena *a = &k->arena;
	const struct vm_spec *spec = k->machine->spec;
	struct value *v = k->record ? value_dict_dup(a, k->record) : value_dict_new(a);
	struct value *image = value_dict_new(a);
	value_dict_put(a, image, "name", value_cstr(a, spec->image.name));
	value_dict_put(a, image, "path", value_cstr(a, k->image));
	value_dict_put(a, v, "driver", value_cstr(a, "qemu"));
	value_dict_put(a, v, "image", image);
	value_dict_put(a, v, "instance_id", value_cstr(a, k->instance_id));
	value_dict_put(a, v, "arch",
		       value_cstr(a, spec->arch == VM_ARCH_ARM64 ? "arm64" : "amd64"));
	value_dict_put(a, v, "cpus", value_int(a, spec->cpus));
	value_dict_put(a, v, "memory_bytes", value_int(a, spec->memory_bytes));
	value_dict_put(a, v, "disk_bytes", value_int(a, spec->disk_bytes));
	value_dict_put(a, v, "disks", disks_value(k));
	return vm_machine_record_write(k->machine, v, err);
}

int vm_qemu_record_set(const struct vm_machine *m, const char *key, const char *text,
		       struct err *err)
{
	struct arena a = {0};
	const struct value *record = NULL;
	int r = vm_machine_record_read(m, &a, &record, err);
	if (r == 0 && record) {
		struct value *v = value_dict_dup(&a, record);
		value_dict_put(&a, v, key, value_cstr(&a, text));
		r = vm_machine_record_write(m, v, err);
	}
	arena_release(&a);
	return r;
}

const char *vm_qemu_record_get(const struct vm_machine *m, const char *key, struct arena *a)
{
	const struct value *record = NULL, *v;
	if (vm_machine_record_read(m, a, &record, NULL) < 0 || !record)
		return "";
	v = value_get(record, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

/* ---- all of it ---- */

/* Of a disk that is there: an image that was renewed since is not asked for. */
static int find_used_image(struct making *k, struct err *err)
{
	const char *path = image_path(k->record);
	if (!path || !exists(k->machine, QEMU_DISK))
		return find_image(k, err);
	k->image = path;
	return 0;
}

static int make_all(struct making *k, struct err *err)
{
	int r = vm_machine_record_read(k->machine, &k->arena, &k->record, err);
	if (r == 0)
		r = find_used_image(k, err);
	if (r < 0)
		return r;
	k->reporter->stage(k->reporter->self, "disk");
	choose_instance(k);
	r = make_disks(k, err);
	if (r == 0)
		r = make_seed(k, err);
	return r == 0 ? write_record(k, err) : r;
}

int vm_qemu_create(struct vm_machine *m, const struct vm_reporter *r, struct err *err)
{
	struct making k = {.machine = m, .reporter = r};
	int code = dir_create_all(m->dir, 0700, err);
	if (code == 0)
		code = make_all(&k, err);
	arena_release(&k.arena);
	return code;
}

/* ---- before a start ---- */

static int gone(const struct vm_machine *m, const char *what, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		       "%s/%s is gone: rollout vm recreate %s makes the machine anew", m->dir, what,
		       m->spec->name);
}

/* An overlay is nothing without its image. */
static int check_image(const struct making *k, struct err *err)
{
	const char *path = image_path(k->record);
	if (!path || access(path, R_OK) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, "the image %s, which the disk is an overlay of", path);
	return err_set(err, ERR_NOT_FOUND,
		       "the image %s is gone, which the disk is an overlay of: put it back, or "
		       "rollout vm recreate %s makes the machine anew",
		       path, k->machine->spec->name);
}

/* Those that the inventory got since are made. */
static int check_disks(struct making *k, struct err *err)
{
	const struct value *known = value_get(k->record, "disks");
	const size_t nknown = known && known->type == VALUE_LIST ? known->list.len : 0;
	const struct vm_spec *spec = k->machine->spec;
	int r = 0;
	for (size_t i = 0; r == 0 && i <= spec->ndisks; i++) {
		char file[32];
		vm_qemu_disk_file(i, file);
		if (exists(k->machine, file))
			continue;
		r = i <= nknown ? gone(k->machine, file, err)
				: make_disk(k, i, spec->disks[i - 1], err);
	}
	return r == 0 && spec->ndisks > nknown ? write_record(k, err) : r;
}

static int check_all(struct making *k, struct err *err)
{
	const struct vm_machine *m = k->machine;
	int r = vm_machine_record_read(m, &k->arena, &k->record, err);
	if (r < 0)
		return r;
	if (!k->record || !image_path(k->record))
		return gone(m, "machine.json", err);
	if (!exists(m, QEMU_SEED))
		return gone(m, QEMU_SEED, err);
	k->image = image_path(k->record);
	r = check_image(k, err);
	choose_instance(k);
	return r == 0 ? check_disks(k, err) : r;
}

int vm_qemu_disks_check(struct vm_machine *m, struct err *err)
{
	struct making k = {.machine = m};
	int r = check_all(&k, err);
	arena_release(&k.arena);
	return r;
}
